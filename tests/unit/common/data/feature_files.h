#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/data/features_index.h"
#include "common/io/npy.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::testing {

/// Items "0", "1", … of a data set.
inline data::FeatureItems NumberedItems(Index count) {
  static std::array<std::string, 1000> names = [] {
    std::array<std::string, 1000> made;
    for (std::size_t n = 0; n < made.size(); ++n) made[n] = std::to_string(n);
    return made;
  }();
  data::FeatureItems items;
  items.count = count;
  items.find = [count](std::string_view id) {
    const Index item = static_cast<Index>(std::stoul(std::string(id)));
    return item < count ? item : kNoIndex;
  };
  items.id_of = [](Index item) { return std::string_view(names[item]); };
  return items;
}

/// Vectors v.npy [rows, dim] and index.tsv in a temporary directory: the items have 0, 1, 2, 3, 4, 0, … of
/// the rows, and the last item of the index is none of the data set.
class FeatureFiles {
 public:
  FeatureFiles(std::size_t dim, const std::vector<float>& values) : dim_(dim) {
    Write("v.npy", values);
    std::string index = "item\tfirst_row\tn_rows\n";
    const std::size_t rows = values.size() / dim;
    for (std::size_t row = 0, count = 0; row < rows; count = (count + 1) % 5, ++items_) {
      const std::size_t n = std::min(count, rows - row);
      index += std::to_string(items_) + "\t" + std::to_string(row) + "\t" + std::to_string(n) + "\n";
      row += n;
    }
    index += std::to_string(items_) + "\t0\t1\n";
    WriteText(directory_ / "index.tsv", index);
  }

  void Write(const std::string& name, const std::vector<float>& values) const {
    io::WriteNpy<float>(directory_ / name, std::array<std::uint64_t, 2>{values.size() / dim_, dim_}, values);
  }
  std::filesystem::path operator/(const std::string& name) const { return directory_ / name; }
  data::FeatureItems items() const { return NumberedItems(items_); }

 private:
  TemporaryDirectory directory_;
  std::size_t dim_;
  Index items_ = 0;
};

}  // namespace attune::testing
