#include "launch/cluster/node.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "common/net/zmq_transport.h"
#include "launch/cluster/distributed_cluster.h"
#include "launch/embedded_cluster.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
constexpr Index kUsers = 60, kItems = 50;
constexpr std::uint32_t kSlices = 9;

testing::TinyDataset Log() {
  std::mt19937 generator(4);
  testing::TinyDataset data;
  for (Index item = 0; item < kItems; ++item) data.items.push_back("item" + std::to_string(item));
  for (Index user = 0; user < kUsers; ++user) {
    std::set<Index> items;
    while (items.size() < 8 + user % 5) items.insert(static_cast<Index>(generator() % kItems));
    data.users.push_back("user" + std::to_string(user));
    data.train.emplace_back(items.begin(), items.end());
  }
  return data;
}

TrainingSpec Spec() {
  TrainingSpec spec;
  spec.model.dim = 8;
  spec.sampling.batch_triples = 16;
  spec.lr = 0.1;
  spec.theta_optimizer.kind = optim::Kind::kAdagrad;
  return spec;
}

/// One held-out item for each user: the least that the user does not have.
worker::EvaluationTask Held(const data::Dataset& dataset) {
  data::HeldOut held;
  held.indptr.push_back(0);
  for (Index user = 0; user < kUsers; user += 2) {
    const auto history = dataset.History(user);
    Index item = 0;
    while (std::find(history.begin(), history.end(), item) != history.end()) ++item;
    held.users.push_back(user);
    held.items.push_back(item);
    held.indptr.push_back(held.items.size());
  }
  return worker::MakeEvaluationTask(dataset, held, nullptr);
}

/// Nodes of one host, each with the tables' memory mapped for itself, on threads of this process.
class OneHost {
 public:
  /// @param life  of the job; the guest is of the first
  OneHost(const TrainingSpec& spec, const data::TrainingData& data, const worker::EvaluationTask& task,
          std::uint32_t nodes, unsigned threads, std::uint32_t life = 0)
      : spec_(spec),
        life_{life, "checkpoint"},
        memory_(ps::HostMemory::Create(ps::ModelStore::Shape(spec, kUsers, kItems))) {
    scheduler::Coordinator::Options options;
    options.membership.expected = nodes;
    options.slices = kSlices;
    options.seed = spec.sampling.seed;
    scheduler_ = std::make_unique<SchedulerService>(options, std::chrono::steady_clock::now());
    for (std::uint32_t node = 0; node < nodes; ++node) Add(node, data, task, threads);
    for (auto& a : nodes_) {
      for (auto& b : nodes_) {
        if (a != b) a->transport->Connect(b->number, b->transport->address());
      }
    }
    guest_ = MakeTransport(nodes, 0);
    guest_->Connect(0, nodes_[0]->transport->address());
    nodes_[0]->transport->Connect(nodes, guest_->address());
    for (auto& one : nodes_) Start(*one, threads);
    cluster_ = std::make_unique<DistributedCluster>(*scheduler_, *nodes_[0]->parts, *nodes_[0]->node);
    scheduler_->Gather({});
  }

  ~OneHost() {
    scheduler_->Stop("done", 0, 10s);
    scheduler_->Release();
    for (auto& one : nodes_) one->thread.join();
    for (auto& one : nodes_) EXPECT_TRUE(one->end.well) << one->end.reason;
  }

  DistributedCluster& cluster() { return *cluster_; }
  ps::ModelStore& store() { return *nodes_[0]->store; }
  /// They come with a round.
  wire::NodeCounters counters() {
    cluster_->PeakMemory();
    return scheduler_->Counters();
  }
  /// Somebody whom node 0 has admitted, and who is none of the job's nodes.
  net::Transport& guest() { return *guest_; }
  std::uint64_t triples_of(std::size_t node) { return nodes_[node]->node->triples_done(); }

 private:
  struct One {
    std::uint32_t number = 0;
    std::unique_ptr<ps::ModelStore> store;
    std::unique_ptr<NodeParts> parts;
    std::unique_ptr<net::Transport> transport;
    std::unique_ptr<Node> node;
    NodeEnd end;
    std::thread thread;
  };

