#include "launch/status/http_exchange.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdint>
#include <limits>
#include <sstream>

namespace attune::launch {
namespace http = boost::beast::http;
namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";

/// Of a field that is there more than once, all values: they are one list (RFC 9110, section 5.3).
std::string TextOfField(const http::fields& fields, http::field name) {
  std::string text;
  const auto [first, last] = fields.equal_range(name);
  for (auto field = first; field != last; ++field) {
    const auto value = field->value();
    if (field != first) text += ", ";
    text.append(value.data(), value.size());
  }
  return text;
}

/// What a browser may do with it: nothing but show it. Pages say themselves what they may load.
void SetHeader(http::response<http::string_body>& response, const SiteAnswer& answer) {
  response.set(http::field::content_type, answer.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("X-Frame-Options", "DENY");
  response.set("Referrer-Policy", "no-referrer");
  response.set(http::field::connection, "close");
  if (answer.code == 405) response.set(http::field::allow, "GET, HEAD");
}

}  // namespace

struct HttpExchange::Reader {
  http::request_parser<http::empty_body> parser;
};

HttpExchange::HttpExchange(StatusSite& site) : site_(site), reader_(std::make_unique<Reader>()) {
  reader_->parser.header_limit(kMostHeaderBytes);
  reader_->parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // whatever it announces is not read
}

HttpExchange::~HttpExchange() = default;

bool HttpExchange::Take(std::string_view bytes) {
  if (!answer_.empty()) return true;
  unread_ += bytes;
  while (!reader_->parser.is_header_done() && !unread_.empty()) {
    boost::beast::error_code error;
    const std::size_t taken = reader_->parser.put(boost::asio::buffer(unread_), error);
    unread_.erase(0, taken);
    if (error == http::error::need_more && unread_.size() < kMostHeaderBytes) return false;
    if (error && !reader_->parser.is_header_done()) {
      site_.CountRefused();
      const bool large = error == http::error::header_limit || error == http::error::need_more;
      const std::string why =
          large ? "the header is too large" : "this is no request of HTTP/1.1: " + error.message();
      Say({large ? 431u : 400u, kPlain, why + "\n"}, true);
      return true;
    }
  }
  if (!reader_->parser.is_header_done()) return false;
  Answer();
  return true;
}

void HttpExchange::Answer() {
  const auto& request = reader_->parser.get();
  if (request.count(http::field::host) > 1) {  // RFC 9112, section 3.2
    site_.CountRefused();
    return Say({400u, kPlain, "a request has one Host, not several\n"}, true);
  }
  const auto method = request.method_string();
  const auto target = request.target();
  const SiteRequest asked{{method.data(), method.size()},
                          {target.data(), target.size()},
                          TextOfField(request, http::field::host),
                          TextOfField(request, http::field::accept)};
  Say(site_.Answer(asked), asked.method != "HEAD");
}

void HttpExchange::Say(const SiteAnswer& answer, bool body) {
  http::response<http::string_body> response(static_cast<http::status>(answer.code), 11);
  SetHeader(response, answer);
  response.content_length(answer.body.size());
  std::ostringstream text;
  text << response.base();
  answer_ = std::move(text).str();
  if (body) answer_ += answer.body;
}

}  // namespace attune::launch
