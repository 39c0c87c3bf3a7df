#include "eval/roofline.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "backend/registry.h"
#include "eval/bandwidth.h"

namespace msrnn {

Roofline measure_roofline(const std::string& device, const DeviceOptions& options) {
  const std::shared_ptr<Backend> backend = make_backend(device, options);
  const int threads = backend->threads();
  Roofline roofline{threads, measure_read_bandwidth(threads), measure_copy_bandwidth(threads), {}, {}};
  for (std::size_t type = 0; type < kDTypes; ++type) {
    const std::optional<ProductOperation> operation = backend->product_operation(static_cast<DType>(type));
    if (!operation) continue;
    const auto known = std::ranges::find(roofline.peaks, *operation, &ProductPeak::operation);
    roofline.peak_of_type[type] = static_cast<std::size_t>(known - roofline.peaks.begin());
    if (known == roofline.peaks.end()) {
      roofline.peaks.push_back({*operation, backend->measure_peak(static_cast<DType>(type))});
    }
  }
  return roofline;
}

WeightCounts weights_of_layers(const WeightFile& model) {
  WeightCounts weights = {};
  for (const StoredTensor& tensor : model.tensors()) {
    if (tensor.shape.size() != 2 || tensor.name == "token_embd.weight" || tensor.name == "output.weight")
      continue;
    weights[static_cast<std::size_t>(tensor.view.dtype)] += tensor.view.rows * tensor.view.cols;
  }
  return weights;
}

WeightCounts weights_of_output(const WeightFile& model) {
  WeightCounts weights = {};
  const StoredTensor* output = model.find("output.weight");
  if (output == nullptr) output = model.find("token_embd.weight");  // tied: the same matrix
  if (output != nullptr) {
    weights[static_cast<std::size_t>(output->view.dtype)] = output->view.rows * output->view.cols;
  }
  return weights;
}

double seconds_at_peak(const WeightCounts& weights, const Roofline& roofline) {
  double seconds = 0;
  for (std::size_t type = 0; type < weights.size(); ++type) {
    if (weights[type] == 0) continue;
    if (!roofline.peak_of_type[type]) return 0;
    const ProductPeak& peak = roofline.peaks[*roofline.peak_of_type[type]];
    seconds += static_cast<double>(weights[type]) * peak.operation.passes / peak.multiply_adds;
  }
  return seconds;
}

}  // namespace msrnn
