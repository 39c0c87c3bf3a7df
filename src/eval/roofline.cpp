#include "eval/roofline.h"

#include <algorithm>
#include <array>
#include <optional>

#include "backend/registry.h"
#include "eval/bandwidth.h"

namespace msrnn {

Roofline measure_roofline(const std::string& device, int threads) {
  const std::shared_ptr<Backend> backend = make_backend(device, threads);
  Roofline roofline{threads, measure_read_bandwidth(threads), measure_copy_bandwidth(threads), {}};
  for (const DType type : {DType::f32, DType::bf16, DType::q8_0}) {
    const std::optional<ProductPeak> peak = backend->measure_peak(type);
    if (!peak) continue;
    const bool known = std::ranges::any_of(
        roofline.peaks, [&](const ProductPeak& p) { return p.operation == peak->operation; });
    if (!known) roofline.peaks.push_back(*peak);
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

double seconds_at_peak(const WeightCounts& weights, const std::string& device, int threads) {
  const std::shared_ptr<Backend> backend = make_backend(device, threads);
  double seconds = 0;
  for (std::size_t type = 0; type < weights.size(); ++type) {
    if (weights[type] == 0) continue;
    const std::optional<ProductPeak> peak = backend->measure_peak(static_cast<DType>(type));
    if (!peak) return 0;
    seconds += static_cast<double>(weights[type] * peak->passes) / peak->multiply_adds;
  }
  return seconds;
}

}  // namespace msrnn
