// What checkpoints cost training in one process, beside what the machine can do with as many bytes: copy
// them, write them to the disk, read them again.
//
// usage: checkpoint_bench DATA DIRECTORY [THREADS [DIM [REPEATS]]]
//   DIRECTORY  on the disk that is to be measured; must exist; needs twice the tables' size of room
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_file.h"
#include "common/io/output_file.h"
#include "common/thread.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/checkpoint/part.h"
#include "launch/embedded_cluster.h"
#include "ps/mapping.h"
#include "tests/bench/measure.h"

namespace attune {
namespace {

namespace fs = std::filesystem;
using bench::Now;
using bench::SpreadOf;

/// Seconds of training before each checkpoint.
constexpr double kBefore = 3;
constexpr std::size_t kPiece = std::size_t{1} << 22;

/// Measurements by name, in order of the names' first appearance.
class Table {
 public:
  void Add(const std::string& name, double value) {
    if (!values_.contains(name)) names_.push_back(name);
    values_[name].push_back(value);
  }
  double Median(const std::string& name) const { return SpreadOf(values_.at(name)).median; }
  void Print(double gigabytes) const {
    for (const std::string& name : names_) {
      const bench::Spread spread = SpreadOf(values_.at(name));
      fmt::print("{:<58} {:>8.3f} s ({:.3f}..{:.3f}), {:>7.2f} GB/s\n", name, spread.median, spread.least,
                 spread.most, gigabytes / spread.median);
    }
  }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::vector<double>> values_;
};

template <typename Body>
double SecondsOf(const Body& body) {
  const double start = Now();
  body();
  return Now() - start;
}

void CopyBytes(std::byte* to, const std::byte* from, std::size_t bytes, unsigned threads) {
  ParallelFor(threads, (bytes + kPiece - 1) / kPiece, "copy", [&](unsigned, std::size_t piece) {
    std::memcpy(to + piece * kPiece, from + piece * kPiece, std::min(kPiece, bytes - piece * kPiece));
  });
}

/// What the machine needs for the bytes of the tables.
void MeasureMachine(std::span<const std::byte> bytes, const fs::path& directory, unsigned threads,
                    Table& table) {
  for (const unsigned n : {1u, threads}) {
    const std::string by = n == 1 ? "1 thread" : fmt::format("{} threads", n);
    const ps::Mapping copy = ps::Mapping::Private(bytes.size(), "a copy");
    for (const char* memory : {"fresh", "touched"}) {
      table.Add(fmt::format("machine: copy to {} memory, {}", memory, by),
                SecondsOf([&] { CopyBytes(copy.data(), bytes.data(), bytes.size(), n); }));
    }
    if (threads == 1) break;
  }
  const fs::path file = directory / "limit";
  table.Add("machine: write and sync", SecondsOf([&] {
              io::OutputFile out(file);
              out.Write(bytes);
              out.Close();
            }));
  table.Add("machine: read what is cached", SecondsOf([&] {
              std::vector<char> buffer(kPiece);
              const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
              while (read(fd, buffer.data(), buffer.size()) > 0) continue;
              close(fd);
            }));
  table.Add("machine: read what is cached, and its checksum", SecondsOf([&] { io::DigestFile(file); }));
  fs::remove(file);
}

/// The count of triples, looked at a thousand times a second by a thread.
class Watch {
 public:
  explicit Watch(const launch::Cluster& cluster)
      : cluster_(cluster), thread_([this](const std::stop_token& stop) { Look(stop); }) {}

