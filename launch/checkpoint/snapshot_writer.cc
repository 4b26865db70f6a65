#include "launch/checkpoint/snapshot_writer.h"

#include <fmt/core.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "common/log.h"

namespace attune::launch {
namespace {

/// How long the end of the process waits for a disk.
constexpr std::chrono::seconds kEndsWithin(5);

/// What it says if it throws.
std::string FailureOf(const std::function<void()>& body) {
  try {
    body();
    return {};
  } catch (const std::exception& failure) {
    return failure.what();
  }
}

}  // namespace

SnapshotWriter::~SnapshotWriter() {
  ends_.store(true);
  if (!failure_.valid()) return;
  const Doing waits("waits until its part of checkpoint {} is written", number_);
  if (failure_.wait_for(kEndsWithin) == std::future_status::ready) return;
  log::Warning("checkpoint {} is still being written: its disk does not answer, and is not waited for",
               number_);
}

void SnapshotWriter::Expect(const ps::ModelStore& store, PartPlan plan) {
  expected_ = std::async(std::launch::async, [&store, plan = std::move(plan), &ends = ends_] {
    return MakePartMemory(store, plan, ends);
  });
}

/// Of the copy before, or what was made ready.
PartMemory SnapshotWriter::TakeMemory() {
  if (expected_.valid()) return expected_.get();
  return copy_ ? copy_->TakeMemory() : PartMemory();
}

void SnapshotWriter::Start(const ps::ModelStore& store, PartPlan plan, unsigned threads,
                           const std::filesystem::path& directory, std::uint32_t number,
                           std::uint32_t writer) {
  if (writing()) {
    refused_ = Result{number, fmt::format("checkpoint {} is still being written here", number_)};
    return;
  }
  refused_.reset();
  number_ = number;
  std::string failure = FailureOf([&] {
    PartMemory memory = TakeMemory();
    copy_.reset();
    copy_ = std::make_shared<PartCopy>(store, std::move(plan), threads, std::move(memory));
  });
  // No std::async, whose future would wait for the thread.
  std::packaged_task<std::string()> write([directory, writer, copy = copy_, failure, number, board = board_] {
    const OnBoard here(board.get(), "checkpoint");
    Doing writes("writes its part of checkpoint {} to {}: {} MiB so far", number,
                 std::string_view(directory.native()), 0);
    const auto wrote = [&](std::uint64_t bytes) { writes.Set(number, bytes >> 20); };
    return !failure.empty() ? failure : FailureOf([&] { copy->Write(directory, writer, wrote); });
  });
  std::shared_future<std::string> ended = write.get_future().share();
  failure = FailureOf([&] { std::thread(std::move(write)).detach(); });
  if (failure.empty()) {
    failure_ = std::move(ended);
  } else {
    refused_ = Result{number, failure};
  }
}

bool SnapshotWriter::writing() const {
  return failure_.valid() && failure_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
}

std::optional<SnapshotWriter::Result> SnapshotWriter::Ended() const {
  if (refused_) return refused_;
  if (!failure_.valid() || writing()) return std::nullopt;
  return Result{number_, failure_.get()};
}

}  // namespace attune::launch
