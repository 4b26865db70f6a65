#include "launch/cluster/join_text.h"

#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <iterator>

#include "common/io/json_text.h"

namespace attune::launch::join {

using nlohmann::json;

std::string ToText(const json& what) {
  return io::JsonText(what);
}

json FromText(const std::string& text) {
  return json::parse(text, nullptr, false);
}

std::string HexOf(const std::string& bytes) {
  std::string hex;
  boost::algorithm::hex_lower(bytes, std::back_inserter(hex));
  return hex;
}

std::string BytesOf(const json& hex) {
  const std::string& text = hex.get_ref<const std::string&>();
  std::string bytes;
  try {
    boost::algorithm::unhex(text, std::back_inserter(bytes));
  } catch (const boost::algorithm::hex_decode_error&) {
    throw json::other_error::create(501, "no hexadecimal digits", &hex);
  }
  return bytes;
}

}  // namespace attune::launch::join
