#include "common/data/synth/gzip_member.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "common/error.h"

namespace attune::synth {
namespace {

la_ssize_t Append(archive* /*archive*/, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void Require(int status, archive* writer) {
  if (status == ARCHIVE_OK) return;
  const char* reason = archive_error_string(writer);
  ThrowFailed("cannot compress with gzip: {}", reason == nullptr ? "unknown reason" : reason);
}

}  // namespace

std::string GzipMember(std::string_view text) {
  std::string member;
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(),
                                                                       &archive_write_free);
  archive* const raw = writer.get();
  Require(archive_write_add_filter_gzip(raw), raw);
  Require(archive_write_set_filter_option(raw, "gzip", "timestamp", nullptr), raw);
  Require(archive_write_set_format_raw(raw), raw);
  Require(archive_write_set_bytes_in_last_block(raw, 1), raw);
  Require(archive_write_open(raw, &member, nullptr, &Append, nullptr), raw);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                            &archive_entry_free);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  Require(archive_write_header(raw, entry.get()), raw);
  if (archive_write_data(raw, text.data(), text.size()) != static_cast<la_ssize_t>(text.size()))
    Require(ARCHIVE_FATAL, raw);
  Require(archive_write_close(raw), raw);
  return member;
}

}  // namespace attune::synth
