#include "launch/score_command.h"

#include <fmt/core.h>

#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/thread.h"
#include "launch/model_data.h"
#include "launch/model_kinds.h"
#include "launch/predictor.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Pairs that are read, scored by all threads, and written before more are read.
constexpr std::size_t kBlockPairs = 1 << 14;
constexpr std::size_t kChunkPairs = 256;

struct Pair {
  std::string user;
  std::string item;
  Index user_index = kNoIndex;  ///< in the data
  Index item_row = kNoIndex;    ///< in the model
  float score = 0;
};

/// Lines `user TAB item`; every error names the line.
class PairReader {
 public:
  PairReader(std::istream& stream, std::string name, const ModelData& matched)
      : stream_(stream),
        name_(std::move(name)),
        matched_(matched),
        users_(matched.dataset().users()),
        items_(matched.model().items()) {}

  /// The next pairs, at most kBlockPairs; none at the end.
  std::vector<Pair> Next() {
    std::vector<Pair> pairs;
    std::string line;
    while (pairs.size() < kBlockPairs && std::getline(stream_, line)) {
      ++number_;
      if (line.ends_with('\r')) line.pop_back();
      pairs.push_back(Parse(line));
    }
    if (stream_.bad()) ThrowBadInput("{}:{}: cannot read on", name_, number_ + 1);
    return pairs;
  }

 private:
  Pair Parse(const std::string& line) const {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos || tab == 0 || tab + 1 == line.size() ||
        line.find('\t', tab + 1) != std::string::npos) {
      ThrowBadInput("{}:{}: expected user, TAB, item", name_, number_);
    }
    Pair pair;
    pair.user = line.substr(0, tab);
    pair.item = line.substr(tab + 1);
    pair.user_index = users_.Find(pair.user);
    pair.item_row = items_.Find(pair.item);
    if (pair.user_index == kNoIndex) {
      ThrowBadInput("{}:{}: user '{}' is not in {}", name_, number_, pair.user,
                    matched_.dataset().path().string());
    }
    if (pair.item_row == kNoIndex) {
      ThrowBadInput("{}:{}: item '{}' is unknown to {}", name_, number_, pair.item,
                    matched_.model().path().string());
    }
    return pair;
  }

  std::istream& stream_;
  const std::string name_;
  const ModelData& matched_;
  const data::IdIndex users_;
  const data::IdIndex items_;
  std::size_t number_ = 0;
};

/// Scores pairs in place; those of one user that follow each other at once.
void ScoreChunk(const ModelData& matched, const Predictor& predictor, std::span<Pair> pairs) {
  std::vector<Index> history, items;
  std::vector<float> scores;
  for (std::size_t begin = 0, end = 0; begin < pairs.size(); begin = end) {
    const Index user = pairs[begin].user_index;
    items.clear();
    for (; end < pairs.size() && pairs[end].user_index == user; ++end) items.push_back(pairs[end].item_row);
    history.clear();
    matched.AppendKnownItems(matched.dataset().History(user), history);
    scores.resize(items.size());
    predictor.Score({matched.ModelUser(user), history}, items, scores);
    for (std::size_t n = 0; n < items.size(); ++n) pairs[begin + n].score = scores[n];
  }
}

std::string Line(const Pair& pair, bool json) {
  if (!json) return fmt::format("{}\t{}\t{}\n", pair.user, pair.item, pair.score);
  return io::JsonText(ordered_json{{"user", pair.user}, {"item", pair.item}, {"score", pair.score}}) + "\n";
}

}  // namespace

int RunScore(const config::ScoreSettings& settings, const CommandContext& context) {
  const bool from_input = settings.pairs() == "-";
  std::ifstream file;
  if (!from_input) {
    file.open(settings.pairs(), std::ios::binary);
    if (!file) ThrowBadInput("{}: cannot open", settings.pairs());
  }
  const model::LoadedModel model(settings.model());
  const data::Dataset dataset(settings.data());
  const ModelData matched(model, dataset);
  const unsigned threads = ResolveThreads(settings.threads());
  const Predictor predictor(matched, threads);
  PairReader reader(from_input ? std::cin : file, from_input ? "standard input" : settings.pairs(), matched);
  for (std::vector<Pair> pairs = reader.Next(); !pairs.empty(); pairs = reader.Next()) {
    const std::size_t chunks = (pairs.size() + kChunkPairs - 1) / kChunkPairs;
    ParallelFor(threads, chunks, "score", [&](unsigned, std::size_t chunk) {
      const std::size_t begin = chunk * kChunkPairs;
      ScoreChunk(matched, predictor,
                 std::span(pairs).subspan(begin, std::min(kChunkPairs, pairs.size() - begin)));
    });
    std::string text;
    for (const Pair& pair : pairs) {
      if (!std::isfinite(pair.score)) RequireFinite(model);
      text += Line(pair, context.json);
    }
    WriteStandardOutput(text);
  }
  return 0;
}

}  // namespace attune::launch
