#include "common/harmless_text.h"

#include <fmt/format.h>

#include <iterator>

namespace attune {
namespace {

bool IsControl(unsigned char byte) {
  return (byte < 0x20 && byte != '\n') || byte == 0x7f;
}

/// U+0080 to U+009F, of which U+009B begins a command as ESC [ does.
bool IsC1(unsigned char first, unsigned char second) {
  return first == 0xc2 && second >= 0x80 && second <= 0x9f;
}

}  // namespace

std::string HarmlessText(std::string_view text) {
  std::string harmless;
  harmless.reserve(text.size());
  const auto escape = [&](unsigned char byte) {
    fmt::format_to(std::back_inserter(harmless), "\\x{:02x}", byte);
  };
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto byte = static_cast<unsigned char>(text[n]);
    if (n + 1 < text.size() && IsC1(byte, static_cast<unsigned char>(text[n + 1]))) {
      escape(byte);
      escape(static_cast<unsigned char>(text[++n]));
    } else if (IsControl(byte)) {
      escape(byte);
    } else {
      harmless += text[n];
    }
  }
  return harmless;
}

}  // namespace attune
