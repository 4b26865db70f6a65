#include "ps/theta_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "ps/robust_mutex.h"

namespace attune::ps {
namespace {

TrainingSpec Spec() {
  TrainingSpec spec;
  spec.model.dim = 4;
  spec.theta_optimizer.kind = optim::Kind::kSgd;
  return spec;
}

/// A memfd of so many bytes.
class Memory {
 public:
  explicit Memory(std::size_t bytes) : fd_(memfd_create("attune-test", MFD_CLOEXEC)), bytes_(bytes) {
    EXPECT_EQ(ftruncate(fd_, static_cast<off_t>(bytes)), 0);
  }
  ~Memory() { close(fd_); }
  Mapping Map() const { return Mapping::Shared(fd_, 0, bytes_, "a test"); }

 private:
  const int fd_;
  const std::size_t bytes_;
};

/// Runs `body` in a child, which may be killed by it. @returns what waitpid says
template <typename Body>
int InChild(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

model::Theta Ones(const TrainingSpec& spec) {
  model::Theta gradient(spec.model);
  for (float& value : gradient.values()) value = 1;
  return gradient;
}

TEST(ThetaStore, SharedMemoryHoldsTheSameAsPrivateMemory) {
  const TrainingSpec spec = Spec();
  const Memory memory(ThetaStore::Bytes(spec));
  ThetaStore own(spec);
  ThetaStore first(spec, memory.Map(), true);
  ThetaStore second(spec, memory.Map(), false);
  for (int step = 0; step < 3; ++step) {
    own.Push(Ones(spec), 2, 0.1);
    (step % 2 == 0 ? first : second).Push(Ones(spec), 2, 0.1);
  }
  model::Theta a(spec.model), b(spec.model);
  own.Fetch(a);
  second.Fetch(b);
  EXPECT_TRUE(std::equal(a.values().begin(), a.values().end(), b.values().begin()));
  EXPECT_EQ(first.version(), 3u);
}

TEST(ThetaStore, WhatHasNoGradientStaysAsItIs) {
  TrainingSpec spec = Spec();
  spec.l2.theta = 0.5;
  ThetaStore store(spec);
  model::Theta theta = Ones(spec);
  store.Assign(theta);
  store.Push(model::Theta(spec.model), 1, 0.1);
  store.Fetch(theta);
  EXPECT_EQ(theta[model::ThetaName::kC1][0], 1);
  EXPECT_NEAR(theta[model::ThetaName::kB1][0], 0.95, 1e-6);
}

TEST(ThetaStore, AProcessThatIsKilledHoldingItBlocksNobody) {
  const TrainingSpec spec = Spec();
  const Memory memory(ThetaStore::Bytes(spec));
  ThetaStore store(spec, memory.Map(), true);
  model::Theta before(spec.model);
  store.Fetch(before);
  // The lock is at the start of the memory; a child takes it, and dies.
  const Mapping raw = memory.Map();
  const int status = InChild([&] {
    reinterpret_cast<RobustMutex*>(raw.data())->Lock();
    kill(getpid(), SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  model::Theta after(spec.model);
  store.Fetch(after);
  EXPECT_TRUE(std::equal(before.values().begin(), before.values().end(), after.values().begin()));
  store.Push(Ones(spec), 1, 0.1);
  EXPECT_EQ(store.version(), 1u);
}

TEST(ThetaStore, NoPushOfSeveralThreadsIsLost) {
  const TrainingSpec spec = Spec();
  const Memory memory(ThetaStore::Bytes(spec));
  ThetaStore a(spec, memory.Map(), true);
  ThetaStore b(spec, memory.Map(), false);
  const auto pushes = [&](ThetaStore& store) {
    for (int n = 0; n < 500; ++n) store.Push(Ones(spec), 1, 0.001);
  };
  std::thread other([&] { pushes(a); });
  pushes(b);
  other.join();
  model::Theta theta(spec.model);
  a.Fetch(theta);
  EXPECT_NEAR(theta[model::ThetaName::kB1][0], -1, 1e-3);
  EXPECT_EQ(a.version(), 1000u);
}

}  // namespace
}  // namespace attune::ps
