#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/media/extractor.h"

namespace cv {
class Mat;
}

namespace attune::media {

/// What a layer says about one picture.
struct LayerOutput {
  std::vector<float> values;  ///< [channels, height, width]
  std::size_t channels = 0;
  std::size_t height = 1;
  std::size_t width = 1;
};

/// An ONNX network in OpenCV's dnn module, on the calling thread alone.
/// Threads: confined.
class OpenCvNetwork {
 public:
  /// Errors as MakeExtractor.
  OpenCvNetwork(const std::string& model, const std::string& layer, const Preprocessing& preprocessing);
  ~OpenCvNetwork();

  /// @param picture  [height, width] of three 8-bit channels: blue, green, red
  LayerOutput Run(const cv::Mat& picture);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::media
