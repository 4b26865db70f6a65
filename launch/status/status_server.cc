#include "launch/status/status_server.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <list>
#include <thread>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/status/http_exchange.h"

namespace attune::launch {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
namespace {

/// Of what is read after the answer, so that it is not lost with the connection.
constexpr std::size_t kMostDrained = 1 << 16;
/// Lower than workers', which have the priority that the program was started with.
constexpr int kNicer = 10;
/// Between attempts to take a connection when descriptors have run out.
constexpr std::chrono::milliseconds kAcceptAgain(200);

/// The calling thread. Its name is for those who look at what threads take.
void BecomeStatusThread() {
  pthread_setname_np(pthread_self(), "status");
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  const int now = getpriority(PRIO_PROCESS, thread);
  setpriority(PRIO_PROCESS, thread, std::min(19, now + kNicer));  // if it may not, it serves as it is
}

/// One caller: reads a request, answers, reads what is left, ends.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, StatusSite& site, std::function<void(const Connection*)> gone)
      : socket_(std::move(socket)),
        deadline_(socket_.get_executor()),
        exchange_(site),
        gone_(std::move(gone)) {}

  void Begin(std::chrono::milliseconds patience) {
    deadline_.expires_after(patience);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->End();
    });
    Read();
  }

  /// Cuts it. What waits for it hears of it.
  void End() {
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
    if (auto gone = std::exchange(gone_, {})) gone(this);
  }

 private:
  void Read() {
    socket_.async_read_some(asio::buffer(bytes_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              if (error) return self->End();
                              if (self->exchange_.Take({self->bytes_.data(), size})) return self->Write();
                              self->Read();
                            });
  }

  void Write() {
    asio::async_write(socket_, asio::buffer(exchange_.answer()),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->End();
                        self->socket_.shutdown(tcp::socket::shutdown_send, error);
                        self->Drain();
                      });
  }

  /// A connection that is closed with bytes unread takes the answer with it.
  void Drain() {
    socket_.async_read_some(asio::buffer(bytes_),
                            [self = shared_from_this()](error_code error, std::size_t size) {
                              self->drained_ += size;
                              if (error || self->drained_ > kMostDrained) return self->End();
                              self->Drain();
                            });
  }

  tcp::socket socket_;
  asio::steady_timer deadline_;
  HttpExchange exchange_;
  std::function<void(const Connection*)> gone_;
  std::array<char, 4096> bytes_{};
  std::size_t drained_ = 0;
};

constexpr const char* kAddresses = "pass 127.0.0.1, 0.0.0.0 (all networks), or another of this host";

tcp::endpoint EndpointOf(const StatusServer::Options& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) ThrowUsage("--status-address {}: not an address: {}", options.address, kAddresses);
  return {address, options.port};
}

/// Throws Error(kFailed) that names the option which has to change.
[[noreturn]] void RefuseEndpoint(const StatusServer::Options& options, const char* what,
                                 const error_code& error) {
  const bool in_use = error == asio::error::address_in_use;
  if (in_use || error == asio::error::access_denied) {
    ThrowFailed("--status-port {}: cannot {} {}: {}; pass another port, or 0 for one that is free",
                options.port, what, options.address,
                in_use ? "another program has this port" : error.message());
  }
  ThrowFailed(
      "--status-address {}: cannot {} it: {}; {}", options.address, what,
      error == boost::system::errc::address_not_available ? "it is no address of this host" : error.message(),
      kAddresses);
}

}  // namespace

class StatusServer::Listener {
 public:
  Listener(const Options& options, std::function<JobStatus()> look)
      : options_(options),
        acceptor_(context_),
        again_(context_),
        site_(std::move(look), EndpointOf(options).address().is_loopback()) {
    Listen(EndpointOf(options));
    if (!acceptor_.local_endpoint().address().is_loopback())
      log::Warning("status: whoever reaches {} can see this run, but not change it", Address());
    const BlockedSignals blocked;
    thread_ = std::thread([this] {
      BecomeStatusThread();
      Serve();
    });
  }
  ~Listener() {
    asio::post(context_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      again_.cancel();
      for (const auto& connection : std::list(connections_)) connection->End();
    });
    thread_.join();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string Address() const {
    const auto address = acceptor_.local_endpoint().address();
    const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return fmt::format("http://{}:{}/", host, port());
  }

 private:
  /// Until there is nothing to wait for. An answer that cannot be made is not the end of others, or of the
  /// run.
  void Serve() {
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception& failure) {
        log::Warning("status: a request was not answered: {}", failure.what());
      }
    }
  }

  void Listen(const tcp::endpoint& endpoint) {
    error_code error;
    const auto then = [&](const char* what) {
      if (error) RefuseEndpoint(options_, what, error);
    };
    acceptor_.open(endpoint.protocol(), error);
    then("open a socket for");
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    then("set up");
    acceptor_.bind(endpoint, error);
    then("listen at");
    acceptor_.listen(asio::socket_base::max_listen_connections, error);
    then("listen at");
    fcntl(acceptor_.native_handle(), F_SETFD, FD_CLOEXEC);
    Accept();
  }

  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) return AcceptLater();  // descriptors may have run out
      Accept();  // first: what follows may fail, and the next caller is to be heard all the same
      Begin(std::move(socket));
    });
  }

  void AcceptLater() {
    again_.expires_after(kAcceptAgain);
    again_.async_wait([this](error_code error) {
      if (!error) Accept();
    });
  }

  void Begin(tcp::socket socket) {
    fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    if (connections_.size() >= options_.connections) {
      site_.CountRefused();
      connections_.front()->End();
    }
    auto connection = std::make_shared<Connection>(std::move(socket), site_, [this](const Connection* gone) {
      std::erase_if(connections_, [gone](const auto& one) { return one.get() == gone; });
    });
    connections_.push_back(connection);
    connection->Begin(options_.patience);
  }

  const Options options_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer again_;
  StatusSite site_;
  std::list<std::shared_ptr<Connection>> connections_;  ///< oldest first
  std::thread thread_;
};

StatusServer::StatusServer(const Options& options, std::function<JobStatus()> look)
    : listener_(std::make_unique<Listener>(options, std::move(look))) {}

StatusServer::~StatusServer() = default;

std::uint16_t StatusServer::port() const {
  return listener_->port();
}

std::string StatusServer::address() const {
  return listener_->Address();
}

}  // namespace attune::launch
