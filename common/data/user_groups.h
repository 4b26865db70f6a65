#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "common/data/interaction.h"
#include "common/data/spill_file.h"
#include "common/types.h"

namespace attune::data {

/// Called with the place of a user and all its rows in the order in which they were appended; rows may be
/// changed.
using VisitUser = std::function<void(Index place, std::span<Interaction> rows)>;

/// Visits every user once, in order of place, with all its rows, in bounded memory: rows are distributed to
/// buckets of consecutive places in a second temporary file, each small enough to be arranged in memory.
/// Without need for more than one bucket the second file is left out. Users without rows are visited too.
/// @param rows          appended in any order of users; given up as soon as they are distributed
/// @param rows_at       number of rows of each place. [places]
/// @param place_of      place of each user; kNoIndex leaves its rows out; empty: user u has place u
/// @param bucket_bytes  memory for a bucket; a user whose rows need more gets a bucket of its own
/// @param directory     for the second file
void ForEachUser(SpillFile rows, std::span<const std::uint32_t> rows_at, std::span<const Index> place_of,
                 std::size_t bucket_bytes, const std::filesystem::path& directory, const VisitUser& visit);

/// Visits rows that are in order of users already, in pieces: each piece holds rows of one user only.
/// @param rows_of  number of rows of each user. [users]
/// @param visit    called as visit(Index user, std::span<const T> piece)
template <typename T, typename Visit>
void ForEachPiece(const SpillFile& rows, std::span<const std::uint32_t> rows_of, const Visit& visit) {
  SpillReader<T> reader(rows);
  for (Index user = 0; user < rows_of.size(); ++user) {
    for (std::size_t left = rows_of[user]; left > 0;) {
      const std::span<const T> piece = reader.Read(left);
      visit(user, piece);
      left -= piece.size();
    }
  }
}

}  // namespace attune::data
