#pragma once

#include <string>

namespace attune::predict {

/// "25Gbit", "800Mbit", "infinite": bytes a second. Throws Error(kUsage) that names the setting.
double ParseBandwidth(const std::string& text);
/// "50us", "10ms", "0": seconds. Throws Error(kUsage) that names the setting.
double ParseLatency(const std::string& text);

}  // namespace attune::predict
