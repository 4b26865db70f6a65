#include "launch/cluster/life.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"

namespace attune::launch {
namespace {

using nlohmann::json;

/// A note's text and what fills the rest; written at once, so that there is never a mixture of two.
constexpr std::size_t kNoteBytes = 16'384;

json ToJson(const LifeNote& note) {
  const scheduler::Changes& changes = note.changes;
  return {{"life", note.life.number},
          {"resume", note.life.resume},
          {"began", note.began},
          {"given_up", note.given_up},
          {"triples", note.triples},
          {"triples_lost", note.triples_lost},
          {"changes",
           {changes.joined, changes.left, changes.died, changes.repeated_leases, changes.lost_slices,
            changes.ignored}}};
}

LifeNote OfJson(const json& read) {
  LifeNote note;
  note.life.number = io::WholeNumber<std::uint32_t>(read.at("life"));
  read.at("resume").get_to(note.life.resume);
  read.at("began").get_to(note.began);
  read.at("given_up").get_to(note.given_up);
  note.triples = io::WholeNumber<std::uint64_t>(read.at("triples"));
  note.triples_lost = io::WholeNumber<std::uint64_t>(read.at("triples_lost"));
  const json& changes = read.at("changes");
  std::size_t n = 0;
  for (std::uint64_t* const count :
       {&note.changes.joined, &note.changes.left, &note.changes.died, &note.changes.repeated_leases,
        &note.changes.lost_slices, &note.changes.ignored}) {
    *count = io::WholeNumber<std::uint64_t>(changes.at(n++));
  }
  return note;
}

}  // namespace

int MakeLifeNote() {
  const int fd = memfd_create("attune-life", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, kNoteBytes) != 0) {
    ThrowFailed("cannot make memory for what a process leaves behind: {}", ErrnoText(errno));
  }
  return fd;
}

void WriteLifeNote(int fd, const LifeNote& note) {
  std::string text = io::JsonText(ToJson(note));
  if (text.size() > kNoteBytes) ThrowFailed("the name of a checkpoint has {} bytes", note.life.resume.size());
  text.resize(kNoteBytes, ' ');
  if (pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) return;
  ThrowFailed("cannot write what this process leaves behind: {}", ErrnoText(errno));
}

std::optional<LifeNote> ReadLifeNote(int fd) {
  std::string text(kNoteBytes, '\0');
  if (pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return std::nullopt;
  try {
    return OfJson(json::parse(text));
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace attune::launch
