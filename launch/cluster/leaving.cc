#include "launch/cluster/leaving.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// How long a node that has left is still connected.
constexpr auto kFarewell = 30s;
/// After how long a silence the scheduler's node is looked for.
constexpr auto kDeserted = 15s;
/// The same for a node that was asked to leave: others were, too, and the job may be over.
constexpr auto kDesertedLeaving = 5s;
/// After how long a silence of a scheduler that is there it must have forgotten this node.
constexpr auto kForgotten = 30s;

}  // namespace

void Leaving::LeaveIfAsked(Time now) {
  if (!ways_.wanted || !ways_.wanted()) return;
  client_.Leave("was asked to", now);
  if (step_ != Step::kNo && sync_ != nullptr && !peers_.AloneOnHost()) {  // another process has come
    step_ = Step::kNo;
    client_.NotDrained();
    sync_->SetQuiet(false);
  }
  // Not before the scheduler has taken the node in.
  if (client_.state() != worker::LeaseClient::State::kLeaving || client_.drained()) return;
  if (!ways_.rest() || !client_.reported()) return;  // others will train what waits
  client_.AtRest(now);
  Drain(now);
}

void Leaving::Drain(Time now) {
  switch (step_) {
    case Step::kNo:
      if (sync_ != nullptr && !peers_.AloneOnHost()) return;  // it brings what others of its host add
      step_ = Step::kFolding;
      ways_.fold();
      return;
    case Step::kFolding:
      if (sync_ == nullptr) break;
      step_ = Step::kFlushing;
      farewell_round_ = sync_->RequestRound();
      return;
    case Step::kFlushing:
      if (sync_->rounds() < farewell_round_) return;
      sync_->SetQuiet(true);
      // What a round that has just begun still brings has arrived when another has ended.
      step_ = Step::kSettling;
      farewell_round_ = sync_->RequestRound();
      return;
    case Step::kSettling:
      if (sync_->rounds() < farewell_round_) return;
      break;
  }
  client_.Drained(ways_.counters(), now);
}

/// One that was declared dead while it stood still, or was cut off, may be there when the job is over.
void Leaving::EndIfDeserted(Time now) {
  const auto patience = ways_.wanted && ways_.wanted() ? kDesertedLeaving : kDeserted;
  if (client_.silence(now) < patience || now - looked_ < patience / 2) return;
  looked_ = now;
  if (ways_.scheduler_is_gone && ways_.scheduler_is_gone()) {
    ways_.must_be_let_go ? client_.EndDeserted() : client_.EndUntold();
    return;
  }
  if (ways_.is_forgotten && client_.silence(now) >= kForgotten && ways_.is_forgotten())
    client_.EndForgotten();
}

void Farewells::Say(Time now) {
  std::erase_if(left_, [&](const auto& one) {
    if (now - one.second < kFarewell) return false;
    transport_.Disconnect(one.first);
    return true;
  });
}

}  // namespace attune::launch
