#pragma once

namespace attune::launch {

/// Raises the limit of open files of this process, and of those that it starts, to what the system lets it
/// be, and to 65,536 at most: a node has several connections to each of the others, and what strangers can
/// open is to stay bounded.
void RaiseOpenFiles();

}  // namespace attune::launch
