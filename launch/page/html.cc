#include "launch/page/html.h"

#include <fmt/core.h>

#include "launch/page/base_style.h"

namespace attune::launch {

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string PageHead(std::string_view title, std::string_view style, bool script, bool asks) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'{}{}\">\n"
      "<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n",
      script ? "; script-src 'unsafe-inline'" : "", asks ? "; connect-src 'self'" : "", Escaped(title),
      kBaseStyle, style);
}

}  // namespace attune::launch
