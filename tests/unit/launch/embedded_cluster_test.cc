#include "launch/embedded_cluster.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_content.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

constexpr Index kUsers = 60, kItems = 50;

/// Users of two tastes: each has most items of its own half.
testing::TinyDataset TwoTastes() {
  std::mt19937 generator(4);
  testing::TinyDataset data;
  for (Index item = 0; item < kItems; ++item) data.items.push_back("item" + std::to_string(item));
  for (Index user = 0; user < kUsers; ++user) {
    std::set<Index> items;
    while (items.size() < 8 + user % 5) items.insert(static_cast<Index>(generator() % 25 + (user % 2) * 25));
    data.users.push_back("user" + std::to_string(user));
    data.train.emplace_back(items.begin(), items.end());
  }
  return data;
}

class EmbeddedClusterTest : public ::testing::Test {
 protected:
  EmbeddedClusterTest() {
    TwoTastes().Write(directory_ / "data", 7);
    dataset_.emplace(directory_ / "data");
    data_.emplace(*dataset_);
  }

  static TrainingSpec Spec(model::ItemAttention attention) {
    TrainingSpec spec;
    spec.model.dim = 8;
    spec.model.item_attention = attention;
    spec.sampling.batch_triples = 64;
    spec.lr = 0.1;
    spec.theta_optimizer.kind = optim::Kind::kAdagrad;
    return spec;
  }

  EmbeddedCluster Make(const TrainingSpec& spec, unsigned threads) const {
    return EmbeddedCluster(spec, *data_, kUsers, kItems, threads);
  }

  testing::TemporaryDirectory directory_;
  std::optional<data::Dataset> dataset_;
  std::optional<data::TrainingData> data_;
};

std::vector<float> Rows(const TableView& table) {
  return {table.data, table.data + table.rows * table.layout.floats};
}

TEST_F(EmbeddedClusterTest, ManyThreadsTrainEveryPositiveOnceAndLearn) {
  for (const auto attention :
       {model::ItemAttention::kNone, model::ItemAttention::kAverage, model::ItemAttention::kAttention}) {
    EmbeddedCluster cluster = Make(Spec(attention), 4);
    double first = 0, last = 0;
    for (std::uint32_t epoch = 1; epoch <= 15; ++epoch) {
      const EpochResult result = cluster.RunEpoch(epoch, 1.0);
      EXPECT_TRUE(result.complete);
      EXPECT_EQ(result.total.positives, data_->num_interactions());
      last = result.total.loss / static_cast<double>(result.total.triples);
      if (epoch == 1) first = last;
    }
    EXPECT_LT(last, 0.6 * first);
    EXPECT_EQ(cluster.triples_done(), 15 * data_->num_interactions());
  }
}

TEST_F(EmbeddedClusterTest, OneThreadIsReproducibleBitForBit) {
  std::vector<std::vector<float>> results;
  for (int run = 0; run < 2; ++run) {
    EmbeddedCluster cluster = Make(Spec(model::ItemAttention::kAttention), 1);
    for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) cluster.RunEpoch(epoch, 0.5);
    results.push_back(Rows(cluster.tables().items));
    const auto users = Rows(cluster.tables().users);
    results.back().insert(results.back().end(), users.begin(), users.end());
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(EmbeddedClusterTest, StopEndsTheEpochIncomplete) {
  EmbeddedCluster cluster = Make(Spec(model::ItemAttention::kNone), 2);
  cluster.Stop();
  const EpochResult result = cluster.RunEpoch(1, 1.0);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(cluster.triples_done(), 0u);
}

/// A pipe where the audit of a process would be: full, so that whoever writes to it waits until Break().
class FullPipe {
 public:
  explicit FullPipe(const std::filesystem::path& path) : sigpipe_(std::signal(SIGPIPE, SIG_IGN)) {
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    reader_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const int writer = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    const std::vector<char> bytes(1 << 16);
    for (const std::size_t size : {bytes.size(), std::size_t{1}}) {
      while (write(writer, bytes.data(), size) > 0) {
      }
    }
    close(writer);
  }
  ~FullPipe() { std::signal(SIGPIPE, sigpipe_); }
  void Break() { close(std::exchange(reader_, -1)); }

 private:
  void (*const sigpipe_)(int);
  int reader_ = -1;
};

TEST_F(EmbeddedClusterTest, AThreadThatFailsInAnEpochThatIsGivenUpDoesNotEndTheNext) {
  struct GivenUp {};
  EmbeddedCluster cluster = Make(Spec(model::ItemAttention::kNone), 1);
  FullPipe pipe(directory_ / "process-0.0.tsv");
  TripleAudit audit(directory_.path(), "0.0");
  cluster.SetAudit(&audit);
  const auto give_up = [&] {
    pipe.Break();
    throw GivenUp();
  };
  EXPECT_THROW(cluster.RunEpoch(1, 1.0, give_up), GivenUp);
  cluster.SetAudit(nullptr);
  EXPECT_TRUE(cluster.RunEpoch(1, 1.0).complete);
}

TEST_F(EmbeddedClusterTest, DivergenceNamesTheSettingToChange) {
  TrainingSpec spec = Spec(model::ItemAttention::kNone);
  spec.lr = 1e30;
  EmbeddedCluster cluster = Make(spec, 2);
  try {
    for (std::uint32_t epoch = 1; epoch <= 20; ++epoch) cluster.RunEpoch(epoch, 1.0);
    FAIL() << "did not diverge";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
    EXPECT_NE(std::string(error.what()).find("Lower lr"), std::string::npos) << error.what();
  }
}

TEST_F(EmbeddedClusterTest, FeaturesThatAreNotFiniteAreNamedNotTheLearningRate) {
  TrainingSpec spec = Spec(model::ItemAttention::kAttention);
  spec.model.attend_content = true;
  spec.model.feature_dim = 2;
  spec.xavier_output = true;
  std::vector<std::vector<double>> components(kItems, {1, 2, 3, 4});
  components[30][3] = std::numeric_limits<double>::quiet_NaN();
  const testing::TinyContent content(components, 2);
  EmbeddedCluster cluster(spec, *data_, kUsers, kItems, 2, content.view());
  const std::string error = testing::ErrorOf(ErrorKind::kBadInput, [&] {
    for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) cluster.RunEpoch(epoch, 1.0);
  });
  EXPECT_NE(error.find("item on line 31 of items.tsv, component 1, number 1"), std::string::npos) << error;
}

}  // namespace
}  // namespace attune::launch
