#include "launch/explain/page.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "launch/explain/explanation_text.h"
#include "launch/explain/heat.h"
#include "launch/explain/numbers.h"
#include "launch/explain/page_style.h"
#include "launch/page/html.h"

namespace attune::launch {
namespace {

/// More cells or bars than this are not drawn one by one: neighbours share one.
constexpr std::size_t kMostCells = 1024;

/// What the components of one item are drawn from.
struct ShownComponents {
  ComponentLayout layout;
  std::vector<double> relative;  ///< β M of each cell or bar: 1 is an equal share
  std::size_t group = 1;         ///< components of a bar
};

ShownComponents Show(const std::vector<float>& betas, ComponentLayout layout) {
  ShownComponents shown{std::move(layout), {}, (betas.size() + kMostCells - 1) / kMostCells};
  if (shown.group > 1) shown.layout = {ComponentLayout::Kind::kFrames, 0, 0, {}};
  for (std::size_t begin = 0; begin < betas.size(); begin += shown.group) {
    const std::size_t end = std::min(betas.size(), begin + shown.group);
    double sum = 0;
    for (std::size_t m = begin; m < end; ++m) sum += betas[m];
    shown.relative.push_back(sum * static_cast<double>(betas.size()) / static_cast<double>(end - begin));
  }
  return shown;
}

class Page {
 public:
  explicit Page(const PageContent& content)
      : content_(content),
        explanation_(content.explanation),
        shown_(std::min(content.top, explanation_.history.size())) {
    double greatest = 0;
    for (std::size_t n = 0; n < shown_; ++n) {
      const HistoryPart& part = explanation_.history[n];
      components_.push_back(
          Show(part.components, content.layouts.Of(content.names.Id(part.item), part.components.size())));
      for (const double relative : components_.back().relative) greatest = std::max(greatest, relative);
      greatest_attention_ = std::max(greatest_attention_, part.attention);
      greatest_contribution_ = std::max(greatest_contribution_, std::abs(part.contribution));
    }
    heat_ = HeatScale(greatest);
  }

