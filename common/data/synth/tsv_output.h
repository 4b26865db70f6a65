#pragma once

#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"

namespace attune::synth {

/// Draws a log and writes it to options.out, with the header user, item, timestamp; users in order, each
/// user's interactions oldest first. Compressed if the name ends in .gz. The file appears when it is
/// complete; the same bytes for any number of threads. Errors: Error(kUsage) if the file exists and
/// options.overwrite is false; Error(kFailed) if it cannot be written. Memory: four blocks a thread of some
/// 65,536 interactions or a user's, 32 bytes each.
void WriteTsv(const LogSource& source, const Options& options);

}  // namespace attune::synth
