#include "launch/cluster/late_entry.h"

#include <algorithm>

namespace attune::launch {

using nlohmann::json;

LateEntry::LateEntry(std::unique_ptr<JoinCaller> caller, const json& welcome, std::chrono::seconds within)
    : caller_(std::move(caller)), within_(within) {
  caller_->Read([&] {
    settings_ = welcome.at("settings");
    scheduler_host_ = welcome.at("host");
    encrypted_ = welcome.at("encrypted");
  });
}

NodeDescription LateEntry::Enter(const Entrant& entrant, std::chrono::seconds at_least) {
  const json request = {{"what", "enter"},
                        {"name", fmt::format("{}-{}", caller_->name(), ++entries_)},
                        {"serves", entrant.serves},
                        {"works", entrant.works},
                        {"host", entrant.host},
                        {"host_name", entrant.host_name},
                        {"fingerprint", entrant.fingerprint},
                        {"endpoint", entrant.address.endpoint},
                        {"public_key", entrant.address.public_key},
                        {"threads", entrant.threads}};
  const json answer = caller_->AskUntilAnswered(request, std::max(within_, at_least));
  return DescriptionOfText(caller_->Read([&] { return answer.at("description").get<std::string>(); }));
}

}  // namespace attune::launch
