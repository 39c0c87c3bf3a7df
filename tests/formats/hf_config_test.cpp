#include "formats/hf_config.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "msrnn/error.h"

#include "formats/hf_tensors.h"

namespace msrnn {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A configuration with all that has no default.
json config(const std::string& model_class, const json& changes = json::object()) {
  json all = {{"architectures", {model_class}}, {"hidden_size", 64}, {"num_hidden_layers", 4},
              {"num_attention_heads", 4},       {"vocab_size", 100}, {"intermediate_size", 128},
              {"max_position_embeddings", 8192}};
  all.merge_patch(changes);
  return all;
}

HfConfig read(const json& text) { return read_hf_config(text.dump(), "config.json"); }

void expect_refused(const json& text, const std::string& reason) {
  try {
    read(text);
    ADD_FAILURE() << "read; expected: " << reason;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("config.json"), HasSubstr(reason)));
  }
}

TEST(HfConfig, SaysWhatGgufFilesSay) {
  const HfConfig c = read(config("LlamaForCausalLM", {{"num_key_value_heads", 2}, {"rope_theta", 5e6}}));
  EXPECT_EQ(c.metadata.text("general.architecture"), "llama");
  EXPECT_EQ(c.metadata.text("msrnn.rope.pairs"), "halves");
  EXPECT_EQ(c.metadata.integer("llama.block_count"), 4);
  EXPECT_EQ(c.metadata.integer("llama.embedding_length"), 64);
  EXPECT_EQ(c.metadata.integer("llama.feed_forward_length"), 128);
  EXPECT_EQ(c.metadata.integer("llama.attention.head_count"), 4);
  EXPECT_EQ(c.metadata.integer("llama.attention.head_count_kv"), 2);
  EXPECT_EQ(c.metadata.integer("llama.attention.key_length"), 16);
  EXPECT_EQ(c.metadata.integer("llama.attention.value_length"), 16);
  EXPECT_EQ(c.metadata.integer("llama.rope.dimension_count"), 16);
  EXPECT_EQ(c.metadata.integer("llama.context_length"), 8192);
  EXPECT_EQ(c.metadata.number("llama.rope.freq_base"), 5e6);
  EXPECT_EQ(c.metadata.number("llama.attention.layer_norm_rms_epsilon"), 1e-6);
  EXPECT_FALSE(c.metadata.has("llama.attention.sliding_window"));
  EXPECT_FALSE(c.metadata.has("llama.rope.scaling.type"));
  EXPECT_FALSE(c.tied_embeddings);
  EXPECT_EQ(c.norm_offset, 0.0f);
  EXPECT_TRUE(c.rope_factors.empty());
  EXPECT_EQ(read(config("LlamaForCausalLM")).metadata.integer("llama.attention.head_count_kv"), 4);
}

TEST(HfConfig, HeadsAreAsWideAsTheClassOfTheConfigurationSays) {
  const auto head_dim = [](const std::string& architecture) {
    const HfConfig c = read(config(architecture));
    return c.metadata.integer(c.metadata.text("general.architecture") + ".attention.key_length");
  };
  EXPECT_EQ(head_dim("Qwen2ForCausalLM"), 16);
  EXPECT_EQ(head_dim("Qwen3ForCausalLM"), 128);
}

