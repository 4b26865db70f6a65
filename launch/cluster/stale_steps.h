#pragma once

#include <cstdint>
#include <span>

#include "common/data/dataset.h"
#include "common/training_spec.h"

/// What hosts train at the same time from the same rows adds up. If that is many steps of one row they
/// overshoot, and with more the model diverges. docs/clusters.md has the figures behind the limits.
namespace attune::launch {

/// Steps that a triple makes rows of V and P take: those of j and k, and its share of its visit's history.
double StepsOfTriple(const TrainingSpec& spec, std::span<const data::Rows> slices);

/// Triples of a batch, at most the spec's, so that in lockstep a row takes about 8 steps between two rounds.
/// @param workers  threads that train, on all hosts
std::uint32_t BatchOfHosts(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                           std::uint64_t workers);

/// The same of any data. @param steps  of a triple  @param most  triples, the spec's
double BatchOfHosts(double steps, double most, double items, double workers);

/// Batches that a worker begins on the rows of one round, so that a row takes about 30 steps meanwhile.
std::uint64_t BatchesOfRound(const TrainingSpec& spec, std::span<const data::Rows> slices, Index items,
                             std::uint64_t workers);
/// The same of any data. @param batch  triples
double BatchesOfRound(double steps, double batch, double items, double workers);

}  // namespace attune::launch
