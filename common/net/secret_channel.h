#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/net/zmq_transport.h"

namespace attune::net {

/// What processes of a job that were not started together know in common. Both key pairs follow from it
/// (BLAKE2b; RFC 7693), so that whoever has the secret knows the listener's public key, and is the only one
/// that the listener admits. Threads: value.
struct SharedSecret {
  KeyPair listener;
  KeyPair caller;

  /// @param words  hard to guess: whoever listens in on the network can try guesses at leisure
  static SharedSecret Of(const std::string& words);
};

/// Answers callers that have the same secret. Threads: confined, but for Wake().
class SecretListener {
 public:
  struct Request {
    std::string from;  ///< the connection, for Answer()
    std::string text;
  };

  virtual ~SecretListener() = default;
  /// The next request; nothing after `wait`, or as soon as Wake() is called.
  virtual std::optional<Request> Receive(std::chrono::milliseconds wait) = 0;
  /// Dropped if the caller is gone.
  virtual void Answer(const std::string& to, const std::string& text) = 0;
  /// Ends a Receive() that waits, now or the next one. From any thread.
  virtual void Wake() = 0;
  /// Connections of whoever has not the secret, each try counted, and requests that were no text alone. From
  /// any thread.
  virtual std::uint64_t refused() const = 0;
};

/// @param listen_fd  a listening TCP socket; stays the caller's, and open
std::unique_ptr<SecretListener> MakeSecretListener(int listen_fd, const SharedSecret& secret);

/// Asks a listener. Threads: confined.
class SecretCaller {
 public:
  virtual ~SecretCaller() = default;

  /// The answer to `request`, which is asked again when a connection breaks: asking twice must do no harm.
  /// Throws Error(kFailed), naming the address: nobody listens there within `within`, or whoever does has
  /// another secret or is no attune, or does not answer.
  virtual std::string Call(const std::string& request, std::chrono::milliseconds within) = 0;
};

/// @param address  "HOST:PORT"
/// @param waiting  called now and then while a call waits; may end it by throwing
std::unique_ptr<SecretCaller> MakeSecretCaller(const std::string& address, const SharedSecret& secret,
                                               std::function<void()> waiting = {});

}  // namespace attune::net
