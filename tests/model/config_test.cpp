// Models whose files lie about themselves: configurations that cannot be, tensors that do not fit them.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"
#include "msrnn/model.h"

#include "base/temporary_folder.h"
#include "base/thread_pool.h"
#include "formats/convert.h"
#include "model/golden_model.h"

namespace msrnn::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// A model of a file, changed.
class Altered final : public WeightFile {
 public:
  explicit Altered(const WeightFile& file)
      : facts(file.metadata()), list(file.tensors().begin(), file.tensors().end()) {}

  std::string_view format() const override { return "memory"; }
  const Metadata& metadata() const override { return facts; }
  std::span<const StoredTensor> tensors() const override { return list; }

  Metadata facts;
  std::vector<StoredTensor> list;
};

class ModelConfigTest : public ::testing::Test {
 protected:
  // What loading says about the altered model; empty if it loads.
  std::string complaint(const Altered& model) const {
    const std::filesystem::path path = folder_.path() / "altered.gguf";
    ThreadPool threads(1);
    EXPECT_TRUE(convert_to_gguf(model, model.metadata(), DType::f32, path, threads, {}));
    try {
      Model::load(path, {.device = "reference", .threads = 1});
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("altered.gguf"));
      return error.what();
    }
    return {};
  }
  std::string complaint(const std::string& key, Metadata::Value value) const {
    Altered model(*file_);
    model.facts.set("gemma3." + key, std::move(value));
    return complaint(model);
  }

  TemporaryFolder folder_;
  std::unique_ptr<WeightFile> file_ = open_weight_file(write_golden_model("gemma3", folder_));
};

TEST_F(ModelConfigTest, LoadsUnaltered) { EXPECT_EQ(complaint(Altered(*file_)), ""); }

TEST_F(ModelConfigTest, RefusesAnArchitectureByName) {
  Altered model(*file_);
  model.facts.set("general.architecture", std::string("mamba"));
  EXPECT_THAT(complaint(model), AllOf(HasSubstr("mamba"), HasSubstr("llama"), HasSubstr("gemma3")));
}

TEST_F(ModelConfigTest, RefusesImpossibleNumbersByKey) {
  const struct {
    std::string key;
    Metadata::Value value;
    std::string reason;
  } cases[] = {
      {"block_count", std::int64_t{0}, "expected a positive number, found 0"},
      {"block_count", std::int64_t{-1}, "expected a positive number, found -1"},
      {"block_count", std::int64_t{8}, "blk.7."},
      {"block_count", std::int64_t{6}, "blk.6."},
      {"block_count", std::int64_t{2'000'000'000}, "expected at most 65536, found 2000000000"},
      {"block_count", std::string("seven"), "block_count"},
      {"embedding_length", std::int64_t{1} << 40, "expected a positive number"},
      {"embedding_length", std::int64_t{65}, "token_embd.weight"},
      {"attention.head_count", std::int64_t{3}, "expected a multiple of the 2 KV heads, found 3"},
      {"attention.head_count", std::int64_t{8}, "attn_q.weight"},
      {"attention.head_count", std::int64_t{2'000'000'000}, "attn_q.weight"},
      {"attention.head_count_kv", std::int64_t{4}, "attn_k.weight"},
      {"attention.key_length", std::int64_t{2'000'000'000}, "attention.value_length"},
      {"attention.value_length", std::int64_t{16}, "expected 32, the size of a key"},
      {"feed_forward_length", std::int64_t{127}, "ffn_gate.weight"},
      {"attention.layer_norm_rms_epsilon", std::nan(""), "expected a positive number, found nan"},
      {"attention.layer_norm_rms_epsilon", 1.0, "expected less than 1"},
      {"attention.sliding_window", std::int64_t{0}, "expected a positive number, found 0"},
      {"attention.sliding_window_pattern", std::vector<std::int64_t>{1, 0},
       "expected 7 numbers, one a layer, found 2"},
      {"rope.freq_base", 0.0, "expected a positive number, found 0"},
      {"rope.freq_base", std::numeric_limits<double>::infinity(), "expected a positive number, found inf"},
      {"rope.dimension_count", std::int64_t{34}, "expected an even number up to the head size 32, found 34"},
      {"rope.dimension_count", std::int64_t{7}, "expected an even number"},
      {"rope.scaling.type", std::string("su"), "\"su\" is not supported; there are: none, linear"},
      {"rope.scaling.factor", -1.0, "expected a positive number, found -1"},
      {"final_logit_softcapping", -30.0, "expected a cap, found -30"},
  };
  for (const auto& [key, value, reason] : cases) {
    EXPECT_THAT(complaint(key, value), HasSubstr(reason)) << key;
  }
}

// Whatever a number is replaced with, the model is refused with the reason, or is a possible one.
TEST_F(ModelConfigTest, SurvivesAnyValueOfAnyKey) {
  const Metadata::Value hostile[] = {std::int64_t{0},
                                     std::int64_t{-1},
                                     std::int64_t{1},
                                     std::int64_t{1} << 31,
                                     std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::min(),
                                     std::nan(""),
                                     -std::numeric_limits<double>::infinity(),
                                     1e300,
                                     1e-300,
                                     std::string(),
                                     std::vector<std::int64_t>{}};
  for (const auto& [key, value] : file_->metadata().values()) {
    if (!key.starts_with("gemma3.")) continue;
    for (const Metadata::Value& wrong : hostile) EXPECT_NO_THROW(complaint(key.substr(7), wrong)) << key;
  }
}

TEST_F(ModelConfigTest, RefusesTensorsThatAreMissing) {
  for (const StoredTensor& tensor : file_->tensors()) {
    Altered model(*file_);
    std::erase_if(model.list, [&](const StoredTensor& t) { return t.name == tensor.name; });
    EXPECT_THAT(complaint(model), HasSubstr(tensor.name));
  }
}

TEST_F(ModelConfigTest, RefusesTensorsOfOtherShapes) {
  for (std::size_t i = 0; i < file_->tensors().size(); ++i) {
    Altered model(*file_);
    StoredTensor& tensor = model.list[i];
    // As many numbers, in one more dimension.
    tensor.shape.insert(tensor.shape.begin(), 1);
    EXPECT_THAT(complaint(model), AllOf(HasSubstr(tensor.name), HasSubstr("expected")));
  }
}

TEST_F(ModelConfigTest, RefusesTensorsItDoesNotKnow) {
  Altered model(*file_);
  model.list.push_back(model.list.back());
  model.list.back().name = "blk.0.attn_sinks.weight";
  EXPECT_THAT(complaint(model), HasSubstr("blk.0.attn_sinks.weight: not part of a gemma3 model"));
}

}  // namespace
}  // namespace msrnn::testing
