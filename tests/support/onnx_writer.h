#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Just enough of the ONNX format (a Protocol Buffers message, onnx.proto) to write tiny networks.
namespace attune::testing {

/// Builds the bytes of one Protocol Buffers message.
class WireMessage {
 public:
  WireMessage& Number(unsigned field, std::uint64_t value) {
    Varint(field << 3);
    Varint(value);
    return *this;
  }
  WireMessage& Bytes(unsigned field, std::string_view bytes) {
    Varint(field << 3 | 2);
    Varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  WireMessage& Message(unsigned field, const WireMessage& message) { return Bytes(field, message.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

inline WireMessage OnnxValue(const std::string& name, std::initializer_list<std::uint64_t> shape) {
  WireMessage dims;
  for (const std::uint64_t size : shape) dims.Message(1, WireMessage().Number(1, size));
  constexpr std::uint64_t kFloat = 1;
  const WireMessage tensor = WireMessage().Number(1, kFloat).Message(2, dims);
  return WireMessage().Bytes(1, name).Message(2, WireMessage().Message(1, tensor));
}

inline WireMessage OnnxTensor(const std::string& name, std::initializer_list<std::uint64_t> shape,
                              const std::vector<float>& values) {
  WireMessage tensor;
  for (const std::uint64_t size : shape) tensor.Number(1, size);
  std::string raw(values.size() * sizeof(float), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return tensor.Number(2, 1).Bytes(8, name).Bytes(9, raw);
}

inline WireMessage OnnxNode(const std::string& type, const std::string& name,
                            std::initializer_list<std::string> inputs, const std::string& output) {
  WireMessage node;
  for (const std::string& input : inputs) node.Bytes(1, input);
  return node.Bytes(2, output).Bytes(3, name).Bytes(4, type);
}

/// A network for pictures of size x size:
///   mix     [1, 2, size, size]  channel 0 is a + 2 b + 4 c of the input's three channels, channel 1 is b
///   vector  [1, 2]              the means of both
inline void WriteTinyNetwork(const std::filesystem::path& path, std::uint64_t size) {
  WireMessage kernel;  // attribute kernel_shape = [1, 1]
  kernel.Bytes(1, "kernel_shape").Number(8, 1).Number(8, 1).Number(20, 7);
  WireMessage graph;
  graph.Message(1, OnnxNode("Conv", "mix", {"data", "weights"}, "map").Message(5, kernel));
  graph.Message(1, OnnxNode("GlobalAveragePool", "pool", {"map"}, "pooled"));
  graph.Message(1, OnnxNode("Flatten", "vector", {"pooled"}, "flat"));
  graph.Bytes(2, "tiny");
  graph.Message(5, OnnxTensor("weights", {2, 3, 1, 1}, {1, 2, 4, 0, 1, 0}));
  graph.Message(11, OnnxValue("data", {1, 3, size, size}));
  graph.Message(12, OnnxValue("flat", {1, 2}));
  const WireMessage opset = WireMessage().Bytes(1, "").Number(2, 11);
  const WireMessage model = WireMessage().Number(1, 6).Message(7, graph).Message(8, opset);
  std::ofstream(path, std::ios::binary) << model.bytes();
}

}  // namespace attune::testing
