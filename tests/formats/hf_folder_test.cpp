#include "formats/hf_folder.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "formats/safetensors_builder.h"

namespace msrnn {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HfFolder : public ::testing::Test {
 protected:
  HfFolder() {
    config_ = {{"architectures", {"Gemma2ForCausalLM"}},
               {"hidden_size", 2},
               {"num_hidden_layers", 1},
               {"vocab_size", 3},
               {"intermediate_size", 8},
               {"eos_token_id", 1},
               {"bos_token_id", 2}};
    write_config();
    // The embedding, and a norm of 1.5 and -0.25.
    add("model.embed_tokens.weight", {3, 2}, {0, 1, 2, 3, 4, 5});
    add("model.layers.0.input_layernorm.weight", {2}, {1.5f, -0.25f});
    write_tensors();
  }

  void add(const std::string& name, const std::vector<int>& shape, const std::vector<float>& values) {
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    header_[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data_.size()}}};
  }
  void write_tensors() const {
    folder_.write("model.safetensors", testing::safetensors_file(header_.dump(), 0) + data_);
  }
  void write_config() const { folder_.write("config.json", config_.dump()); }
  std::unique_ptr<WeightFile> open() const { return open_weight_file(folder_.path()); }

  void expect_refused(const std::string& reason) const {
    try {
      open();
      ADD_FAILURE() << "opened; expected: " << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(folder_.path().string()));
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
  }

  json config_, header_ = json::object();
  std::string data_;
  testing::TemporaryFolder folder_;
};

