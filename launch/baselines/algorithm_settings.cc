#include "launch/baselines/algorithm_settings.h"

#include <set>
#include <string>
#include <vector>

#include "common/config/schema.h"
#include "common/error.h"

namespace attune::launch {
namespace {

using model::Algorithm;
using Names = std::set<std::string>;

/// Settings of the algorithm alone.
Names OwnSettings(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kUserKnn:
    case Algorithm::kItemKnn:
      return {"neighbours", "shrinkage"};
    case Algorithm::kContentMean:
      return {"similarity"};
    case Algorithm::kDeepHybrid:
      return {"network_hidden", "network_lr", "network_l2", "content_weight"};
    case Algorithm::kFactorisation:
    case Algorithm::kPopularity:
      break;
  }
  return {};
}

/// Settings of the factorisation that mean something to another algorithm, too.
Names SharedSettings(Algorithm algorithm) {
  Names names = {"data", "out", "overwrite", "run", "threads", "include_validation"};
  if (algorithm == Algorithm::kDeepHybrid) names.insert({"init_from", "epochs", "seed"});
  return names;
}

void RequireAmong(const google::protobuf::Message& group, const Names& names, std::string_view algorithm) {
  const config::Schema schema(*group.GetDescriptor());
  std::vector<const google::protobuf::FieldDescriptor*> given;
  group.GetReflection()->ListFields(group, &given);
  for (const auto* field : given) {
    if (names.contains(field->name())) continue;
    ThrowUsage("{} cannot take effect: --algorithm {} does not use it", schema.Find(field->name())->flag,
               algorithm);
  }
}

}  // namespace

Algorithm ToAlgorithm(config::Algorithm algorithm) {
  switch (algorithm) {
    case config::ALGORITHM_POPULARITY:
      return Algorithm::kPopularity;
    case config::ALGORITHM_USER_KNN:
      return Algorithm::kUserKnn;
    case config::ALGORITHM_ITEM_KNN:
      return Algorithm::kItemKnn;
    case config::ALGORITHM_CONTENT_MEAN:
      return Algorithm::kContentMean;
    case config::ALGORITHM_DEEP_HYBRID:
      return Algorithm::kDeepHybrid;
    case config::ALGORITHM_FACTORISATION:
      break;
  }
  return Algorithm::kFactorisation;
}

void RequireSettingsOfAlgorithm(const config::TrainSettings& settings) {
  const Algorithm algorithm = ToAlgorithm(settings.algorithm_settings().algorithm());
  Names own = OwnSettings(algorithm);
  own.insert("algorithm");
  RequireAmong(settings.algorithm_settings(), own, NameOf(algorithm));
  if (algorithm == Algorithm::kFactorisation) return;
  const Names shared = SharedSettings(algorithm);
  RequireAmong(settings.run_settings(), shared, NameOf(algorithm));
  RequireAmong(settings.model(), shared, NameOf(algorithm));
  RequireAmong(settings.optimisation(), shared, NameOf(algorithm));
  RequireAmong(settings.sampling_settings(), shared, NameOf(algorithm));
}

}  // namespace attune::launch
