#pragma once

namespace attune {

/// Version of this program: "0.1.0".
const char* Version();

}  // namespace attune
