#include "common/data/compressed_input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace attune::data {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;

/// A file as it is on disk.
class PlainFile : public ByteSource {
 public:
  explicit PlainFile(const std::string& path) : name_(InputName(path)) {
    if (path == kStandardInput) {
      fd_ = STDIN_FILENO;
      return;
    }
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) ThrowBadInput("{}: cannot open: {}", name_, ErrnoText(errno));
    posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~PlainFile() override {
    if (fd_ != STDIN_FILENO) close(fd_);
  }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  std::size_t Read(std::span<char> buffer) override {
    for (;;) {
      const ssize_t got = read(fd_, buffer.data(), buffer.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) ThrowBadInput("{}: cannot read: {}", name_, ErrnoText(errno));
    }
  }

  const std::string& name() const { return name_; }

 private:
  std::string name_;
  int fd_ = -1;
};

/// A file whose first bytes were already taken to see what it is.
class PeekedFile : public ByteSource {
 public:
  explicit PeekedFile(const std::string& path) : file_(path), head_(kBlockBytes) {
    std::size_t filled = 0;
    while (filled < kPeekBytes) {  // a pipe may deliver single bytes
      const std::size_t got = file_.Read(std::span(head_).subspan(filled));
      if (got == 0) break;
      filled += got;
    }
    head_.resize(filled);
  }

  std::string_view head() const { return {head_.data(), head_.size()}; }
  const std::string& name() const { return file_.name(); }

  std::size_t Read(std::span<char> buffer) override {
    if (taken_ == head_.size()) return file_.Read(buffer);
    const std::size_t count = std::min(buffer.size(), head_.size() - taken_);
    std::memcpy(buffer.data(), head_.data() + taken_, count);
    taken_ += count;
    return count;
  }

 private:
  static constexpr std::size_t kPeekBytes = 8;

  PlainFile file_;
  std::vector<char> head_;
  std::size_t taken_ = 0;
};

/// The content of a gzip or zstd stream.
class Decompressed : public ByteSource {
 public:
  explicit Decompressed(std::unique_ptr<PeekedFile> file)
      : file_(std::move(file)), block_(kBlockBytes), archive_(archive_read_new(), &archive_read_free) {
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_format_raw(archive_.get());
    archive_read_support_format_empty(archive_.get());
    if (archive_read_open(archive_.get(), this, nullptr, &Decompressed::ReadBlock, nullptr) != ARCHIVE_OK)
      Fail();
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(archive_.get(), &entry);
    if (status == ARCHIVE_EOF) {
      at_end_ = true;
    } else if (status != ARCHIVE_OK) {
      Fail();
    } else if (archive_filter_count(archive_.get()) < 2) {  // the last one passes bytes through as they are
      ThrowBadInput("{}: cannot decompress: the header is cut off or damaged; is the file complete?",
                    file_->name());
    }
  }

  std::size_t Read(std::span<char> buffer) override {
    if (at_end_) return 0;
    const la_ssize_t got = archive_read_data(archive_.get(), buffer.data(), buffer.size());
    if (got < 0) Fail();
    at_end_ = got == 0;
    return static_cast<std::size_t>(got);
  }

 private:
  static la_ssize_t ReadBlock(archive* /*archive*/, void* self, const void** block) {
    auto& me = *static_cast<Decompressed*>(self);
    *block = me.block_.data();
    try {
      return static_cast<la_ssize_t>(me.file_->Read(me.block_));
    } catch (const Error& error) {  // must not pass through the C library
      archive_set_error(me.archive_.get(), EIO, "%s", error.what());
      return -1;
    }
  }

  [[noreturn]] void Fail() {
    const char* reason = archive_error_string(archive_.get());
    ThrowBadInput("{}: cannot decompress: {}; is the file complete?", file_->name(),
                  reason == nullptr ? "unknown reason" : reason);
  }

  std::unique_ptr<PeekedFile> file_;
  std::vector<char> block_;
  std::unique_ptr<archive, decltype(&archive_read_free)> archive_;
  bool at_end_ = false;
};

struct Magic {
  std::string_view bytes;
  const char* what;
};
constexpr std::array kForeign = {Magic{"BZh", "a bzip2 file"},
                                 Magic{"\xFD"
                                       "7zXZ",
                                       "an xz file"},
                                 Magic{"PK\x03\x04", "a zip archive"},
                                 Magic{"7z\xBC\xAF", "a 7-zip archive"},
                                 Magic{"PAR1", "a Parquet file"},
                                 Magic{"\x93NUMPY", "a NumPy array"}};

void RefuseForeignFiles(const PeekedFile& file) {
  for (const Magic& magic : kForeign) {
    if (file.head().starts_with(magic.bytes)) {
      ThrowBadInput("{}: is {}; expected text (TSV or CSV), plain or compressed with gzip or zstd",
                    file.name(), magic.what);
    }
  }
}

}  // namespace

std::string InputName(const std::string& path) {
  return path == kStandardInput ? "standard input" : path;
}

std::unique_ptr<ByteSource> OpenInput(const std::string& path) {
  auto file = std::make_unique<PeekedFile>(path);
  RefuseForeignFiles(*file);
  const bool gzip = file->head().starts_with("\x1F\x8B");
  const bool zstd = file->head().starts_with("\x28\xB5\x2F\xFD");
  if (gzip || zstd) return std::make_unique<Decompressed>(std::move(file));
  return file;
}

}  // namespace attune::data
