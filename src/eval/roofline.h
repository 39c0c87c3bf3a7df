// The limits of a machine, and how near to them a model is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/registry.h"
#include "formats/weight_file.h"

namespace msrnn {

struct ProductPeak {
  ProductOperation operation;
  double multiply_adds = 0;  // a second
};

struct Roofline {
  int threads = 1;
  double read = 0, copy = 0;       // bytes a second
  std::vector<ProductPeak> peaks;  // one for each operation that some type of weights uses
  // Of the operation that multiplies weights of each type (by DType); none where the device knows no peak.
  std::array<std::optional<std::size_t>, kDTypes> peak_of_type;
};

// Of the named device. Takes about two seconds.
Roofline measure_roofline(const std::string& device, const DeviceOptions& options);

// How many weights of each type (by DType) every token is multiplied with: all matrices but the embedding and
// the output, which only some tokens need.
using WeightCounts = std::array<std::int64_t, kDTypes>;
WeightCounts weights_of_layers(const WeightFile& model);
// The same of the output matrix, which gives the logits of a token.
WeightCounts weights_of_output(const WeightFile& model);

// Seconds that the products with these weights take for one token at the peak of their operations. 0 where
// the device knows no peak.
double seconds_at_peak(const WeightCounts& weights, const Roofline& roofline);

}  // namespace msrnn
