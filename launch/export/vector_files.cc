#include "launch/export/vector_files.h"

#include <fmt/core.h>

#include <iterator>

#include "common/error.h"

namespace attune::launch {

void RequireFits(const data::IdTable& ids, config::VectorText text) {
  if (text != config::VECTOR_TEXT_WORD2VEC) return;
  for (Index row = 0; row < ids.size(); ++row) {
    if (ids[row].find_first_of(" \v\f") == std::string_view::npos) continue;
    ThrowBadInput("{}:{}: id '{}' has a space in it, at which word2vec's text would cut it; pass --text tsv",
                  ids.path().string(), row + 1, ids[row]);
  }
}

VectorFiles::VectorFiles(const std::filesystem::path& directory, const char* name, const data::IdTable& ids,
                         std::size_t dim, config::VectorText text)
    : ids_(ids),
      separator_(text == config::VECTOR_TEXT_TSV ? '\t' : ' '),
      npy_(directory / fmt::format("{}.npy", name), io::DType::kF32, {dim}) {
  if (text == config::VECTOR_TEXT_NONE) return;
  const bool tsv = text == config::VECTOR_TEXT_TSV;
  text_ = std::make_unique<io::OutputFile>(directory / fmt::format("{}.{}", name, tsv ? "tsv" : "vec"));
  if (!tsv) text_->Write(fmt::format("{} {}\n", ids.size(), dim));
}

void VectorFiles::AppendText(std::span<const float> vector) {
  const Index row = row_++;
  if (!text_) return;
  line_.assign(ids_[row]);
  for (const float value : vector) {
    line_ += separator_;
    fmt::format_to(std::back_inserter(line_), "{}", value);
  }
  line_ += '\n';
  text_->Write(line_);
}

void VectorFiles::Close() {
  npy_.Close();
  if (text_) text_->Close();
}

}  // namespace attune::launch
