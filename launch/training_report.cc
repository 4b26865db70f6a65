#include "launch/training_report.h"

#include <fmt/core.h>

#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/run/format.h"
#include "launch/cluster_report.h"
#include "launch/metrics_json.h"
#include "launch/model_change.h"
#include "launch/run_directory.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

std::string Summary(const ordered_json& s) {
  std::string text = fmt::format(
      "{}: {} after {} epochs (model of epoch {}), loss {:.4f}\n{} triples/s, {} training, {} evaluation, "
      "peak memory {}\n",
      s["model"].get<std::string>(), s["status"].get<std::string>(), s["epochs"].get<int>(),
      s["model_of_epoch"].get<int>(), s["loss"].get<double>(),
      FormatCount(s["triples_per_second"].get<double>()), FormatDuration(s["train_seconds"].get<double>()),
      FormatDuration(s["evaluation_seconds"].get<double>()),
      FormatBytes(s["peak_memory_bytes"].get<std::uint64_t>()));
  text += ValidationText(s);
  text += ClusterText(s);
  if (s.contains("init_from")) text += ModelChangeText(s["init_from"]);
  if (s["untrainable_positives"].get<std::uint64_t>() > 0) {
    text += fmt::format("{} positives belong to users who have every item: no negative exists, not trained\n",
                        s["untrainable_positives"].get<std::uint64_t>());
  }
  return text;
}

}  // namespace

int ReportTraining(JobResult result, const config::RunSettings& run, bool json) {
  const int code = result.status == "interrupted" ? static_cast<int>(ErrorKind::kInterrupted) : 0;
  result.summary["exit_code"] = code;
  WriteRunResult(run, result.summary);
  try {
    WriteStandardOutput(json ? io::JsonText(result.summary) + "\n" : Summary(result.summary));
    FlushStandardOutput();
  } catch (const std::exception&) {
    result.summary["exit_code"] = static_cast<int>(ErrorKind::kFailed);
    WriteRunResult(run, result.summary);
    throw;
  }
  return code;
}

}  // namespace attune::launch
