#include "eval/roofline.h"

#include <numeric>

#include <gtest/gtest.h>

#include "backend/registry.h"
#include "support/tiny_model.h"

namespace msrnn::testing {
namespace {

TEST(Roofline, HasEveryLimitOfTheProcessor) {
  const Roofline roofline = measure_roofline("cpu", {1});
  EXPECT_GT(roofline.read, 1e8);
  EXPECT_GT(roofline.copy, 1e7);
  ASSERT_GE(roofline.peaks.size(), 2u);
  for (const ProductPeak& peak : roofline.peaks) EXPECT_GT(peak.multiply_adds, 1e7) << peak.operation.name;
  for (const auto& peak : roofline.peak_of_type) {
    ASSERT_TRUE(peak);
    EXPECT_LT(*peak, roofline.peaks.size());
  }
}

TEST(Roofline, TheReferenceDeviceClaimsNone) {
  EXPECT_TRUE(measure_roofline("reference", {1}).peaks.empty());
}

TEST(Roofline, CountsTheWeightsOfLayers) {
  const TemporaryFolder folder;
  const TinyModelShape shape{.type = GgufTensor::q8_0};
  const auto model = open_weight_file(write_tiny_model(folder, shape));
  const std::int64_t width = shape.width(), kv = shape.n_kv_heads * shape.head_dim;
  const auto weights = weights_of_layers(*model);
  for (int type = 0; type < kDTypes; ++type) {
    const std::int64_t expected = type == static_cast<int>(DType::q8_0)
                                      ? shape.n_layers * width * (2 * width + 2 * kv + 3 * shape.ffn_width)
                                      : 0;
    EXPECT_EQ(weights[static_cast<std::size_t>(type)], expected) << type;
  }

  const auto n = static_cast<double>(weights[static_cast<std::size_t>(DType::q8_0)]);
  Roofline roofline;
  EXPECT_EQ(seconds_at_peak(weights, roofline), 0);
  roofline.peaks = {{{"f32", 1}, 1e9}, {{"int8", 2}, 4e9}};
  roofline.peak_of_type[static_cast<std::size_t>(DType::q8_0)] = 1;
  EXPECT_DOUBLE_EQ(seconds_at_peak(weights, roofline), n * 2 / 4e9);

  // The tiny model's output matrix is its own, or the embedding.
  WeightCounts output = weights_of_output(*model);
  EXPECT_EQ(std::accumulate(output.begin(), output.end(), std::int64_t{0}), kTinyVocabulary * width);
}

}  // namespace
}  // namespace msrnn::testing