  void Add(std::uint32_t number, const data::TrainingData& data, const worker::EvaluationTask& task,
           unsigned) {
    auto one = std::make_unique<One>();
    one->number = number;
    const auto memory = ps::HostMemory::Open(dup(memory_.fd()), ps::ModelStore::Shape(spec_, kUsers, kItems));
    one->store =
        std::make_unique<ps::ModelStore>(spec_, kUsers, sync::Placement(kItems), memory, number == 0);
    if (number == 0) one->store->InitialiseItems(1);
    ps::ModelStore* const store = one->store.get();
    one->parts = std::make_unique<NodeParts>(
        NodeParts{spec_, data, *store, {}, &task, nullptr, [store](Index first, Index end) {
                    store->InitialiseUsers(first, end, 1);
                  }});
    one->parts->life = life_;
    one->parts->answer_to_earlier_lives = wire::NextLife{life_.number, life_.resume};
    one->transport = MakeTransport(number, life_.number);
    nodes_.push_back(std::move(one));
  }

  static std::unique_ptr<net::Transport> MakeTransport(std::uint32_t number, std::uint32_t life) {
    net::ZmqOptions options;
    options.job = 5;
    options.life = life;
    options.node = number;
    options.keys = net::KeyPair::Make();
    return net::MakeZmqTransport(options);
  }

  void Start(One& one, unsigned threads) {
    wire::Register self;
    self.node = one.number;
    self.host = "here";
    self.where = "node " + std::to_string(one.number);
    self.endpoint = one.transport->address().endpoint;
    self.public_key = one.transport->address().public_key;
    self.works = true;
    one.node = std::make_unique<Node>(self, *one.parts, threads, *one.transport,
                                      one.number == 0 ? scheduler_.get() : nullptr);
    one.thread = std::thread([&one] { one.end = one.node->Run(); });
  }

  const TrainingSpec spec_;
  const Life life_;
  ps::HostMemory memory_;
  std::unique_ptr<SchedulerService> scheduler_;
  std::vector<std::unique_ptr<One>> nodes_;
  std::unique_ptr<net::Transport> guest_;
  std::unique_ptr<DistributedCluster> cluster_;
};

class NodeTest : public ::testing::Test {
 protected:
  NodeTest() {
    Log().Write(directory_ / "data", kSlices);
    dataset_.emplace(directory_ / "data");
    data_.emplace(*dataset_);
    task_ = Held(*dataset_);
  }

  testing::TemporaryDirectory directory_;
  std::optional<data::Dataset> dataset_;
  std::optional<data::TrainingData> data_;
  worker::EvaluationTask task_;
};

std::vector<float> Rows(const TableView& table) {
  return {table.data, table.data + table.rows * table.layout.floats};
}

TEST_F(NodeTest, OneNodeOfOneThreadIsTheEmbeddedClusterBitForBit) {
  EmbeddedCluster embedded(Spec(), *data_, kUsers, kItems, 1);
  OneHost host(Spec(), *data_, task_, 1, 1);
  for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) {
    const EpochResult a = embedded.RunEpoch(epoch, 0.5);
    const EpochResult b = host.cluster().RunEpoch(epoch, 0.5, {}, {}, {0.5});
    EXPECT_TRUE(b.complete);
    EXPECT_FALSE(b.goes_on);  // on one host epochs do not overlap
    EXPECT_EQ(a.total.triples, b.total.triples);
    EXPECT_EQ(a.total.loss, b.total.loss);
  }
  EXPECT_EQ(Rows(embedded.tables().items), Rows(host.store().tables().items));
  EXPECT_EQ(Rows(embedded.tables().users), Rows(host.store().tables().users));
  EXPECT_EQ(embedded.Evaluate(task_, data::Split::kValidation).ranks,
            host.cluster().Evaluate(task_, data::Split::kValidation).ranks);
}

