#include "launch/features_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_text.h"
#include "common/run/format.h"
#include "common/thread.h"
#include "launch/dry_run.h"
#include "launch/feature_job.h"
#include "launch/parse_pair.h"
#include "launch/process_memory.h"
#include "launch/signals.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Three numbers with commas between them, or with `one` a single number for all three.
std::array<double, 3> ParseChannels(const char* flag, const std::string& text, bool one) {
  std::array<double, 3> values{};
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= text.size(); ++count) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    if (error != std::errc() || stop != text.data() + end || !std::isfinite(value) ||
        count == values.size()) {
      count = 0;
      break;
    }
    values[count] = value;
    begin = end + 1;
  }
  if (one && count == 1)
    values.fill(values[0]);
  else if (count != values.size())
    ThrowUsage("{} '{}': expected {}three numbers separated by commas", flag, text,
               one ? "one number or " : "");
  return values;
}

ordered_json Described(const config::FeaturesSettings& settings, const media::ExtractorOptions& options) {
  const io::FileDigest digest = io::DigestFile(options.model);
  const auto& preprocessing = options.preprocessing;
  return {{"model",
           {{"file", std::filesystem::path(options.model).filename().string()},
            {"bytes", digest.bytes},
            {"xxh3", digest.xxh3}}},
          {"layer", options.layer},
          {"preprocessing",
           {{"width", preprocessing.width},
            {"height", preprocessing.height},
            {"resize", "bilinear"},
            {"crop", preprocessing.crop},
            {"channels", preprocessing.channels == media::ChannelOrder::kBgr ? "bgr" : "rgb"},
            {"mean", preprocessing.mean},
            {"scale", preprocessing.scale}}},
          {"grid", {options.grid.rows, options.grid.columns}},
          {"frames",
           {{"evenly", options.frames.interval > 0 ? 0 : options.frames.frames},
            {"interval_seconds", options.frames.interval},
            {"most", options.frames.interval > 0 ? options.frames.most : 0}}},
          {"dtype", settings.output().dtype() == config::FEATURE_TYPE_F16 ? "float16" : "float32"},
          {"extractor", media::ExtractorLibrary()}};
}

media::MediaFiles FindFiles(const config::MediaSettings& settings) {
  if (settings.has_images() == settings.has_list()) ThrowUsage("give either --images DIR or --list FILE");
  return settings.has_images() ? media::FindMedia(settings.images()) : media::ReadMediaList(settings.list());
}

FeatureJobOptions ToJobOptions(const config::FeaturesSettings& settings,
                               const media::ExtractorOptions& extractor,
                               std::vector<media::MediaFile> files) {
  FeatureJobOptions options;
  options.files = std::move(files);
  options.out = settings.output().out();
  options.overwrite = settings.output().overwrite();
  options.dtype = settings.output().dtype() == config::FEATURE_TYPE_F16 ? io::DType::kF16 : io::DType::kF32;
  options.threads = ResolveThreads(settings.output().threads());
  options.skip_limit = settings.media().skip_limit();
  options.described = Described(settings, extractor);
  options.make_extractor = [extractor] { return media::MakeExtractor(extractor); };
  options.stop = StopRequested;
  return options;
}

void PrintPlan(const config::FeaturesSettings& settings, const media::MediaFiles& found, bool json) {
  const unsigned threads = ResolveThreads(settings.output().threads());
  const auto videos = static_cast<std::size_t>(
      std::count_if(found.files.begin(), found.files.end(),
                    [](const media::MediaFile& file) { return file.kind == media::MediaKind::kVideo; }));
  const std::size_t images = found.files.size() - videos;
  const ordered_json plan = {
      {"images", images}, {"videos", videos}, {"ignored_files", found.ignored}, {"threads", threads}};
  PrintDryRun(settings, {{"plan", plan}},
              fmt::format("{} pictures and {} videos on {} threads; {} other files are ignored\n", images,
                          videos, threads, found.ignored),
              json);
}

void PrintReport(const FeatureJobReport& report, std::size_t ignored, double seconds, const std::string& out,
                 bool json) {
  const std::size_t items = report.images + report.videos;
  const double rate =
      static_cast<double>(items + report.skipped - std::min(items + report.skipped, report.kept)) / seconds;
  if (json) {
    const ordered_json result = {{"features", out},           {"items", items},
                                 {"images", report.images},   {"videos", report.videos},
                                 {"skipped", report.skipped}, {"ignored_files", ignored},
                                 {"kept_files", report.kept}, {"rows", report.rows},
                                 {"dim", report.dim},         {"seconds", seconds},
                                 {"files_per_second", rate},  {"peak_memory_bytes", PeakMemoryBytes()}};
    WriteStandardOutput(io::JsonText(result) + "\n");
    return;
  }
  WriteStandardOutput(fmt::format(
      "{}: {} items ({} pictures, {} videos), {} vectors of {} numbers; {} unreadable files left out\n"
      "{:.1f} files/s, {}, peak memory {}\n",
      out, items, report.images, report.videos, report.rows, report.dim, report.skipped, rate,
      FormatDuration(seconds), FormatBytes(PeakMemoryBytes())));
}

}  // namespace

media::ExtractorOptions ToExtractorOptions(const config::FeaturesSettings& settings) {
  const auto& network = settings.network();
  const auto& video = settings.media();
  media::ExtractorOptions options;
  options.model = network.model();
  options.layer = network.layer();
  const auto [width, height] = ParsePair("--size", network.size(), 8192);
  options.preprocessing.width = static_cast<int>(width);
  options.preprocessing.height = static_cast<int>(height);
  options.preprocessing.crop = network.crop();
  options.preprocessing.mean = ParseChannels("--mean", network.mean(), false);
  options.preprocessing.scale = ParseChannels("--scale", network.scale(), true);
  options.preprocessing.channels =
      network.channels() == config::CHANNELS_BGR ? media::ChannelOrder::kBgr : media::ChannelOrder::kRgb;
  const auto [rows, columns] = ParsePair("--grid", network.grid(), 255);
  options.grid = {rows, columns};
  const bool by_time = video.frame_interval() > 0;
  if (by_time && video.has_frames())
    ThrowUsage("--frames cannot take effect: --frame-interval chooses the frames");
  if (!by_time && video.has_max_frames())
    ThrowUsage("--max-frames cannot take effect: it needs --frame-interval");
  options.frames = {video.frames(), video.frame_interval(), video.max_frames()};
  return options;
}

int RunFeatures(const config::FeaturesSettings& settings, const CommandContext& context) {
  const media::ExtractorOptions extractor = ToExtractorOptions(settings);
  if (context.dry_run || media::ExtractorLibrary().empty()) media::MakeExtractor(extractor);
  media::MediaFiles found = FindFiles(settings.media());
  if (context.dry_run) {
    PrintPlan(settings, found, context.json);
    return 0;
  }
  const SignalGuard guard;
  const auto began = std::chrono::steady_clock::now();
  const FeatureJobReport report = RunFeatureJob(ToJobOptions(settings, extractor, std::move(found.files)));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  PrintReport(report, found.ignored, seconds, settings.output().out(), context.json);
  return 0;
}

}  // namespace attune::launch
