// Every family against Hugging Face transformers, on very small models: as a checkpoint's folder, and as the
// GGUF files that are made of it.
#include <filesystem>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "base/thread_pool.h"
#include "formats/convert.h"
#include "model/expected_logits.h"
#include "model/golden_model.h"

namespace msrnn::testing {
namespace {

class GoldenModel : public ::testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path converted(DType type) const {
    const std::filesystem::path target = folder_.path() / "converted.gguf";
    ThreadPool threads(1);
    EXPECT_TRUE(
        convert_to_gguf(*model_, weight_metadata(model_->metadata(), type), type, target, threads, {}));
    return target;
  }

  TemporaryFolder folder_;
  const std::unique_ptr<WeightFile> model_ = open_weight_file(write_golden_model(GetParam(), folder_));
  const ExpectedLogits expected_{golden_model_folder(GetParam())};
};

TEST_P(GoldenModel, ReferenceHasTheLogitsOfTransformers) {
  for (const std::size_t block : {1000u, 7u}) {
    expected_.expect(expected_.read(folder_.path(), "reference", block), 1e-4);
  }
}

TEST_P(GoldenModel, CpuHasTheLogitsOfTransformers) {
  for (const std::size_t block : {1000u, 1u}) {
    expected_.expect(expected_.read(folder_.path(), "cpu", block), 1e-2);
  }
}

TEST_P(GoldenModel, ConvertedItIsTheSame) {
  const std::filesystem::path file = converted(DType::f32);
  expected_.expect(expected_.read(file, "reference", 1000), 1e-4);
  expected_.expect(expected_.read(file, "cpu", 1000), 1e-2);
}

// How much of the logits of transformers weights in fewer bits may lose. These are random, which few bits
// suit less than what is learned;
// logits that had nothing to do with the expected ones would lose all, 1 and more.
constexpr std::pair<DType, double> kBounds[] = {{DType::f16, 8e-3}, {DType::bf16, 5e-2}, {DType::q8_0, 0.15},
                                                {DType::q5_0, 0.6}, {DType::q5_1, 0.6},  {DType::q4_0, 0.9},
                                                {DType::q4_1, 0.9}, {DType::iq4_nl, 0.9}};

TEST_P(GoldenModel, InFewerBitsItIsTheSameOnBothDevicesAndNearTransformers) {
  for (const auto& [type, bound] : kBounds) {
    SCOPED_TRACE(traits(type).name);
    const std::filesystem::path file = converted(type);
    const std::vector<float> reference = expected_.read(file, "reference", 1000);
    EXPECT_LT(relative_difference(expected_.read(file, "cpu", 1000), reference), 1e-2);
    EXPECT_LT(expected_.mean_error(reference), bound);
  }
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenModel, ::testing::ValuesIn(golden_models()), test_name);

}  // namespace
}  // namespace msrnn::testing
