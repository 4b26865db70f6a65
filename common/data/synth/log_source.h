#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/types.h"

/// What the generators offer to the writers.
namespace attune::synth {

/// One user's interactions.
struct UserLog {
  std::vector<Index> items;           ///< distinct, oldest first
  std::vector<std::uint8_t> genuine;  ///< planted logs: 1 for each training item that was chosen by taste
};

/// Draws users' interactions: a pure function of the settings and the user. Threads: confined.
class UserDrawer {
 public:
  virtual ~UserDrawer() = default;
  /// Replaces `log` with rows_of()[user] interactions of the user.
  virtual void Draw(Index user, UserLog& log) = 0;
};

/// A log that can be drawn user by user, in any order. Threads: every method from any thread.
class LogSource {
 public:
  virtual ~LogSource() = default;
  virtual Index items() const = 0;
  /// Interactions of each user, all splits together; at least one each. [users]
  virtual std::span<const std::uint32_t> rows_of() const = 0;
  /// A drawer for one thread; refers to this object.
  virtual std::unique_ptr<UserDrawer> NewDrawer() const = 0;
};

/// Component vectors that can be drawn item by item, in any order.
/// Threads: every method from any thread.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  virtual std::size_t dim() const = 0;
  /// Components of an item.
  virtual std::uint32_t Count(Index item) const = 0;
  /// Greatest count there can be.
  virtual std::uint32_t most() const = 0;
  /// Writes the vectors of an item. @param out  [Count(item), dim]
  virtual void Draw(Index item, std::span<float> out) const = 0;
};

}  // namespace attune::synth
