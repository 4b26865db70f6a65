#pragma once

#include <cstdint>
#include <string_view>

#include "common/data/dataset.h"
#include "common/table.h"
#include "common/training_spec.h"
#include "launch/predict/costs.h"

namespace attune::predict {

/// Measures on this machine what training and messages cost, with the classes that a job uses; takes about
/// a minute. Everything but `hop` is processor time, so that other work on the machine disturbs little;
/// what threads of this process take from each other (caches, memory, halves of a core) is in it.
/// @param threads  that train meanwhile: as many as a host of the job has
/// @param seconds  that training is timed for, with large and with small batches each; two epochs at least
/// Throws Error(kFailed) before anything is measured if memory does not suffice, and if training fails.
Costs Calibrate(const TrainingSpec& spec, const data::Dataset& dataset, unsigned threads, double seconds);

/// Parts of it. @param rows  of the item table
void MeasureSync(const RecordLayout& layout, std::size_t rows, Costs& costs);
void MeasureRows(const RecordLayout& layout, std::size_t rows, Costs& costs);
/// Bytes that these two take at most at a time.
std::uint64_t BytesOfMeasuredRows(const RecordLayout& layout, std::size_t rows);
void MeasureMessages(Costs& costs);
void MeasureHop(Costs& costs);

/// Processor time, seconds: of the calling thread, of the process, and of its threads whose names begin so.
double ThreadSeconds();
double ProcessSeconds();
double ThreadSecondsOf(std::string_view names);

}  // namespace attune::predict
