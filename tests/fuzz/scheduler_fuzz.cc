#include "scheduler/coordinator.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

using Phase = scheduler::Coordinator::Phase;

constexpr std::uint32_t kSlices = 3;
constexpr std::size_t kMostSteps = 200;

/// A scheduler of two nodes, on a clock of its own.
class Job {
 public:
  Job() : coordinator_(Options(), now_) {}

  /// The first byte of a step is the kind of a control message, or what the job does if it is none.
  void Step(fuzz::Input& input) {
    wire::Message message;
    message.type = input.Byte();
    const std::uint8_t from = input.Byte();
    message.meta = input.Piece();
    if (const auto control = wire::DecodeControl(message)) {
      coordinator_.OnMessage(from % 4, from / 4 % 4, *control, now_);
    } else {
      Do(static_cast<std::uint8_t>(message.type), from);
    }
    for (const auto& outgoing : coordinator_.TakeOutgoing()) wire::Encode(outgoing.what);
    coordinator_.TakeEvents();
    Check();
  }

 private:
  static scheduler::Coordinator::Options Options() {
    scheduler::Coordinator::Options options;
    options.membership.expected = 2;
    options.slices = kSlices;
    return options;
  }

  void Do(std::uint8_t what, std::uint8_t how) {
    now_ += std::chrono::milliseconds(100 * how);
    if (what % 4 == 0 && coordinator_.phase() == Phase::kIdle) {
      const auto work = static_cast<wire::Work>(1 + how % 5);
      const bool trains = work == wire::Work::kTrain;
      coordinator_.Begin(work, how, 1, {}, std::vector<double>(trains ? how % 3 : 0, 0.5));
    } else if (what % 4 == 1 && coordinator_.phase() == Phase::kWorking) {
      how % 2 == 0 ? coordinator_.Abandon() : coordinator_.Pause();
    } else if (what % 4 == 2 && coordinator_.phase() != Phase::kGathering) {
      scheduler::NodeInfo info;
      info.host = std::string(1, static_cast<char>('a' + how % 3));
      info.works = true;
      info.seats = 1 + how % 8;
      coordinator_.Announce(info, now_);
    }
    coordinator_.Tick(now_);
  }

  void Check() {
    ATTUNE_CHECK(coordinator_.phase() != Phase::kFailed || !coordinator_.failure().empty());
    ATTUNE_CHECK(coordinator_.NodesOfSlices().size() == kSlices);
    coordinator_.Counters();
    coordinator_.Total();
  }

  scheduler::Membership::Time now_{};
  scheduler::Coordinator coordinator_;
};

}  // namespace

/// What nodes say to the scheduler, message after message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Job job;
  for (std::size_t step = 0; step < kMostSteps && !input.empty(); ++step) job.Step(input);
  return 0;
}