  struct Stop {
    double last = 0, next = 0;  ///< when triples were trained before and after a moment
  };
  /// To be called when it has ended.
  Stop Around(double moment) const {
    Stop stop;
    for (std::size_t n = 1; n < seen_.size() && stop.next == 0; ++n) {
      if (seen_[n].second == seen_[n - 1].second) continue;
      (seen_[n].first < moment ? stop.last : stop.next) = seen_[n].first;
    }
    return stop;
  }
  std::uint64_t TriplesAt(double moment) const {
    std::uint64_t triples = 0;
    for (const auto& [time, count] : seen_) {
      if (time <= moment) triples = count;
    }
    return triples;
  }
  void End() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void Look(const std::stop_token& stop) {
    seen_.reserve(1 << 20);
    while (!stop.stop_requested()) {
      seen_.emplace_back(Now(), cluster_.triples_done());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  const launch::Cluster& cluster_;
  std::vector<std::pair<double, std::uint64_t>> seen_;
  std::jthread thread_;
};

/// Training that goes on from where it was paused.
class Training {
 public:
  explicit Training(launch::EmbeddedCluster& cluster) : cluster_(cluster) {}

  void Until(const std::function<bool()>& enough) {
    while (!enough()) {
      launch::EpochResult result = cluster_.RunEpoch(
          epoch_, 1.0,
          [&] {
            if (enough()) cluster_.Pause();
          },
          done_);
      done_ = std::move(result.done);
      if (!result.complete) continue;
      done_.clear();
      ++epoch_;
    }
  }

 private:
  launch::EmbeddedCluster& cluster_;
  std::uint32_t epoch_ = 1;
  scheduler::SlicesDone done_;
};

/// One checkpoint in the middle of training, on disk.
void MeasureCheckpoint(launch::EmbeddedCluster& cluster, Training& training, const fs::path& path,
                       std::uint32_t number, unsigned threads, Table& table) {
  fs::create_directories(path);
  launch::MakePartFolders(path);
  Watch watch(cluster);
  const double began = Now();
  double wanted = 0;
  training.Until([&] {
    if (wanted == 0 && Now() - began > kBefore) wanted = Now();
    return wanted > 0;
  });
  const double rest = Now();
  cluster.BeginSnapshot(path, number);
  const double copied = Now();
  double written = 0;
  training.Until([&] {
    if (written == 0 && cluster.Snapshot(number).ended) written = Now();
    return written > 0;
  });
  watch.End();
  if (const auto state = cluster.Snapshot(number); !state.failure.empty())
    ThrowFailed("{}: {}", path.string(), state.failure);
  const Watch::Stop stop = watch.Around(rest + (copied - rest) / 2);
  const double rate =
      static_cast<double>(watch.TriplesAt(wanted) - watch.TriplesAt(began + 0.5)) / (wanted - began - 0.5);
  const double trained = static_cast<double>(watch.TriplesAt(written) - watch.TriplesAt(wanted));
  table.Add("stop: the last triple before to the first after", stop.next - stop.last);
  table.Add("  the copy alone", copied - rest);
  table.Add("  slices ended before, by threads that still train", rest - wanted);
  table.Add("until it is on disk, from the copy on", written - copied);
  table.Add("training lost, the time of writing included", written - wanted - trained / rate);
  table.Add("the copy alone, were its memory not there before",
            SecondsOf([&] { launch::PartCopy(cluster.store(), cluster.PlanPart(), threads); }));
}

void Complete(const launch::EmbeddedCluster& cluster, const fs::path& path, Index users, Index items) {
  const auto records = cluster.Records();
  nlohmann::ordered_json manifest = {
      {"kind", launch::kCheckpointKind},
      {"format_version", launch::kCheckpointVersion},
      {"records",
       {{"users", users}, {"items", items}, {"user_floats", records.users}, {"item_floats", records.items}}},
      {"files", nlohmann::ordered_json::object()}};
  launch::DescribeParts(path, {0}, manifest);
  io::WriteManifest(path, manifest);
}

void MeasureLoading(launch::EmbeddedCluster& cluster, const fs::path& path, Index users, Table& table) {
  table.Add("load: verified", SecondsOf([&] {
              if (const auto problems = launch::CheckpointProblems(path); !problems.empty())
                ThrowFailed("{}", problems.front());
            }));
  table.Add("load: rows copied", SecondsOf([&] {
              const launch::LoadedCheckpoint loaded(path);
              loaded.CopyUsers(0, users, cluster.tables().users);
              loaded.CopyShared(cluster.store());
            }));
}

int Main(int argc, char** argv) {
  if (argc < 3) ThrowUsage("usage: checkpoint_bench DATA DIRECTORY [THREADS [DIM [REPEATS]]]");
  const auto number = [&](int at, int otherwise) { return argc > at ? std::atoi(argv[at]) : otherwise; };
  const data::Dataset dataset(argv[1]);
  const data::TrainingData data(dataset);
  const fs::path directory = fs::path(argv[2]) / "checkpoint_bench";
  const unsigned threads = ResolveThreads(static_cast<unsigned>(number(3, 0)));
  TrainingSpec spec;
  spec.model.dim = static_cast<std::uint32_t>(number(4, 128));
  spec.model.item_attention = model::ItemAttention::kNone;
  spec.lr = 0.02;
  const auto repeats = static_cast<std::uint32_t>(number(5, 7));
  launch::EmbeddedCluster cluster(spec, data, dataset.num_users(), dataset.num_items(), threads);
  const std::uint64_t bytes = ps::ModelStore::TableBytes(spec, dataset.num_users(), dataset.num_items());
  const double gigabytes = static_cast<double>(bytes) * 1e-9;
  fmt::print("{} users, {} items, {} interactions, D = {}: tables of {:.2f} GB; {} threads\n",
             dataset.num_users(), dataset.num_items(), data.num_interactions(), spec.model.dim, gigabytes,
             threads);
  const TableView largest = cluster.tables().users;
  const std::size_t floats = largest.rows * largest.layout.floats;
  const double of_all = gigabytes / (static_cast<double>(floats * sizeof(float)) * 1e-9);
  Table machine, attune;
  cluster.ExpectSnapshots();
  Training training(cluster);
  for (std::uint32_t n = 1; n <= repeats; ++n) {
    MeasureMachine(std::as_bytes(std::span(largest.data, floats)), fs::path(argv[2]), threads, machine);
    const fs::path path = launch::CheckpointPath(directory, n);
    MeasureCheckpoint(cluster, training, path, n, threads, attune);
    Complete(cluster, path, dataset.num_users(), dataset.num_items());
    MeasureLoading(cluster, path, dataset.num_users(), attune);
    fs::remove_all(directory);
  }
  fmt::print("median (least..most) of {} checkpoints\n", repeats);
  machine.Print(gigabytes / of_all);
  attune.Print(gigabytes);
  const double lost = attune.Median("training lost, the time of writing included");
  fmt::print("one every 5 minutes: {:.2f} % of training, {:.2f} % for each GB\n", lost / 3,
             lost / 3 / gigabytes);
  return 0;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  try {
    return attune::Main(argc, argv);
  } catch (const attune::Error& error) {
    fmt::print(stderr, "checkpoint_bench: {}\n", error.what());
    return static_cast<int>(error.kind());
  }
}
