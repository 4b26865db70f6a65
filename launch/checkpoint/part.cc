#include "launch/checkpoint/part.h"

#include <fmt/core.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <span>

#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_text.h"
#include "common/io/npy.h"
#include "common/io/output_file.h"
#include "common/thread.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Records that a thread copies at a time.
constexpr std::size_t kCopiedAtOnce = 4096;
/// Bytes that are written at a time.
constexpr std::size_t kWrittenAtOnce = std::size_t{16} << 20;

std::size_t RecordBytes(const RecordLayout& layout) {
  return layout.floats * sizeof(float);
}

std::uint64_t UserRows(const PartPlan& plan) {
  std::uint64_t rows = 0;
  for (const PartPlan::Users& slice : plan.slices) rows += slice.end - slice.first;
  return rows;
}

/// Makes room. What a host writes grows and shrinks a little as slices move; room that is not written takes
/// no memory.
void Reserve(std::size_t bytes, const char* what, ps::Mapping& memory) {
  if (bytes <= memory.size()) return;
  memory = {};
  memory = ps::Mapping::Private(bytes + bytes / 8, what);
}

constexpr const char* kOfUsers = "the copy of users' rows";
constexpr const char* kOfItems = "the copy of items' rows";

void WriteOnce(const ps::Mapping& memory, std::size_t bytes, const std::atomic<bool>& stop) {
  constexpr std::size_t kSmallestPage = 4096;
  for (std::size_t at = 0; at < bytes && !stop.load(std::memory_order_relaxed); at += kSmallestPage)
    memory.data()[at] = std::byte{0};
}

/// Writes records of `layout` that lie one behind the other.
/// @param done  after each piece, with its bytes
void WriteRecords(const fs::path& path, const RecordLayout& layout, const ps::Mapping& records,
                  std::uint64_t rows, const std::function<void(std::size_t bytes)>& done) {
  io::NpyWriter writer(path, io::DType::kF32, {layout.floats});
  const std::span<const std::byte> all(records.data(), static_cast<std::size_t>(rows * RecordBytes(layout)));
  for (std::size_t at = 0; at < all.size(); at += kWrittenAtOnce) {
    const auto piece = all.subspan(at, std::min(kWrittenAtOnce, all.size() - at));
    writer.AppendBytes(piece);
    done(piece.size());
  }
  writer.Close();
}

void Describe(const fs::path& directory, const std::string& file, ordered_json& files) {
  const io::FileDigest digest = io::DigestFile(directory / file);
  files[file] = {{"bytes", digest.bytes}, {"xxh3", digest.xxh3}};
}

}  // namespace

PartMemory MakePartMemory(const ps::ModelStore& store, const PartPlan& plan, const std::atomic<bool>& stop) {
  const Tables tables = store.tables();
  const std::size_t items = plan.items.size() * RecordBytes(tables.items.layout);
  const std::size_t users = tables.users.empty() ? 0 : UserRows(plan) * RecordBytes(tables.users.layout);
  PartMemory memory;
  Reserve(items, kOfItems, memory.items);
  Reserve(users, kOfUsers, memory.users);
  WriteOnce(memory.items, items, stop);
  WriteOnce(memory.users, users, stop);
  return memory;
}

PartCopy::PartCopy(const ps::ModelStore& store, PartPlan plan, unsigned threads, PartMemory memory)
    : plan_(std::move(plan)), memory_(std::move(memory)) {
  const Tables tables = store.tables();
  item_layout_ = tables.items.layout;
  Reserve(plan_.items.size() * RecordBytes(item_layout_), kOfItems, memory_.items);
  ParallelFor(threads, (plan_.items.size() + kCopiedAtOnce - 1) / kCopiedAtOnce, "copy",
              [&](unsigned, std::size_t piece) {
                const std::size_t end = std::min(plan_.items.size(), (piece + 1) * kCopiedAtOnce);
                for (std::size_t n = piece * kCopiedAtOnce; n < end; ++n) {
                  const Index row = store.placement().RowOf(plan_.items[n]);
                  std::memcpy(memory_.items.data() + n * RecordBytes(item_layout_), tables.items.First(row),
                              RecordBytes(item_layout_));
                }
              });
  if (plan_.theta) theta_ = store.theta().Record();
  if (tables.users.empty()) return;
  user_layout_ = tables.users.layout;
  user_rows_ = UserRows(plan_);
  Reserve(user_rows_ * RecordBytes(user_layout_), kOfUsers, memory_.users);
  std::vector<std::uint64_t> starts;
  std::uint64_t start = 0;
  for (const PartPlan::Users& slice : plan_.slices) {
    starts.push_back(start);
    start += slice.end - slice.first;
  }
  ParallelFor(threads, plan_.slices.size(), "copy", [&](unsigned, std::size_t n) {
    const PartPlan::Users& slice = plan_.slices[n];
    std::memcpy(memory_.users.data() + starts[n] * RecordBytes(user_layout_), tables.users.First(slice.first),
                (slice.end - slice.first) * RecordBytes(user_layout_));
  });
}

void PartCopy::Write(const fs::path& directory, std::uint32_t writer,
                     const std::function<void(std::uint64_t bytes)>& wrote) const {
  std::uint64_t bytes = 0;
  const auto done = [&](std::size_t more) { wrote(bytes += more); };
  const std::string name = fmt::format("{:05}", writer);
  ordered_json part = {{"writer", writer}, {"files", ordered_json::object()}};
  if (user_rows_ > 0) {
    const std::string file = fmt::format("{}/{}.npy", kUsersFolder, name);
    WriteRecords(directory / file, user_layout_, memory_.users, user_rows_, done);
    Describe(directory, file, part["files"]);
    ordered_json slices = ordered_json::array();
    for (const auto& slice : plan_.slices) slices.push_back({slice.slice, slice.first, slice.end});
    part["users"] = {{"file", file}, {"slices", std::move(slices)}};
  }
  if (!plan_.items.empty()) {
    const std::string file = fmt::format("{}/{}.npy", kItemsFolder, name);
    const std::string rows = fmt::format("{}/{}.rows.npy", kItemsFolder, name);
    WriteRecords(directory / file, item_layout_, memory_.items, plan_.items.size(), done);
    const std::uint64_t shape[] = {plan_.items.size()};
    io::WriteNpy<std::uint32_t>(directory / rows, shape, plan_.items);
    Describe(directory, file, part["files"]);
    Describe(directory, rows, part["files"]);
    part["items"] = {{"file", file}, {"rows", rows}};
  }
  if (plan_.theta) {
    const std::uint64_t shape[] = {theta_.size()};
    io::WriteNpy<float>(directory / kThetaFile, shape, theta_);
    Describe(directory, kThetaFile, part["files"]);
  }
  io::WriteFileAtomically(directory / kPartsFolder / (name + ".json"), io::JsonText(part));
}

void MakePartFolders(const fs::path& directory) {
  for (const char* folder : {kUsersFolder, kItemsFolder, kPartsFolder}) {
    std::error_code error;
    fs::create_directory(directory / folder, error);
    if (error) ThrowFailed("{}: cannot create: {}", (directory / folder).string(), error.message());
  }
}

}  // namespace attune::launch
