#include "launch/outputs_apart.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/config/predict.pb.h"
#include "common/config/prepare.pb.h"
#include "common/config/query.pb.h"
#include "common/config/scale.pb.h"
#include "common/config/study.pb.h"
#include "common/config/train.pb.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Message;
using testing::ErrorOf;

class OutputsApart : public ::testing::Test {
 protected:
  OutputsApart() {
    fs::create_directories(directory_ / "model/theta");
    fs::create_directories(directory_ / "data");
    fs::create_symlink(".", directory_ / "self");
  }
  std::string Path(const std::string& name) const { return directory_ / name; }

  /// Expects that the settings are refused, by a message with `what`.
  void ExpectRefused(const Message& settings, const std::string& what, const std::string& config = {}) const {
    const std::string text = ErrorOf(ErrorKind::kUsage, [&] { RequireOutputsApart(settings, config); });
    EXPECT_NE(text.find(what), std::string::npos) << text;
  }

  config::RecommendSettings Recommend(const std::string& out) const {
    config::RecommendSettings settings;
    settings.set_model(Path("model"));
    settings.set_data(Path("data"));
    settings.set_deny(Path("seen.txt"));
    settings.set_out(Path(out));
    return settings;
  }
  config::PrepareSettings Prepare(const std::string& log, const std::string& out) const {
    config::PrepareSettings settings;
    settings.mutable_log()->add_input(Path("other.tsv"));
    settings.mutable_log()->add_input(log);
    settings.mutable_data_set()->set_out(Path(out));
    return settings;
  }
  config::TrainSettings Train(const std::string& out) const {
    config::TrainSettings settings;
    settings.mutable_run_settings()->set_data(Path("data"));
    settings.mutable_run_settings()->set_init_from(Path("model"));
    settings.mutable_run_settings()->set_out(Path(out));
    return settings;
  }

  const testing::TemporaryDirectory directory_;
};

TEST_F(OutputsApart, AFileIsNotWrittenIntoWhatIsRead) {
  for (const char* out : {"model/users.tsv", "self/model/theta/new", "data/lists.tsv", "self/seen.txt"})
    ExpectRefused(Recommend(out), "--out " + Path(out) + " is the same as, or inside, --");
}

TEST_F(OutputsApart, AFileMayGoElsewhere) {
  for (const char* out : {"lists.tsv", "model.tsv", "self/lists.tsv"})
    RequireOutputsApart(Recommend(out), "");
  config::RecommendSettings none = Recommend("x");
  none.clear_out();
  RequireOutputsApart(none, "");
}

TEST_F(OutputsApart, TheFileOfTheSettingsIsReadToo) {
  ExpectRefused(Recommend("my.json"), "inside, --config", Path("self/my.json"));
  ExpectRefused(Train("new"), "above, --config", Path("new/my.json"));
  RequireOutputsApart(Recommend("lists.tsv"), Path("my.json"));
}

TEST_F(OutputsApart, ADirectoryIsNotReplacedWithWhatIsReadInIt) {
  ExpectRefused(Prepare(Path("pd/log.tsv"), "pd"), "is the same as, or above, --input");
  ExpectRefused(Prepare(Path("pd/log.tsv"), "self"), "is the same as, or above, --input");
  RequireOutputsApart(Prepare(Path("pd.tsv"), "pd"), "");
  config::PrepareSettings from_pipe;
  from_pipe.mutable_log()->add_input("-");
  from_pipe.mutable_data_set()->set_out(".");
  RequireOutputsApart(from_pipe, "");
  config::PrepareSettings features = Prepare(Path("log.tsv"), "pd");
  features.mutable_features()->set_features_index(Path("pd/index.tsv"));
  ExpectRefused(features, "above, --features-index");
}

TEST_F(OutputsApart, ADirectoryIsNeitherAboveNorInsideAModelOrItsData) {
  for (const char* out : {"data", "self/data/model", "model/new"}) ExpectRefused(Train(out), "or inside, --");
  ExpectRefused(Train("self"), "or above, --");
  RequireOutputsApart(Train("model.2"), "");
  config::TrainSettings triples = Train("new");
  triples.mutable_run_settings()->set_triples(Path("new/triples"));
  ExpectRefused(triples, "or above, --triples");
}

TEST_F(OutputsApart, ARunGoesNotIntoWhatItReads) {
  config::TrainSettings settings = Train("new");
  config::RunSettings& run = *settings.mutable_run_settings();
  run.set_run(Path("self/data/run"));
  ExpectRefused(settings, "--run " + Path("self/data/run") + " is the same as, or inside, --data");
  run.set_run(Path("new/run"));
  ExpectRefused(settings, "--out " + Path("new") + " is the same as, or above, --run");
  run.set_run(Path("run"));
  run.set_audit(Path("model"));
  ExpectRefused(settings, "--audit " + Path("model") + " is the same as, or inside, --init-from");
  run.set_audit(Path("run"));
  run.set_resume(Path("run"));
  RequireOutputsApart(settings, Path("run/settings.json"));
  run.set_run(directory_.path());  // adds to what is there, and takes no place
  RequireOutputsApart(settings, "");
}

TEST_F(OutputsApart, StudiesGoNotIntoTheirData) {
  config::StudySettings study;
  study.mutable_comparison()->set_data(Path("data"));
  study.mutable_comparison()->set_out(Path("data/study"));
  ExpectRefused(study, "inside, --data");
  config::ScaleSettings scale;
  scale.mutable_series()->set_data(Path("data"));
  scale.mutable_series()->set_out(Path("data"));
  ExpectRefused(scale, "inside, --data");
}

TEST_F(OutputsApart, TwoOutputsAreTwoFiles) {
  config::PredictSettings settings;
  settings.mutable_run()->set_csv(Path("table"));
  settings.mutable_run()->set_html(Path("self/table"));
  ExpectRefused(settings, "--csv " + Path("table") + " is the same as, or above, --html");
  settings.mutable_run()->set_html(Path("page"));
  RequireOutputsApart(settings, "");
  for (const char* device : {"csv", "html"}) fs::create_symlink("/dev/zero", directory_ / device);
  settings.mutable_run()->set_csv(Path("csv"));
  settings.mutable_run()->set_html(Path("html"));
  RequireOutputsApart(settings, "");
}

TEST_F(OutputsApart, APageMayLieInARunOrAStudyButNotOverItsFiles) {
  config::StatusSettings status;
  status.set_run(Path("run"));
  for (const char* kept : {"metrics.jsonl", "result.json", "log", "checkpoints/00000001/manifest.json"}) {
    status.set_page(Path("self/run/") + kept);
    ExpectRefused(status, "inside, --run " + Path("run"));
  }
  status.set_page(Path("run/page.html"));
  RequireOutputsApart(status, "");

  config::ReportSettings report;
  report.set_study(Path("study"));
  for (const char* kept : {"results.json", "study.json", "machine.json", "runs/x/model", "parts/2-of-4"}) {
    report.set_out(Path("study/") + kept);
    ExpectRefused(report, "inside, --study " + Path("study"));
  }
  report.set_out(Path("study/scaling.html"));
  report.set_tables(Path("study/tables"));
  RequireOutputsApart(report, "");
  report.set_out(Path("study/tables"));
  ExpectRefused(report, "or above, --tables");
}

}  // namespace
}  // namespace attune::launch
