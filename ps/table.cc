#include "ps/table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/error.h"
#include "common/random.h"
#include "common/thread.h"

namespace attune::ps {
namespace {

constexpr std::size_t kRowsPerTask = 4096;

void FillNormal(const random::Stream& stream, std::uint32_t column, Index row, float std, float* out,
                std::size_t width) {
  for (std::size_t c = 0; c < width; c += 4) {
    const auto normals = random::Normals(stream(column, row, static_cast<std::uint32_t>(c)));
    for (std::size_t n = 0; n < std::min<std::size_t>(4, width - c); ++n) out[c + n] = std * normals[n];
  }
}

}  // namespace

Table::Table(Id id, std::size_t rows, const RecordLayout& layout) : id_(id), rows_(rows), layout_(layout) {
  const std::size_t bytes = Bytes(rows, layout);
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    ThrowFailed("cannot reserve {} bytes for a table of {} rows: {}; use a smaller dim", bytes, rows,
                ErrnoText(errno));
  }
  madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: tables work without huge pages, only slower
  data_ = static_cast<float*>(memory);
}

Table::~Table() {
  if (data_ != nullptr) munmap(data_, Bytes(rows_, layout_));
}

Table::Table(Table&& other) noexcept
    : id_(other.id_),
      data_(std::exchange(other.data_, nullptr)),
      rows_(other.rows_),
      layout_(other.layout_) {}

Table& Table::operator=(Table&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(data_, other.data_);
  std::swap(rows_, other.rows_);
  std::swap(layout_, other.layout_);
  return *this;
}

void Table::Initialise(std::uint64_t seed, double std, const optim::OptimizerSpec& optimizer,
                       unsigned threads) {
  const random::Stream stream(seed, random::Purpose::kInitialRow, static_cast<std::uint32_t>(id_));
  const auto deviation = static_cast<float>(std);
  const TableView table = view();
  const std::size_t tasks = (rows_ + kRowsPerTask - 1) / kRowsPerTask;
  ParallelFor(threads, tasks, "init", [&](unsigned, std::size_t task) {
    const std::size_t end = std::min(rows_, (task + 1) * kRowsPerTask);
    for (std::size_t n = task * kRowsPerTask; n < end; ++n) {
      const auto row = static_cast<Index>(n);
      FillNormal(stream, 0, row, deviation, table.First(row), layout_.width);
      optim::InitialiseState(optimizer, table.FirstState(row), layout_.padded);
      if (layout_.second == 0) continue;
      FillNormal(stream, 1, row, deviation, table.Second(row), layout_.width);
      optim::InitialiseState(optimizer, table.SecondState(row), layout_.padded);
    }
  });
}

}  // namespace attune::ps
