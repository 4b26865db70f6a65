#include <cmath>
#include <nlohmann/json.hpp>

#include "launch/status/run_records.h"
#include "launch/status/status_json.h"
#include "launch/status/status_metrics.h"
#include "launch/status/status_page.h"
#include "launch/status/status_words.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

/// metrics.jsonl and result.json of a run's directory, which others may have written, and everything that is
/// made of them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view result = input.Piece();
  fuzz::FileOf(input.Rest(), "metrics.jsonl");
  if (result.empty()) std::filesystem::remove(fuzz::Scratch() / "result.json");
  if (!result.empty()) fuzz::FileOf(result, "result.json");
  fuzz::MayRefuse([] {
    launch::JobStatus status = launch::ReadRunStatus(fuzz::Scratch());
    launch::StatusText(status);
    ATTUNE_CHECK(launch::StatusPage(status).size() < (1 << 20));
    launch::MetricsText(status, {});
    status.live = launch::JobStatus::Live{};
    launch::StatusPage(status);
    launch::ToJson(status).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  });
  return 0;
}
