#pragma once

#include "common/config/synth.pb.h"
#include "common/data/synth/options.h"
#include "launch/command.h"

namespace attune::launch {

/// The options that settings stand for. Throws Error(kUsage) naming a setting that was given but cannot take
/// effect with this kind or format.
synth::Options ToSynthOptions(const config::SynthSettings& settings);

/// `attune synth`: makes a log or a data set and prints what came of it to standard output, as text or as
/// JSON; speed and memory go to standard error. Returns the exit code; failures are thrown as Error.
int RunSynth(const config::SynthSettings& settings, const CommandContext& context);

}  // namespace attune::launch
