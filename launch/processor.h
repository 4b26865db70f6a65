#pragma once

#include <cstddef>

/// Whether this processor can run this program, which may have been compiled for another one. The check runs
/// before any code of ours that was compiled for that one, static initialisers included.
namespace attune::launch {

/// Instruction sets that a compiler may be told to use, one bit each.
enum ProcessorFeature : unsigned {
  kSse42 = 1u << 0,
  kAvx = 1u << 1,
  kAvx2 = 1u << 2,
  kFma = 1u << 3,
  kBmi2 = 1u << 4,
  kAvx512f = 1u << 5,
  kAvx512bw = 1u << 6,
  kAvx512cd = 1u << 7,
  kAvx512dq = 1u << 8,
  kAvx512vl = 1u << 9,
  kAvx512vbmi = 1u << 10,
  kAvx512vnni = 1u << 11,
};

/// What the rest of the program was compiled for. A constant: reading it runs no code.
extern const unsigned kRequiredFeatures;

/// What the processor at hand has.
unsigned AvailableFeatures();

/// Writes "AVX2, FMA" for the features in `required` that `available` lacks, cut to `size` bytes with the
/// terminating zero; returns how many are lacking. Allocates nothing.
std::size_t DescribeMissing(unsigned required, unsigned available, char* text, std::size_t size);

}  // namespace attune::launch
