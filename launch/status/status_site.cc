#include "launch/status/status_site.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "common/io/json_text.h"
#include "launch/status/accept.h"
#include "launch/status/status_json.h"
#include "launch/status/status_page.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kMadeAnew(250);
constexpr const char* kHtml = "text/html; charset=utf-8";

SiteAnswer Refusal(unsigned code, std::string why) {
  return {code, "text/plain; charset=utf-8", std::move(why) + "\n"};
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// "http://HOST/PATH" is what proxies are asked for, and servers have to understand it: HOST is then the host
/// that the request names, whatever its Host says (RFC 9112, section 3.2.2). Others are as they were.
SiteRequest WithoutHostInTarget(SiteRequest request) {
  constexpr std::string_view kScheme = "http://";
  if (Lower(request.target.substr(0, kScheme.size())) != kScheme) return request;
  const std::string rest = request.target.substr(kScheme.size());
  const std::size_t end = std::min(rest.size(), rest.find_first_of("/?"));
  if (end == 0) return request;
  request.host = rest.substr(0, end);
  request.target = (rest.substr(end).starts_with('/') ? "" : "/") + rest.substr(end);
  return request;
}

/// The pages; /status is another one for browsers.
std::string PageOf(const SiteRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/status" && PrefersPage(request.accept)) return "body";
  if (path == "/" || path == "/status" || path == "/metrics") return path;
  return "";
}

/// Whether what follows a host is ":PORT", or nothing.
bool IsPort(std::string_view text) {
  if (text.empty()) return true;
  return text.front() == ':' &&
         std::ranges::all_of(text.substr(1), [](char c) { return '0' <= c && c <= '9'; });
}

}  // namespace

bool IsAddressOrLocal(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos || !IsPort(host.substr(end + 1))) return false;
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(host.substr(1, end - 1)).c_str(), &address) == 1;
  }
  const std::string name = Lower(std::string(host.substr(0, host.find(':'))));
  if (!IsPort(host.substr(name.size()))) return false;
  in_addr address{};
  return name == "localhost" || inet_pton(AF_INET, name.c_str(), &address) == 1;
}

SiteAnswer StatusSite::Answer(const SiteRequest& asked) {
  const SiteRequest request = WithoutHostInTarget(asked);
  const auto refuse = [this](unsigned code, std::string why) {
    ++counters_.refused;
    return Refusal(code, std::move(why));
  };
  if (request.method != "GET" && request.method != "HEAD")
    return refuse(405, "only GET and HEAD: a run is looked at here, not told anything");
  if (loopback_ && !request.host.empty() && !IsAddressOrLocal(request.host))
    return refuse(421, "ask for localhost or an address, not for the name of another host");
  const std::string page = PageOf(request);
  if (page.empty()) return refuse(404, "there are /, /status and /metrics");
  ++counters_.answered;
  const auto now = now_();
  const auto made = made_.find(page);
  if (made != made_.end() && now - made->second.at < kMadeAnew) return made->second.answer;
  return (made_[page] = {now, Make(page)}).answer;
}

SiteAnswer StatusSite::Make(const std::string& page) const {
  const JobStatus status = look_();
  if (page == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", MetricsText(status, counters_)};
  if (page == "/") return {200, kHtml, StatusPage(status)};
  if (page == "body") return {200, kHtml, StatusPageBody(status)};
  using nlohmann::ordered_json;
  const auto text = io::JsonText(ToJson(status));
  return {200, "application/json", text + "\n"};
}

}  // namespace attune::launch
