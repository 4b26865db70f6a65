#include "worker/row_client.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "common/error.h"

namespace attune::worker {
namespace {

using wire::Bytes;
using wire::Type;

/// How long an owner may leave a question unanswered.
constexpr std::chrono::seconds kGiveUp(60);

}  // namespace

void RowClient::Pull(Owner owner, std::span<const Index> items, float* records, Done done) {
  if (items.empty()) {
    done();
    return;
  }
  ++jobs_;
  const auto job = std::make_shared<PullJob>(PullJob{0, std::move(done)});
  Peer& peer = PeerOf(owner);
  for (std::size_t first = 0; first < items.size(); first += RowsOfMessage()) {
    const std::size_t count = std::min(RowsOfMessage(), items.size() - first);
    requests_.emplace(++last_sequence_,
                      Request{job, items.subspan(first, count), records + first * width_, {}, {}});
    peer.pulls.push_back(last_sequence_);
    ++job->left;
  }
}

void RowClient::Push(Owner owner, std::span<const Index> items, const float* deltas, Done done) {
  if (items.empty()) {
    done();
    return;
  }
  ++jobs_;
  PeerOf(owner).pushes.push_back({items, deltas, 0, 0, std::move(done)});
}

bool RowClient::OnMessage(Owner from, const wire::Message& message, sync::Time now) {
  const bool rows = message.type == static_cast<std::uint16_t>(Type::kRows);
  if (!rows && message.type != static_cast<std::uint16_t>(Type::kPushed)) return false;
  const auto parsed = wire::ParseRows(message);
  if (!parsed || parsed->head.table != table_) {
    if (parsed) return false;  // of another table
    ++refused_;
  } else if (rows) {
    TakeRows(from, *parsed);
  } else {
    TakePushed(from, parsed->head.sequence, now);
  }
  return true;
}

void RowClient::TakeRows(Owner from, const wire::RowsMessage& rows) {
  const auto request = requests_.find(rows.head.sequence);
  const auto peer = peers_.find(from);
  if (request == requests_.end() || peer == peers_.end()) return;  // answered twice
  auto& waiting = peer->second.pulls;
  const auto at = std::find(waiting.begin(), waiting.end(), rows.head.sequence);
  const auto& [job, items, records, sent, asked] = request->second;
  if (at == waiting.end() || rows.rows() != items.size() || rows.head.width != width_ || rows.head.bf16) {
    ++refused_;
    return;
  }
  std::memcpy(records, rows.values.data(), rows.values.size());
  pulled_rows_ += rows.rows();
  waiting.erase(at);
  const auto ended = --job->left == 0 ? job : nullptr;
  requests_.erase(request);
  if (!ended) return;
  --jobs_;
  ended->done();
}

void RowClient::TakePushed(Owner from, std::uint64_t sequence, sync::Time now) {
  const auto at = peers_.find(from);
  if (at == peers_.end() || sequence >= at->second.up.next()) {
    ++refused_;
    return;
  }
  Peer& peer = at->second;
  peer.heard = now;
  peer.up.Taken(sequence, now);
  while (!peer.pushes.empty() && peer.pushes.front().last > 0 && peer.pushes.front().last <= sequence) {
    const PushJob job = std::move(peer.pushes.front());
    peer.pushes.pop_front();
    pushed_rows_ += job.items.size();
    --jobs_;
    job.done();
  }
}

void RowClient::Abandon(Owner owner) {
  const auto peer = peers_.find(owner);
  if (peer == peers_.end()) return;
  std::vector<Done> done;
  for (const std::uint64_t sequence : std::exchange(peer->second.pulls, {})) {
    const auto job = requests_.at(sequence).job;
    requests_.erase(sequence);
    if (--job->left > 0) continue;
    --jobs_;
    done.push_back(std::move(job->done));
  }
  for (const Done& what : done) what();
}

void RowClient::PumpPulls(Owner owner, Peer& peer, sync::Time now, const Send& send) {
  const std::size_t most = std::min(options_.window, peer.pulls.size());
  for (std::size_t n = 0; n < most; ++n) {
    Request& request = requests_.at(peer.pulls[n]);
    if (request.asked == sync::Time{}) request.asked = now;
    if (now - request.asked > kGiveUp) {
      throw OwnerIsSilent(fmt::format("node {} has not sent {} rows within {} s", owner, request.items.size(),
                                      kGiveUp.count()));
    }
    if (request.sent != sync::Time{} && now - request.sent <= options_.again) continue;
    const wire::RowsHead head{options_.generation, peer.pulls[n], table_, static_cast<std::uint32_t>(width_),
                              false};
    std::vector<Index> keys(request.items.begin(), request.items.end());
    if (!send(owner, wire::MakeRows(Type::kPullRows, head, Bytes::Of(std::move(keys))))) return;
    request.sent = now;
  }
}

wire::Message RowClient::NextPush(Peer& peer, PushJob& job) {
  const std::size_t count = std::min(RowsOfMessage(), job.items.size() - job.made);
  const auto items = job.items.subspan(job.made, count);
  std::vector<Index> keys(items.begin(), items.end());
  const float* const from = job.deltas + job.made * width_;
  std::vector<float> values(from, from + count * width_);
  const wire::RowsHead head{options_.generation, peer.up.next(), table_, static_cast<std::uint32_t>(width_),
                            false};
  job.made += count;
  if (job.made == job.items.size()) job.last = peer.up.next();
  return wire::MakeRows(Type::kPushDeltas, head, Bytes::Of(std::move(keys)), Bytes::Of(std::move(values)));
}

void RowClient::PumpPushes(Owner owner, Peer& peer, sync::Time now, const Send& send) {
  if (peer.pushes.empty() || peer.heard == sync::Time{}) peer.heard = now;
  if (now - peer.heard > kGiveUp) {
    throw OwnerIsSilent(
        fmt::format("node {} has not taken changes of items within {} s", owner, kGiveUp.count()));
  }
  for (PushJob& job : peer.pushes) {
    while (job.last == 0 && peer.up.HasRoom()) {
      wire::Message frame = NextPush(peer, job);
      peer.up.Add(std::move(frame));
    }
    if (!peer.up.HasRoom()) break;
  }
  while (const wire::Message* frame = peer.up.ToSend(now)) {
    if (!send(owner, *frame)) break;
    peer.up.Sent(now);
  }
}

void RowClient::Forgive(sync::Time::duration silence) {
  for (auto& [sequence, request] : requests_) {
    if (request.asked != sync::Time{}) request.asked += silence;
  }
  for (auto& [owner, peer] : peers_) {
    if (peer.heard != sync::Time{}) peer.heard += silence;
  }
}

void RowClient::Pump(sync::Time now, const Send& send) {
  for (auto& [owner, peer] : peers_) {
    PumpPulls(owner, peer, now, send);
    PumpPushes(owner, peer, now, send);
  }
}

}  // namespace attune::worker
