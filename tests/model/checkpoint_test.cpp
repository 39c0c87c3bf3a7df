// Models of every family against Hugging Face transformers: the checkpoints that make_checkpoints.py writes,
// random weights, with the logits of a pass over the whole text and of its last tokens one by one.
// MSRNN_CHECKPOINTS names their folder.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/expected_logits.h"

namespace msrnn::testing {
namespace {

namespace fs = std::filesystem;

// The folders, and the converted files in them.
std::vector<fs::path> checkpoints() {
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

class CheckpointTest : public ::testing::TestWithParam<fs::path> {
 protected:
  const fs::path folder_ = fs::is_directory(GetParam()) ? GetParam() : GetParam().parent_path();
  const ExpectedLogits expected_{folder_};

  // The numbers of the checkpoint, or fewer bits of them.
  bool is_exact() const { return GetParam() == folder_ || GetParam().stem() == "f32"; }
  std::vector<float> read(const std::string& device, std::size_t block) const {
    return expected_.read(GetParam(), device, block);
  }
};

TEST_P(CheckpointTest, ReferenceHasTheLogitsOfTransformers) {
  if (!is_exact()) GTEST_SKIP() << "holds other numbers than the checkpoint";
  for (const std::size_t block : {1000u, 7u}) expected_.expect(read("reference", block), 1e-4);
}

TEST_P(CheckpointTest, CpuHasTheLogitsOfTransformers) {
  if (!is_exact()) GTEST_SKIP() << "holds other numbers than the checkpoint";
  for (const std::size_t block : {1000u, 1u}) expected_.expect(read("cpu", block), 1e-2);
}

TEST_P(CheckpointTest, CpuHasTheLogitsOfTheReference) {
  EXPECT_LT(relative_difference(read("cpu", 1000), read("reference", 1000)), 1e-2);
}

std::string checkpoint_name(const ::testing::TestParamInfo<fs::path>& info) {
  const fs::path& path = info.param;
  std::string name = fs::is_directory(path)
                         ? path.filename().string()
                         : path.parent_path().filename().string() + "_" + path.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, CheckpointTest, ::testing::ValuesIn(checkpoints()), checkpoint_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CheckpointTest);

TEST(Checkpoints, AreThere) {
  if (std::getenv("MSRNN_CHECKPOINTS") == nullptr) {
    GTEST_SKIP() << "MSRNN_CHECKPOINTS is not set: no family is compared with transformers";
  }
  EXPECT_FALSE(checkpoints().empty());
}

}  // namespace
}  // namespace msrnn::testing
