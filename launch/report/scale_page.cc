#include "launch/report/scale_page.h"

#include <fmt/core.h>

#include "common/run/format.h"
#include "launch/page/html.h"
#include "launch/page/report_page.h"
#include "launch/report/scale_figures.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// The baseline, and what the fastest of several processes makes of it.
std::string Verdict(const ordered_json& results) {
  const auto& fastest = results.at("fastest_single");
  std::string text = fmt::format("The fastest run of one process is {}: {} triples/s.",
                                 Escaped(fastest.at("layout").get<std::string>()),
                                 FormatCount(fastest.at("triples_per_second").get<double>()));
  const ordered_json* best = nullptr;
  const auto rate = [](const ordered_json& point) {
    return point.at("triples_per_second").at("median").get<double>();
  };
  for (const auto& point : results.at("points")) {
    if (!point.at("strong").get<bool>() || point.at("layout").at("ranks") == 1) continue;
    if (best == nullptr || rate(point) > rate(*best)) best = &point;
  }
  if (best != nullptr) {
    text += fmt::format(
        " Of several processes <strong>{}</strong> are the fastest: {} triples/s, {:.2f} of that.",
        Escaped(best->at("layout").at("name").get<std::string>()), FormatCount(rate(*best)),
        best->at("of_fastest_single").at("median").get<double>());
  }
  return text;
}

std::string Missing(const ordered_json& results) {
  std::string list;
  for (const auto& failure : results.at("failures")) {
    list += fmt::format("<li>{} has failed: {}</li>\n", Escaped(failure.at("run").get<std::string>()),
                        Escaped(failure.at("error").get<std::string>()));
  }
  for (const auto& point : results.at("points")) {
    if (point.at("missing").get<std::uint64_t>() > 0) {
      list +=
          fmt::format("<li>{}: {} of its runs are missing</li>\n", Escaped(point.at("id").get<std::string>()),
                      point.at("missing").get<std::uint64_t>());
    }
  }
  return list;
}

}  // namespace

std::string ScalePage(const ordered_json& results, const std::vector<Table>& tables) {
  ReportPage page("How training scales", ScaleFigures(results), tables);
  const auto& data = results.at("data");
  page.Header(fmt::format("{}: {} users, {} items, {} training interactions",
                          data.at("path").get<std::string>(), data.at("users").get<std::uint64_t>(),
                          data.at("items").get<std::uint64_t>(), data.at("training").get<std::uint64_t>()));
  page.Add("<p>{}</p>\n", Verdict(results));
  page.Add(
      "<p class=\"soft\">Runs one after the other, the layouts of each repeat in a shuffled order. "
      "Throughput is "
      "triples / seconds of training, without evaluations and files. Efficiency is against the single "
      "process "
      "whose threads do the most each, not against one worker of the same machinery; where workers share "
      "processors, it cannot be more than \"at most\".</p>\n");
  page.Section("Throughput", {"throughput"}, {"strong", "weak"});
  page.Section("Efficiency", {"efficiency"}, {});
  page.Section("Time to quality", {"quality"}, {"quality"});
  page.Section("Phases of a step", {"phases"}, {"phases"});
  page.Section("Traffic and memory", {}, {"costs"});
  page.Section("The machine", {}, {"machine", "setup"});
  page.List("What is missing", Missing(results));
  return page.Finish(fmt::format("Made of what {} has measured; data fingerprint {}.",
                                 results.at("created_by").get<std::string>(),
                                 data.at("fingerprint").get<std::string>()));
}

}  // namespace attune::launch
