#include "common/data/synth/draws.h"

#include <algorithm>

namespace attune::synth {

void Sequence::Normals(std::span<float> out) {
  while (!out.empty()) {
    const std::array<float, 4> normals = random::Normals(Block());
    const std::size_t count = std::min(out.size(), normals.size());
    std::copy_n(normals.begin(), count, out.begin());
    out = out.subspan(count);
  }
}

}  // namespace attune::synth
