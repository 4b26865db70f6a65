#include "ps/table.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/random.h"
#include "common/thread.h"

namespace attune::ps {
namespace {

constexpr std::size_t kRowsPerTask = 4096;
constexpr std::size_t kHugePagesPerTask = 32;

void FillNormal(const random::Stream& stream, std::uint32_t column, Index name, float std, float* out,
                std::size_t width) {
  for (std::size_t c = 0; c < width; c += 4) {
    const auto normals = random::Normals(stream(column, name, static_cast<std::uint32_t>(c)));
    for (std::size_t n = 0; n < std::min<std::size_t>(4, width - c); ++n) out[c + n] = std * normals[n];
  }
}

}  // namespace

Table::Table(Id id, std::size_t rows, const RecordLayout& layout)
    : Table(id, rows, layout,
            Mapping::Private(Bytes(rows, layout), fmt::format("a table of {} rows", rows).c_str())) {}

Table::Table(Id id, std::size_t rows, const RecordLayout& layout, Mapping memory)
    : id_(id), memory_(std::move(memory)), rows_(rows), layout_(layout) {
  ATTUNE_CHECK(memory_.size() >= Bytes(rows, layout));
}

void Table::Initialise(Index first, Index end, std::uint64_t seed, double std,
                       const optim::OptimizerSpec& optimizer, unsigned threads,
                       std::span<const Index> names) {
  ATTUNE_CHECK(first <= end && end <= rows_);
  const random::Stream stream(seed, random::Purpose::kInitialRow, static_cast<std::uint32_t>(id_));
  const auto deviation = static_cast<float>(std);
  const TableView table = view();
  const std::size_t tasks = (end - first + kRowsPerTask - 1) / kRowsPerTask;
  ParallelFor(threads, tasks, "init", [&](unsigned, std::size_t task) {
    const std::size_t last = std::min<std::size_t>(end, first + (task + 1) * kRowsPerTask);
    for (std::size_t n = first + task * kRowsPerTask; n < last; ++n) {
      const auto row = static_cast<Index>(n);
      const Index name = names.empty() ? row : names[row];
      FillNormal(stream, 0, name, deviation, table.First(row), layout_.width);
      optim::InitialiseState(optimizer, table.FirstState(row), layout_.padded);
      if (layout_.second == 0) continue;
      FillNormal(stream, 1, name, deviation, table.Second(row), layout_.width);
      optim::InitialiseState(optimizer, table.SecondState(row), layout_.padded);
    }
  });
}

void Table::UseHugePages(unsigned threads) const {
  constexpr std::size_t kBytes = kHugePagesPerTask * Mapping::kHugePage;
  const std::size_t bytes = Bytes(rows_, layout_);
  ParallelFor(threads, (bytes + kBytes - 1) / kBytes, "pages", [&](unsigned, std::size_t task) {
    memory_.UseHugePages(task * kBytes, std::min(kBytes, bytes - task * kBytes));
  });
}

}  // namespace attune::ps
