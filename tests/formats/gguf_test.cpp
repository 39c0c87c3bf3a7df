#include "formats/gguf.h"

#include <bit>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "formats/small_gguf.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;
using testing::GgufBuilder;
using testing::GgufBytes;
using testing::GgufTensor;
using ::testing::IsEmpty;

GgufContents parse(const GgufBytes& file) { return parse_gguf(file.bytes, "test.gguf"); }

TEST(Gguf, ReadsEveryKindOfValue) {
  const GgufBytes file = testing::small_gguf().build();
  const GgufContents contents = parse(file);
  const Metadata& metadata = contents.metadata;
  EXPECT_EQ(contents.version, 3u);
  EXPECT_EQ(metadata.values().size(), 19u);
  EXPECT_EQ(metadata.integer("u8"), 200);
  EXPECT_EQ(metadata.integer("i8"), -100);
  EXPECT_EQ(metadata.integer("u16"), 60000);
  EXPECT_EQ(metadata.integer("i16"), -30000);
  EXPECT_EQ(metadata.integer("u32"), 4000000000);
  EXPECT_EQ(metadata.integer("i32"), -2000000000);
  EXPECT_EQ(metadata.integer("u64"), 9223372036854775807);
  EXPECT_EQ(metadata.integer("i64"), -9223372036854775807);
  EXPECT_EQ(metadata.number("f32"), static_cast<double>(0.1f));
  EXPECT_EQ(metadata.number("f64"), 0.1);
  EXPECT_TRUE(metadata.boolean("yes"));
  EXPECT_FALSE(metadata.boolean("no"));
  EXPECT_EQ(metadata.text("text"), std::string("naïve\0text", 11));
  EXPECT_EQ(metadata.text("empty"), "");
  EXPECT_THAT(metadata.texts("words"), ElementsAre("", "a", "bc"));
  EXPECT_THAT(metadata.integers("integers"), ElementsAre(-1, 0, 1));
  EXPECT_THAT(metadata.numbers("numbers"), ElementsAre(0.5, -2.0));
  EXPECT_THAT(metadata.integers("flags"), ElementsAre(1, 0));
  EXPECT_THAT(metadata.integers("none"), IsEmpty());
}

TEST(Gguf, ReadsArraysOfTruthValuesAsIntegers) {
  const GgufBytes file = GgufBuilder().add_array("flags", std::vector<std::uint8_t>{1, 0, 1}).build();
  constexpr std::uint32_t kBoolean = 7;
  EXPECT_THAT(parse(file.with("flags.value", kBoolean)).metadata.integers("flags"), ElementsAre(1, 0, 1));
}

TEST(Gguf, ReadsTensorsWithTheOutermostDimensionFirst) {
  const GgufBytes file = testing::small_gguf().build();
  const GgufContents contents = parse(file);
  ASSERT_EQ(contents.tensors.size(), 7u);
  const std::byte* data = file.bytes.data() + file.fields.at("data");
  std::int64_t offset = 0;
  for (const StoredTensor& tensor : contents.tensors) {
    EXPECT_EQ(tensor.view.data - data, offset) << tensor.name;
    for (std::int64_t i = 0; i < tensor.view.bytes(); ++i) {
      ASSERT_EQ(tensor.view.data[i], static_cast<std::byte>(i)) << tensor.name;
    }
    offset += (tensor.view.bytes() + 31) / 32 * 32;
  }
  EXPECT_EQ(data + offset, file.bytes.data() + file.bytes.size());

  const StoredTensor& cube = contents.tensors[2];
  EXPECT_EQ(cube.name, "cube");
  EXPECT_THAT(cube.shape, ElementsAre(2, 3, 4));
  EXPECT_EQ(cube.view.rows, 6);
  EXPECT_EQ(cube.view.cols, 4);
  EXPECT_EQ(cube.view.dtype, DType::bf16);
  EXPECT_THAT(contents.tensors[0].shape, ElementsAre(3));
  EXPECT_EQ(contents.tensors[0].view.rows, 1);
  EXPECT_EQ(contents.tensors[4].view.dtype, DType::q8_0);
  EXPECT_EQ(contents.tensors[5].view.dtype, DType::q4_0);
  EXPECT_EQ(contents.tensors[6].view.dtype, DType::q4_1);
}

