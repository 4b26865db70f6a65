#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "launch/status/status_site.h"

namespace attune::launch {

/// One request and its answer, as bytes: no sockets. A connection has one exchange, and ends with it. Bytes
/// may be anything. Threads: confined.
class HttpExchange {
 public:
  /// Of a request, without a body: there is none to read.
  static constexpr std::size_t kMostHeaderBytes = 8192;

  explicit HttpExchange(StatusSite& site);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  /// What has come next. @returns whether there is an answer, after which nothing more is read
  bool Take(std::string_view bytes);
  /// To be sent, then the connection ends.
  const std::string& answer() const { return answer_; }

 private:
  void Answer();
  void Say(const SiteAnswer& answer, bool body);

  struct Reader;  ///< of Boost.Beast
  StatusSite& site_;
  const std::unique_ptr<Reader> reader_;
  std::string unread_;  ///< the beginning of something that is not complete
  std::string answer_;
};

}  // namespace attune::launch
