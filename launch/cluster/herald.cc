#include "launch/cluster/herald.h"

#include <pthread.h>

#include <utility>
#include <variant>

#include "common/log.h"
#include "common/thread.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 100ms;

}  // namespace

Herald::Herald(std::unique_ptr<net::Transport> transport, std::uint32_t life)
    : transport_(std::move(transport)), life_(life), answer_(wire::Encode(wire::Control(wire::Wait{}))) {
  const BlockedSignals others_take_them;
  thread_ = std::thread([this] { Serve(); });
}

Herald::~Herald() {
  End();
}

void Herald::End() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  transport_->Wake();
  thread_.join();
}

std::unique_ptr<net::Transport> Herald::TakeTransport() {
  End();
  return std::move(transport_);
}

void Herald::SetAnswer(const wire::Control& answer) {
  const std::lock_guard lock(mutex_);
  answer_ = wire::Encode(answer);
}

void Herald::AwaitGone(std::size_t nodes, std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (std::chrono::steady_clock::now() < deadline) {
    {
      const std::lock_guard lock(mutex_);
      if (gone_.size() >= nodes) return;
    }
    std::this_thread::sleep_for(kLook);
  }
}

void Herald::Serve() {
  pthread_setname_np(pthread_self(), "herald");
  try {
    while (!stop_.load()) {
      if (const auto received = transport_->Receive(kLook)) Answer(*received);
    }
  } catch (const std::exception& failure) {
    log::Warning("other processes are not answered while this one begins: {}", failure.what());
  }
}

void Herald::Answer(const net::Received& received) {
  if (received.life > life_) return;
  const auto control = wire::DecodeControl(received.message);
  if (!control) return;
  // To whatever it is: one that waits for an answer of its own says nothing else.
  if (received.life == life_) {
    transport_->Send(received.from, wire::Encode(wire::Control(wire::Wait{})));
    return;
  }
  const std::lock_guard lock(mutex_);
  if (std::holds_alternative<wire::Leaving>(*control)) gone_.insert(received.from);
  transport_->Send(received.from, answer_);
}

}  // namespace attune::launch
