#include "common/data/synth/tsv_output.h"

#include <fmt/compile.h>

#include <iterator>
#include <numeric>
#include <string>

#include "common/data/dataset_writer.h"
#include "common/data/synth/gzip_member.h"
#include "common/data/synth/in_order.h"
#include "common/data/synth/times.h"
#include "common/error.h"
#include "common/io/output_file.h"

namespace attune::synth {
namespace {

constexpr std::uint64_t kBlockInteractions = 65'536;
constexpr const char* kHeader = "user\titem\ttimestamp\n";

std::string Lines(const LogSource& source, const Times& times, const data::SlicePlan& users,
                  UserDrawer& drawer) {
  std::string lines;
  UserLog log;
  for (Index user = users.first_user; user < users.first_user + users.users; ++user) {
    drawer.Draw(user, log);
    const std::uint32_t rows = source.rows_of()[user];
    for (std::uint32_t at = 0; at < rows; ++at) {
      fmt::format_to(std::back_inserter(lines), FMT_COMPILE("u{}\ti{}\t{}\n"), user, log.items[at],
                     times.Seconds(user, rows, at));
    }
  }
  return lines;
}

}  // namespace

void WriteTsv(const LogSource& source, const Options& options) {
  if (std::filesystem::exists(options.out)) {
    if (!options.overwrite) {
      ThrowUsage("{}: exists already; choose another --out or pass --overwrite to replace it",
                 options.out.string());
    }
    if (!std::filesystem::is_regular_file(options.out))
      ThrowUsage("{}: is not a file; --overwrite does not replace it", options.out.string());
  }
  const bool gzip = options.out.extension() == ".gz";
  const auto rows_of = source.rows_of();
  const std::uint64_t rows = std::accumulate(rows_of.begin(), rows_of.end(), std::uint64_t{0});
  const auto blocks = data::PlanSlices(rows_of, static_cast<std::uint32_t>(rows / kBlockInteractions + 1));
  const Times times(options.seed);
  std::vector<std::unique_ptr<UserDrawer>> drawers(options.threads);

  io::AtomicFile file(options.out);
  file.Write(gzip ? GzipMember(kHeader) : kHeader);
  const auto make = [&](unsigned thread, std::size_t n, std::string& block) {
    if (!drawers[thread]) drawers[thread] = source.NewDrawer();
    block = Lines(source, times, blocks[n], *drawers[thread]);
    if (gzip) block = GzipMember(block);
  };
  InOrder<std::string>(options.threads, blocks.size(), "synth", make,
                       [&](const std::string& block) { file.Write(block); });
  file.Commit();
}

}  // namespace attune::synth
