#include "formats/convert.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/mapped_file.h"
#include "base/temporary_folder.h"
#include "formats/gguf.h"
#include "formats/synthetic.h"
#include "tensor/quantise.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A model in memory.
class Model final : public WeightFile {
 public:
  Metadata facts;

  void add(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values,
           DType dtype = DType::f32) {
    const std::int64_t cols = shape.back(), n = std::ssize(values);
    const Buffer& data = data_.emplace_back(static_cast<std::size_t>(stored_bytes(dtype, n)));
    quantise(dtype, values.data(), n, data.data());
    tensors_.push_back({name, std::move(shape), {dtype, n / cols, cols, data.data()}});
  }
  // Numbers that count up from 0.
  void add_counting(const std::string& name, std::vector<std::int64_t> shape, DType dtype = DType::f32) {
    std::int64_t n = 1;
    for (const std::int64_t size : shape) n *= size;
    std::vector<float> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    add(name, std::move(shape), values, dtype);
  }

  std::string_view format() const override { return "memory"; }
  const Metadata& metadata() const override { return facts; }
  std::span<const StoredTensor> tensors() const override { return tensors_; }

 private:
  std::vector<Buffer> data_;
  std::vector<StoredTensor> tensors_;
};

std::vector<float> numbers_of(const WeightFile& file, std::string_view name) {
  const StoredTensor* tensor = file.find(name);
  EXPECT_NE(tensor, nullptr) << name;
  const std::int64_t n = tensor->view.rows * tensor->view.cols;
  std::vector<float> numbers(static_cast<std::size_t>(n));
  dequantise(tensor->view.dtype, tensor->view.data, n, numbers.data());
  return numbers;
}

