#include "launch/cluster/standstill.h"

namespace attune::launch {

std::vector<Standstill::Stuck> Standstill::Look(Time now, const std::vector<Concern>& concerns) {
  std::vector<Stuck> stuck;
  bool due = false;
  for (const Concern& concern : concerns) {
    if (!concern.active) {
      seen_.erase(concern.what);
      continue;
    }
    const auto [at, first] = seen_.try_emplace(concern.what, Seen{concern.progress, now, limit_});
    Seen& seen = at->second;
    if (seen.progress != concern.progress) seen = {concern.progress, now, limit_};
    const Duration standing = now - seen.since;
    if (standing >= limit_) stuck.push_back({concern.what, standing});
    if (standing < seen.told_at) continue;
    due = true;
    while (seen.told_at <= standing) seen.told_at *= 2;
  }
  if (!due) stuck.clear();
  return stuck;
}

Standstill::Duration Standstill::Standing(Time now, const std::string& what) const {
  const auto at = seen_.find(what);
  return at == seen_.end() ? Duration::zero() : now - at->second.since;
}

void Standstill::Forgive(Time now) {
  for (auto& [what, seen] : seen_) seen = {seen.progress, now, limit_};
}

}  // namespace attune::launch
