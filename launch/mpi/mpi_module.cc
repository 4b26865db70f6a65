#include <mpi.h>

#include <climits>
#include <vector>

#include "launch/mpi/mpi_functions.h"

int AttuneMpiBegin(int* rank, int* size) {
  if (const int error = MPI_Init(nullptr, nullptr); error != MPI_SUCCESS) return error;
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  return MPI_SUCCESS;
}

int AttuneMpiExchange(const char* mine, std::uint64_t bytes,
                      void (*take)(void* context, const char* theirs, std::uint64_t bytes), void* context) {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const auto ranks = static_cast<std::size_t>(size);
  const int own = bytes > INT_MAX ? -1 : static_cast<int>(bytes);
  std::vector<int> counts(ranks), offsets(ranks);
  if (const int error = MPI_Allgather(&own, 1, MPI_INT, counts.data(), 1, MPI_INT, MPI_COMM_WORLD);
      error != MPI_SUCCESS) {
    return error;
  }
  long total = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    if (counts[rank] < 0 || total > INT_MAX - counts[rank]) return MPI_ERR_COUNT;
    offsets[rank] = static_cast<int>(total);
    total += counts[rank];
  }
  std::vector<char> all(static_cast<std::size_t>(total) + 1);
  if (const int error = MPI_Allgatherv(mine, own, MPI_CHAR, all.data(), counts.data(), offsets.data(),
                                       MPI_CHAR, MPI_COMM_WORLD);
      error != MPI_SUCCESS) {
    return error;
  }
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    take(context, all.data() + offsets[rank], static_cast<std::uint64_t>(counts[rank]));
  }
  return MPI_SUCCESS;
}

void AttuneMpiEnd() {
  MPI_Finalize();
}
