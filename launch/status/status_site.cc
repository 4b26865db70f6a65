#include "launch/status/status_site.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "common/io/json_text.h"
#include "launch/status/status_json.h"
#include "launch/status/status_page.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kMadeAnew(250);
constexpr const char* kHtml = "text/html; charset=utf-8";

SiteAnswer Refusal(unsigned code, std::string why) {
  return {code, "text/plain; charset=utf-8", std::move(why) + "\n"};
}

/// The pages; /status is another one for browsers.
std::string PageOf(const SiteRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/status" && request.accept.starts_with("text/html")) return "body";
  if (path == "/" || path == "/status" || path == "/metrics") return path;
  return "";
}

}  // namespace

bool IsAddressOrLocal(std::string_view host) {
  std::string name(host);
  if (name.starts_with('[')) {
    const std::size_t end = name.find(']');
    if (end == std::string::npos) return false;
    name = name.substr(1, end - 1);
    in6_addr address{};
    return inet_pton(AF_INET6, name.c_str(), &address) == 1;
  }
  name = name.substr(0, name.find(':'));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  in_addr address{};
  return name == "localhost" || inet_pton(AF_INET, name.c_str(), &address) == 1;
}

SiteAnswer StatusSite::Answer(const SiteRequest& request) {
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
