// The path of messages: pulls and pushes of rows between two processes over loopback TCP, one server thread
// and one client; beside it what ZeroMQ does with frames of the same size that nobody looks at, and with a
// byte that comes back.
//
// usage: message_bench [ROWS_A_FRAME [IN_FLIGHT [SECONDS]]]     default 10000 4 2; rows of 64 floats
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <zmq.hpp>

#include "common/error.h"
#include "common/net/frame_memory.h"
#include "common/net/zmq_transport.h"
#include "ps/row_server.h"
#include "ps/table.h"

namespace attune {
namespace {

using namespace std::chrono_literals;
using wire::Bytes;
using wire::Type;

constexpr std::size_t kTableRows = 100'000;
constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kTable = 2;
constexpr net::NodeId kServer = 1;
constexpr net::NodeId kClient = 2;

struct Settings {
  std::size_t rows = 10'000;
  std::uint64_t in_flight = 4;
  double seconds = 2;
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds that it takes, of 5000 times.
template <typename Action>
double Median(const Action& action) {
  std::vector<double> seconds;
  for (int n = 0; n < 5000; ++n) {
    const double start = Now();
    action();
    seconds.push_back(Now() - start);
  }
  std::nth_element(seconds.begin(), seconds.begin() + 2500, seconds.end());
  return seconds[2500];
}

net::ZmqOptions Options(net::NodeId node) {
  net::ZmqOptions options;
  options.job = 1;
  options.node = node;
  return options;
}

/// Serves until it is killed. Addresses go through the pipes.
void Serve(int in, int out) {
  const auto transport = net::MakeZmqTransport(Options(kServer));
  const std::string address = transport->address().endpoint + '\n';
  if (write(out, address.data(), address.size()) < 0) _exit(1);
  std::string client;
  for (char c = 0; read(in, &c, 1) == 1 && c != '\n';) client += c;
  transport->Connect(kClient, {client, ""});
  ps::Table table(ps::Table::Id::kItems, kTableRows, RecordLayout(kWidth, false, optim::Kind::kSgd));
  ps::RowServer server(kTable, table.view());
  while (true) {
    const auto received = transport->Receive(1000ms);
    if (!received) continue;
    const auto answer = server.Handle(received->from, received->message);
    while (answer && !transport->Send(received->from, *answer)) usleep(10);
  }
}

class Client {
 public:
  explicit Client(const Settings& settings)
      : settings_(settings), transport_(net::MakeZmqTransport(Options(kClient))) {
    int to_server[2], from_server[2];
    if (pipe(to_server) != 0 || pipe(from_server) != 0) ThrowFailed("pipe");
    child_ = fork();
    if (child_ == 0) Serve(to_server[0], from_server[1]);
    const std::string address = transport_->address().endpoint + '\n';
    if (write(to_server[1], address.data(), address.size()) < 0) ThrowFailed("pipe");
    std::string server;
    for (char c = 0; read(from_server[0], &c, 1) == 1 && c != '\n';) server += c;
    transport_->Connect(kServer, {server, ""});
    std::mt19937 draws(1);
    for (int n = 0; n < 16; ++n) {
      std::vector<std::uint32_t> keys(settings.rows);
      for (auto& key : keys) key = static_cast<std::uint32_t>(draws() % kTableRows);
      keys_.push_back(Bytes::Of(std::move(keys)));
    }
    values_ = Bytes::Of(std::vector<float>(settings.rows * kWidth, 1e-6f));
  }
  ~Client() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }

  /// Rows a second with several requests in flight.
  double Rate(Type type) {
    const double start = Now();
    std::uint64_t sent = 0, answered = 0;
    double sum = 0;
    while (Now() - start < settings_.seconds) {
      while (sent - answered < settings_.in_flight) Request(type, keys_[sent++ % keys_.size()]);
      sum += Answer(type);
      ++answered;
    }
    const double rate = static_cast<double>(answered * settings_.rows) / (Now() - start);
    for (; answered < sent; ++answered) Answer(type);
    if (sum < 0) fmt::print("\n");  // the rows are looked at
    return rate;
  }

  /// Seconds of a pull of one row, median.
  double RoundTrip() {
    const Bytes key = Bytes::Of(std::vector<std::uint32_t>{17});
    return Median([&] {
      Request(Type::kPullRows, key);
      Answer(Type::kPullRows);
    });
  }