TEST_F(HfFolder, GivesTheConventionOfGguf) {
  const auto file = open();
  EXPECT_EQ(file->format(), "safetensors");
  EXPECT_EQ(file->metadata().text("general.architecture"), "gemma2");
  EXPECT_EQ(file->metadata().text("general.name"), folder_.path().filename());
  const TensorView norm = file->require("blk.0.attn_norm.weight", {2});
  float values[6];
  dequantise(norm.dtype, norm.data, 2, values);
  EXPECT_THAT(std::span(values, 2), ElementsAre(2.5f, 0.75f));  // Gemma's norms multiply by one more
  const TensorView embedding = file->require("token_embd.weight", {3, 2});
  dequantise(embedding.dtype, embedding.data, 6, values);
  EXPECT_THAT(values, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(HfFolder, VectorsOfOtherFamiliesAreAsTheyAreStored) {
  config_["architectures"] = {"LlamaForCausalLM"};
  config_["num_attention_heads"] = 1;
  config_["max_position_embeddings"] = 8;
  config_["tie_word_embeddings"] = true;
  write_config();
  float values[2];
  const auto file = open();
  dequantise(DType::f32, file->require("blk.0.attn_norm.weight", {2}).data, 2, values);
  EXPECT_THAT(values, ElementsAre(1.5f, -0.25f));
  config_["tie_word_embeddings"] = false;
  write_config();
  expect_refused("lm_head.weight is missing");
}

TEST_F(HfFolder, OpensByAnyOfItsFiles) {
  for (const char* name : {"config.json", "model.safetensors"}) {
    EXPECT_EQ(open_weight_file(folder_.path() / name)->format(), "safetensors") << name;
  }
  EXPECT_THROW(open_weight_file(folder_.path() / "none.safetensors"), Error);
}

TEST_F(HfFolder, RefusesTensorsThatDoNotFit) {
  config_["vocab_size"] = 4;
  write_config();
  expect_refused("model.embed_tokens.weight: expected 4 rows, as config.json says, found 3");
  config_["vocab_size"] = 3;
  write_config();
  add("model.layers.1.input_layernorm.weight", {1}, {1});
  write_tensors();
  expect_refused("model.layers.1.input_layernorm.weight is not one of a supported model with 1 layers");
  header_.erase("model.layers.1.input_layernorm.weight");
  header_["language_model.model.norm.weight"] = header_["model.layers.0.input_layernorm.weight"];
  header_.erase("model.layers.0.input_layernorm.weight");
  data_.resize(32);
  add("model.norm.weight", {1}, {1});
  write_tensors();
  expect_refused("there are two tensors output_norm.weight");
}

TEST_F(HfFolder, SaysWhatIsMissing) {
  std::filesystem::remove(folder_.path() / "model.safetensors");
  expect_refused("expected model.safetensors");
  std::filesystem::remove(folder_.path() / "config.json");
  expect_refused("a folder without config.json");
  folder_.write("config.json", "{");
  expect_refused("config.json: not valid JSON");
}

TEST_F(HfFolder, CarriesTheTokenizer) {
  folder_.write("tokenizer.json",
                R"({"model":{"vocab":{"a":0,"b":1}},"added_tokens":[{"id":7,"content":"<e>"}]})");
  folder_.write("tokenizer.model", std::string("\0\1\2", 3));
  folder_.write("tokenizer_config.json",
                R"({"bos_token":null,"eos_token":{"content":"<e>"},"add_eos_token":true,
      "chat_template":[{"name":"default","template":"A"},{"name":"tool_use","template":"B"}]})");
  folder_.write("generation_config.json", R"({"eos_token_id":[1,7,5],"bos_token_id":0})");
  const auto file = open();
  const Metadata& m = file->metadata();
  EXPECT_THAT(m.text("tokenizer.huggingface.json"), HasSubstr("\"vocab\""));
  EXPECT_EQ(m.text("msrnn.tokenizer.model"), std::string("\0\1\2", 3));
  EXPECT_EQ(m.integer("tokenizer.ggml.eos_token_id"), 7);
  EXPECT_EQ(m.integer("tokenizer.ggml.eot_token_id"), 1);
  EXPECT_THAT(m.integers("msrnn.tokenizer.eos_token_ids"), ElementsAre(7, 1, 5));
  EXPECT_FALSE(m.has("tokenizer.ggml.bos_token_id"));
  EXPECT_FALSE(m.has("tokenizer.ggml.add_bos_token"));
  EXPECT_TRUE(m.boolean("tokenizer.ggml.add_eos_token"));
  EXPECT_EQ(m.text("tokenizer.chat_template"), "A");
  EXPECT_EQ(m.text("tokenizer.chat_template.tool_use"), "B");
  EXPECT_THAT(m.texts("tokenizer.chat_templates"), ElementsAre("tool_use"));
}

TEST_F(HfFolder, FindsFlagsAndIdsWhereTheyAre) {
  EXPECT_EQ(open()->metadata().integer("tokenizer.ggml.bos_token_id"), 2);  // config.json
  folder_.write("tokenizer_config.json", R"({"tokenizer_class":"LlamaTokenizer","bos_token":"<s>",
      "added_tokens_decoder":{"9":{"content":"<s>"}},"chat_template":"old"})");
  folder_.write("chat_template.jinja", "new");
  const auto file = open();
  EXPECT_EQ(file->metadata().integer("tokenizer.ggml.bos_token_id"), 9);
  EXPECT_TRUE(file->metadata().boolean("tokenizer.ggml.add_bos_token"));
  EXPECT_EQ(file->metadata().text("tokenizer.chat_template"), "new");

  folder_.write("tokenizer_config.json", "{}");
  EXPECT_FALSE(open()->metadata().has("tokenizer.ggml.add_bos_token"));
  const std::string single = R"("single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}])";
  for (const std::string& processor :
       {"{" + single + "}", R"({"type":"Sequence","processors":[{"type":"ByteLevel"},{)" + single + "}]}"}) {
    folder_.write("tokenizer.json", R"({"post_processor":)" + processor + "}");
    EXPECT_TRUE(open()->metadata().boolean("tokenizer.ggml.add_bos_token"));
  }
}

TEST_F(HfFolder, RefusesImpossibleTokenizerFiles) {
  const std::pair<const char*, const char*> kBroken[] = {
      {"tokenizer_config.json", "[]"},
      {"tokenizer_config.json", R"({"bos_token":1})"},
      {"tokenizer_config.json", R"({"chat_template":1})"},
      {"tokenizer_config.json", R"({"chat_template":[1]})"},
      {"tokenizer_config.json", R"({"chat_template":[{"name":"x"}]})"},
      {"tokenizer_config.json", R"({"added_tokens_decoder":{"x":{"content":""}}})"},
      {"tokenizer_config.json", R"({"added_tokens_decoder":{"1":{}}})"},
      {"tokenizer_config.json", R"({"added_tokens_decoder":{"99999999999":{"content":""}}})"},
      {"tokenizer_config.json", R"({"add_bos_token":"yes"})"},
      {"generation_config.json", R"({"eos_token_id":"x"})"},
      {"generation_config.json", R"({"eos_token_id":[-1]})"},
      {"tokenizer.json", R"({"added_tokens":{}})"},
      {"tokenizer.json", R"({"added_tokens":[{"id":1}]})"},
      {"chat_template.json", R"({"chat_template":{}})"},
  };
  for (const auto& [name, content] : kBroken) {
    folder_.write(name, content);
    expect_refused(name);
    std::filesystem::remove(folder_.path() / name);
  }
}

}  // namespace
}  // namespace msrnn
