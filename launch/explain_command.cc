#include "launch/explain_command.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/explain/component_layout.h"
#include "launch/explain/explanation.h"
#include "launch/explain/explanation_text.h"
#include "launch/explain/page.h"
#include "launch/model_data.h"
#include "launch/parse_pair.h"
#include "launch/require_effect.h"
#include "launch/standard_streams.h"
#include "launch/titles.h"

namespace attune::launch {
namespace {

constexpr unsigned kMostGridSide = 65'535;

Index FindUser(const data::Dataset& dataset, const std::string& id) {
  const Index user = data::IdIndex(dataset.users()).Find(id);
  if (user == kNoIndex) ThrowBadInput("user '{}' is not in {}", id, (dataset.path() / "users.tsv").string());
  return user;
}

std::optional<Index> FindItem(const config::ExplainSettings& settings, const model::LoadedModel& model) {
  if (!settings.has_item()) return std::nullopt;
  const Index item = data::IdIndex(model.items()).Find(settings.item());
  if (item == kNoIndex) ThrowBadInput("item '{}' is unknown to {}", settings.item(), model.path().string());
  return item;
}

std::optional<std::pair<unsigned, unsigned>> GridOf(const config::ExplainSettings& settings) {
  if (!settings.has_grid()) return std::nullopt;
  return ParsePair("--grid", settings.grid(), kMostGridSide);
}

void WritePage(const config::ExplainSettings& settings, const PageContent& content) {
  io::WriteFileAtomically(settings.html(), ExplanationPage(content));
  log::Info("wrote {}", settings.html());
}

}  // namespace

int RunExplain(const config::ExplainSettings& settings, const CommandContext& context) {
  RequireEffect(settings.has_images(), settings.has_html(), "images", "only the page of --html has pictures");
  const Pictures pictures = settings.has_images() ? Pictures(settings.images()) : Pictures();
  const ComponentLayouts layouts(settings.features_json(), GridOf(settings), pictures);
  const model::LoadedModel model(settings.model());
  const data::Dataset dataset(settings.data());
  const ModelData matched(model, dataset);
  const ItemNames names(model.items(), ReadTitles(settings.titles(), model.items()));
  const Explainer explainer(matched, ResolveThreads(settings.threads()));
  const Explanation explanation =
      explainer.Explain(FindUser(dataset, settings.user()), FindItem(settings, model));
  if (settings.has_html()) {
    WritePage(settings,
              {explanation, settings.user(), names, layouts, pictures, settings.top(), settings.model()});
  }
  if (context.json) {
    const auto json = ExplanationJson(explanation, settings.user(), names);
    WriteStandardOutput(io::JsonText(json) + "\n");
  } else {
    WriteStandardOutput(ExplanationTable(explanation, settings.user(), names, layouts, settings.top()));
  }
  return 0;
}

}  // namespace attune::launch
