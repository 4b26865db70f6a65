#include <nlohmann/json.hpp>

#include "launch/status/http_exchange.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/unit/launch/status/full_status.h"

using namespace attune;

namespace {

/// What a caller of the endpoint gets, whatever it says: a response of HTTP whose length is what it says, or
/// nothing while its request has not ended.
void CheckAnswer(const std::string& answer) {
  if (answer.empty()) return;
  ATTUNE_CHECK(answer.starts_with("HTTP/1.1 "));
  const std::size_t head = answer.find("\r\n\r\n");
  ATTUNE_CHECK(head != std::string::npos);
  const std::string_view field = "\r\nContent-Length: ";
  const std::size_t length = answer.find(field);
  ATTUNE_CHECK(length < head);
  const std::size_t body = answer.size() - head - 4;
  ATTUNE_CHECK(body == 0 || body == std::stoul(answer.substr(length + field.size())));
}

}  // namespace

/// Requests to the endpoint of a run, in pieces: the first byte is their size, 0 for all at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const launch::JobStatus status = attune::testing::FullStatus();
  static launch::StatusSite site([] { return status; }, true);
  fuzz::Input input(data, size);
  const std::size_t piece = input.Byte();
  std::string_view rest = input.Rest();
  launch::HttpExchange exchange(site);
  std::size_t read = 0;
  while (!rest.empty()) {
    const std::string_view next = rest.substr(0, piece == 0 ? rest.size() : piece);
    rest.remove_prefix(next.size());
    read += next.size();
    if (exchange.Take(next)) break;
    ATTUNE_CHECK(read <= 2 * launch::HttpExchange::kMostHeaderBytes + next.size());
  }
  CheckAnswer(exchange.answer());
  return 0;
}
