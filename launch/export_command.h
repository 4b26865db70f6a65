#pragma once

#include <cstdint>

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

inline constexpr const char* kExportKind = "attune export";
inline constexpr std::int64_t kExportVersion = 1;

/// Writes effective user vectors u'_i and item vectors v_j, whose inner product is the score, with their ids:
/// see docs/serving.md.
int RunExport(const config::ExportSettings& settings, const CommandContext& context);

}  // namespace attune::launch
