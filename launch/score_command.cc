#include "launch/score_command.h"

#include <fmt/core.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error.h"
#include "common/model/user_vectors.h"
#include "common/thread.h"
#include "launch/model_data.h"
#include "launch/standard_streams.h"
#include "worker/ranking.h"

namespace attune::launch {
namespace {

constexpr std::size_t kFlushBytes = 1 << 16;

/// Scores pairs one at a time; successive pairs of one user share the user's vector.
class PairScorer {
 public:
  explicit PairScorer(const ModelData& matched)
      : matched_(matched),
        view_(matched.model().view()),
        users_(matched.dataset().users()),
        items_(matched.model().items()),
        vectors_(view_, AvailableProcessors()),
        vector_(view_.spec.dim) {}

  /// @param where  "file:line" for errors
  float Score(std::string_view user, std::string_view item, const std::string& where) {
    const Index user_index = users_.Find(user);
    if (user_index == kNoIndex) ThrowBadInput("{}: user '{}' is not in the data set", where, user);
    const Index item_row = items_.Find(item);
    if (item_row == kNoIndex) ThrowBadInput("{}: item '{}' is unknown to the model", where, item);
    if (user_index != current_) {
      vectors_.Compute(matched_.ModelUser(user_index), matched_.History(user_index), vector_);
      current_ = user_index;
    }
    float score = 0;
    worker::ScoreItems(vector_.data(), view_.spec.dim, {&item_row, 1}, view_.v, {&score, 1});
    return score;
  }

 private:
  const ModelData& matched_;
  const model::ModelView view_;
  const data::IdIndex users_;
  const data::IdIndex items_;
  const model::UserVectors vectors_;
  std::vector<float> vector_;
  Index current_ = kNoIndex;
};

std::string Row(std::string_view user, std::string_view item, float score, bool json) {
  if (!json) return fmt::format("{}\t{}\t{:.9g}\n", user, item, score);
  const nlohmann::ordered_json row = {{"user", user}, {"item", item}, {"score", score}};
  return row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void ScoreLines(std::istream& stream, const std::string& name, PairScorer& scorer, bool json) {
  std::string line;
  std::string out;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const std::string where = fmt::format("{}:{}", name, number);
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos || line.find('\t', tab + 1) != std::string::npos) {
      ThrowBadInput("{}: expected two columns: user, TAB, item", where);
    }
    const std::string_view user(line.data(), tab);
    const std::string_view item(line.data() + tab + 1, line.size() - tab - 1);
    out += Row(user, item, scorer.Score(user, item, where), json);
    if (out.size() < kFlushBytes) continue;
    WriteStandardOutput(out);
    out.clear();
  }
  WriteStandardOutput(out);
}

}  // namespace

int RunScore(const config::ScoreSettings& settings, const CommandContext& context) {
  const model::LoadedModel model(settings.model());
  const data::Dataset dataset(settings.data());
  const ModelData matched(model, dataset);
  PairScorer scorer(matched);
  if (settings.pairs() == "-") {
    ScoreLines(std::cin, "standard input", scorer, context.json);
    return 0;
  }
  std::ifstream stream(settings.pairs(), std::ios::binary);
  if (!stream) ThrowBadInput("{}: cannot open", settings.pairs());
  ScoreLines(stream, settings.pairs(), scorer, context.json);
  return 0;
}

}  // namespace attune::launch