  std::string Html() {
    Head();
    Header();
    if (!explanation_.history.empty()) {
      History();
      AllItems();
    }
    Add("<footer>Made by attune explain with the model {}. A score is u·v + Σ weight · (p·v): every item of "
        "the history "
        "contributes its own part, and the parts sum to the score.</footer>\n</body>\n</html>\n",
        Escaped(content_.model));
    return std::move(html_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }

  std::string Name(Index row) const { return Escaped(content_.names.Name(row)); }

  void Head() {
    html_ += PageHead(fmt::format("{} for user {}", content_.names.Name(explanation_.item), content_.user),
                      kPageStyle, false);
  }

  void Header() {
    html_ += "<header>\n";
    const std::vector<std::string> pictures = PicturesOf(explanation_.item, 1);
    if (!pictures.empty()) {
      Add("<div class=\"picture\"><img alt=\"\" src=\"{}\"></div>\n", pictures[pictures.size() / 2]);
    }
    Add("<div><h1>Why user {} is recommended {}</h1>\n", Escaped(content_.user), Name(explanation_.item));
    if (explanation_.item_in_history) {
      html_ += "<p class=\"soft\">The item is itself part of the user's history.</p>\n";
    }
    Sums();
    html_ += "</div>\n</header>\n";
  }

  void Sums() {
    const Remainder all = RemainderOf(explanation_, 0);
    html_ += "<table class=\"sums\">\n";
    const auto row = [&](const char* kind, double value, const std::string& what) {
      Add("<tr{}><td class=\"number\">{}</td><td>{}</td></tr>\n", kind, Signed(value), what);
    };
    row("", explanation_.own, "from the user's own vector");
    row("", all.contribution, fmt::format("from {} of the history", Counted(all.items, "item")));
    row(" class=\"total\"", explanation_.score, "score");
    html_ += "</table>\n";
    if (all.items > 1) {
      Add("<p>Attention is spread as over {:.1f} items of equal weight, out of {}.</p>\n",
          explanation_.effective_items, all.items);
    }
  }

  void History() {
    html_ += "<h2>The history, most attended first</h2>\n";
    Legend();
    html_ += "<ol class=\"history\">\n";
    for (std::size_t n = 0; n < shown_; ++n) Card(explanation_.history[n], components_[n]);
    html_ += "</ol>\n";
    const Remainder others = RemainderOf(explanation_, shown_);
    if (others.items > 0) {
      Add("<p>{} more: {} of the attention, contribution {}.</p>\n", Counted(others.items, "item"),
          Percent(others.attention), Signed(others.contribution));
    }
  }

  void Legend() {
    const bool heat = std::any_of(components_.begin(), components_.end(),
                                  [](const auto& shown) { return shown.relative.size() > 1; });
    if (!heat) return;
    Add("<div class=\"legend\"><span>attention to a component: 0 <span class=\"ramp\" "
        "style=\"background:{}\">"
        "</span> {:.1f} times an equal share</span>"
        "<label><input type=\"checkbox\" id=\"heat\" checked> over the pictures</label></div>\n",
        HeatScale::Gradient(), heat_.greatest());
  }

  void Card(const HistoryPart& part, const ShownComponents& shown) {
    const bool frames = shown.layout.kind == ComponentLayout::Kind::kFrames;
    Add("<li{}>\n", frames ? " class=\"wide\"" : "");
    const std::vector<std::string> pictures = PicturesOf(part.item, part.components.size());
    frames ? TimeLine(shown, pictures) : Picture(part, shown, pictures);
    Add("<p class=\"name\">{}</p>\n", Name(part.item));
    Add("<div class=\"measure\"><span>attention</span><span>{}</span></div>"
        "<div class=\"meter\"><i style=\"left:0;width:{:.1f}%\"></i></div>\n",
        Percent(part.attention), 100 * Relative(part.attention, greatest_attention_));
    const double half = 50 * Relative(std::abs(part.contribution), greatest_contribution_);
    const bool plus = part.contribution >= 0;
    Add("<div class=\"measure\"><span>contribution</span><span>{}</span></div>"
        "<div class=\"meter\"><i class=\"{}\" style=\"left:{:.1f}%;width:{:.1f}%\"></i></div>\n</li>\n",
        Signed(part.contribution), plus ? "plus" : "minus", plus ? 50 : 50 - half, half);
  }

  static double Relative(double value, double greatest) { return greatest > 0 ? value / greatest : 0; }

  void Picture(const HistoryPart& part, const ShownComponents& shown,
               const std::vector<std::string>& pictures) {
    const bool heat = shown.layout.kind == ComponentLayout::Kind::kGrid;
    if (pictures.empty() && !heat && !explanation_.attends_content) return;
    if (pictures.empty()) {
      Add("<div class=\"picture empty\">{}", part.components.empty() ? "no content" : "");
    } else {
      Add("<div class=\"picture\"{}><img alt=\"{}\" src=\"{}\">", CropStyle(), Name(part.item), pictures[0]);
    }
    if (heat) HeatMap(shown, pictures.empty() ? 1.0 : 0.5);
    html_ += "</div>\n";
  }

  /// Shows what the network saw.
  std::string CropStyle() const {
    const double ratio = content_.layouts.crop_ratio();
    return ratio > 0 ? fmt::format(" style=\"aspect-ratio:{:.4f}\"", ratio) : "";
  }

  void HeatMap(const ShownComponents& shown, double opacity) {
    const ComponentLayout& layout = shown.layout;
    Add("<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=\"none\" opacity=\"{}\" role=\"img\" "
        "aria-label=\"attention over regions\">",
        layout.columns, layout.rows, opacity);
    for (std::size_t m = 0; m < shown.relative.size(); ++m) {
      Add("<rect x=\"{}\" y=\"{}\" width=\"1.02\" height=\"1.02\" fill=\"{}\"><title>{}: {}</title></rect>",
          m % layout.columns, m / layout.columns, heat_.Colour(shown.relative[m]), ComponentPlace(layout, m),
          Share(shown, m));
    }
    html_ += "</svg>";
  }

  void TimeLine(const ShownComponents& shown, const std::vector<std::string>& pictures) {
    const bool with_pictures = pictures.size() == shown.relative.size();
    Add("<div class=\"frames{}\">", with_pictures ? " shown" : "");
    for (std::size_t m = 0; m < shown.relative.size(); ++m) {
      const double height = 100 * std::min(1.0, shown.relative[m] / heat_.greatest());
      Add("<div title=\"{}: {}\">", ComponentPlace(shown.layout, m * shown.group), Share(shown, m));
      Add("<span class=\"bar\"><i style=\"height:{:.1f}%\"></i></span>", height);
      if (with_pictures) Add("<img alt=\"\" src=\"{}\">", pictures[m]);
      if (m < shown.layout.seconds.size()) Add("<small>{:.1f} s</small>", shown.layout.seconds[m]);
      html_ += "</div>";
    }
    html_ += "</div>\n";
  }

  /// "4.1 % (2.0 times an equal share)"
  static std::string Share(const ShownComponents& shown, std::size_t m) {
    return fmt::format("{} ({:.1f} times an equal share)",
                       Percent(shown.relative[m] / static_cast<double>(shown.relative.size())),
                       shown.relative[m]);
  }

  std::vector<std::string> PicturesOf(Index row, std::size_t components) const {
    const media::MediaFile* const file = content_.pictures.Find(content_.names.Id(row));
    if (file == nullptr) return {};
    return Pictures::DataUris(*file, content_.layouts.FramesOf(std::max<std::size_t>(1, components)));
  }

  void AllItems() {
    Add("<details><summary>All {} of the history as a table</summary>\n<table>\n"
        "<tr><th class=\"number\">attention</th><th "
        "class=\"number\">contribution</th><th>item</th><th>title</th></tr>\n",
        Counted(explanation_.history.size(), "item"));
    for (const HistoryPart& part : explanation_.history) {
      Add("<tr><td class=\"number\">{}</td><td class=\"number\">{}</td><td>{}</td><td>{}</td></tr>\n",
          Percent(part.attention), Signed(part.contribution), Escaped(content_.names.Id(part.item)),
          Escaped(content_.names.Title(part.item)));
    }
    html_ += "</table></details>\n";
  }

  const PageContent& content_;
  const Explanation& explanation_;
  const std::size_t shown_;
  std::vector<ShownComponents> components_;  ///< of the items that get a picture
  double greatest_attention_ = 0;
  double greatest_contribution_ = 0;
  HeatScale heat_{0};
  std::string html_;
};

}  // namespace

std::string ExplanationPage(const PageContent& content) {
  return Page(content).Html();
}

}  // namespace attune::launch
