#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <vector>

/// A second model of a job on many hosts, on SimGrid's network and actors, to hold `attune predict` against.
/// It shares nothing with launch/predict but inputs: times are in seconds, sizes in bytes, processor time in
/// seconds of one core.
namespace attune::crosscheck {

/// A clock that holds nobody up.
constexpr double kNobody = std::numeric_limits<double>::infinity();

/// Processor time of a message: a fixed part, and one that grows with its bytes.
struct ByteCost {
  double each = 0;
  double byte = 0;
  double Of(double bytes) const { return each + byte * bytes; }
};

/// What training and messages cost, as `attune predict --calibrate` has measured it (docs/predictions.md).
struct Costs {
  double theta_floats = 0;
  double user_floats = 0;
  double triple_of_batch = 0;
  double scan_row = 0, send_row = 0, apply_row = 0;            ///< a change on its way up
  double owner_scan_row = 0, answer_row = 0, replace_row = 0;  ///< a row on its way down
  double pull_row = 0;
  double theta = 0;
  double hop = 0;
  ByteCost send, receive, carry;
};

/// How many different items triples touch, in expectation: a curve of points, straight between them.
struct Touched {
  double items = 0;
  double steps_of_doubling = 1;
  std::vector<double> different;  ///< of 2^(n / steps_of_doubling) triples
  double Of(double triples) const;
};

/// One number of hosts of a prediction, and what was predicted.
struct Job {
  unsigned hosts = 1;
  unsigned threads = 1;
  double cores = 1;      ///< of a host
  double bandwidth = 0;  ///< bytes a second of a host's link, each way
  double latency = 0;    ///< one way
  bool encrypted = true;
  Costs costs;
  double triple = 0;  ///< seconds of a core
  double row_bytes = 0;
  Touched rows;  ///< that every host has
  double batch_triples = 0;
  double batches_of_round = kNobody;
  double staleness = -1;  ///< batches; negative: no bound
  double slices = 0;      ///< of all hosts
  double slice_triples = 0;
  double slice_users = 0;
  double jitter = 0;    ///< of a batch's time, as a share
  double seconds = 0;   ///< to model, at least
  unsigned rounds = 0;  ///< of the exchange to model, at least
};

/// Reads what `attune predict --json` has printed. Throws std::runtime_error that says what is missing, or
/// what this model does not know: pulled rows, processors that hosts share, narrow switches, links without
/// limit.
std::vector<Job> ReadJobs(const std::filesystem::path& file);

}  // namespace attune::crosscheck
