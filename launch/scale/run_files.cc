#include "launch/scale/run_files.h"

#include <fmt/core.h>

#include <fstream>
#include <map>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A process that joined, left or died meanwhile, or another life, makes a run no measurement of its layout.
void RequireUndisturbed(const fs::path& run, const ordered_json& result) {
  for (const char* key : {"processes", "lives", "resumed"}) {
    if (!result.contains(key)) continue;
    ThrowFailed("{}: something ended or joined while it ran (\"{}\" in result.json): it is no measurement",
                run.string(), key);
  }
}

/// What the run says of itself. Throws json::exception if it says something else.
void ReadRun(const fs::path& run, ScaleRecord& record) {
  record.result = io::ReadJson(run / "result.json");
  RequireUndisturbed(run, record.result);
  for (const char* key : {"triples", "train_seconds", "triples_per_second", "peak_memory_bytes"})
    record.result.at(key).get<double>();
  record.result.at("steps").at("seconds").at("compute").get<double>();
  record.result.at("status").get_ref<const std::string&>();
  std::ifstream file(run / "metrics.jsonl", std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    const ordered_json event = io::ParseJson(line, (run / "metrics.jsonl").string());
    if (event.at("event") == "epoch") record.digests.push_back(event.at("triples_digest"));
    if (event.at("event") == "evaluation" && event.at("split") == "validation")
      record.evaluations.emplace_back(event.at("train_seconds").get<double>(), event.at("metrics"));
  }
}

/// At most some 200 bytes of it; characters of UTF-8 stay whole.
std::string Short(const ordered_json& value) {
  const std::string text = io::PlainText(value);
  std::size_t size = 200;
  if (text.size() <= size) return text;
  while (size > 0 && (text[size] & '\xC0') == '\x80') --size;
  return text.substr(0, size) + "…";
}

}  // namespace

RunFiles::RunFiles(const fs::path& out, RunIdentity identity)
    : KeptRuns(out, "attune scaling run", 1), identity_(std::move(identity)) {}

std::optional<ScaleRecord> RunFiles::Find(const std::string& name) const {
  ScaleRecord record;
  const bool found = KeptRuns::Find(name, [&](const ordered_json& manifest) {
    record.name = name;
    if (const std::string kept_as = manifest.at("run"); kept_as != name)
      ThrowBadInput("it is a copy of {}", kept_as);
    record.identity = manifest.at("identity");
    record.part = manifest.at("part");
    ReadRun(Run(name), record);
  });
  if (!found) return std::nullopt;
  const std::string difference = DifferenceOf(record.identity, identity_);
  if (!difference.empty()) {
    ThrowUsage("{}: it may not be compared with runs of this command: {}. Choose another --out",
               Directory(name).string(), difference);
  }
  return record;
}

ScaleRecord RunFiles::Keep(const std::string& name, const std::string& part) const {
  ScaleRecord record{name, identity_, part, {}, {}, {}};
  try {
    ReadRun(Run(name), record);
  } catch (const ordered_json::exception& error) {
    ThrowFailed("{}: not the record of a whole run: {}", Run(name).string(), error.what());
  }
  const std::string status = record.result.at("status");
  if (status != "completed") ThrowFailed("the run has ended early: {}", status);
  fs::remove_all(Model(name));
  KeptRuns::Keep(name, {{"run", name}, {"identity", identity_}, {"part", part}},
                 {"run/result.json", "run/metrics.jsonl"});
  return record;
}

std::string DifferenceOf(const RunIdentity& a, const RunIdentity& b) {
  for (const auto* one : {&a, &b}) {
    for (const auto& [key, value] : one->items()) {
      const ordered_json left = a.value(key, ordered_json());
      const ordered_json right = b.value(key, ordered_json());
      if (left != right) return fmt::format("other {}: {} and {}", key, Short(left), Short(right));
    }
  }
  return {};
}

void RequireComparable(const std::vector<ScaleRecord>& records) {
  std::map<std::string, const ScaleRecord*> first_of_part;
  for (const ScaleRecord& record : records) {
    const std::string status = record.result.at("status");
    if (status != "completed") ThrowBadInput("run {} may not be compared: it was {}", record.name, status);
    const std::string difference = DifferenceOf(records.front().identity, record.identity);
    if (!difference.empty()) {
      ThrowBadInput("runs {} and {} may not be compared: {}", records.front().name, record.name, difference);
    }
    const ScaleRecord& first = *first_of_part.emplace(record.part, &record).first->second;
    const auto triples = record.result.at("triples").get<std::uint64_t>();
    const auto others = first.result.at("triples").get<std::uint64_t>();
    if (triples != others) {
      ThrowBadInput("runs {} and {} may not be compared: they trained {} and {} triples", first.name,
                    record.name, others, triples);
    }
    if (record.digests != first.digests) {
      ThrowBadInput(
          "runs {} and {} may not be compared: they trained other triples (triples_digest of epochs)",
          first.name, record.name);
    }
  }
}

}  // namespace attune::launch