class Convert : public ::testing::Test {
 protected:
  bool write(const Model& model, DType type, const WriteOptions& options = {}) {
    return convert_to_gguf(model, weight_metadata(model.facts, type), type, target(), pool_, options);
  }
  std::unique_ptr<WeightFile> converted(const Model& model, DType type) {
    EXPECT_TRUE(write(model, type));
    return open_weight_file(target());
  }
  void expect_refused(const Model& model, DType type, const std::string& reason) {
    try {
      write(model, type);
      ADD_FAILURE() << "written; expected: " << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
  std::filesystem::path target() const { return folder_.path() / "out.gguf"; }

  testing::TemporaryFolder folder_;
  ThreadPool pool_{3};
};

TEST_F(Convert, KeepsMetadataOfAllKinds) {
  Model model;
  model.facts.set("truth", true);
  model.facts.set("small", std::int64_t{-5});
  model.facts.set("id", std::int64_t{4294967295});
  model.facts.set("large", std::int64_t{1} << 40);
  model.facts.set("number", 0.25);
  model.facts.set("text", "a\nb");
  model.facts.set("integers", std::vector<std::int64_t>{-1, 2});
  model.facts.set("large integers", std::vector<std::int64_t>{-1, std::int64_t{1} << 33});
  model.facts.set("numbers", std::vector<double>{0.5, -2});
  model.facts.set("texts", std::vector<std::string>{"", "x"});
  model.facts.set("split.count", std::int64_t{2});
  model.facts.set("general.alignment", std::int64_t{64});
  model.facts.set("msrnn.rope.pairs", "halves");
  model.add_counting("token_embd.weight", {2, 32});
  const auto file = converted(model, DType::q4_0);
  Metadata expected = model.facts;
  for (const auto& [key, value] : file->metadata().values()) {
    if (key.starts_with("general.")) continue;
    EXPECT_EQ(value, expected.values().at(key)) << key;
  }
  EXPECT_EQ(file->metadata().values().size(), 10u + 2u);
  EXPECT_EQ(file->metadata().integer("general.file_type"), 2);
  EXPECT_EQ(file->metadata().integer("general.quantization_version"), 2);
}

TEST_F(Convert, ChoosesTypes) {
  std::vector<GgufTensorPlan> plan = {
      {"token_embd.weight", {10, 256}},   {"output.weight", {10, 256}},
      {"blk.0.attn_q.weight", {8, 256}},  {"blk.0.attn_norm.weight", {256}},
      {"blk.0.ffn_up.weight", {256, 96}}, {"blk.0.ffn_down.weight", {256, 40}}};
  const auto types = [&](DType type) {
    choose_types(plan, type);
    std::vector<std::string> names;
    for (const GgufTensorPlan& tensor : plan) names.emplace_back(traits(tensor.dtype).name);
    return names;
  };
  EXPECT_THAT(types(DType::f16), ElementsAre("f16", "f16", "f16", "f32", "f16", "f16"));
  EXPECT_THAT(types(DType::q8_0), ElementsAre("q8_0", "q8_0", "q8_0", "f32", "q8_0", "f16"));
  EXPECT_THAT(types(DType::q4_0), ElementsAre("q4_0", "q6_k", "q4_0", "f32", "q4_0", "f16"));
  EXPECT_THAT(types(DType::q4_k), ElementsAre("q4_k", "q6_k", "q4_k", "f32", "q5_0", "f16"));
  EXPECT_THAT(types(DType::q2_k), ElementsAre("q2_k", "q6_k", "q2_k", "f32", "iq4_nl", "f16"));
  EXPECT_THAT(types(DType::q6_k), ElementsAre("q6_k", "q6_k", "q6_k", "f32", "q8_0", "f16"));
  plan.erase(plan.begin() + 1);  // the embedding is the output matrix
  EXPECT_EQ(types(DType::q4_k).front(), "q6_k");
  plan.front().shape = {10, 32};
  EXPECT_EQ(types(DType::q4_k).front(), "q8_0");
}

TEST_F(Convert, PermutesRowsOfLlamaWhereHalvesTurnTogether) {
  Model model;
  model.facts.set("general.architecture", "llama");
  model.facts.set("llama.attention.key_length", std::int64_t{4});
  model.facts.set("msrnn.rope.pairs", "halves");
  model.add_counting("blk.0.attn_q.weight", {8, 1});
  model.add_counting("blk.0.attn_k.bias", {4});
  model.add_counting("blk.0.attn_v.weight", {8, 1});
  model.add_counting("token_embd.weight", {8, 1});
  const auto file = converted(model, DType::f32);
  EXPECT_THAT(numbers_of(*file, "blk.0.attn_q.weight"), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
  EXPECT_THAT(numbers_of(*file, "blk.0.attn_k.bias"), ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(numbers_of(*file, "blk.0.attn_v.weight"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_FALSE(file->metadata().has("msrnn.rope.pairs"));

  model.facts.set("general.architecture", "qwen2");
  EXPECT_THAT(numbers_of(*converted(model, DType::f32), "blk.0.attn_q.weight"),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  model.facts.set("general.architecture", "llama");
  model.facts.set("llama.attention.key_length", std::int64_t{3});
  std::filesystem::remove(target());
  expect_refused(model, DType::f32, "tensor blk.0.attn_q.weight: 8 rows are not heads of 3");
}

TEST_F(Convert, GivesWhatQuantiseGives) {
  std::vector<float> values(7 * 512);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(0.37f * static_cast<float>(i * i % 1009));
  for (int i = 0; i < kDTypes; ++i) {
    const auto type = static_cast<DType>(i);
    Model model;
    model.add("blk.0.ffn_up.weight", {7, 512}, values);
    model.add("token_embd.weight", {1, 512}, std::vector<float>(512, 1.0f), DType::q8_0);
    const auto file = converted(model, type);
    std::vector<std::byte> expected(static_cast<std::size_t>(stored_bytes(type, 7 * 512)));
    quantise(type, values.data(), 7 * 512, expected.data());
    const TensorView view = file->require("blk.0.ffn_up.weight", {7, 512});
    ASSERT_EQ(view.dtype, type);
    EXPECT_EQ(std::memcmp(view.data, expected.data(), expected.size()), 0) << traits(type).name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 32, 0u);
    EXPECT_EQ(file->find("token_embd.weight")->view.data - file->find("blk.0.ffn_up.weight")->view.data,
              (view.bytes() + 31) / 32 * 32);
  }
}

TEST_F(Convert, CopiesWhatHasTheTypeAlready) {
  Model model;
  model.add_counting("blk.0.ffn_up.weight", {3, 32}, DType::q4_1);
  const StoredTensor& before = model.tensors()[0];
  const auto file = converted(model, DType::q4_1);
  EXPECT_EQ(std::memcmp(file->require(before.name, {3, 32}).data, before.view.data, 3 * 20), 0);
}

TEST_F(Convert, RefusesNumbersThatATypeCannotHold) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(),
                  kNan = std::numeric_limits<float>::quiet_NaN();
  const auto model_of = [](float value) {
    Model model;
    std::vector<float> values(64, 1.0f);
    values[40] = value;
    model.add("blk.0.ffn_up.weight", {2, 32}, values);
    return model;
  };
  for (const float value : {kInfinity, -kInfinity, kNan, 70000.0f, -1e30f}) {
    expect_refused(model_of(value), DType::q8_0, "tensor blk.0.ffn_up.weight: it has numbers");
    expect_refused(model_of(value), DType::f16, "too large for f16");
  }
  EXPECT_TRUE(write(model_of(1e30f), DType::bf16));
}

TEST_F(Convert, LeavesNothingWhenStopped) {
  Model model;
  model.add_counting("blk.0.ffn_up.weight", {64, 32});
  model.add_counting("blk.0.ffn_down.weight", {64, 32});
  std::atomic<bool> stop = false;
  int calls = 0;
  const WriteOptions options = {.progress =
                                    [&](std::int64_t done, std::int64_t total) {
                                      EXPECT_EQ(total, 2 * 64 * 34);
                                      EXPECT_EQ(done, 64 * 34);
                                      ++calls;
                                      stop = true;
                                    },
                                .stop = &stop};
  folder_.write("out.gguf", "precious");
  EXPECT_FALSE(write(model, DType::q8_0, options));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(testing::TemporaryFolder::read(target()), "precious");
  std::filesystem::remove(target());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(Convert, DynamicScalingIsThereForMsrnnAlone) {
  Model model;
  model.facts.set("general.architecture", "llama");
  model.facts.set("llama.rope.scaling.type", "dynamic");
  model.add_counting("token_embd.weight", {1, 32});
  const auto file = converted(model, DType::f32);
  EXPECT_EQ(file->metadata().text("llama.rope.scaling.type"), "dynamic");
  const MappedFile mapped(target());
  EXPECT_EQ(parse_gguf(mapped.bytes(), "x").metadata.text("llama.rope.scaling.type"), "none");
}

TEST(GgufWriter, HoldsItsCallerToThePlan) {
  const testing::TemporaryFolder folder;
  const auto target = folder.path() / "x.gguf";
  EXPECT_THROW(GgufWriter(target, {}, {{"a", {2, 33}, DType::q8_0}}), Error);
  const std::vector<std::byte> bytes(100);
  {
    GgufWriter writer(target, {}, {{"a", {2, 3}, DType::f32}});
    EXPECT_THROW(writer.write(std::span(bytes).first(25)), Error);
    writer.write(std::span(bytes).first(20));
    EXPECT_THROW(writer.commit(), Error);
    writer.write(std::span(bytes).first(4));
    EXPECT_THROW(writer.write(std::span(bytes).first(1)), Error);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

constexpr std::string_view kConfigs[] = {
    R"({"architectures": ["LlamaForCausalLM"], "num_key_value_heads": 2, "rope_scaling": {"rope_type": "llama3", "factor": 8,
        "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 16}, )",
    R"({"architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2, )",
    R"({"architectures": ["Qwen3ForCausalLM"], "num_key_value_heads": 2, "tie_word_embeddings": true, )",
    R"({"architectures": ["Gemma2ForCausalLM"], "num_key_value_heads": 2, "head_dim": 16, )",
    R"({"architectures": ["Gemma3ForCausalLM"], "num_key_value_heads": 2, "head_dim": 16, )",
    R"({"architectures": ["Phi3ForCausalLM"], "num_key_value_heads": 2, )",
};

HfConfig small_config(std::string_view beginning) {
  return read_hf_config(
      std::string(beginning) +
          R"("hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 3000,
      "intermediate_size": 96, "max_position_embeddings": 64})",
      "config.json");
}

class Synthetic : public Convert {
 protected:
  std::string bytes(const HfConfig& config, std::uint64_t seed, int threads) {
    ThreadPool pool(threads);
    EXPECT_TRUE(write_synthetic_model(config, DType::q8_0, seed, target(), pool, {}));
    return testing::TemporaryFolder::read(target());
  }
};

TEST_F(Synthetic, SeedDecidesEveryByte) {
  for (const std::string_view beginning : kConfigs) {
    const HfConfig config = small_config(beginning);
    const std::string first = bytes(config, 1, 1);
    EXPECT_TRUE(first == bytes(config, 1, 4));
    EXPECT_FALSE(first == bytes(config, 2, 1));
  }
}

TEST_F(Synthetic, WeightsAreOfSensibleScale) {
  const HfConfig config = small_config(kConfigs[0]);
  ASSERT_TRUE(write_synthetic_model(config, DType::f32, 1, target(), pool_, {}));
  const auto file = open_weight_file(target());
  for (const auto& [name, mean, spread] : {std::tuple("token_embd.weight", 0.0, 1 / 8.0),
                                           std::tuple("blk.1.ffn_down.weight", 0.0, 1 / std::sqrt(96.0)),
                                           std::tuple("blk.0.attn_norm.weight", 1.0, 0.02)}) {
    const std::vector<float> x = numbers_of(*file, name);
    double sum = 0, squares = 0;
    for (const float v : x) sum += v, squares += (v - mean) * (v - mean);
    const auto n = static_cast<double>(x.size());
    EXPECT_NEAR(sum / n, mean, 4 * spread / std::sqrt(n)) << name;
    EXPECT_NEAR(std::sqrt(squares / n), spread, 3 * spread / std::sqrt(n)) << name;
  }
  EXPECT_EQ(numbers_of(*file, "rope_freqs.weight"), config.rope_factors[0].values);
  EXPECT_NE(numbers_of(*file, "blk.0.attn_q.weight"), numbers_of(*file, "blk.1.attn_q.weight"));
}

TEST_F(Synthetic, VocabularyIsComplete) {
  ASSERT_TRUE(write_synthetic_model(small_config(kConfigs[0]), DType::q8_0, 1, target(), pool_, {}));
  const auto file = open_weight_file(target());
  std::vector<std::string> tokens = file->metadata().texts("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), 3000u);
  EXPECT_EQ(file->metadata().numbers("tokenizer.ggml.scores").size(), 3000u);
  EXPECT_EQ(file->metadata().integers("tokenizer.ggml.token_type").size(), 3000u);
  std::ranges::sort(tokens);
  EXPECT_EQ(std::ranges::adjacent_find(tokens), tokens.end());
  for (const char* token : {"<0x00>", "<0xFF>", "\u2581", "a", "z", "A", "~", "zz", "\u2581aaa"}) {
    EXPECT_TRUE(std::ranges::binary_search(tokens, token)) << token;
  }
}

TEST_F(Synthetic, KnowsItsShapes) {
  EXPECT_THAT(synthetic_shapes(),
              ElementsAre("llama-2-7b", "llama-2-13b", "mistral-7b", "yi-6b", "tinyllama-1.1b"));
  for (const std::string& shape : synthetic_shapes()) read_hf_config(synthetic_config(shape), shape);
  EXPECT_EQ(synthetic_config("llama-3"), "");
  HfConfig config = small_config(kConfigs[0]);
  config.vocabulary = 100;
  EXPECT_THROW(write_synthetic_model(config, DType::q8_0, 1, target(), pool_, {}), Error);
}

}  // namespace
}  // namespace msrnn
