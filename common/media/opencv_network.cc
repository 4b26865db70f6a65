#include "common/media/opencv_network.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "common/config/nearest.h"
#include "common/error.h"

namespace attune::media {
namespace {

constexpr std::size_t kNamesInError = 40;
/// What OpenCV puts before the names of an ONNX file: of nodes, and of outputs whose node has no name.
constexpr std::array<std::string_view, 2> kPrefixes = {"onnx_node!", "onnx_node_output_0!"};

std::string_view WithoutPrefix(std::string_view name) {
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return name;
}

cv::dnn::Net Load(const std::string& model) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(model, error)) ThrowBadInput("{}: no such file", model);
  try {
    cv::dnn::Net net = cv::dnn::readNetFromONNX(model);
    if (net.empty()) ThrowBadInput("{}: the network has no layers", model);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    return net;
  } catch (const cv::Exception& failure) {
    ThrowBadInput("{}: not an ONNX network that OpenCV {} can read: {}", model, CV_VERSION, failure.err);
  }
}

/// OpenCV's name of a layer that the ONNX file, or OpenCV, calls `wanted`.
std::string FindLayer(const cv::dnn::Net& net, const std::string& wanted, const std::string& model) {
  const std::vector<std::string> names = net.getLayerNames();
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return wanted;
  for (const std::string& name : names) {
    if (WithoutPrefix(name) == wanted) return name;
  }
  std::vector<std::string_view> shown;
  // The last ones: they are the likely ones.
  const std::size_t left_out = names.size() - std::min(names.size(), kNamesInError);
  for (std::size_t n = left_out; n < names.size(); ++n) shown.push_back(WithoutPrefix(names[n]));
  std::vector<std::string> known;
  for (const std::string& name : names) known.emplace_back(WithoutPrefix(name));
  ThrowUsage("--layer '{}': {} has no such layer; it has {}{}{}", wanted, model,
             left_out == 0 ? "" : fmt::format("{} more and, last, ", left_out), fmt::join(shown, ", "),
             config::DidYouMean(wanted, known));
}

std::string ShapeText(const cv::Mat& output) {
  return fmt::format("[{}]", fmt::join(std::vector<int>(output.size.p, output.size.p + output.dims), ", "));
}

}  // namespace

struct OpenCvNetwork::State {
  cv::dnn::Net net;
  std::string model;
  std::string layer;
  Preprocessing preprocessing;

  cv::Mat Input(const cv::Mat& picture) const {
    const auto& mean = preprocessing.mean;
    cv::Mat input = cv::dnn::blobFromImage(picture, 1.0, cv::Size(preprocessing.width, preprocessing.height),
                                           cv::Scalar(mean[0], mean[1], mean[2]),
                                           preprocessing.channels == ChannelOrder::kRgb, preprocessing.crop);
    const auto pixels = static_cast<std::ptrdiff_t>(input.total() / 3);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      float* const begin = input.ptr<float>() + static_cast<std::ptrdiff_t>(channel) * pixels;
      const auto scale = static_cast<float>(preprocessing.scale[channel]);
      std::transform(begin, begin + pixels, begin, [scale](float value) { return value * scale; });
    }
    return input;
  }

  cv::Mat Forward(const cv::Mat& input) {
    try {
      net.setInput(input);
      return net.forward(layer);
    } catch (const cv::Exception& failure) {
      ThrowBadInput("{}: cannot run as far as layer '{}' on a picture of {}x{}: {}; is --size right?", model,
                    WithoutPrefix(layer), preprocessing.width, preprocessing.height, failure.err);
    }
  }
};

OpenCvNetwork::OpenCvNetwork(const std::string& model, const std::string& layer,
                             const Preprocessing& preprocessing)
    : state_(std::make_unique<State>()) {
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);  // we report failures ourselves
  cv::setNumThreads(1);                                                   // the caller has threads
  state_->net = Load(model);
  state_->model = model;
  state_->layer = FindLayer(state_->net, layer, model);
  state_->preprocessing = preprocessing;
}

OpenCvNetwork::~OpenCvNetwork() = default;

LayerOutput OpenCvNetwork::Run(const cv::Mat& picture) {
  const cv::Mat output = state_->Forward(state_->Input(picture));
  const bool map = output.dims == 4;
  if ((!map && output.dims != 2) || output.size[0] != 1 || output.type() != CV_32F || output.total() == 0) {
    ThrowBadInput("{}: layer '{}' gives {}, expected a map [1, C, h, w] or a vector [1, C]", state_->model,
                  WithoutPrefix(state_->layer), ShapeText(output));
  }
  LayerOutput result;
  result.channels = static_cast<std::size_t>(output.size[1]);
  if (map) {
    result.height = static_cast<std::size_t>(output.size[2]);
    result.width = static_cast<std::size_t>(output.size[3]);
  }
  const cv::Mat flat = output.isContinuous() ? output : output.clone();
  result.values.assign(flat.ptr<float>(), flat.ptr<float>() + flat.total());
  return result;
}

}  // namespace attune::media