TEST_F(NodeTest, ManyNodesTrainEveryPositiveOnceAndLearn) {
  OneHost host(Spec(), *data_, task_, 3, 2);
  double first = 0, last = 0;
  for (std::uint32_t epoch = 1; epoch <= 10; ++epoch) {
    const EpochResult result = host.cluster().RunEpoch(epoch, 1, {});
    ASSERT_TRUE(result.complete);
    EXPECT_EQ(result.total.positives, data_->num_interactions());
    (epoch == 1 ? first : last) = result.total.loss;
  }
  EXPECT_LT(last, first);
  EXPECT_EQ(host.triples_of(0) + host.triples_of(1) + host.triples_of(2), 10 * data_->num_interactions());
  const auto ranks = host.cluster().Evaluate(task_, data::Split::kValidation).ranks;
  EXPECT_EQ(ranks.size(), task_.targets.size());
  for (const std::uint32_t rank : ranks) EXPECT_GE(rank, 1u);
}

TEST_F(NodeTest, WhatMakesNoSenseIsRefusedAndTheJobGoesOn) {
  OneHost host(Spec(), *data_, task_, 1, 1);
  wire::Register registration;
  registration.node = 1;
  registration.endpoint = "nonsense";
  registration.public_key = host.guest().address().public_key;
  wire::Register keyless = registration;
  keyless.endpoint = host.guest().address().endpoint;
  keyless.public_key = "";
  const std::vector<wire::Message> messages = {
      wire::Encode(registration), wire::Encode(keyless), {1, "\xff\xff", {}, {}}, {999, "", {}, {}}};
  for (const wire::Message& message : messages) {
    while (!host.guest().Send(0, message)) std::this_thread::sleep_for(1ms);
  }
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  std::uint64_t refused = 0;
  while (refused < messages.size() && std::chrono::steady_clock::now() < deadline) {
    refused = host.counters().refused;
  }
  EXPECT_EQ(refused, messages.size());
  EXPECT_TRUE(host.cluster().RunEpoch(1, 1, {}).complete);
}

TEST_F(NodeTest, WhoeverSpeaksFromAnEarlierLifeIsToldOfThisOne) {
  // One with a report that nobody has taken says nothing but that.
  for (const wire::Control& what : {wire::Control(wire::Heartbeat{}), wire::Control(wire::LeaseDone{}),
                                    wire::Control(wire::WantLease{}), wire::Control(wire::RoundDone{})}) {
    OneHost host(Spec(), *data_, task_, 1, 1, 3);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    std::optional<net::Received> answer;
    while (!answer && std::chrono::steady_clock::now() < deadline) {  // what is not taken is said again
      host.guest().Send(0, wire::Encode(what));
      answer = host.guest().Receive(100ms);
    }
    ASSERT_TRUE(answer.has_value()) << what.index();
    const auto control = wire::DecodeControl(answer->message);
    ASSERT_TRUE(control && std::holds_alternative<wire::NextLife>(*control)) << what.index();
    EXPECT_EQ(std::get<wire::NextLife>(*control).life, 3u);
    EXPECT_EQ(std::get<wire::NextLife>(*control).resume, "checkpoint");
  }
}

TEST_F(NodeTest, AnEpochThatIsStoppedLeavesRowsAtRest) {
  OneHost host(Spec(), *data_, task_, 2, 1);
  host.cluster().Stop();
  const EpochResult result = host.cluster().RunEpoch(1, 1, {});
  EXPECT_LE(result.total.positives, data_->num_interactions());
  const auto rows = Rows(host.store().tables().items);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(rows, Rows(host.store().tables().items));
  host.cluster().WriteModel(directory_ / "data");
}

TEST_F(NodeTest, DivergenceNamesTheSettingToChange) {
  TrainingSpec spec = Spec();
  spec.lr = 1e30;
  spec.clip = 0;
  OneHost host(spec, *data_, task_, 2, 1);
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] {
    for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) host.cluster().RunEpoch(epoch, 1, {});
  });
  EXPECT_NE(text.find("Lower lr"), std::string::npos) << text;
}

}  // namespace
}  // namespace attune::launch
