// Compiled for every processor of the architecture, whatever the rest of the program is compiled for, and
// without the C++ library, whose inline functions might be shared with files that are not.
#include "launch/processor.h"

#include <string.h>
#include <unistd.h>

namespace attune::launch {
namespace {

struct FeatureName {
  unsigned feature;
  const char* name;
};

constexpr FeatureName kNames[] = {
    {kSse42, "SSE4.2"},
    {kAvx, "AVX"},
    {kAvx2, "AVX2"},
    {kFma, "FMA"},
    {kBmi2, "BMI2"},
    {kAvx512f, "AVX-512F"},
    {kAvx512bw, "AVX-512BW"},
    {kAvx512cd, "AVX-512CD"},
    {kAvx512dq, "AVX-512DQ"},
    {kAvx512vl, "AVX-512VL"},
    {kAvx512vbmi, "AVX-512VBMI"},
    {kAvx512vnni, "AVX-512VNNI"},
};

/// Appends as much of `word` as fits.
void Append(char* text, size_t size, const char* word) {
  const size_t used = strlen(text);
  strncat(text, word, size - used - 1);
}

void WriteError(const char* text) {
  const ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  static_cast<void>(ignored);
}

/// Runs before static initialisers of the program, which may hold instructions that this processor lacks.
__attribute__((constructor(101))) void RefuseWrongProcessor() {
  char missing[256];
  if (DescribeMissing(kRequiredFeatures, AvailableFeatures(), missing, sizeof(missing)) == 0) return;
  WriteError("attune: error: this program was compiled for a processor with ");
  WriteError(missing);
  WriteError(", which this one lacks; build it here, or with -DATTUNE_NATIVE=OFF for any processor\n");
  _exit(1);
}

}  // namespace

unsigned AvailableFeatures() {
  unsigned features = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) features |= kSse42;
  if (__builtin_cpu_supports("avx")) features |= kAvx;
  if (__builtin_cpu_supports("avx2")) features |= kAvx2;
  if (__builtin_cpu_supports("fma")) features |= kFma;
  if (__builtin_cpu_supports("bmi2")) features |= kBmi2;
  if (__builtin_cpu_supports("avx512f")) features |= kAvx512f;
  if (__builtin_cpu_supports("avx512bw")) features |= kAvx512bw;
  if (__builtin_cpu_supports("avx512cd")) features |= kAvx512cd;
  if (__builtin_cpu_supports("avx512dq")) features |= kAvx512dq;
  if (__builtin_cpu_supports("avx512vl")) features |= kAvx512vl;
  if (__builtin_cpu_supports("avx512vbmi")) features |= kAvx512vbmi;
  if (__builtin_cpu_supports("avx512vnni")) features |= kAvx512vnni;
#endif
  return features;
}

size_t DescribeMissing(unsigned required, unsigned available, char* text, size_t size) {
  text[0] = '\0';
  size_t missing = 0;
  for (const FeatureName& entry : kNames) {
    if ((required & ~available & entry.feature) == 0) continue;
    if (missing++ > 0) Append(text, size, ", ");
    Append(text, size, entry.name);
  }
  return missing;
}

}  // namespace attune::launch
