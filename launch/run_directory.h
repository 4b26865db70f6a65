#pragma once

#include <exception>
#include <nlohmann/json_fwd.hpp>

#include "common/config/train.pb.h"

/// RUN and the directory of the audit: what an earlier run has recorded there is not mixed with what this one
/// does.
namespace attune::launch {

/// Throws Error(kUsage) if the run's directory has the record of an earlier run that may not be replaced.
void RequireFreeRun(const config::RunSettings& run);

/// When everything that it needs was found well: removes that record, or, where the run goes on, its end and
/// checkpoints that came after the one it goes on from.
/// @param goes_on  whether the job has begun again, be it without a checkpoint: those that are there are not
/// whole then, and nothing may be taken from them
void TakeRunDirectory(const config::RunSettings& run, bool goes_on = false);

/// Removes what was audited before, or, where the run goes on, what came after its checkpoint. Throws
/// Error(kUsage) if that may not be replaced.
void TakeAuditDirectory(const config::RunSettings& run);

/// Writes result.json, the truth of a run, where there is a run directory.
void WriteRunResult(const config::RunSettings& run, const nlohmann::ordered_json& result);

/// Says in result.json that the run has failed, and why; nothing where a result stands, which is that of a
/// run that was not replaced, or says more.
void RecordFailure(const config::RunSettings& run, const std::exception& failure);

}  // namespace attune::launch
