#pragma once

#include <cstdint>

/// What the module attune_mpi.so offers. Plain C functions: they are found by name.
extern "C" {

/// MPI_Init. @returns 0, or an MPI error code
int AttuneMpiBegin(int* rank, int* size);

/// Gives `bytes` bytes and takes those of all ranks, in their order. @returns 0, or an MPI error code
int AttuneMpiExchange(const char* mine, std::uint64_t bytes,
                      void (*take)(void* context, const char* theirs, std::uint64_t bytes), void* context);

/// MPI_Finalize.
void AttuneMpiEnd();
}
