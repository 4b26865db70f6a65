#include "common/run/memory_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/run/format.h"

namespace attune {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::string AvailableText(const AvailableMemory& available) {
  return available.bytes == kMost ? "unknown" : FormatBytes(available.bytes);
}

}  // namespace

void MemoryPlan::Add(std::string name, std::uint64_t bytes, std::string remedy) {
  parts_.push_back({std::move(name), bytes, std::move(remedy)});
}

std::uint64_t MemoryPlan::total() const {
  std::uint64_t sum = 0;
  for (const Part& part : parts_) sum += std::min(part.bytes, kMost - sum);
  return sum;
}

std::string MemoryPlan::Table(const AvailableMemory& available) const {
  std::size_t width = std::string_view("available").size();
  for (const Part& part : parts_) width = std::max(width, part.name.size());
  const auto row = [width](const std::string& name, const std::string& amount) {
    return fmt::format("  {:<{}}  {:>10}", name, width, amount);
  };
  std::string table = "memory\n";
  for (const Part& part : parts_) table += row(part.name, FormatBytes(part.bytes)) + "\n";
  table += row("total", FormatBytes(total())) + "\n";
  table += row("available", AvailableText(available)) + "  (" + available.bound_by + ")\n";
  return table;
}

nlohmann::ordered_json MemoryPlan::ToJson(const AvailableMemory& available) const {
  nlohmann::ordered_json parts = nlohmann::ordered_json::object();
  for (const Part& part : parts_) parts[part.name] = parts.value(part.name, std::uint64_t{0}) + part.bytes;
  nlohmann::ordered_json json{{"parts", parts}, {"total_bytes", total()}};
  json["available_bytes"] = nullptr;
  if (available.bytes != kMost) json["available_bytes"] = available.bytes;
  json["bound_by"] = available.bound_by;
  return json;
}

void MemoryPlan::RequireFits(const AvailableMemory& available) const {
  if (total() <= available.bytes) return;
  const auto largest = std::max_element(parts_.begin(), parts_.end(),
                                        [](const Part& a, const Part& b) { return a.bytes < b.bytes; });
  std::string hint;
  if (!largest->remedy.empty()) hint = fmt::format("; a smaller {} needs less", largest->remedy);
  ThrowFailed("not enough memory: {} needed, {} available ({}); most of it for {}: {}{}",
              FormatBytes(total()), FormatBytes(available.bytes), available.bound_by, largest->name,
              FormatBytes(largest->bytes), hint);
}

}  // namespace attune
