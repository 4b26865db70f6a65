#include "scheduler/membership.h"

#include <fmt/core.h>

#include <algorithm>

namespace attune::scheduler {

Membership::Membership(const Options& options, Time now) : options_(options), start_(now) {}

void Membership::Change(Member& member, State state) {
  if (member.state == state) return;
  member.state = state;
  member.since = ++generation_;
}

namespace {

bool ThereNow(const Membership::Member& member) {
  return member.state == Membership::State::kAlive || member.state == Membership::State::kAnnounced;
}

}  // namespace

std::string Membership::Register(const NodeInfo& info, Time now) {
  if (info.fingerprint != options_.fingerprint) {
    return fmt::format(
        "{} has another program or other settings ({}, here {}); start all ranks with one command and one "
        "binary",
        info.where, info.fingerprint, options_.fingerprint);
  }
  const auto known = members_.find(info.node);
  if (known != members_.end()) {
    const NodeInfo& old = known->second.info;
    if (info.incarnation < old.incarnation) {
      return fmt::format("{} was replaced: incarnation {} is older than {}", info.where, info.incarnation,
                         old.incarnation);
    }
    if (info.incarnation == old.incarnation && known->second.state != State::kAnnounced) {
      if (info.endpoint != old.endpoint) {
        return fmt::format("node {} is {} already; {} may not be it too", info.node, old.where, info.where);
      }
      if (known->second.state != State::kAlive) {
        return fmt::format("{} was declared dead; only a new process can take its place", info.where);
      }
      known->second.last_heard = now;  // the answer to its first registration was lost
      return {};
    }
  }
  members_[info.node] = {info, State::kAlive, now};
  members_[info.node].since = ++generation_;
  return {};
}

std::uint32_t Membership::FreeSeats(const std::string& host, std::uint32_t seats) const {
  std::uint32_t first = 0;
  for (bool free = false; !free;) {
    free = true;
    for (const auto& [node, member] : members_) {
      const NodeInfo& other = member.info;
      // The dead may come back to theirs.
      if (member.state == State::kLeft || other.host != host) continue;
      if (first >= other.first_seat + other.seats || other.first_seat >= first + seats) continue;
      first = other.first_seat + other.seats;
      free = false;
    }
  }
  return first;
}

std::uint32_t Membership::Announce(NodeInfo info, Time now) {
  const std::uint32_t after = members_.empty() ? 0 : members_.rbegin()->first + 1;
  info.node = std::max(options_.expected, after);
  info.first_seat = FreeSeats(info.host, info.seats);
  Member& member = members_[info.node] = {info, State::kAnnounced, now};
  member.since = ++generation_;
  return info.node;
}

bool Membership::EverybodyKnows(std::uint32_t node) const {
  const std::uint64_t since = members_.at(node).since;
  return std::ranges::all_of(members_, [&](const auto& one) {
    return one.second.state != State::kAlive || one.second.knows >= since;
  });
}

bool Membership::Heard(std::uint32_t node, std::uint32_t incarnation, Time now) {
  const auto at = members_.find(node);
  if (at == members_.end() || at->second.info.incarnation != incarnation) return false;
  if (at->second.state != State::kAlive) return false;
  at->second.last_heard = now;
  return true;
}

void Membership::SetLeaving(std::uint32_t node) {
  const auto at = members_.find(node);
  if (at != members_.end()) at->second.leaving = true;
}

void Membership::SetKnows(std::uint32_t node, std::uint64_t generation) {
  const auto at = members_.find(node);
  if (at != members_.end()) at->second.knows = std::max(at->second.knows, generation);
}

void Membership::Kill(std::uint32_t node) {
  const auto at = members_.find(node);
  if (at != members_.end() && ThereNow(at->second)) Change(at->second, State::kDead);
}

void Membership::Leave(std::uint32_t node) {
  const auto at = members_.find(node);
  if (at != members_.end() && at->second.state == State::kAlive) Change(at->second, State::kLeft);
}

std::vector<std::uint32_t> Membership::Expire(Time now) {
  std::vector<std::uint32_t> gone;
  for (auto& [node, member] : members_) {
    if (!ThereNow(member)) continue;
    const bool alive = member.state == State::kAlive;
    if (now - member.last_heard <= (alive ? options_.dead_after : options_.register_within)) continue;
    Change(member, alive ? State::kDead : State::kLeft);
    gone.push_back(node);
  }
  return gone;
}

void Membership::Forgive(Duration silence) {
  start_ += silence;
  for (auto& [node, member] : members_) member.last_heard += silence;
}

bool Membership::gathered() const {
  for (std::uint32_t node = 0; node < options_.expected; ++node) {
    if (!members_.contains(node)) return false;
  }
  return true;
}

std::vector<std::uint32_t> Membership::GiveUpMissing(Time now) {
  if (!options_.begin_without_after || now - start_ <= *options_.begin_without_after) return {};
  std::vector<std::uint32_t> missing;
  for (std::uint32_t node = 0; node < options_.expected; ++node) {
    if (members_.contains(node)) continue;
    if (options_.needed.contains(node)) return {};
    missing.push_back(node);
  }
  for (const std::uint32_t node : missing) {
    Member& member = members_[node];
    member.info.node = node;
    member.state = State::kLeft;
    member.since = ++generation_;
  }
  return missing;
}

std::string Membership::MissingAt(Time now) const {
  if (gathered() || now - start_ <= options_.register_within) return {};
  std::string missing;
  for (std::uint32_t node = 0; node < options_.expected; ++node) {
    if (members_.contains(node)) continue;
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", node);
  }
  return fmt::format("node {} never registered within {} s", missing,
                     std::chrono::duration_cast<std::chrono::seconds>(options_.register_within).count());
}

const Membership::Member* Membership::Find(std::uint32_t node) const {
  const auto at = members_.find(node);
  return at == members_.end() ? nullptr : &at->second;
}

std::vector<const Membership::Member*> Membership::Alive() const {
  std::vector<const Member*> alive;
  for (const auto& [node, member] : members_) {
    if (member.state == State::kAlive) alive.push_back(&member);
  }
  return alive;
}

const Membership::Member* Membership::LeaderOf(const std::string& host) const {
  const auto at = std::ranges::find_if(members_, [&](const auto& one) {
    return one.second.info.leads && one.second.info.host == host && ThereNow(one.second);
  });
  return at == members_.end() ? nullptr : &at->second;
}

bool Membership::IsThere(std::uint32_t node) const {
  const auto at = members_.find(node);
  return at != members_.end() && ThereNow(at->second);
}

std::size_t Membership::CountOn(const std::string& host) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      members_, [&](const auto& one) { return one.second.info.host == host && ThereNow(one.second); }));
}

}  // namespace attune::scheduler