TEST(HfConfig, FamiliesSlideAsTheyDo) {
  const auto window = [](const json& text) {
    const HfConfig c = read(text);
    const std::string key = c.metadata.text("general.architecture") + ".attention.sliding_window";
    return std::pair(c.metadata.integer_or(key, 0), c.metadata.has(key + "_pattern"));
  };
  EXPECT_EQ(window(config("MistralForCausalLM")), std::pair(std::int64_t{4096}, false));
  EXPECT_EQ(window(config("MistralForCausalLM", {{"sliding_window", 7}})), std::pair(std::int64_t{7}, false));
  json without = config("MistralForCausalLM");
  without["sliding_window"] = nullptr;  // says that there is none, as from version 0.2 on
  EXPECT_EQ(window(without), std::pair(std::int64_t{0}, false));
  EXPECT_EQ(window(config("LlamaForCausalLM", {{"sliding_window", 7}})), std::pair(std::int64_t{0}, false));
  EXPECT_EQ(window(config("Phi3ForCausalLM", {{"sliding_window", 2047}})),
            std::pair(std::int64_t{2047}, false));
  EXPECT_EQ(window(config("Qwen2ForCausalLM", {{"sliding_window", 7}})), std::pair(std::int64_t{0}, false));

  const HfConfig qwen = read(config(
      "Qwen2ForCausalLM", {{"sliding_window", 7}, {"use_sliding_window", true}, {"max_window_layers", 2}}));
  EXPECT_EQ(qwen.metadata.integer("qwen2.attention.sliding_window"), 7);
  EXPECT_THAT(qwen.metadata.integers("qwen2.attention.sliding_window_pattern"), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(read(config("Gemma2ForCausalLM")).metadata.integer("gemma2.attention.sliding_window_pattern"), 2);
  const HfConfig gemma = read(config("Gemma3ForCausalLM", {{"num_hidden_layers", 7}}));
  EXPECT_EQ(gemma.metadata.integer("gemma3.attention.sliding_window_pattern"), 6);
  const json types = {"full_attention", "sliding_attention", "sliding_attention", "full_attention"};
  EXPECT_THAT(read(config("Gemma3ForCausalLM", {{"layer_types", types}}))
                  .metadata.integers("gemma3.attention.sliding_window_pattern"),
              ElementsAre(0, 1, 1, 0));
  expect_refused(config("Gemma3ForCausalLM", {{"layer_types", {"full_attention"}}}), "expected 4 types");
  expect_refused(config("Gemma3ForCausalLM", {{"layer_types", {"chunked_attention", 1, 2, 3}}}),
                 "layer_types");
}

TEST(HfConfig, GemmaIsDifferent) {
  const HfConfig c = read(config("Gemma2ForCausalLM", {{"query_pre_attn_scalar", 144}}));
  EXPECT_EQ(c.metadata.number("gemma2.attn_logit_softcapping"), 50);
  EXPECT_EQ(c.metadata.number("gemma2.final_logit_softcapping"), 30);
  EXPECT_EQ(c.metadata.number("gemma2.attention.scale"), 1.0 / 12);
  EXPECT_EQ(c.metadata.integer("gemma2.attention.key_length"), 256);
  EXPECT_EQ(c.norm_offset, 1.0f);
  EXPECT_TRUE(c.tied_embeddings);
  // As google/gemma-3-4b-it has it: most is left to defaults.
  const json text = {{"hidden_size", 2560},
                     {"intermediate_size", 10240},
                     {"num_hidden_layers", 34},
                     {"sliding_window", 1024},
                     {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}}};
  const HfConfig g = read({{"architectures", {"Gemma3ForConditionalGeneration"}}, {"text_config", text}});
  EXPECT_EQ(g.metadata.integer("gemma3.attention.head_count"), 8);
  EXPECT_EQ(g.metadata.integer("gemma3.attention.head_count_kv"), 4);
  EXPECT_EQ(g.metadata.number("gemma3.rope.freq_base"), 1e6);
  EXPECT_EQ(g.metadata.number("gemma3.rope.freq_base_swa"), 1e4);
  EXPECT_EQ(g.metadata.number("gemma3.rope.scaling.factor"), 8);
  EXPECT_FALSE(g.metadata.has("gemma3.attn_logit_softcapping"));
}

json rope(const json& scaling) { return config("LlamaForCausalLM", {{"rope_scaling", scaling}}); }

