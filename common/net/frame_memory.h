#pragma once

namespace attune::net {

/// Makes malloc keep memory of frames that were freed, for the next ones: given back to the system it would
/// be cleared, page by page, for each frame again, a third of the time that a large frame takes. For
/// processes that exchange rows; they keep as much as was under way at once. Threads: to be called before
/// others are made.
void KeepFrameMemory();

}  // namespace attune::net
