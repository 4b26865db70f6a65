#pragma once

#include <string>
#include <string_view>

namespace attune::synth {

/// `text` as one gzip member; members in a row are one gzip file. The same text gives the same bytes.
/// Throws Error(kFailed) if the library cannot compress.
std::string GzipMember(std::string_view text);

}  // namespace attune::synth
