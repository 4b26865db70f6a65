#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scheduler/coordinator.h"

namespace attune::launch {

/// A job's life goes from the start of its scheduler's process to that process's end. When it ends before the
/// job does, or a host's rows are lost, all nodes are started again from the newest checkpoint by their
/// agents, which stay: the next life. Lives are numbered from 0 by the starts of the scheduler's process.
struct Life {
  std::uint32_t number = 0;
  std::string resume;  ///< checkpoint that its nodes begin from; empty: they begin anew

  bool operator==(const Life&) const = default;
};

/// What a node's process leaves behind for the one that takes its place. Lies in memory that the agent holds.
struct LifeNote {
  Life life;  ///< of the scheduler's node: the one it is in; of others: the next one, that they were told of
  // Of the scheduler's node only, about the job so far:
  bool began = false;              ///< the run's directory and the output's name were taken
  bool given_up = false;           ///< the scheduler has ended the life itself: it did not die
  std::uint64_t triples = 0;       ///< that the model had been trained with
  std::uint64_t triples_lost = 0;  ///< when lives ended: trained again since
  scheduler::Changes changes;      ///< of all lives

  bool operator==(const LifeNote&) const = default;
};

/// Memory for a note, zeroed; the caller's descriptor. Throws Error(kFailed).
int MakeLifeNote();
/// Replaces the note. Throws Error(kFailed).
void WriteLifeNote(int fd, const LifeNote& note);
/// Nothing if none was written, or its writer was killed while it wrote.
std::optional<LifeNote> ReadLifeNote(int fd);

}  // namespace attune::launch