TEST(HfConfig, RotaryScalings) {
  EXPECT_EQ(read(rope({{"type", "linear"}, {"factor", 4}})).metadata.text("llama.rope.scaling.type"),
            "linear");
  const HfConfig dynamic = read(rope({{"type", "dynamic"}, {"factor", 2.0}}));
  EXPECT_EQ(dynamic.metadata.text("llama.rope.scaling.type"), "dynamic");
  EXPECT_EQ(dynamic.metadata.integer("llama.rope.scaling.original_context_length"), 8192);

  json yarn = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 2048}};
  EXPECT_FALSE(read(rope(yarn)).metadata.has("llama.rope.scaling.attn_factor"));
  EXPECT_EQ(read(rope(yarn)).metadata.integer("llama.rope.scaling.original_context_length"), 2048);
  yarn["attention_factor"] = 2.0;
  EXPECT_DOUBLE_EQ(read(rope(yarn)).metadata.number("llama.rope.scaling.attn_factor"),
                   2 / (0.1 * std::log(4) + 1));
  const json both = {{"rope_theta", 7e5}, {"rope_type", "linear"}, {"factor", 3}};
  const HfConfig fresh = read(config("LlamaForCausalLM", {{"rope_parameters", both}, {"rope_theta", 1.5e4}}));
  EXPECT_EQ(fresh.metadata.number("llama.rope.freq_base"), 7e5);
  EXPECT_EQ(fresh.metadata.number("llama.rope.scaling.factor"), 3);

  expect_refused(rope({{"type", "mrope"}}), R"(the type "mrope" is not supported)");
  expect_refused(rope({{"type", "linear"}}), "factor: expected a number, found nothing");
  expect_refused(rope({{"type", "linear"}, {"factor", 0.5}}), "factor: expected at least 1");
  expect_refused(rope("linear"), "rope_scaling: expected an object");
  expect_refused(config("LlamaForCausalLM", {{"rope_theta", -1}}), "rope_theta");
}

// The numbers of transformers' own test of the scaling: low and high frequencies, and between.
TEST(HfConfig, Llama3FactorsAreComputed) {
  const json scaling = {{"rope_type", "llama3"},
                        {"factor", 8.0},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 64}};
  const HfConfig c = read(rope(scaling));
  ASSERT_EQ(c.rope_factors.size(), 1u);
  EXPECT_EQ(c.rope_factors[0].name, "rope_freqs.weight");
  const std::vector<float>& factors = c.rope_factors[0].values;
  ASSERT_EQ(factors.size(), 8u);
  EXPECT_EQ(factors[0], 1.0f);  // 64 / 2π = 10.2 waves
  const double waves = 64 / (2 * M_PI * std::pow(1e4, 1.0 / 8)), smooth = (waves - 1) / 3;
  EXPECT_FLOAT_EQ(factors[1], static_cast<float>(1 / ((1 - smooth) / 8 + smooth)));  // 3.2 waves
  EXPECT_EQ(factors[7], 8.0f);
  json reversed = scaling;
  reversed["high_freq_factor"] = 0.5;
  expect_refused(rope(reversed), "expected more than low_freq_factor");
}