// Rows, as many bytes as the gguf package says their blocks take, and nothing between them and the end.
TEST(Gguf, ReadsEveryQuantisedType) {
  struct Type {
    GgufTensor stored;
    DType dtype;
    std::int64_t block_size;
    std::size_t block_bytes;
  };
  const Type types[] = {
      {GgufTensor::q4_0, DType::q4_0, 32, 18},     {GgufTensor::q4_1, DType::q4_1, 32, 20},
      {GgufTensor::q5_0, DType::q5_0, 32, 22},     {GgufTensor::q5_1, DType::q5_1, 32, 24},
      {GgufTensor::q8_0, DType::q8_0, 32, 34},     {GgufTensor::q2_k, DType::q2_k, 256, 84},
      {GgufTensor::q3_k, DType::q3_k, 256, 110},   {GgufTensor::q4_k, DType::q4_k, 256, 144},
      {GgufTensor::q5_k, DType::q5_k, 256, 176},   {GgufTensor::q6_k, DType::q6_k, 256, 210},
      {GgufTensor::iq4_nl, DType::iq4_nl, 32, 18}, {GgufTensor::iq4_xs, DType::iq4_xs, 256, 136},
  };
  for (const Type& type : types) {
    const auto data = testing::counting_bytes(6 * type.block_bytes);
    const GgufBytes file = GgufBuilder().add_tensor("t", {3, 2 * type.block_size}, type.stored, data).build();
    const GgufContents contents = parse(file);
    const TensorView& view = contents.tensors[0].view;
    EXPECT_EQ(view.dtype, type.dtype);
    EXPECT_EQ(view.bytes(), static_cast<std::int64_t>(data.size())) << traits(type.dtype).name;
    GgufBytes shorter = file;
    shorter.bytes.resize(file.fields.at("data") + data.size() - 1);
    EXPECT_THROW(parse(shorter), Error) << traits(type.dtype).name;
    EXPECT_THROW(parse(file.with("t.dimension0", static_cast<std::uint64_t>(type.block_size / 2))), Error);
  }
}

TEST(Gguf, ReadsVersionTwo) { EXPECT_EQ(parse(testing::small_gguf().build(2)).version, 2u); }

TEST(Gguf, ReadsAFileWithoutTensorsAndWithoutPadding) {
  EXPECT_THAT(parse(GgufBuilder().build()).tensors, IsEmpty());
  EXPECT_EQ(parse(GgufBuilder().add("a", true).build()).metadata.values().size(), 1u);
}

TEST(Gguf, FollowsTheFilesAlignment) {
  for (std::uint32_t alignment = 8; alignment <= 4096; alignment *= 2) {
    GgufBuilder builder;
    builder.set_alignment(alignment);
    builder.add_tensor("a", {3}, GgufTensor::f32, testing::counting_bytes(12));
    builder.add_tensor("b", {1}, GgufTensor::f32, testing::counting_bytes(4));
    const GgufBytes file = builder.build();
    const GgufContents contents = parse(file);
    const auto offset = static_cast<std::size_t>(contents.tensors[1].view.data - file.bytes.data());
    EXPECT_EQ(offset, file.fields.at("data") + std::max(16u, alignment));
    EXPECT_EQ(contents.tensors[1].view.data[3], std::byte{3});
  }
}

TEST(Gguf, AcceptsTensorsInAnyOrderOfOffsets) {
  GgufBuilder builder;
  builder.add_tensor("a", {8}, GgufTensor::f32, testing::counting_bytes(32));
  builder.add_tensor("b", {8}, GgufTensor::f32, testing::counting_bytes(32));
  const GgufBytes file =
      builder.build().with("a.offset", std::uint64_t{32}).with("b.offset", std::uint64_t{0});
  const GgufContents contents = parse(file);
  EXPECT_EQ(contents.tensors[0].view.data, contents.tensors[1].view.data + 32);
}

class RealModel : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("MSRNN_MODEL");
    if (path == nullptr) GTEST_SKIP() << "MSRNN_MODEL is not set: the demo model's file is not read";
    file_ = open_weight_file(path);
  }
  std::unique_ptr<WeightFile> file_;
};

TEST_F(RealModel, HasTheKnownMetadata) {
  const Metadata& metadata = file_->metadata();
  EXPECT_EQ(file_->format(), "GGUF v3");
  EXPECT_EQ(metadata.values().size(), 33u);
  EXPECT_EQ(metadata.text("general.architecture"), "llama");
  EXPECT_EQ(metadata.integer("llama.block_count"), 30);
  EXPECT_EQ(metadata.integer("llama.embedding_length"), 576);
  EXPECT_EQ(metadata.integer("llama.attention.head_count"), 9);
  EXPECT_EQ(metadata.integer("llama.attention.head_count_kv"), 3);
  EXPECT_EQ(metadata.number("llama.rope.freq_base"), 100000.0);
  EXPECT_EQ(metadata.number("llama.attention.layer_norm_rms_epsilon"), static_cast<double>(1e-5f));
  EXPECT_EQ(metadata.texts("tokenizer.ggml.tokens").size(), 49152u);
  EXPECT_EQ(metadata.integers("tokenizer.ggml.token_type").size(), 49152u);
  EXPECT_EQ(metadata.texts("tokenizer.ggml.merges").size(), 48900u);
  EXPECT_FALSE(metadata.boolean("tokenizer.ggml.add_bos_token"));
}

TEST_F(RealModel, HasTheKnownTensors) {
  EXPECT_EQ(file_->tensors().size(), 272u);
  const TensorView embedding = file_->require("token_embd.weight", {49152, 576});
  EXPECT_EQ(embedding.dtype, DType::q8_0);
  EXPECT_EQ(file_->require("blk.29.ffn_down.weight", {576, 1536}).dtype, DType::q4_1);
  EXPECT_EQ(file_->require("blk.0.attn_k.weight", {192, 576}).dtype, DType::q4_1);
  const TensorView norm = file_->require("output_norm.weight", {576});
  EXPECT_EQ(norm.dtype, DType::f32);
  EXPECT_EQ(norm.data - embedding.data, 98360128 - 1785664);
  EXPECT_EQ(file_->find("output.weight"), nullptr);
}

}  // namespace
}  // namespace msrnn
