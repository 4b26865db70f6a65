#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace attune::launch {

/// Notices what should get on and does not. A state machine without threads or clocks. Threads: confined.
class Standstill {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// Something that should get on while it is active.
  struct Concern {
    std::string what;  ///< its name: the same each time
    bool active = false;
    std::uint64_t progress = 0;  ///< differs when it got on
  };
  struct Stuck {
    std::string what;
    Duration since{};
  };

  /// @param limit  without progress for so long it is told, then after twice, four times … as long
  explicit Standstill(Duration limit) : limit_(limit) {}

  /// All concerns as they are now. @returns what has stood still for the limit, if any of it is to be told
  /// now
  std::vector<Stuck> Look(Time now, const std::vector<Concern>& concerns);
  /// How long a concern has not got on; 0 if it is not active.
  Duration Standing(Time now, const std::string& what) const;
  /// This process stood still itself: what it did not see is no standstill.
  void Forgive(Time now);

 private:
  struct Seen {
    std::uint64_t progress = 0;
    Time since{};
    Duration told_at{};  ///< how long it stands when it is to be told
  };

  const Duration limit_;
  std::map<std::string, Seen> seen_;  ///< those that are active
};

}  // namespace attune::launch