TEST(HfConfig, LongropeFactorsAreTensors) {
  const json scaling = {{"type", "longrope"},
                        {"short_factor", json::array({1, 1, 1, 1, 1, 1, 1, 1})},
                        {"long_factor", json::array({1, 2, 3, 4, 5, 6, 7, 8})}};
  json text =
      config("Phi3ForCausalLM", {{"rope_scaling", scaling}, {"original_max_position_embeddings", 4096}});
  const HfConfig c = read(text);
  ASSERT_EQ(c.rope_factors.size(), 2u);
  EXPECT_THAT(c.rope_factors[0].values, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(c.metadata.integer("phi3.rope.scaling.original_context_length"), 4096);
  EXPECT_DOUBLE_EQ(c.metadata.number("phi3.rope.scaling.attn_factor"),
                   std::sqrt(1 + std::log(2) / std::log(4096)));
  text["partial_rotary_factor"] = 0.5;
  expect_refused(text, "expected 4 numbers");
  text["rope_scaling"].erase("long_factor");
  text.erase("partial_rotary_factor");
  expect_refused(text, "long_factor");
}

TEST(HfConfig, RefusesWhatItCannotDo) {
  expect_refused(config("BertModel"), R"("BertModel" is not supported; there are: LlamaForCausalLM,)");
  expect_refused({{"architectures", json::array()}}, "architectures");
  expect_refused({{"architectures", {1}}}, "architectures");
  expect_refused(json::object(), "architectures");
  expect_refused(json::array(), "expected a JSON object, found array");
  expect_refused(config("LlamaForCausalLM", {{"quantization_config", {{"quant_method", "gptq"}}}}),
                 "\"gptq\"");
  expect_refused(config("LlamaForCausalLM", {{"hidden_act", "relu"}}), R"(expected "silu", found "relu")");
  expect_refused(config("Gemma2ForCausalLM", {{"hidden_activation", "gelu"}}), "gelu_pytorch_tanh");
  expect_refused(config("LlamaForCausalLM", {{"partial_rotary_factor", 0.01}}), "partial_rotary_factor");
  expect_refused(config("LlamaForCausalLM", {{"partial_rotary_factor", 1e300}}), "partial_rotary_factor");
  for (const char* key : {"hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size",
                          "intermediate_size", "max_position_embeddings"}) {
    for (const json& value : {json(0), json(-1), json(1e3), json("8"), json(std::int64_t{1} << 60),
                              json(true), json(std::uint64_t{1} << 63)}) {
      json text = config("LlamaForCausalLM");
      text[key] = value;
      expect_refused(text, key);
    }
  }
  expect_refused(config("LlamaForCausalLM", {{"num_attention_heads", 5}}),
                 "expected a divisor of hidden_size");
}

TEST(HfTensors, AreCalledAsInGguf) {
  const HfConfig llama = read(config("LlamaForCausalLM")), gemma = read(config("Gemma2ForCausalLM"));
  const auto name = [](const char* hf, const HfConfig& c) {
    return gguf_tensor_name(hf, c, "x").value_or("-");
  };
  EXPECT_EQ(name("model.embed_tokens.weight", llama), "token_embd.weight");
  EXPECT_EQ(name("model.norm.weight", llama), "output_norm.weight");
  EXPECT_EQ(name("lm_head.weight", llama), "output.weight");
  EXPECT_EQ(name("lm_head.weight", gemma), "-");
  EXPECT_EQ(name("model.layers.3.self_attn.q_proj.weight", llama), "blk.3.attn_q.weight");
  EXPECT_EQ(name("model.layers.0.self_attn.v_proj.bias", llama), "blk.0.attn_v.bias");
  EXPECT_EQ(name("model.layers.0.post_attention_layernorm.weight", llama), "blk.0.ffn_norm.weight");
  EXPECT_EQ(name("model.layers.0.post_attention_layernorm.weight", gemma),
            "blk.0.post_attention_norm.weight");
  EXPECT_EQ(name("model.layers.0.pre_feedforward_layernorm.weight", gemma), "blk.0.ffn_norm.weight");
  EXPECT_EQ(name("model.layers.1.post_feedforward_layernorm.weight", gemma), "blk.1.post_ffw_norm.weight");
  EXPECT_EQ(name("language_model.model.layers.1.mlp.up_proj.weight", gemma), "blk.1.ffn_up.weight");
  EXPECT_EQ(name("model.language_model.norm.weight", gemma), "output_norm.weight");
  EXPECT_EQ(name("model.layers.1.mlp.gate_up_proj.weight", llama), "blk.1.ffn_up.weight");
  EXPECT_EQ(name("model.layers.0.self_attn.rotary_emb.inv_freq", llama), "-");
  EXPECT_EQ(name("vision_tower.x.y", gemma), "-");
  for (const char* unknown :
       {"", ".", "model.layers.4.self_attn.q_proj.weight", "model.layers.-1.self_attn.q_proj.weight",
        "model.layers.01.self_attn.q_proj.weight", "model.layers.1self_attn.q_proj.weight", "model.layers.1",
        "model.layers..self_attn.q_proj.weight", "model.layers.99999999999999999999.self_attn.q_proj.weight",
        "model.layers.0.self_attn.q_proj.lora_A", "model.layers.0.mlp.experts.0.weight",
        "transformer.h.0.weight", "model.layers.0.pre_feedforward_layernorm.weight",
        "model.layers.0.self_attn.q_proj.g_idx"}) {
    EXPECT_THROW(gguf_tensor_name(unknown, llama, "x"), Error) << unknown;
  }
}

}  // namespace
}  // namespace msrnn
