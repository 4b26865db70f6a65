#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <string_view>

namespace attune::launch {

/// How much a caller wants one media type, by the Accept header (RFC 9110, section 12.5.1): the quality of
/// the most specific range that has it; 0 for a type that it does not take.
class Acceptance {
 public:
  explicit Acceptance(std::string_view type)
      : type_(type), any_of_its_kind_(type_.substr(0, type_.find('/') + 1) + "*") {}

  /// @param accept  "text/html, */*;q=0.8"; empty: everything
  double QualityIn(std::string_view accept) const {
    double quality = accept.empty() ? 1 : 0;
    int best = 0;
    for (; !accept.empty(); accept.remove_prefix(std::min(accept.size(), accept.find(',')))) {
      if (accept.front() == ',') accept.remove_prefix(1);
      const std::string_view range = accept.substr(0, accept.find(','));
      const int fits = HowWell(Lower(range.substr(0, range.find(';'))));
      if (fits <= best) continue;
      best = fits;
      quality = QualityOf(range);
    }
    return quality;
  }

 private:
  static std::string Lower(std::string_view text) {
    std::string lower;
    for (const unsigned char c : text) {
      if (c != ' ' && c != '\t') lower += static_cast<char>(std::tolower(c));
    }
    return lower;
  }

  /// 0 if the range does not have the type; more for one that says it more precisely.
  int HowWell(const std::string& range) const {
    return range == type_ ? 3 : range == any_of_its_kind_ ? 2 : range == "*/*" ? 1 : 0;
  }

  /// 1 unless the range says it; 0 for what is no number of 0..1.
  static double QualityOf(std::string_view range) {
    const std::string text = Lower(range);
    const std::size_t at = text.find(";q=");
    if (at == std::string::npos) return 1;
    double quality = 0;
    const char* const end = text.data() + std::min(text.size(), text.find(';', at + 1));
    const auto [stop, error] = std::from_chars(text.data() + at + 3, end, quality, std::chars_format::fixed);
    return error == std::errc() && stop == end && quality >= 0 && quality <= 1 ? quality : 0;
  }

  const std::string type_;
  const std::string any_of_its_kind_;
};

/// Whether a caller would rather have a page than JSON, as browsers would; others get JSON.
inline bool PrefersPage(std::string_view accept) {
  return Acceptance("text/html").QualityIn(accept) > Acceptance("application/json").QualityIn(accept);
}

}  // namespace attune::launch
