#pragma once

#include "common/config/features.pb.h"
#include "common/media/extractor.h"
#include "launch/command.h"

namespace attune::launch {

/// The options that settings stand for. Throws Error(kUsage) naming a setting that cannot be understood.
media::ExtractorOptions ToExtractorOptions(const config::FeaturesSettings& settings);

/// `attune features`: turns pictures and videos into component features and prints what came of it to
/// standard output, as text or as JSON. Returns the exit code; failures are thrown as Error.
int RunFeatures(const config::FeaturesSettings& settings, const CommandContext& context);

}  // namespace attune::launch
