#include "common/run/memory_plan.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;

constexpr std::uint64_t kMebibyte = 1 << 20;

MemoryPlan Example() {
  MemoryPlan plan;
  plan.Add("rows", 3 * kMebibyte, "--dim");
  plan.Add("batch", 512);
  return plan;
}

TEST(MemoryPlan, PrintsATable) {
  EXPECT_EQ(Example().Table({2 * kMebibyte, "free memory of this host"}),
            "memory\n"
            "  rows          3.0 MiB\n"
            "  batch           512 B\n"
            "  total         3.0 MiB\n"
            "  available     2.0 MiB  (free memory of this host)\n");
}

TEST(MemoryPlan, IsJsonForMachines) {
  EXPECT_EQ(
      Example().ToJson({7, "x"}).dump(),
      R"({"parts":{"rows":3145728,"batch":512},"total_bytes":3146240,"available_bytes":7,"bound_by":"x"})");
}

TEST(MemoryPlan, RefusesWhatDoesNotFit) {
  const std::string message = ErrorOf(ErrorKind::kFailed, [] {
    Example().RequireFits({2 * kMebibyte, "free memory of this host"});
  });
  EXPECT_EQ(message,
            "not enough memory: 3.0 MiB needed, 2.0 MiB available (free memory of this host); most of it for "
            "rows: 3.0 MiB; a smaller --dim needs less");
  EXPECT_NO_THROW(Example().RequireFits({4 * kMebibyte, "x"}));
  EXPECT_NO_THROW(MemoryPlan().RequireFits());
}

TEST(MemoryPlan, DoesNotOverflow) {
  MemoryPlan plan = Example();
  plan.Add("huge", std::numeric_limits<std::uint64_t>::max() - 5);
  EXPECT_EQ(plan.total(), std::numeric_limits<std::uint64_t>::max());
}

/// A root directory with the files of a kernel's interface.
class FakeKernel {
 public:
  void Put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  AvailableMemory Find() const { return FindAvailableMemory(root_.path()); }

 private:
  TemporaryDirectory root_;
};

TEST(AvailableMemory, IsUnboundedWhereNothingIsKnown) {
  EXPECT_EQ(FakeKernel().Find().bytes, std::numeric_limits<std::uint64_t>::max());
}

TEST(AvailableMemory, IsWhatTheHostHasFree) {
  FakeKernel kernel;
  kernel.Put("proc/meminfo", "MemTotal:  900 kB\nMemAvailable:    500 kB\n");
  kernel.Put("proc/self/cgroup", "0::/\n");
  kernel.Put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(kernel.Find().bytes, 500u * 1024);
  EXPECT_EQ(kernel.Find().bound_by, "free memory of this host");
}

TEST(AvailableMemory, IsWhatAVersion2GroupAndItsParentsLeave) {
  FakeKernel kernel;
  kernel.Put("proc/meminfo", "MemAvailable: 500 kB\n");
  kernel.Put("proc/self/cgroup", "0::/slurm/job7\n");
  kernel.Put("sys/fs/cgroup/slurm/memory.max", "100000\n");
  kernel.Put("sys/fs/cgroup/slurm/memory.current", "70000\n");
  kernel.Put("sys/fs/cgroup/slurm/memory.stat", "anon 1\ninactive_file 20000\n");
  kernel.Put("sys/fs/cgroup/slurm/job7/memory.max", "90000\n");
  kernel.Put("sys/fs/cgroup/slurm/job7/memory.current", "10000\n");
  EXPECT_EQ(kernel.Find().bytes, 50000u);
  EXPECT_NE(kernel.Find().bound_by.find("sys/fs/cgroup/slurm"), std::string::npos);
}

TEST(AvailableMemory, IsWhatAVersion1GroupLeaves) {
  FakeKernel kernel;
  kernel.Put("proc/self/cgroup", "12:cpuset:/x\n5:cpu,memory:/docker/abc\n");
  kernel.Put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
  kernel.Put("sys/fs/cgroup/memory/memory.usage_in_bytes", "12000\n");
  EXPECT_EQ(kernel.Find().bytes, 0u) << "the group is over its limit";
}

TEST(AvailableMemory, IsKnownOnThisMachine) {
  EXPECT_GT(FindAvailableMemory().bytes, 0u);
}

}  // namespace
}  // namespace attune
