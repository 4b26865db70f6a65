#include "launch/training_settings.h"

#include <set>
#include <string>

#include "common/error.h"
#include "launch/require_effect.h"

namespace attune::launch {
namespace {

using config::OptimizerSettings;

model::ItemAttention ToItemAttention(config::ItemAttention attention) {
  switch (attention) {
    case config::ITEM_ATTENTION_NONE:
      return model::ItemAttention::kNone;
    case config::ITEM_ATTENTION_AVERAGE:
      return model::ItemAttention::kAverage;
    case config::ITEM_ATTENTION_ATTENTION:
      return model::ItemAttention::kAttention;
  }
  return model::ItemAttention::kAttention;
}

optim::Kind ToKind(config::Optimizer optimizer) {
  switch (optimizer) {
    case config::OPTIMIZER_SGD:
      return optim::Kind::kSgd;
    case config::OPTIMIZER_ADAGRAD:
      return optim::Kind::kAdagrad;
    case config::OPTIMIZER_ROWWISE_ADAGRAD:
      return optim::Kind::kRowwiseAdagrad;
    case config::OPTIMIZER_ADAM:
      return optim::Kind::kAdam;
  }
  return optim::Kind::kSgd;
}

optim::OptimizerSpec ToOptimizer(config::Optimizer optimizer, const OptimizerSettings& settings) {
  return {ToKind(optimizer), static_cast<float>(settings.adagrad_init()),
          static_cast<float>(settings.adam_beta1()), static_cast<float>(settings.adam_beta2()),
          static_cast<float>(settings.epsilon())};
}

L2Spec ToL2(const OptimizerSettings& settings) {
  const double factor = settings.l2_factor();
  auto or_default = [&](bool given, double value) { return factor * (given ? value : settings.l2()); };
  return {or_default(settings.has_l2_u(), settings.l2_u()), or_default(settings.has_l2_v(), settings.l2_v()),
          or_default(settings.has_l2_p(), settings.l2_p()), factor * settings.l2_theta(),
          settings.l2_scope() == config::L2_SCOPE_OCCURRENCE};
}

SamplingSpec ToSampling(const config::SamplingSettings& settings) {
  SamplingSpec spec;
  spec.sampling =
      settings.sampling() == config::SAMPLING_BOOTSTRAP ? Sampling::kBootstrap : Sampling::kPermuted;
  spec.negatives =
      settings.negatives() == config::NEGATIVES_POPULARITY ? Negatives::kPopularity : Negatives::kUniform;
  spec.negative_power = settings.negative_power();
  spec.negatives_per_positive = settings.negatives_per_positive();
  spec.visit_triples = settings.visit_triples();
  spec.visit_steps = settings.visit_steps();
  spec.batch_triples = settings.batch_triples();
  spec.seed = settings.seed();
  return spec;
}

void CheckModel(const config::ModelSettings& s) {
  const bool attention = s.item_attention() == config::ITEM_ATTENTION_ATTENTION;
  const bool history = s.item_attention() != config::ITEM_ATTENTION_NONE;
  RequireEffect(s.has_attention_inputs(), attention, "attention-inputs", "item_attention is not 'attention'");
  RequireEffect(s.has_item_hidden(), attention, "item-hidden", "item_attention is not 'attention'");
  const bool content = attention && s.attention_inputs().find('x') != std::string::npos;
  const bool components = content && s.component_attention() == config::COMPONENT_ATTENTION_ATTENTION;
  RequireEffect(s.has_component_attention(), content, "component-attention",
                "attention_inputs has no x (content)");
  RequireEffect(s.has_component_hidden(), components, "component-hidden", "there is no component attention");
  if (attention && s.item_content() != config::ITEM_CONTENT_NONE) {
    ThrowUsage(
        "--item-content average needs --item-attention none or average; with 'attention' content enters by "
        "--attention-inputs with x");
  }
  RequireEffect(s.has_history_exponent(), history, "history-exponent",
                "item_attention 'none' has no history");
  RequireEffect(s.exclude_target(), history, "exclude-target", "item_attention 'none' has no history");
  RequireEffect(s.max_history() > 0, history, "max-history", "item_attention 'none' has no history");
  if (!history && !s.user_vector()) {
    ThrowUsage(
        "--no-user-vector with --item-attention none leaves nothing of the user; use 'average' or "
        "'attention'");
  }
}

void CheckOptimisation(const OptimizerSettings& s, const model::ModelSpec& model) {
  const bool theta = model.HasTheta();
  const bool history = model.HasHistory();
  const char* no_theta =
      "there are no attention parameters (item_attention is not 'attention') and no item_content";
  RequireEffect(s.has_theta_optimizer(), theta, "theta-optimizer", no_theta);
  RequireEffect(s.has_lr_theta(), theta, "lr-theta", no_theta);
  RequireEffect(s.has_l2_theta(), theta, "l2-theta", no_theta);
  RequireEffect(s.has_attention_init(), model.HasAttention(), "attention-init",
                "item_attention is not 'attention': there are no attention parameters");
  RequireEffect(s.has_lr_final(), s.lr_schedule() != config::SCHEDULE_CONSTANT, "lr-final",
                "lr_schedule is 'constant'");
  RequireEffect(s.has_l2_p(), history, "l2-p", "item_attention 'none' has no P");
  RequireEffect(s.has_l2(), !(s.has_l2_u() && s.has_l2_v() && s.has_l2_p()), "l2",
                "l2_u, l2_v and l2_p are all given");
  if (s.lr_schedule() == config::SCHEDULE_EXPONENTIAL && s.lr_final() <= 0) {
    ThrowUsage(
        "--lr-final = 0 with an exponential schedule would make every later rate 0; expected more than 0");
  }
  const auto adagrad = [](config::Optimizer o) {
    return o == config::OPTIMIZER_ADAGRAD || o == config::OPTIMIZER_ROWWISE_ADAGRAD;
  };
  const bool any_adagrad = adagrad(s.optimizer()) || (theta && adagrad(s.theta_optimizer()));
  const bool any_adam =
      s.optimizer() == config::OPTIMIZER_ADAM || (theta && s.theta_optimizer() == config::OPTIMIZER_ADAM);
  RequireEffect(s.has_adagrad_init(), any_adagrad, "adagrad-init", "no optimizer is Adagrad");
  RequireEffect(s.has_adam_beta1(), any_adam, "adam-beta1", "no optimizer is Adam");
  RequireEffect(s.has_adam_beta2(), any_adam, "adam-beta2", "no optimizer is Adam");
  RequireEffect(s.has_epsilon(), any_adagrad || any_adam, "epsilon", "no optimizer is Adagrad or Adam");
  if (s.theta_optimizer() == config::OPTIMIZER_ROWWISE_ADAGRAD) {
    ThrowUsage(
        "--theta-optimizer rowwise_adagrad: the attention parameters are not rows of a table; use sgd, "
        "adagrad or adam");
  }
  const bool batch = s.update() == config::UPDATE_BATCH;
  RequireEffect(s.has_clip(), !batch && history, "clip",
                batch ? "update batch takes the textbook step" : "item_attention 'none' has no history");
  RequireEffect(s.l2_scope() == config::L2_SCOPE_UNIQUE, batch, "l2-scope unique", "it needs --update batch");
  RequireEffect(s.reduction() == config::REDUCTION_MEAN, batch, "reduction mean", "it needs --update batch");
}

void CheckSampling(const config::SamplingSettings& s, bool from_file) {
  RequireEffect(s.has_negative_power(), s.negatives() == config::NEGATIVES_POPULARITY, "negative-power",
                "negatives is not 'popularity'");
  if (!from_file) return;
  const char* why = "--triples gives the triples";
  RequireEffect(s.has_sampling(), false, "sampling", why);
  RequireEffect(s.has_negatives(), false, "negatives", why);
  RequireEffect(s.has_negatives_per_positive(), false, "negatives-per-positive", why);
}

/// Quality does not change measurably up to an age of an epoch (docs/approximations.md), and 16 batches give
/// most of what there is to gain while they are much younger. Single steps are meant to be exact.
std::uint32_t ProjectionRefreshOf(const config::TrainSettings& settings) {
  constexpr std::uint32_t kDefaultBatches = 16;
  const auto& optimisation = settings.optimisation();
  if (optimisation.has_projection_refresh()) return optimisation.projection_refresh();
  const bool exact = optimisation.update() == config::UPDATE_BATCH || settings.run_settings().has_triples();
  return exact ? 0 : kDefaultBatches;
}

}  // namespace

model::ModelSpec ToModelSpec(const config::ModelSettings& settings) {
  model::ModelSpec spec;
  spec.dim = settings.dim();
  spec.item_attention = ToItemAttention(settings.item_attention());
  const std::string& inputs = settings.attention_inputs();
  const std::set<char> given(inputs.begin(), inputs.end());
  const bool known = inputs.find_first_not_of("uvpx") == std::string::npos;
  if (inputs.empty() || !known || given.size() != inputs.size()) {
    ThrowUsage(
        "--attention-inputs = '{}': expected some of the letters u (user), v (item), p (history item), x "
        "(content), each once",
        inputs);
  }
  spec.attend_user = given.contains('u');
  spec.attend_item = given.contains('v');
  spec.attend_history = given.contains('p');
  spec.attend_content = spec.HasAttention() && given.contains('x');
  spec.item_hidden = settings.item_hidden();
  spec.component_attention = settings.component_attention() == config::COMPONENT_ATTENTION_AVERAGE
                                 ? model::ComponentAttention::kAverage
                                 : model::ComponentAttention::kAttention;
  spec.component_hidden = settings.component_hidden();
  spec.item_content = settings.item_content() == config::ITEM_CONTENT_AVERAGE ? model::ItemContent::kAverage
                                                                              : model::ItemContent::kNone;
  spec.history_exponent = settings.history_exponent();
  spec.user_vector = settings.user_vector();
  spec.exclude_target = settings.exclude_target();
  spec.max_history = settings.max_history();
  return spec;
}

scheduler::Schedule ToSchedule(config::Schedule schedule) {
  switch (schedule) {
    case config::SCHEDULE_CONSTANT:
      return scheduler::Schedule::kConstant;
    case config::SCHEDULE_LINEAR:
      return scheduler::Schedule::kLinear;
    case config::SCHEDULE_COSINE:
      return scheduler::Schedule::kCosine;
    case config::SCHEDULE_EXPONENTIAL:
      return scheduler::Schedule::kExponential;
  }
  return scheduler::Schedule::kConstant;
}

TrainingSpec ToTrainingSpec(const config::TrainSettings& settings) {
  const auto& optimisation = settings.optimisation();
  CheckModel(settings.model());
  TrainingSpec spec;
  spec.model = ToModelSpec(settings.model());
  CheckOptimisation(optimisation, spec.model);
  CheckSampling(settings.sampling_settings(), settings.run_settings().has_triples());
  if (settings.run_settings().has_triples()) {
    const char* why = "--triples are trained once, in order, with the whole history";
    RequireEffect(settings.model().max_history() > 0, false, "max-history", why);
    RequireEffect(optimisation.has_lr_schedule(), false, "lr-schedule", why);
  }
  RequireEffect(optimisation.has_l2_u(), spec.model.HasU(), "l2-u", "this variant has no U");
  if (optimisation.init_std() == 0 && !settings.run_settings().has_init_from()) {
    ThrowUsage("--init-std = 0 without --init-from: every gradient would stay zero; expected more than 0");
  }
  spec.sampling = ToSampling(settings.sampling_settings());
  spec.optimizer = ToOptimizer(optimisation.optimizer(), optimisation);
  spec.theta_optimizer = ToOptimizer(optimisation.theta_optimizer(), optimisation);
  spec.lr = optimisation.lr();
  spec.lr_theta = optimisation.lr_theta();
  spec.l2 = ToL2(optimisation);
  spec.init_std = optimisation.init_std();
  spec.xavier_output = optimisation.attention_init() == config::ATTENTION_INIT_XAVIER;
  spec.clip = optimisation.clip();
  RequireEffect(optimisation.has_projection_refresh(), spec.model.HasComponentAttention(),
                "projection-refresh", "there is no component attention");
  RequireEffect(optimisation.projection_refresh() > 0, optimisation.update() != config::UPDATE_BATCH,
                "projection-refresh", "update batch takes the textbook step");
  if (spec.model.HasComponentAttention()) spec.projection_refresh = ProjectionRefreshOf(settings);
  spec.update_batch = optimisation.update() == config::UPDATE_BATCH;
  spec.mean = optimisation.reduction() == config::REDUCTION_MEAN;
  if (std::uint64_t{spec.sampling.visit_triples} * spec.sampling.visit_steps > (1u << 24)) {
    ThrowUsage("--visit-triples x --visit-steps = {} x {}: expected at most {} triples a visit",
               spec.sampling.visit_triples, spec.sampling.visit_steps, 1u << 24);
  }
  return spec;
}

void SetContent(TrainingSpec& spec, const data::Dataset& dataset) {
  if (!spec.model.HasContent()) return;
  if (dataset.features() == nullptr) {
    ThrowUsage("{}, but {} has no features; prepare it with --features, or leave {} out",
               spec.model.HasItemContent() ? "--item-content average needs content"
                                           : "--attention-inputs has x (content)",
               dataset.path().string(), spec.model.HasItemContent() ? "item content" : "x");
  }
  spec.model.feature_dim = static_cast<std::uint32_t>(dataset.features()->dim());
}

data::ContentView ContentOf(const TrainingSpec& spec, const data::Dataset& dataset) {
  return spec.model.HasContent() ? dataset.features()->view() : data::ContentView();
}

}  // namespace attune::launch
