#include "launch/doctor/host_facts.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "common/config/settings_json.h"
#include "common/data/dataset.h"
#include "common/error.h"
#include "common/io/json_text.h"
#include "common/run/available_memory.h"
#include "common/thread.h"
#include "launch/cluster/host_identity.h"
#include "launch/doctor/shared_directory.h"
#include "launch/program_identity.h"
#include "ps/unnamed_file.h"

namespace attune::launch {
namespace {

std::string ProcessorModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::vector<unsigned> AllowedProcessors() {
  cpu_set_t set;
  std::vector<unsigned> processors;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (unsigned n = 0; n < CPU_SETSIZE; ++n) {
    if (CPU_ISSET(n, &set)) processors.push_back(n);
  }
  return processors;
}

std::uint64_t SoftLimit(int resource) {
  rlimit limit{};
  return getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0 ? limit.rlim_cur : 0;
}

/// Whether memory for tables can be made: containers may forbid it.
std::string MemoryProblem(const std::string& directory) {
  try {
    const int fd =
        directory.empty() ? memfd_create("attune-doctor", MFD_CLOEXEC) : ps::UnnamedFile(directory, 4096);
    if (fd < 0) return "memfd_create: " + ErrnoText(errno);
    close(fd);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

void LookAtData(const std::string& path, HostFacts& facts) {
  if (path.empty()) return;
  try {
    facts.data = data::Dataset(path).Fingerprint();
  } catch (const Error& error) {
    facts.data_problem = error.what();
  }
}

}  // namespace

HostFacts CollectFacts(const config::DoctorSettings& settings) {
  HostFacts facts;
  facts.host = HostIdentity();
  facts.host_name = HostName();
  facts.program = ProgramIdentity();
  facts.settings = io::JsonText(config::SettingsToJson(settings));
  utsname kernel{};
  if (uname(&kernel) == 0) facts.kernel = fmt::format("{} {}", kernel.sysname, kernel.release);
  facts.processor = ProcessorModel();
  facts.processors = AllowedProcessors();
  facts.threads = ResolveThreads(settings.threads());
  facts.memory_total =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const AvailableMemory memory = FindAvailableMemory();
  facts.memory_available = memory.bytes;
  facts.memory_bound_by = memory.bound_by;
  facts.memory_problem = MemoryProblem(settings.shm_dir());
  facts.open_files = SoftLimit(RLIMIT_NOFILE);
  facts.most_processes = SoftLimit(RLIMIT_NPROC);
  facts.address_space = SoftLimit(RLIMIT_AS);
  facts.shm_bytes = FreeBytes("/dev/shm");
  LookAtData(settings.data(), facts);
  if (settings.has_out()) facts.out_bytes = FreeBytes(ExistingParent(settings.out()));
  if (PretendsHost()) {
    facts.addresses = {{"lo", "127.0.0.1", "127.0.0.0/8"}};
  } else {
    facts.addresses = InterfaceAddresses();
  }
  return facts;
}

void to_json(nlohmann::json& to, const HostFacts& facts) {
  nlohmann::json addresses = nlohmann::json::array();
  for (const auto& one : facts.addresses) addresses.push_back({one.interface, one.address, one.network});
  to = {{"host", facts.host},
        {"host_name", facts.host_name},
        {"program", facts.program},
        {"settings", facts.settings},
        {"kernel", facts.kernel},
        {"processor", facts.processor},
        {"processors", facts.processors},
        {"threads", facts.threads},
        {"memory_total", facts.memory_total},
        {"memory_available", facts.memory_available},
        {"memory_bound_by", facts.memory_bound_by},
        {"memory_problem", facts.memory_problem},
        {"open_files", facts.open_files},
        {"most_processes", facts.most_processes},
        {"address_space", facts.address_space},
        {"shm_bytes", facts.shm_bytes},
        {"data", facts.data},
        {"data_problem", facts.data_problem},
        {"out_bytes", facts.out_bytes},
        {"out_problem", facts.out_problem},
        {"addresses", addresses}};
}

void from_json(const nlohmann::json& from, HostFacts& facts) {
  from.at("host").get_to(facts.host);
  from.at("host_name").get_to(facts.host_name);
  from.at("program").get_to(facts.program);
  from.at("settings").get_to(facts.settings);
  from.at("kernel").get_to(facts.kernel);
  from.at("processor").get_to(facts.processor);
  from.at("processors").get_to(facts.processors);
  from.at("threads").get_to(facts.threads);
  from.at("memory_total").get_to(facts.memory_total);
  from.at("memory_available").get_to(facts.memory_available);
  from.at("memory_bound_by").get_to(facts.memory_bound_by);
  from.at("memory_problem").get_to(facts.memory_problem);
  from.at("open_files").get_to(facts.open_files);
  from.at("most_processes").get_to(facts.most_processes);
  from.at("address_space").get_to(facts.address_space);
  from.at("shm_bytes").get_to(facts.shm_bytes);
  from.at("data").get_to(facts.data);
  from.at("data_problem").get_to(facts.data_problem);
  from.at("out_bytes").get_to(facts.out_bytes);
  from.at("out_problem").get_to(facts.out_problem);
  for (const auto& one : from.at("addresses")) facts.addresses.push_back({one[0], one[1], one[2]});
}

}  // namespace attune::launch
