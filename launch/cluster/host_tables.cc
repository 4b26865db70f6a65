#include "launch/cluster/host_tables.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "common/error.h"
#include "ps/unnamed_file.h"

namespace attune::launch {
namespace {

constexpr const char* kSnapshot = "-snapshot";
constexpr std::chrono::milliseconds kTryAgain(100);

/// Under which descriptors are handed over: nobody who is not of the job can guess it.
std::string NameOf(const ps::HostShape& shape, unsigned leader) {
  return fmt::format("attune-{:02x}-{}", fmt::join(shape.job, ""), leader);
}

}  // namespace

HostTables::~HostTables() {
  StopServing();  // they hand over what is closed here
  if (snapshot_ >= 0) close(snapshot_);
}

HostTables::HostTables(HostTables&& other) noexcept
    : memory_(std::move(other.memory_)),
      snapshot_(std::exchange(other.snapshot_, -1)),
      servers_(std::move(other.servers_)) {}

HostTables& HostTables::operator=(HostTables&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(snapshot_, other.snapshot_);
  std::swap(servers_, other.servers_);
  return *this;
}

HostTables HostTables::Make(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                            const std::filesystem::path& shm_dir) {
  HostTables tables;
  const std::string name = NameOf(needs.shape, leader);
  tables.memory_ = ps::HostMemory::Create(needs.shape, shm_dir);
  tables.servers_.push_back(std::make_unique<DescriptorServer>(name, tables.memory_fd(), life));
  if (needs.snapshot == 0) return tables;
  tables.snapshot_ = ps::UnnamedFile(shm_dir, needs.snapshot);
  tables.servers_.push_back(std::make_unique<DescriptorServer>(name + kSnapshot, tables.snapshot_, life));
  return tables;
}

HostTables HostTables::MakeAgain(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                                 const std::filesystem::path& shm_dir, std::chrono::seconds within,
                                 const std::function<void()>& tick) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (true) {
    try {
      return Make(needs, leader, life, shm_dir);
    } catch (const Error&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    if (tick) tick();
    std::this_thread::sleep_for(kTryAgain);
  }
}

HostTables HostTables::Fetch(const HostNeeds& needs, unsigned leader, std::uint32_t life,
                             std::chrono::seconds within) {
  HostTables tables;
  const std::string name = NameOf(needs.shape, leader);
  while (true) {
    const Descriptor memory = ReceiveDescriptor(name, life, within);
    tables.memory_ = ps::HostMemory::Open(memory.fd, needs.shape);
    if (needs.snapshot == 0) return tables;
    const Descriptor snapshot = ReceiveDescriptor(name + kSnapshot, memory.life, within);
    tables.snapshot_ = snapshot.fd;
    if (snapshot.life == memory.life) return tables;
    // The job has begun again in between.
    close(std::exchange(tables.snapshot_, -1));
    life = snapshot.life;
  }
}

}  // namespace attune::launch
