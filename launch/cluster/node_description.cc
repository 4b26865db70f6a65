#include "launch/cluster/node_description.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"

namespace attune::launch {

using nlohmann::json;

namespace {

template <typename T>
void ReadNumber(const json& from, T& to) {
  to = io::WholeNumber<T>(from);
}

template <typename T>
void ReadNumbers(const json& from, std::vector<T>& to) {
  for (const json& number : from) to.push_back(io::WholeNumber<T>(number));
}

NodeDescription Parse(const json& read) {
  NodeDescription description;
  for (std::size_t n = 0; n < description.job.size(); ++n)
    ReadNumber(read.at("job").at(n), description.job[n]);
  ReadNumber(read.at("node"), description.node);
  ReadNumber(read.at("incarnation"), description.incarnation);
  ReadNumber(read.at("life"), description.life);
  read.at("host").get_to(description.host);
  read.at("where").get_to(description.where);
  read.at("fingerprint").get_to(description.fingerprint);
  read.at("settings").get_to(description.settings);
  read.at("serves").get_to(description.duties.serves);
  read.at("works").get_to(description.duties.works);
  ReadNumber(read.at("local_rank"), description.local_rank);
  if (const json& seat = read.at("first_seat"); !seat.is_null()) {
    description.first_seat = io::WholeNumber<std::uint32_t>(seat);
  }
  ReadNumber(read.at("processes"), description.processes);
  ReadNumbers(read.at("leaders"), description.plan.leaders);
  ReadNumbers(read.at("owners"), description.plan.owners);
  ReadNumber(read.at("leader"), description.plan.leader);
  ReadNumber(read.at("working_hosts"), description.plan.working_hosts);
  read.at("joinable").get_to(description.plan.joinable);
  read.at("bind_host").get_to(description.bind_host);
  ReadNumber(read.at("listen_fd"), description.listen_fd);
  ReadNumber(read.at("memory_fd"), description.memory_fd);
  ReadNumber(read.at("snapshot_fd"), description.snapshot_fd);
  const json& shape = read.at("shape");
  description.shape.job = description.job;
  std::size_t n = 0;
  for (std::uint64_t* const bytes : {&description.shape.users, &description.shape.items,
                                     &description.shape.theta, &description.shape.gate})
    ReadNumber(shape.at(n++), *bytes);
  ReadNumber(read.at("snapshot_bytes"), description.snapshot_bytes);
  ReadNumber(read.at("note_fd"), description.note_fd);
  ReadNumber(read.at("join_fd"), description.join_fd);
  read.at("public_key").get_to(description.keys.public_key);
  read.at("secret_key").get_to(description.keys.secret_key);
  for (const json& address : read.at("addresses")) {
    description.addresses.push_back({address.at(0), address.at(1)});
  }
  return description;
}

}  // namespace

std::uint64_t NodeDescription::job_number() const {
  std::uint64_t number = 0;
  std::memcpy(&number, job.data(), sizeof number);
  return number;
}

std::string ToText(const NodeDescription& description) {
  json addresses = json::array();
  for (const net::Address& address : description.addresses) {
    addresses.push_back({address.endpoint, address.public_key});
  }
  return io::JsonText(json{
      {"job", description.job},
      {"node", description.node},
      {"incarnation", description.incarnation},
      {"life", description.life},
      {"host", description.host},
      {"where", description.where},
      {"fingerprint", description.fingerprint},
      {"settings", description.settings},
      {"serves", description.duties.serves},
      {"works", description.duties.works},
      {"local_rank", description.local_rank},
      {"first_seat", description.first_seat ? json(*description.first_seat) : json()},
      {"processes", description.processes},
      {"leaders", description.plan.leaders},
      {"owners", description.plan.owners},
      {"leader", description.plan.leader},
      {"working_hosts", description.plan.working_hosts},
      {"joinable", description.plan.joinable},
      {"bind_host", description.bind_host},
      {"listen_fd", description.listen_fd},
      {"memory_fd", description.memory_fd},
      {"snapshot_fd", description.snapshot_fd},
      {"shape",
       {description.shape.users, description.shape.items, description.shape.theta, description.shape.gate}},
      {"snapshot_bytes", description.snapshot_bytes},
      {"note_fd", description.note_fd},
      {"join_fd", description.join_fd},
      {"public_key", description.keys.public_key},
      {"secret_key", description.keys.secret_key},
      {"addresses", addresses}});
}

std::optional<NodeDescription> FindNodeDescription() {
  const char* const variable = std::getenv(kNodeVariable);
  if (variable == nullptr) return std::nullopt;
  const int fd = std::atoi(variable);
  struct stat status {};
  std::string text;
  if (fstat(fd, &status) == 0) {
    text.resize(static_cast<std::size_t>(status.st_size));
    if (pread(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) text.clear();
  }
  close(fd);
  unsetenv(kNodeVariable);
  return DescriptionOfText(text);
}

NodeDescription DescriptionOfText(const std::string& text) {
  try {
    return Parse(json::parse(text));
  } catch (const json::exception& problem) {
    ThrowFailed(
        "the description of a node cannot be read ({}); agents of one version of the program make them",
        problem.what());
  }
}

}  // namespace attune::launch
