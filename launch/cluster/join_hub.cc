#include "launch/cluster/join_hub.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_number.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/cluster/join_text.h"
#include "launch/cluster/late_entry.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

using join::BytesOf;
using join::FromText;
using join::HexOf;
using join::ToText;
using nlohmann::json;
using namespace std::chrono_literals;

/// Between looks whether the hub is to end, or its wait was interrupted.
constexpr auto kBeat = 200ms;
/// How much longer a caller waits than the scheduler, so that the scheduler's reason is what is heard.
constexpr auto kLonger = 5s;

class HubRendezvous : public Rendezvous {
 public:
  explicit HubRendezvous(std::unique_ptr<JoinHub> hub) : hub_(std::move(hub)) {}

  unsigned rank() const override { return 0; }
  unsigned size() const override { return hub_->processes(); }
  std::vector<std::string> Exchange(const std::string& mine) override { return hub_->Exchange(mine); }

 private:
  const std::unique_ptr<JoinHub> hub_;
};

class JoinRendezvous : public Rendezvous {
 public:
  JoinRendezvous(std::unique_ptr<JoinCaller> caller, unsigned rank, unsigned size,
                 std::chrono::seconds within)
      : caller_(std::move(caller)), rank_(rank), size_(size), within_(within) {}

  unsigned rank() const override { return rank_; }
  unsigned size() const override { return size_; }

  std::vector<std::string> Exchange(const std::string& mine) override {
    // In the first one all wait for the last process to come.
    const auto within = (round_ == 0 ? within_ : kRendezvousDeadline) + kLonger;
    const json answer = caller_->Ask(
        {{"what", "exchange"}, {"rank", rank_}, {"round", ++round_}, {"text", HexOf(mine)}}, within);
    return caller_->Read([&] {
      std::vector<std::string> all;
      for (const json& one : answer.at("all")) all.push_back(BytesOf(one));
      return all;
    });
  }

 private:
  const std::unique_ptr<JoinCaller> caller_;
  const unsigned rank_, size_;
  const std::chrono::seconds within_;
  std::uint64_t round_ = 0;
};

}  // namespace

JoinHub::JoinHub(int listen_fd, const net::SharedSecret& secret, unsigned processes,
                 std::chrono::seconds within)
    : processes_(processes), within_(within), given_(processes) {
  const BlockedSignals none_for_its_threads;
  listener_ = net::MakeSecretListener(listen_fd, secret);
  thread_ = std::thread([this] { Serve(); });
}

JoinHub::~JoinHub() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  listener_->Wake();
  thread_.join();
}

void JoinHub::Serve() {
  while (true) {
    const auto request = listener_->Receive(kBeat);
    const std::lock_guard lock(mutex_);
    if (request) Handle(*request);
    CompleteIfAll();
    if (!failure_.empty()) AnswerAll(ToText({{"failure", failure_}}));
    if (stop_) break;
  }
  if (const auto refused = listener_->refused(); refused > 0) {
    log::Warning("{} connections or requests were refused while processes joined", refused);
  }
}

void JoinHub::Handle(const net::SecretListener::Request& request) {
  const json read = FromText(request.text);
  std::string failure = "this request makes no sense here";
  try {
    if (read.at("what") == "join") {
      listener_->Answer(request.from, Join(read.at("name")));
      return;
    }
    const auto rank = io::WholeNumber<unsigned>(read.at("rank"));
    const auto round = io::WholeNumber<std::uint64_t>(read.at("round"));
    if (read.at("what") == "exchange" && rank > 0 && rank < processes_) {
      if (round == round_) {  // the answer was lost
        listener_->Answer(request.from, answer_);
        return;
      }
      if (round == round_ + 1) {
        given_[rank] = {true, BytesOf(read.at("text")), request.from};
        return;
      }
    }
  } catch (const json::exception& problem) {
    failure = problem.what();
  }
  listener_->Answer(request.from, ToText({{"failure", failure}}));
}

std::string JoinHub::Join(const std::string& name) {
  const auto next = static_cast<unsigned>(ranks_.size() + 1);
  const auto known = ranks_.find(name);
  // Who comes when all have come may join the job when it has begun.
  if (known == ranks_.end() && next >= processes_) return ToText({{"later", true}});
  const unsigned rank = known == ranks_.end() ? next : known->second;
  if (ranks_.emplace(name, rank).second) {
    log::Info("a process joins: {} of {} have come", ranks_.size() + 1, processes_);
  }
  changed_.notify_all();
  return ToText({{"rank", rank}, {"size", processes_}});
}

void JoinHub::CompleteIfAll() {
  if (!std::ranges::all_of(given_, &Given::given)) return;
  last_.clear();
  json all = json::array();
  for (Given& one : given_) {
    all.push_back(HexOf(one.text));
    last_.push_back(std::move(one.text));
  }
  answer_ = ToText({{"all", all}});
  AnswerAll(answer_);
  ++round_;
  changed_.notify_all();
}

void JoinHub::AnswerAll(const std::string& answer) {
  for (Given& one : given_) {
    if (!one.waits.empty()) listener_->Answer(one.waits, answer);
    one = {};
  }
}

std::vector<std::string> JoinHub::Exchange(const std::string& mine) {
  std::unique_lock lock(mutex_);
  const std::uint64_t round = round_ + 1;
  given_[0] = {true, mine, {}};
  listener_->Wake();  // its thread answers if this was the last
  const auto within = round == 1 ? within_ : kRendezvousDeadline;
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!changed_.wait_for(lock, kBeat, [&] { return round_ >= round; })) {
    const auto there = std::ranges::count_if(given_, &Given::given);
    if (StopRequested()) {
      FailLocked(ErrorKind::kInterrupted,
                 fmt::format("interrupted while waiting for processes to join: {} of {} have come", there,
                             processes_));
    }
    if (std::chrono::steady_clock::now() < deadline) continue;
    FailLocked(ErrorKind::kFailed,
               fmt::format("{} of {} processes have joined within {} s: start the others with --join and the "
                           "same --secret-file, or pass a smaller --processes",
                           there, processes_, within.count()));
  }
  return last_;
}

void JoinHub::FailLocked(ErrorKind kind, const std::string& failure) {
  failure_ = failure;
  listener_->Wake();
  throw Error(kind, failure);
}

std::unique_ptr<Rendezvous> MakeHubRendezvous(std::unique_ptr<JoinHub> hub) {
  return std::make_unique<HubRendezvous>(std::move(hub));
}

Joined JoinJob(const std::string& address, const net::SharedSecret& secret, std::chrono::seconds within) {
  auto caller = std::make_unique<JoinCaller>(address, secret);
  const json answer = caller->AskUntilAnswered({{"what", "join"}, {"name", caller->name()}}, within);
  Joined joined;
  if (answer.contains("rank")) {
    const auto [rank, size] = caller->Read([&] {
      return std::pair(io::WholeNumber<unsigned>(answer.at("rank")),
                       io::WholeNumber<unsigned>(answer.at("size")));
    });
    joined.rendezvous = std::make_unique<JoinRendezvous>(std::move(caller), rank, size, within);
  } else {
    joined.late = std::make_unique<LateEntry>(std::move(caller), answer, within);
  }
  return joined;
}

}  // namespace attune::launch