 private:
  void Request(Type type, const Bytes& keys) {
    std::uint64_t& sequence = type == Type::kPushDeltas ? pushes_ : pulls_;
    const wire::RowsHead head{0, ++sequence, kTable, kWidth, false};
    const auto message = wire::MakeRows(type, head, keys, type == Type::kPushDeltas ? values_ : Bytes());
    while (!transport_->Send(kServer, message)) usleep(10);
  }

  double Answer(Type type) {
    const auto received = transport_->Receive(10'000ms);
    if (!received) ThrowFailed("no answer within 10 s");
    const auto rows = wire::ParseRows(received->message);
    if (!rows) ThrowFailed("an answer that cannot be read");
    return type == Type::kPullRows ? rows->values.At<float>(0) : 0;
  }

  const Settings settings_;
  std::unique_ptr<net::Transport> transport_;
  pid_t child_ = -1;
  std::vector<Bytes> keys_;
  Bytes values_;
  std::uint64_t pulls_ = 0;
  std::uint64_t pushes_ = 0;
};

/// A process with a ZeroMQ socket, which answers what it receives or does not.
class ZmqPeer {
 public:
  ZmqPeer(zmq::socket_type type, bool answers) {
    int pipes[2];
    if (pipe(pipes) != 0) ThrowFailed("pipe");
    child_ = fork();
    if (child_ == 0) Run(type, answers, pipes[1]);
    for (char c = 0; read(pipes[0], &c, 1) == 1 && c != '\n';) address_ += c;
  }
  ~ZmqPeer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  const std::string& address() const { return address_; }

 private:
  static void Run(zmq::socket_type type, bool answers, int out) {
    zmq::context_t context;
    zmq::socket_t socket(context, type);
    socket.bind("tcp://127.0.0.1:*");
    const std::string address = socket.get(zmq::sockopt::last_endpoint) + '\n';
    if (write(out, address.data(), address.size()) < 0) _exit(1);
    for (zmq::message_t message; socket.recv(message);) {
      if (answers) socket.send(message, zmq::send_flags::none);
    }
    _exit(0);
  }

  pid_t child_ = -1;
  std::string address_;
};

/// Bytes a second that ZeroMQ moves in frames of this size from one process to another.
double ZmqRate(std::size_t frame, double seconds) {
  const ZmqPeer peer(zmq::socket_type::pull, false);
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::push);
  socket.set(zmq::sockopt::sndhwm, 4);
  socket.set(zmq::sockopt::linger, 0);
  socket.connect(peer.address());
  const double start = Now();
  double bytes = 0;
  while (Now() - start < seconds) {
    socket.send(zmq::message_t(frame), zmq::send_flags::none);
    bytes += static_cast<double>(frame);
  }
  return bytes / (Now() - start);
}

/// Seconds in which a byte comes back, median: what a pull of one row cannot be faster than.
double ZmqRoundTrip() {
  const ZmqPeer peer(zmq::socket_type::dealer, true);
  zmq::context_t context;
  zmq::socket_t socket(context, zmq::socket_type::dealer);
  socket.set(zmq::sockopt::linger, 0);
  socket.connect(peer.address());
  return Median([&] {
    zmq::message_t message(1);
    socket.send(message, zmq::send_flags::none);
    if (!socket.recv(message)) ThrowFailed("no answer");
  });
}

int Main(int argc, char** argv) {
  net::KeepFrameMemory();
  Settings settings;
  if (argc > 1) settings.rows = static_cast<std::size_t>(std::atoi(argv[1]));
  if (argc > 2) settings.in_flight = static_cast<std::uint64_t>(std::atoi(argv[2]));
  if (argc > 3) settings.seconds = std::atof(argv[3]);
  const std::size_t frame = settings.rows * kWidth * sizeof(float);
  fmt::print("{} rows of {} floats a frame ({:.1f} MB), {} in flight, table of {} rows\n", settings.rows,
             kWidth, static_cast<double>(frame) * 1e-6, settings.in_flight, kTableRows);
  for (int run = 0; run < 3; ++run) {
    const double limit = ZmqRate(frame, settings.seconds);
    fmt::print("ZeroMQ alone: {:.1f} GB/s, {:.2f} M rows/s, round trip of a byte {:.0f} us\n", limit * 1e-9,
               limit / (kWidth * 4) * 1e-6, ZmqRoundTrip() * 1e6);
    Client client(settings);
    fmt::print("pull {:.2f} M rows/s, push {:.2f} M rows/s, round trip of one row {:.0f} us\n",
               client.Rate(Type::kPullRows) * 1e-6, client.Rate(Type::kPushDeltas) * 1e-6,
               client.RoundTrip() * 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  try {
    return attune::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "message_bench: {}\n", error.what());
    return 1;
  }
}
