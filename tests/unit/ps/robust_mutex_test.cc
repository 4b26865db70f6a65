#include "ps/robust_mutex.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace attune::ps {
namespace {

using namespace std::chrono_literals;

/// What the kernel says of a thread: S while it waits.
char StateOf(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  return line.at(line.rfind(')') + 2);
}

TEST(RobustMutex, WhoWaitsForAProcessThatIsKilledGetsItAndIsTold) {
  void* const shared =
      mmap(nullptr, sizeof(RobustMutex), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& mutex = *new (shared) RobustMutex();
  mutex.Initialise();
  int held[2];
  ASSERT_EQ(pipe(held), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    mutex.Lock();
    if (write(held[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(read(held[0], &byte, 1), 1);
  const pid_t waiting = gettid();
  std::thread killer([&] {
    while (StateOf(waiting) != 'S') std::this_thread::sleep_for(1ms);
    kill(holder, SIGKILL);
  });
  EXPECT_FALSE(mutex.Lock());
  mutex.Unlock();
  killer.join();
  EXPECT_EQ(waitpid(holder, nullptr, 0), holder);
  EXPECT_TRUE(mutex.Lock());
  mutex.Unlock();
  close(held[0]);
  close(held[1]);
  munmap(shared, sizeof(RobustMutex));
}

}  // namespace
}  // namespace attune::ps
