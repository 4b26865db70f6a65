#include "common/io/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.h"

namespace attune::io {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Puts together what the parser meets. The library's own way compares each key of an object with all that it
/// has so far, which takes minutes for a manifest of 100,000 files.
class Builder : public nlohmann::json_sax<ordered_json> {
 public:
  explicit Builder(const std::string& name) : name_(name) {}

  bool null() override { return Place(nullptr); }
  bool boolean(bool value) override { return Place(value); }
  bool number_integer(number_integer_t value) override { return Place(value); }
  bool number_unsigned(number_unsigned_t value) override { return Place(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Place(value); }
  bool string(string_t& value) override { return Place(std::move(value)); }
  bool binary(binary_t& value) override { return Place(std::move(value)); }
  bool start_object(std::size_t /*members*/) override { return Open(ordered_json::object()); }
  bool start_array(std::size_t /*elements*/) override { return Open(ordered_json::array()); }

  bool key(string_t& key) override {
    key_ = std::move(key);
    return true;
  }

  bool end_object() override {
    RequireDistinctKeys(open_.back()->get_ref<const ordered_json::object_t&>());
    return end_array();
  }

  bool end_array() override {
    open_.pop_back();
    return true;
  }

  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& failure) override {
    ThrowBadInput("{}: not valid JSON: {}", name_, failure.what());
  }

  ordered_json Take() { return std::move(root_); }

 private:
  bool Place(ordered_json value) {
    Put(std::move(value));
    return true;
  }

  ordered_json& Put(ordered_json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) {
      return open_.back()->get_ref<ordered_json::array_t&>().emplace_back(std::move(value));
    }
    return open_.back()
        ->get_ref<ordered_json::object_t&>()
        .emplace_back(std::move(key_), std::move(value))
        .second;
  }

  /// What is open does not move: nothing is put beside it until it is closed.
  bool Open(ordered_json empty) {
    if (open_.size() >= kMaxJsonDepth)
      ThrowBadInput("{}: nested deeper than {} levels", name_, kMaxJsonDepth);
    open_.push_back(&Put(std::move(empty)));
    return true;
  }

  void RequireDistinctKeys(const ordered_json::object_t& object) const {
    std::vector<std::string_view> keys;
    keys.reserve(object.size());
    for (const auto& [key, value] : object) keys.push_back(key);
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice != keys.end()) ThrowBadInput("{}: '{}' is written twice", name_, *twice);
  }

  const std::string& name_;
  ordered_json root_;
  std::vector<ordered_json*> open_;  ///< the outermost first
  std::string key_;                  ///< of what comes next
};

}  // namespace

ordered_json ParseJson(const std::string& text, const std::string& name) {
  Builder builder(name);
  ordered_json::sax_parse(text, &builder);
  return builder.Take();
}

std::string JsonText(const ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string JsonText(const json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string PlainText(const ordered_json& json) {
  return json.is_string() ? json.get<std::string>() : JsonText(json);
}

}  // namespace attune::io
