#include "launch/cluster/mpi_rendezvous.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "common/error.h"
#include "common/module.h"
#include "launch/mpi/mpi_functions.h"

namespace attune::launch {
namespace {

/// Functions of the module that uses MPI.
struct Mpi {
  Module module{
      "attune_mpi.so",
      "this process was started by MPI, but this attune was built without it; install Open MPI with "
      "'bash launch/install-deps.sh' and build again with -DATTUNE_MPI=ON",
      "install Open MPI with 'bash launch/install-deps.sh'"};
  decltype(&AttuneMpiBegin) begin = module.Find<decltype(begin)>("AttuneMpiBegin");
  decltype(&AttuneMpiExchange) exchange = module.Find<decltype(exchange)>("AttuneMpiExchange");
  decltype(&AttuneMpiEnd) end = module.Find<decltype(end)>("AttuneMpiEnd");
};

/// MPI's calls wait for ever for a rank that is gone. While this lives, there is an end to it.
class Deadline {
 public:
  Deadline() {
    std::signal(SIGALRM, &GiveUp);
    alarm(static_cast<unsigned>(kRendezvousDeadline.count()));
  }
  ~Deadline() { alarm(0); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  static void GiveUp(int) {
    constexpr std::string_view kText =
        "attune: error: the ranks of this MPI job did not all come within 60 s: one has ended, or cannot be "
        "reached\n";
    static_assert(kRendezvousDeadline == std::chrono::seconds(60));
    if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) _exit(2);
    _exit(1);
  }
};

/// Settings that keep MPI out of shared memory, of which it would leave files behind, and from probing
/// networks that are not needed for a few hundred bytes; what the user has set stays.
void PrepareEnvironment() {
  setenv("OMPI_MCA_pml", "ob1", 0);
  setenv("OMPI_MCA_btl", "self,tcp", 0);
  setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
}

class MpiRendezvous : public Rendezvous {
 public:
  MpiRendezvous() {
    if (!mpi_.module.problem().empty()) ThrowFailed("{}", mpi_.module.problem());
    PrepareEnvironment();
    const Deadline deadline;
    int rank = 0, size = 0;
    Require(mpi_.begin(&rank, &size), "MPI_Init");
    rank_ = static_cast<unsigned>(rank);
    size_ = static_cast<unsigned>(size);
  }
  /// The end of MPI waits for all ranks. Some may wait for what this one has failed to give them: then its
  /// failure is to be told, and the launcher ends the others when this process has ended.
  ~MpiRendezvous() override {
    if (std::uncaught_exceptions() > 0) return;
    const Deadline deadline;
    mpi_.end();
  }

  unsigned rank() const override { return rank_; }
  unsigned size() const override { return size_; }

  std::vector<std::string> Exchange(const std::string& mine) override {
    const Deadline deadline;
    std::vector<std::string> all;
    const auto take = [](void* context, const char* theirs, std::uint64_t bytes) {
      static_cast<std::vector<std::string>*>(context)->emplace_back(theirs, bytes);
    };
    Require(mpi_.exchange(mine.data(), mine.size(), take, &all), "the exchange of addresses");
    return all;
  }

 private:
  static void Require(int error, const char* what) {
    if (error != 0) ThrowFailed("{} failed: MPI error {}", what, error);
  }

  Mpi mpi_;
  unsigned rank_ = 0, size_ = 0;
};

/// Whether a launcher that speaks MPI's language has started this process.
bool StartedByMpi() {
  if (const char* const size = std::getenv("OMPI_COMM_WORLD_SIZE")) return std::string_view(size) != "1";
  return std::getenv("PMIX_RANK") != nullptr || std::getenv("PMI_RANK") != nullptr;
}

}  // namespace

std::unique_ptr<Rendezvous> FindMpiRendezvous() {
  if (!StartedByMpi()) return nullptr;
  return std::make_unique<MpiRendezvous>();
}

}  // namespace attune::launch
