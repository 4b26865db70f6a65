#include "launch/recommend_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/model_data.h"
#include "launch/recommender.h"
#include "launch/standard_streams.h"
#include "launch/titles.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void CheckSettings(const config::RecommendSettings& settings) {
  const bool some = settings.user_size() > 0;
  if (some == settings.all()) ThrowUsage("give either --user ID (once or more) or --all");
  if (settings.has_out() && !settings.all()) ThrowUsage("--out cannot take effect: it needs --all");
  if (settings.has_titles() && settings.all()) {
    ThrowUsage("--titles cannot take effect: lists of --all have no titles");
  }
}

/// Lists as text.
class Printer {
 public:
  Printer(const ModelData& matched, std::vector<std::string> titles)
      : matched_(matched), titles_(std::move(titles)) {}

  ordered_json Json(const Recommendation& list) const {
    ordered_json items = ordered_json::array();
    for (std::size_t n = 0; n < list.items.size(); ++n) {
      items.push_back({{"rank", n + 1}, {"item", Item(list, n)}, {"score", list.items[n].score}});
      if (!titles_.empty()) items.back()["title"] = titles_[list.items[n].item];
    }
    return {{"user", std::string(matched_.dataset().users()[list.user])},
            {"by", list.by_popularity ? "popularity" : "model"},
            {"training_items", matched_.dataset().History(list.user).size()},
            {"items", std::move(items)}};
  }

  std::string Table(const Recommendation& list) const {
    std::size_t width = 4;
    for (std::size_t n = 0; n < list.items.size(); ++n) width = std::max(width, Item(list, n).size());
    std::string text =
        fmt::format("user {} ({} training items{})\n", matched_.dataset().users()[list.user],
                    matched_.dataset().History(list.user).size(),
                    list.by_popularity ? "; the model cannot serve this user: by popularity" : "");
    text += fmt::format("{:>6}  {:<{}}  {:>12}{}\n", "rank", "item", width,
                        list.by_popularity ? "count" : "score", titles_.empty() ? "" : "  title");
    for (std::size_t n = 0; n < list.items.size(); ++n) {
      text += fmt::format("{:>6}  {:<{}}  {:>12.6g}", n + 1, Item(list, n), width, list.items[n].score);
      if (!titles_.empty()) text += "  " + titles_[list.items[n].item];
      text += '\n';
    }
    return text;
  }

  std::string Tsv(const Recommendation& list) const {
    std::string text;
    const std::string_view user = matched_.dataset().users()[list.user];
    for (std::size_t n = 0; n < list.items.size(); ++n)
      text += fmt::format("{}\t{}\t{}\t{}\n", user, n + 1, Item(list, n), list.items[n].score);
    return text;
  }

 private:
  std::string Item(const Recommendation& list, std::size_t n) const {
    return std::string(matched_.model().items()[list.items[n].item]);
  }

  const ModelData& matched_;
  const std::vector<std::string> titles_;
};

/// Standard output, or a file that appears under its name when complete.
class Sink {
 public:
  explicit Sink(const std::string& path) : path_(path) {
    if (!path.empty()) file_.emplace(path + ".tmp");
  }
  ~Sink() {
    std::error_code ignored;
    if (file_) std::filesystem::remove(file_->path(), ignored);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void Write(std::string_view text) { file_ ? file_->Write(text) : WriteStandardOutput(text); }
  void Commit() {
    if (!file_) return;
    file_->Close();
    std::error_code error;
    std::filesystem::rename(file_->path(), path_, error);
    if (error) ThrowFailed("{}: cannot rename to {}: {}", file_->path().string(), path_, error.message());
  }

 private:
  const std::string path_;
  std::optional<io::OutputFile> file_;
};

std::vector<Index> FindUsers(const config::RecommendSettings& settings, const data::Dataset& dataset) {
  const data::IdIndex index(dataset.users());
  std::vector<Index> users;
  for (const std::string& id : settings.user()) {
    users.push_back(index.Find(id));
    if (users.back() == kNoIndex) {
      ThrowBadInput("user '{}' is not in {}", id, (dataset.path() / "users.tsv").string());
    }
  }
  return users;
}

void PrintSome(const config::RecommendSettings& settings, const ModelData& matched,
               const Recommender& recommender, bool json) {
  const std::vector<Index> users = FindUsers(settings, matched.dataset());
  const Printer printer(matched, ReadTitles(settings.titles(), matched.model().items()));
  ordered_json all = ordered_json::array();
  for (const Recommendation& list : recommender.Recommend(users)) {
    if (json) {
      all.push_back(printer.Json(list));
    } else {
      WriteStandardOutput(printer.Table(list));
    }
  }
  if (json) WriteStandardOutput(Dump({{"users", all}}));
}

/// Blocks of users are computed by all threads, a few at a time, and written in order.
void StreamAll(const config::RecommendSettings& settings, const ModelData& matched,
               const Recommender& recommender, unsigned threads, bool json) {
  const std::size_t users = matched.dataset().num_users();
  const std::size_t block = std::clamp<std::size_t>((std::size_t{1} << 20) / settings.k(), 1, 256);
  const std::size_t blocks = (users + block - 1) / block;
  const Printer printer(matched, {});
  Sink sink(settings.out());
  std::uint64_t by_popularity = 0;
  for (std::size_t first = 0; first < blocks; first += 4 * std::size_t{threads}) {
    const std::size_t count = std::min<std::size_t>(4 * std::size_t{threads}, blocks - first);
    std::vector<std::string> texts(count);
    std::vector<std::uint64_t> popular(count, 0);
    ParallelFor(threads, count, "recommend", [&](unsigned, std::size_t at) {
      const std::size_t begin = (first + at) * block;
      std::vector<Index> ids(std::min(block, users - begin));
      std::iota(ids.begin(), ids.end(), static_cast<Index>(begin));
      for (const Recommendation& list : recommender.Recommend(ids)) {
        texts[at] += json ? Dump(printer.Json(list)) : printer.Tsv(list);
        popular[at] += list.by_popularity;
      }
    });
    for (std::size_t at = 0; at < count; ++at) {
      sink.Write(texts[at]);
      by_popularity += popular[at];
    }
  }
  sink.Commit();
  log::Info("{} users, {} of them by popularity", users, by_popularity);
}

}  // namespace

int RunRecommend(const config::RecommendSettings& settings, const CommandContext& context) {
  CheckSettings(settings);
  const model::LoadedModel model(settings.model());
  const data::Dataset dataset(settings.data());
  const ModelData matched(model, dataset);
  const unsigned threads = ResolveThreads(settings.threads());
  const Recommender recommender(matched, settings.k(), settings.exclude_seen(), threads);
  if (settings.all()) {
    StreamAll(settings, matched, recommender, threads, context.json);
  } else {
    PrintSome(settings, matched, recommender, context.json);
  }
  return 0;
}

}  // namespace attune::launch
