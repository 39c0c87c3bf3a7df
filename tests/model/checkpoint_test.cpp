// Models of every family against Hugging Face transformers: the checkpoints that make_checkpoints.py writes,
// random weights, with the logits of a pass over the whole text and of its last tokens one by one.
// MSRNN_CHECKPOINTS names their folder.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "support/npy.h"

namespace msrnn::testing {
namespace {

namespace fs = std::filesystem;

// The folders, and the converted files in them.
std::vector<fs::path> models() {
  std::vector<fs::path> models;
  const char* root = std::getenv("MSRNN_CHECKPOINTS");
  if (root == nullptr) return models;
  for (const fs::directory_entry& folder : fs::directory_iterator(root)) {
    if (!fs::exists(folder.path() / "tokens.npy")) continue;
    models.push_back(folder.path());
    for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".gguf") models.push_back(file.path());
    }
  }
  std::sort(models.begin(), models.end());
  return models;
}

// Logits of all tokens, read in blocks of at most `block`, in an unbounded state.
std::vector<float> logits_of(const Model& model, const std::vector<Token>& tokens, std::size_t block) {
  MultiState state(model, {.policy = "full", .type = "f32"});
  const auto vocabulary = static_cast<std::size_t>(model.config().vocabulary);
  std::vector<float> logits(tokens.size() * vocabulary);
  for (std::size_t first = 0; first < tokens.size(); first += block) {
    const std::size_t n = std::min(block, tokens.size() - first);
    std::vector<std::int32_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = static_cast<std::int32_t>(i);
    const Segment segment{0, static_cast<int>(n), &state, nullptr};
    model.forward({tokens.data() + first, n}, {&segment, 1},
                  {logits.data() + first * vocabulary, n * vocabulary}, {.logits_rows = rows, .observe = {}});
  }
  return logits;
}

// The largest difference, as a part of the root-mean-square logit.
double relative_difference(std::span<const float> found, std::span<const float> expected) {
  double largest = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(double{found[i]} - expected[i]));
    squares += double{expected[i]} * expected[i];
  }
  return largest / std::sqrt(squares / static_cast<double>(expected.size()));
}

class CheckpointTest : public ::testing::TestWithParam<fs::path> {
 protected:
  const fs::path folder_ = fs::is_directory(GetParam()) ? GetParam() : GetParam().parent_path();
  std::vector<Token> tokens_ = read_npy<std::int32_t>(folder_ / "tokens.npy").values;
  std::vector<float> whole_ = read_npy<float>(folder_ / "logits.npy").values;
  std::vector<float> decoded_ = read_npy<float>(folder_ / "decode.npy").values;

  // Where frequencies follow the length, one pass over a longer text turns its first keys differently.
  bool follows_length() const {
    const std::string name = folder_.filename().string();
    return name.ends_with("longrope") || name.ends_with("dynamic");
  }
  // The numbers of the checkpoint, or fewer bits of them.
  bool is_exact() const { return GetParam() == folder_ || GetParam().stem() == "f32"; }

  std::vector<float> read(const std::string& device, std::size_t block) const {
    return logits_of(Model::load(GetParam(), {.device = device, .threads = 2}), tokens_, block);
  }

  void expect_transformers(const std::vector<float>& found, double bound) const {
    ASSERT_EQ(found.size(), whole_.size());
    if (!follows_length()) {
      EXPECT_LT(relative_difference(found, whole_), bound);
    }
    const std::size_t before = whole_.size() - decoded_.size();
    EXPECT_LT(relative_difference({found.data() + before, decoded_.size()}, decoded_), bound);
  }
};

TEST_P(CheckpointTest, ReferenceHasTheLogitsOfTransformers) {
  if (!is_exact()) GTEST_SKIP() << "holds other numbers than the checkpoint";
  for (const std::size_t block : {1000u, 7u}) expect_transformers(read("reference", block), 1e-4);
}

TEST_P(CheckpointTest, CpuHasTheLogitsOfTransformers) {
  if (!is_exact()) GTEST_SKIP() << "holds other numbers than the checkpoint";
  for (const std::size_t block : {1000u, 1u}) expect_transformers(read("cpu", block), 1e-2);
}

TEST_P(CheckpointTest, CpuHasTheLogitsOfTheReference) {
  EXPECT_LT(relative_difference(read("cpu", 1000), read("reference", 1000)), 1e-2);
}

std::string test_name(const ::testing::TestParamInfo<fs::path>& info) {
  const fs::path& path = info.param;
  std::string name = fs::is_directory(path)
                         ? path.filename().string()
                         : path.parent_path().filename().string() + "_" + path.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, CheckpointTest, ::testing::ValuesIn(models()), test_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CheckpointTest);

TEST(Checkpoints, AreThere) {
  if (std::getenv("MSRNN_CHECKPOINTS") == nullptr) {
    GTEST_SKIP() << "MSRNN_CHECKPOINTS is not set: no family is compared with transformers";
  }
  EXPECT_FALSE(models().empty());
}

}  // namespace
}  // namespace msrnn::testing
