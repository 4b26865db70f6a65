#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/media/frame_sampling.h"
#include "common/media/media_files.h"

namespace attune::media {

enum class ChannelOrder { kRgb, kBgr };

/// How a picture becomes the network's input [1, 3, height, width] of f32.
struct Preprocessing {
  int width = 224;    ///< pixels
  int height = 224;   ///< pixels
  bool crop = false;  ///< resize to cover width x height and cut out the middle; else stretch
  ChannelOrder channels = ChannelOrder::kRgb;
  std::array<double, 3> mean{};          ///< subtracted from values 0..255, in the order of `channels`
  std::array<double, 3> scale{1, 1, 1};  ///< then multiplied
};

struct Grid {
  unsigned rows = 7;
  unsigned columns = 7;
};

struct ExtractorOptions {
  std::string model;  ///< ONNX file
  std::string layer;
  Preprocessing preprocessing;
  Grid grid;
  FrameSampling frames;
};

/// The vectors of one item.
struct Components {
  Grid grid{0, 0};                    ///< of a picture: row-major from the top left; {0, 0} for a video
  std::vector<double> frame_seconds;  ///< of a video: when each frame is shown
  std::size_t dim = 0;
  std::vector<float> vectors;  ///< [grid cells or frames, dim]

  std::size_t count() const { return dim == 0 ? 0 : vectors.size() / dim; }
};

/// A file that cannot be decoded; the job may go on without it. The message says why, without the name.
class UnreadableMedia : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Turns pictures and videos into vectors. Runs on the thread that calls it alone; what it returns does not
/// depend on what it was asked before.
/// Threads: confined. Memory: the network, its activations and one decoded picture.
class Extractor {
 public:
  virtual ~Extractor() = default;

  /// Throws UnreadableMedia if the file cannot be decoded, Error(kBadInput) if the layer's output is not
  /// [1, C, h, w] or [1, C].
  virtual Components Extract(const MediaFile& file) = 0;
};

/// What extractors are built on: "OpenCV 4.6.0"; empty if there is none: built without it, or not
/// installed here.
std::string ExtractorLibrary();

/// Loads the network. Errors: Error(kBadInput) for a file that is missing or no ONNX network; Error(kUsage)
/// naming the layers that exist if it has no such layer; Error(kFailed) if there is no OpenCV.
std::unique_ptr<Extractor> MakeExtractor(const ExtractorOptions& options);

}  // namespace attune::media
