#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace attune::predict {

/// Processor time of something with a fixed part and one that grows with the bytes.
struct ByteCost {
  double each = 0;  ///< seconds
  double byte = 0;  ///< seconds a byte

  double Of(double bytes) const { return each + byte * bytes; }
};

/// What training and its messages cost on a machine: seconds of one core, for one model.
struct Costs {
  std::string machine;   ///< where it was measured
  unsigned threads = 1;  ///< that were busy
  std::string model;     ///< "attention, D = 64, sgd"
  bool has_history = true;
  double record_floats = 0;  ///< of an item
  double user_floats = 0;    ///< of a user
  double theta_floats = 0;   ///< that are trained

  double triple = 0;           ///< of training one
  double triple_of_batch = 0;  ///< of a batch beside its triples
  double scan_row = 0;         ///< to see that a replicated row has not changed
  double send_row = 0;         ///< to take a row's change and put it into a frame, beside scan_row
  double apply_row = 0;        ///< to add it to the owner's
  double owner_scan_row = 0;   ///< an owner's look at one of its rows, for each answer
  double answer_row = 0;       ///< to put a row into an answer
  double replace_row = 0;      ///< to put an owner's row in place of what was known
  double pull_row = 0;         ///< on its owner, to answer with a row
  double push_row = 0;         ///< on its owner, to add to a row
  double visit_row = 0;        ///< on the worker that pulls and pushes it
  double warm_row = 0;         ///< to add to a random row of the item table that was trained
  double cold_row = 0;         ///< the same in a table that is larger than any cache
  double theta = 0;            ///< on the owner of Θ, to add one host's gradient
  ByteCost send;               ///< of a message, on the thread that gives it to the transport
  ByteCost receive;            ///< on the thread that takes it
  ByteCost carry;              ///< on a transport's own thread, each side
  ByteCost carry_encrypted;
  double hop = 0;  ///< that a message takes beside processor time and link: threads that wake up
};

nlohmann::ordered_json ToJson(const Costs& costs);
/// Throws Error(kBadInput) that names the file and what is missing or makes no sense.
Costs ReadCosts(const std::filesystem::path& file);

}  // namespace attune::predict
