#include "launch/synth_command.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "common/data/synth/synthesise.h"
#include "common/error.h"
#include "common/io/json_text.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/process_memory.h"
#include "launch/require_effect.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

/// Defaults of the settings that both kinds have, where they differ.
synth::Options DefaultsOf(config::SynthKind kind) {
  synth::Options options;
  if (kind == config::SYNTH_KIND_POWER_LAW) return options;
  options.kind = synth::Kind::kPlanted;
  options.users = 8'000;
  options.items = 2'000;
  options.item_exponent = 0.3;
  options.vectors.components = 8;
  options.vectors.dim = 16;
  return options;
}

void CheckKind(const config::SynthSettings& settings) {
  const bool planted = settings.log().kind() == config::SYNTH_KIND_PLANTED;
  const auto& law = settings.power_law();
  const char* is_planted = "kind is 'planted'";
  RequireEffect(law.has_interactions(), !planted, "interactions",
                "kind is 'planted': the histories' sizes decide");
  RequireEffect(law.has_user_exponent(), !planted, "user-exponent", is_planted);
  RequireEffect(law.has_min_user_interactions(), !planted, "min-user-interactions", is_planted);
  RequireEffect(law.has_split(), !planted, "split",
                "kind is 'planted': one more genuine item of each user is its test");
  RequireEffect(law.has_min_components(), !planted, "min-components", is_planted);
  const auto& truth = settings.planted();
  const char* is_power_law = "kind is 'power_law'";
  RequireEffect(truth.has_aspects(), planted, "aspects", is_power_law);
  RequireEffect(truth.has_taste_dim(), planted, "taste-dim", is_power_law);
  RequireEffect(truth.has_min_history(), planted, "min-history", is_power_law);
  RequireEffect(truth.has_max_history(), planted, "max-history", is_power_law);
  RequireEffect(truth.has_genuine_share(), planted, "genuine-share", is_power_law);
  RequireEffect(truth.has_taste_sharpness(), planted, "taste-sharpness", is_power_law);
  RequireEffect(truth.has_style(), planted, "style", is_power_law);
  RequireEffect(truth.has_foreground(), planted, "foreground", is_power_law);
  RequireEffect(truth.has_marker(), planted, "marker", is_power_law);
  RequireEffect(truth.has_salience(), planted, "salience", is_power_law);
  RequireEffect(truth.has_noise(), planted, "noise", is_power_law);
}

void CheckFormat(const config::SynthSettings& settings) {
  if (settings.output().format() != config::SYNTH_FORMAT_TSV) return;
  if (settings.log().kind() == config::SYNTH_KIND_PLANTED)
    ThrowUsage("--format tsv cannot hold the content and the truth of --kind planted; leave it out");
  const char* why = "format is 'tsv': one log with everything, which attune prepare splits";
  RequireEffect(settings.output().has_slices(), false, "slices", why);
  RequireEffect(settings.power_law().has_split(), false, "split", why);
  RequireEffect(settings.log().has_validation(), false, "validation", why);
  RequireEffect(settings.features().has_components(), false, "components", "format is 'tsv'");
}

synth::VectorOptions ToVectorOptions(const config::SynthSettings& settings, synth::VectorOptions options) {
  const auto& features = settings.features();
  if (features.has_components()) options.components = features.components();
  const bool any = options.components > 0;
  const char* why = "there are no component features; add --components";
  RequireEffect(settings.power_law().has_min_components(), any, "min-components", why);
  RequireEffect(features.has_feature_dim(), any, "feature-dim", why);
  RequireEffect(features.has_feature_dtype(), any, "feature-dtype", why);
  options.min_components =
      settings.power_law().has_min_components() ? settings.power_law().min_components() : options.components;
  if (features.has_feature_dim()) options.dim = features.feature_dim();
  options.dtype =
      features.feature_dtype() == config::SYNTH_FEATURE_DTYPE_F16 ? io::DType::kF16 : io::DType::kF32;
  return options;
}

synth::PlantedOptions ToPlantedOptions(const config::SynthPlantedSettings& settings) {
  synth::PlantedOptions options;
  options.aspects = settings.aspects();
  options.taste_dim = settings.taste_dim();
  options.min_history = settings.min_history();
  options.max_history = settings.max_history();
  options.genuine_share = settings.genuine_share();
  options.taste_sharpness = settings.taste_sharpness();
  options.style = settings.style();
  options.foreground = settings.foreground();
  options.marker = settings.marker();
  options.salience = settings.salience();
  options.noise = settings.noise();
  return options;
}

}  // namespace

synth::Options ToSynthOptions(const config::SynthSettings& settings) {
  CheckKind(settings);
  CheckFormat(settings);
  const auto& output = settings.output();
  const auto& log = settings.log();
  const auto& law = settings.power_law();
  synth::Options options = DefaultsOf(log.kind());
  options.format =
      output.format() == config::SYNTH_FORMAT_TSV ? synth::Format::kTsv : synth::Format::kDataset;
  options.out = output.out();
  options.overwrite = output.overwrite();
  options.slices = output.slices();
  options.threads = ResolveThreads(output.threads());
  if (log.has_users()) options.users = log.users();
  if (log.has_items()) options.items = log.items();
  if (log.has_item_exponent()) options.item_exponent = log.item_exponent();
  options.seed = log.seed();
  options.test = law.split() == config::SYNTH_SPLIT_LATEST;
  options.validation = log.validation() == config::SYNTH_VALIDATION_LATEST;
  options.power_law = {law.interactions(), law.user_exponent(), law.min_user_interactions()};
  options.planted = ToPlantedOptions(settings.planted());
  options.vectors = ToVectorOptions(settings, options.vectors);
  return options;
}

int RunSynth(const config::SynthSettings& settings, const CommandContext& context) {
  const synth::Options options = ToSynthOptions(settings);
  const auto start = std::chrono::steady_clock::now();
  const synth::Report report = synth::Synthesise(options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  WriteStandardOutput(context.json ? io::JsonText(synth::ReportJson(report), 2) + "\n"
                                   : synth::ReportText(report));
  log::Info("{} interactions in {:.1f} s: {:.2f} million/s; peak memory {} MiB", report.interactions, seconds,
            static_cast<double>(report.interactions) / seconds * 1e-6, PeakMemoryBytes() >> 20);
  return 0;
}

}  // namespace attune::launch
