#include "ps/model_store.h"

namespace attune::ps {
namespace {

RecordLayout UserLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, false, spec.optimizer.kind);
}

RecordLayout ItemLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, spec.model.HasP(), spec.optimizer.kind);
}

std::uint64_t UserBytes(const TrainingSpec& spec, Index num_users) {
  return spec.model.HasU() ? Table::Bytes(num_users, UserLayout(spec)) : 0;
}

}  // namespace

ModelStore::ModelStore(const TrainingSpec& spec, Index num_users, Index num_items)
    : spec_(spec), items_(Table::Id::kItems, num_items, ItemLayout(spec)), theta_(spec) {
  if (spec.model.HasU()) users_ = Table(Table::Id::kUsers, num_users, UserLayout(spec));
}

ModelStore::ModelStore(const TrainingSpec& spec, Index num_users, Index num_items, const HostMemory& memory,
                       bool initialise)
    : spec_(spec),
      items_(Table::Id::kItems, num_items, ItemLayout(spec), memory.Items()),
      theta_(spec, memory.Theta(), initialise) {
  if (spec.model.HasU()) users_ = Table(Table::Id::kUsers, num_users, UserLayout(spec), memory.Users());
}

void ModelStore::InitialiseItems(unsigned threads) {
  const auto items = static_cast<Index>(items_.view().rows);
  items_.Initialise(0, items, spec_.sampling.seed, spec_.init_std, spec_.optimizer, threads);
}

void ModelStore::InitialiseUsers(Index first, Index end, unsigned threads) {
  if (!spec_.model.HasU()) return;
  users_.Initialise(first, end, spec_.sampling.seed, spec_.init_std, spec_.optimizer, threads);
}

model::ModelView ModelStore::View(model::Theta& theta, const data::ContentView& content) {
  theta = model::Theta(spec_.model);
  theta_.Fetch(theta);
  model::ModelView view;
  view.spec = spec_.model;
  if (spec_.model.HasU()) view.u = users_.view().FirstRows();
  view.v = items_.view().FirstRows();
  view.p = items_.view().SecondRows();
  view.theta = &theta;
  view.content = content;
  return view;
}

HostShape ModelStore::Shape(const TrainingSpec& spec, Index num_users, Index num_items) {
  HostShape shape;
  shape.users = UserBytes(spec, num_users);
  shape.items = Table::Bytes(num_items, ItemLayout(spec));
  shape.theta = ThetaStore::Bytes(spec);
  return shape;
}

std::uint64_t ModelStore::TableBytes(const TrainingSpec& spec, Index num_users, Index num_items) {
  const HostShape shape = Shape(spec, num_users, num_items);
  return shape.users + shape.items;
}

}  // namespace attune::ps
