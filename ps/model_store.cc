#include "ps/model_store.h"

#include "common/error.h"

namespace attune::ps {
namespace {

RecordLayout UserLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, false, spec.optimizer.kind);
}

std::uint64_t UserBytes(const TrainingSpec& spec, Index num_users) {
  return spec.model.HasU() ? Table::Bytes(num_users, UserLayout(spec)) : 0;
}

}  // namespace

ModelStore::ModelStore(const TrainingSpec& spec, Index num_users, Index num_items)
    : spec_(spec),
      placement_(num_items),
      items_(Table::Id::kItems, num_items, ItemLayout(spec)),
      theta_(spec) {
  if (spec.model.HasU()) users_ = Table(Table::Id::kUsers, num_users, UserLayout(spec));
}

ModelStore::ModelStore(const TrainingSpec& spec, Index num_users, sync::Placement placement,
                       const HostMemory& memory, bool initialise, std::size_t visitors)
    : spec_(spec),
      placement_(std::move(placement)),
      items_(Table::Id::kItems, placement_.rows(), ItemLayout(spec),
             memory.Items(visitors > 0 ? (visitors + 1) * ItemBytes(spec) : 0)),
      theta_(spec, memory.Theta(), initialise) {
  const std::size_t own = Mapping::WholePages(placement_.rows() * ItemBytes(spec));
  first_visitor_ = static_cast<Index>((own + ItemBytes(spec) - 1) / ItemBytes(spec));
  ATTUNE_CHECK(first_visitor_ + visitors < kNoIndex);
  if (spec.model.HasU()) users_ = Table(Table::Id::kUsers, num_users, UserLayout(spec), memory.Users());
}

void ModelStore::InitialiseItems(unsigned threads) {
  items_.Initialise(0, placement_.rows(), spec_.sampling.seed, spec_.init_std, spec_.optimizer, threads,
                    placement_.items_of_rows());
}

void ModelStore::UseHugePages(unsigned threads) {
  items_.UseHugePages(threads);
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
  TableView items = items_.view();
  if (!placement_.complete()) {
    items.data = reinterpret_cast<float*>(snapshot_.data());
    items.rows = placement_.items();
    items.layout.floats = snapshot_floats();
  }
  view.v = items.FirstRows();
  view.p = items.SecondRows();
  view.theta = &theta;
  view.content = content;
  return view;
}

HostShape ModelStore::Shape(const TrainingSpec& spec, Index num_users, Index item_rows) {
  HostShape shape;
  shape.users = UserBytes(spec, num_users);
  shape.items = Table::Bytes(item_rows, ItemLayout(spec));
  shape.theta = ThetaStore::Bytes(spec);
  return shape;
}

std::uint64_t ModelStore::SnapshotBytes(const TrainingSpec& spec, Index num_items) {
  return std::uint64_t{num_items} * ItemLayout(spec).first_state * sizeof(float);
}

RecordLayout ModelStore::ItemLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, spec.model.HasP(), spec.optimizer.kind);
}

std::size_t ModelStore::ItemBytes(const TrainingSpec& spec) {
  return Table::Bytes(1, ItemLayout(spec));
}

std::uint64_t ModelStore::TableBytes(const TrainingSpec& spec, Index num_users, Index num_items) {
  const HostShape shape = Shape(spec, num_users, num_items);
  return shape.users + shape.items;
}

}  // namespace attune::ps
