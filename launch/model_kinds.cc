#include "launch/model_kinds.h"

#include "common/error.h"

namespace attune::launch {

const char* HowItScores(model::Algorithm algorithm) {
  switch (algorithm) {
    case model::Algorithm::kPopularity:
      return "gives every user the same scores, how often items were met in training";
    case model::Algorithm::kUserKnn:
      return "adds up the similarities of other users who have the item";
    case model::Algorithm::kItemKnn:
      return "adds up the similarities of the items in the history";
    case model::Algorithm::kFactorisation:
    case model::Algorithm::kContentMean:
    case model::Algorithm::kDeepHybrid:
      break;
  }
  return "multiplies vectors of users and items";
}

void RequireVectors(const model::LoadedModel& model, const char* what) {
  if (model.HasVectors()) return;
  ThrowBadInput("{}: algorithm {} {}; it has no vectors of users and items, which {} needs",
                model.path().string(), model::NameOf(model.algorithm()), HowItScores(model.algorithm()),
                what);
}

void RequireFinite(const model::LoadedModel& model) {
  const std::vector<std::string> problems = model.NonFinite();
  if (!problems.empty()) ThrowBadInput("{}: {}", model.path().string(), problems.front());
}

}  // namespace attune::launch
