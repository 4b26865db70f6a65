#include "launch/cluster/host_tables.h"

#include <fmt/ranges.h>

#include "ps/unnamed_file.h"

namespace attune::launch {
namespace {

constexpr const char* kSnapshot = "-snapshot";

/// Under which descriptors are handed over: nobody who is not of the job can guess it.
std::string NameOf(const ps::HostShape& shape, unsigned leader) {
  return fmt::format("attune-{:02x}-{}", fmt::join(shape.job, ""), leader);
}

}  // namespace

HostTables HostTables::Make(const HostNeeds& needs, unsigned leader, const std::filesystem::path& shm_dir) {
  HostTables tables;
  const std::string name = NameOf(needs.shape, leader);
  tables.memory_ = ps::HostMemory::Create(needs.shape, shm_dir);
  tables.servers_.push_back(std::make_unique<DescriptorServer>(name, tables.memory_fd()));
  if (needs.snapshot == 0) return tables;
  tables.snapshot_ = ps::UnnamedFile(shm_dir, needs.snapshot);
  tables.servers_.push_back(std::make_unique<DescriptorServer>(name + kSnapshot, tables.snapshot_));
  return tables;
}

HostTables HostTables::Fetch(const HostNeeds& needs, unsigned leader, std::chrono::seconds within) {
  HostTables tables;
  const std::string name = NameOf(needs.shape, leader);
  tables.memory_ = ps::HostMemory::Open(ReceiveDescriptor(name, within), needs.shape);
  if (needs.snapshot > 0) tables.snapshot_ = ReceiveDescriptor(name + kSnapshot, within);
  return tables;
}

}  // namespace attune::launch
