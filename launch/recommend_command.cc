#include "launch/recommend_command.h"

#include <fmt/core.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "common/error.h"
#include "common/io/output_file.h"
#include "common/thread.h"
#include "launch/recommender.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Titles = std::unordered_map<std::string, std::string>;

constexpr std::size_t kUsersPerBlock = 512;

/// The first two columns of a tab-separated file.
Titles ReadTitles(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) ThrowBadInput("{}: cannot open", path);
  Titles titles;
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) ThrowBadInput("{}:{}: expected item, TAB, title", path, number);
    titles.emplace(line.substr(0, tab), line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1));
  }
  return titles;
}

std::string TitleOf(const Titles& titles, const std::string& item) {
  const auto at = titles.find(item);
  return at == titles.end() ? std::string() : at->second;
}

std::vector<Index> FindUsers(const config::RecommendSettings& settings, const data::Dataset& dataset) {
  const data::IdIndex ids(dataset.users());
  std::vector<Index> users;
  for (const std::string& id : settings.user()) {
    users.push_back(ids.Find(id));
    if (users.back() == kNoIndex) ThrowBadInput("{}: user '{}' is not in the data set", settings.data(), id);
  }
  return users;
}

std::string ListText(const ModelData& matched, Index user, const RecommendedList& list,
                     const Titles& titles) {
  std::string text = fmt::format(
      "user {}: {} interactions{}\n", matched.dataset().users()[user], matched.dataset().History(user).size(),
      list.by_popularity ? "; no history the model knows, so these are the most popular items" : "");
  std::size_t rank = 0;
  for (const auto& [item, score] : list.items) {
    const std::string id(matched.model().items()[item]);
    text += fmt::format("{:>4}  {:<16} {:>9.4f}  {}\n", ++rank, id, score, TitleOf(titles, id));
  }
  return text;
}

ordered_json ListJson(const ModelData& matched, Index user, const RecommendedList& list,
                      const Titles& titles) {
  ordered_json json = {{"user", std::string(matched.dataset().users()[user])},
                       {"by", list.by_popularity ? "popularity" : "model"},
                       {"items", ordered_json::array()}};
  for (const auto& [item, score] : list.items) {
    const std::string id(matched.model().items()[item]);
    ordered_json entry = {{"item", id}, {"score", score}};
    if (!titles.empty()) entry["title"] = TitleOf(titles, id);
    json["items"].push_back(std::move(entry));
  }
  return json;
}

std::string ListRows(const ModelData& matched, Index user, const RecommendedList& list) {
  std::string text;
  std::size_t rank = 0;
  for (const auto& [item, score] : list.items) {
    text += fmt::format("{}\t{}\t{}\t{:.6g}\n", matched.dataset().users()[user], ++rank,
                        matched.model().items()[item], score);
  }
  return text;
}

/// Every user's rows in order of users, a round of blocks at a time: memory does not grow with the users.
template <typename Write>
void RecommendToAll(const ModelData& matched, const Recommender& recommender, unsigned threads,
                    Write&& write) {
  const Index users = matched.dataset().num_users();
  const std::size_t blocks = (users + kUsersPerBlock - 1) / kUsersPerBlock;
  for (std::size_t round = 0; round < blocks; round += threads) {
    std::vector<std::string> texts(std::min<std::size_t>(threads, blocks - round));
    ParallelFor(threads, texts.size(), "recommend", [&](unsigned, std::size_t n) {
      std::vector<Index> block;
      const std::size_t first = (round + n) * kUsersPerBlock;
      for (std::size_t user = first; user < std::min<std::size_t>(users, first + kUsersPerBlock); ++user) {
        block.push_back(static_cast<Index>(user));
      }
      const auto lists = recommender.Recommend(block);
      for (std::size_t u = 0; u < block.size(); ++u) texts[n] += ListRows(matched, block[u], lists[u]);
    });
    for (const std::string& text : texts) write(text);
  }
}

void RunAll(const config::RecommendSettings& settings, const ModelData& matched,
            const Recommender& recommender, unsigned threads) {
  if (!settings.has_out()) {
    RecommendToAll(matched, recommender, threads, [](const std::string& text) { WriteStandardOutput(text); });
    return;
  }
  io::AtomicFile file(settings.out());
  RecommendToAll(matched, recommender, threads, [&](const std::string& text) { file.Write(text); });
  file.Commit();
}

void CheckSettings(const config::RecommendSettings& settings, bool json) {
  if (settings.all() == (settings.user_size() > 0))
    ThrowUsage("give --user ID (once or several times), or --all");
  if (!settings.all() && settings.has_out()) ThrowUsage("--out cannot take effect without --all");
  if (settings.all() && settings.has_titles()) ThrowUsage("--titles cannot take effect with --all");
  if (settings.all() && json)
    ThrowUsage("--json cannot take effect with --all, which writes tab-separated lines");
}

}  // namespace

int RunRecommend(const config::RecommendSettings& settings, const CommandContext& context) {
  CheckSettings(settings, context.json);
  const unsigned threads = ResolveThreads(settings.threads());
  const model::LoadedModel model(settings.model());
  const data::Dataset dataset(settings.data());
  const Titles titles = settings.has_titles() ? ReadTitles(settings.titles()) : Titles();
  const std::vector<Index> users = FindUsers(settings, dataset);
  const ModelData matched(model, dataset);
  const Recommender recommender(matched, settings.k(), settings.exclude_seen(), threads);
  if (settings.all()) {
    RunAll(settings, matched, recommender, threads);
    return 0;
  }
  const auto lists = recommender.Recommend(users);
  ordered_json json = ordered_json::array();
  std::string text;
  for (std::size_t n = 0; n < users.size(); ++n) {
    json.push_back(ListJson(matched, users[n], lists[n], titles));
    text += ListText(matched, users[n], lists[n], titles);
  }
  WriteStandardOutput(context.json ? json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"
                                   : text);
  return 0;
}

}  // namespace attune::launch
