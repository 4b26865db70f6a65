#include "launch/command.h"
#include "launch/doctor/doctor_command.h"
#include "launch/evaluate_command.h"
#include "launch/explain_command.h"
#include "launch/export_command.h"
#include "launch/features_command.h"
#include "launch/inspect_command.h"
#include "launch/local_command.h"
#include "launch/predict/predict_command.h"
#include "launch/prepare_command.h"
#include "launch/recommend_command.h"
#include "launch/report/report_command.h"
#include "launch/scale/scale_command.h"
#include "launch/score_command.h"
#include "launch/settings_reference_command.h"
#include "launch/similar_command.h"
#include "launch/status/status_command.h"
#include "launch/study/study_command.h"
#include "launch/synth_command.h"
#include "launch/train_command.h"

namespace attune::launch {
namespace {

CommandTable MakeTable() {
  CommandTable table{
      MakeCommand<config::PrepareSettings>({"prepare", "turn interaction logs into a data set"}, RunPrepare),
      MakeCommand<config::SynthSettings>(
          {"synth", "make a log or a data set of any size, or one with planted attention"}, RunSynth),
      MakeCommand<config::FeaturesSettings>(
          {"features", "make component features of pictures and videos", true}, RunFeatures),
      MakeCommand<config::TrainSettings>({"train", "train a model on a prepared data set", true}, RunTrain),
      MakeCommand<config::TrainSettings>(
          {"scheduler", "train with processes whose roles are given: this one is the scheduler"},
          RunScheduler),
      MakeCommand<config::RoleSettings>({"server", "a process of such a job that owns rows"}, RunServer),
      MakeCommand<config::RoleSettings>({"worker", "a process of such a job that trains"}, RunWorker),
      MakeCommand<config::EvaluateSettings>({"evaluate", "measure a model on held-out interactions"},
                                            RunEvaluate),
      MakeCommand<config::StatusSettings>({"status", "say how far a run is, or how it ended"}, RunStatus),
      MakeCommand<config::StudySettings>(
          {"study", "compare methods: tune, train and measure each of them", true}, RunStudy),
      MakeCommand<config::ScaleSettings>(
          {"scale", "measure how training scales over threads, processes and hosts", true}, RunScale),
      MakeCommand<config::ReportSettings>(
          {"report", "make a page of a study, or of how training scales: figures and tables"}, RunReport),
      MakeCommand<config::RecommendSettings>({"recommend", "list the best items of users"}, RunRecommend),
      MakeCommand<config::SimilarSettings>({"similar", "list the items that are most like others"},
                                           RunSimilar),
      MakeCommand<config::ExportSettings>(
          {"export", "write vectors of users and items for programs that serve them"}, RunExport),
      MakeCommand<config::ScoreSettings>({"score", "score pairs of user and item"}, RunScore),
      MakeCommand<config::ExplainSettings>({"explain", "show why a user is recommended an item"}, RunExplain),
      MakeCommand<config::InspectSettings>({"inspect", "say what a data set or a model holds, and verify it"},
                                           RunInspect),
  };
  table.push_back(MakeCommand<config::DoctorSettings>(
      {"doctor", "look at the hosts on which a job is to run, and at the network between them"}, RunDoctor));
  table.push_back(MakeCommand<config::PredictSettings>(
      {"predict", "say what a job on many hosts would do: speed, staleness, memory, energy", true},
      RunPredict));
  Command local;
  local.spec = {"local", "run a command as several ranks on this host, without MPI"};
  local.run_raw = RunLocal;
  table.push_back(local);
  table.push_back(SettingsReferenceCommand());
  return table;
}

}  // namespace

const CommandTable& AllCommands() {
  static const CommandTable table = MakeTable();
  return table;
}

}  // namespace attune::launch
