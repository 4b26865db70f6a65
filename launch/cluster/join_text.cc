#include "launch/cluster/join_text.h"

namespace attune::launch::join {

using nlohmann::json;

std::string ToText(const json& what) {
  const auto bytes = json::to_cbor(what);
  return {bytes.begin(), bytes.end()};
}

json FromText(const std::string& text) {
  return json::from_cbor(text, true, false);
}

json BytesOf(const std::string& text) {
  return json::binary({text.begin(), text.end()});
}

std::string TextOf(const json& bytes) {
  const auto& binary = bytes.get_binary();
  return {binary.begin(), binary.end()};
}

}  // namespace attune::launch::join
