#include "formats/synthetic.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "formats/convert.h"
#include "tensor/quantise.h"

namespace msrnn {
namespace {

struct Shape {
  std::string_view name, config;
};

// As the models' own config.json say.
constexpr Shape kShapes[] = {
    {"llama-2-7b", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32000,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5})"},
    {"llama-2-13b",
     R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 5120, "intermediate_size": 13824,
        "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 40, "vocab_size": 32000,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5})"},
    {"mistral-7b",
     R"({"architectures": ["MistralForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "sliding_window": 4096})"},
    {"yi-6b", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 64000,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "rope_theta": 5e6})"},
    {"tinyllama-1.1b",
     R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 2048, "intermediate_size": 5632,
        "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4, "vocab_size": 32000,
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-5})"},
};

// The tensors that a model of a configuration has.
class TensorList {
 public:
  explicit TensorList(const HfConfig& config)
      : architecture_(config.metadata.text("general.architecture")),
        width_(number(config, "embedding_length")),
        ffn_(number(config, "feed_forward_length")),
        head_dim_(number(config, "attention.key_length")),
        q_width_(number(config, "attention.head_count") * head_dim_),
        kv_width_(number(config, "attention.head_count_kv") * head_dim_) {
    add("token_embd.weight", {config.vocabulary, width_});
    for (std::int64_t l = 0; l < config.n_layers; ++l) add_layer(fmt::format("blk.{}.", l));
    add("output_norm.weight", {width_});
    if (!config.tied_embeddings) add("output.weight", {config.vocabulary, width_});
    for (const ComputedVector& factors : config.rope_factors) add(factors.name, {std::ssize(factors.values)});
  }

  std::vector<GgufTensorPlan> take() { return std::move(tensors_); }

 private:
  std::int64_t number(const HfConfig& config, const char* key) const {
    return config.metadata.integer(fmt::format("{}.{}", architecture_, key));
  }
  void add(std::string name, std::vector<std::int64_t> shape) {
    tensors_.push_back({std::move(name), std::move(shape), DType::f32});
  }
  bool is(std::initializer_list<std::string_view> architectures) const {
    return std::ranges::count(architectures, architecture_) > 0;
  }

  void add_layer(const std::string& block) {
    add(block + "attn_norm.weight", {width_});
    if (is({"phi3"})) {
      add(block + "attn_qkv.weight", {q_width_ + 2 * kv_width_, width_});
    } else {
      add(block + "attn_q.weight", {q_width_, width_});
      add(block + "attn_k.weight", {kv_width_, width_});
      add(block + "attn_v.weight", {kv_width_, width_});
    }
    if (is({"qwen2"})) {
      add(block + "attn_q.bias", {q_width_});
      add(block + "attn_k.bias", {kv_width_});
      add(block + "attn_v.bias", {kv_width_});
    }
    if (is({"qwen3", "gemma3"})) {
      add(block + "attn_q_norm.weight", {head_dim_});
      add(block + "attn_k_norm.weight", {head_dim_});
    }
    add(block + "attn_output.weight", {width_, q_width_});
    if (is({"gemma2", "gemma3"})) {
      add(block + "post_attention_norm.weight", {width_});
      add(block + "post_ffw_norm.weight", {width_});
    }
    add(block + "ffn_norm.weight", {width_});
    if (is({"phi3"})) {
      add(block + "ffn_up.weight", {2 * ffn_, width_});
    } else {
      add(block + "ffn_gate.weight", {ffn_, width_});
      add(block + "ffn_up.weight", {ffn_, width_});
    }
    add(block + "ffn_down.weight", {width_, ffn_});
  }

  std::string architecture_;
  std::int64_t width_, ffn_, head_dim_, q_width_, kv_width_;
  std::vector<GgufTensorPlan> tensors_;
};

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Near enough to normal, with a mean of 0 and a variance of 1: the sum of four uniform numbers.
  float normal() {
    const std::uint64_t bits = next();
    const auto sum =
        static_cast<float>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return (sum - 131070.0f) * (1.7320508f / 65536.0f);
  }

 private:
  std::uint64_t state_;
};

void fill_random(const GgufTensorPlan& tensor, std::uint64_t seed, std::vector<float>& row) {
  Random random(seed);
  const bool is_vector = tensor.shape.size() == 1, is_bias = tensor.name.ends_with(".bias");
  const float mean = is_vector && !is_bias ? 1.0f : 0.0f;
  const float spread = is_vector ? 0.02f : 1 / std::sqrt(static_cast<float>(tensor.cols()));
  for (float& x : row) x = mean + spread * random.normal();
}

// The n-th word of letters, shortest first.
std::string word(std::int64_t n) {
  std::string letters;
  for (std::int64_t count = 26; n >= count; count *= 26) {
    n -= count;
    letters.push_back('a');
  }
  letters.push_back('a');
  for (auto letter = letters.rbegin(); letter != letters.rend(); ++letter, n /= 26) {
    *letter = static_cast<char>('a' + n % 26);
  }
  return letters;
}

void add_vocabulary(std::int64_t size, Metadata& metadata) {
  constexpr std::int64_t kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;
  constexpr const char* kSpace = "\u2581";  // how SentencePiece writes a space
  std::vector<std::string> tokens;
  std::vector<std::int64_t> types;
  const auto add = [&](std::string token, std::int64_t type) {
    if (std::ssize(tokens) >= size) return;
    tokens.push_back(std::move(token));
    types.push_back(type);
  };
  add("<unk>", kUnknown);
  add("<s>", kControl);
  add("</s>", kControl);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), kByte);
  add(kSpace, kNormal);
  for (char c = '!'; c <= '~'; ++c) {
    if (c < 'a' || c > 'z') add(std::string(1, c), kNormal);
  }
  for (std::int64_t n = 0; std::ssize(tokens) < size; ++n) {
    add(word(n), kNormal);
    add(kSpace + word(n), kNormal);
  }
  std::vector<double> scores;
  for (std::size_t token = 0; token < tokens.size(); ++token) scores.push_back(-static_cast<double>(token));
  metadata.set("tokenizer.ggml.model", "llama");
  metadata.set("tokenizer.ggml.pre", "default");
  metadata.set("tokenizer.ggml.tokens", std::move(tokens));
  metadata.set("tokenizer.ggml.scores", std::move(scores));
  metadata.set("tokenizer.ggml.token_type", std::move(types));
  metadata.set("tokenizer.ggml.unknown_token_id", std::int64_t{0});
  metadata.set("tokenizer.ggml.bos_token_id", std::int64_t{1});
  metadata.set("tokenizer.ggml.eos_token_id", std::int64_t{2});
  metadata.set("tokenizer.ggml.add_bos_token", true);
}

}  // namespace

std::vector<std::string> synthetic_shapes() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

std::string_view synthetic_config(std::string_view name) {
  const auto* shape = std::ranges::find(kShapes, name, &Shape::name);
  return shape == std::end(kShapes) ? std::string_view() : shape->config;
}

bool write_synthetic_model(const HfConfig& config, DType type, std::uint64_t seed,
                           const std::filesystem::path& target, ThreadPool& threads,
                           const WriteOptions& options) {
  constexpr std::int64_t kLeastVocabulary = 3 + 256 + 1;
  if (config.vocabulary < kLeastVocabulary) {
    fail("vocab_size: expected at least {}, for all bytes, found {}", kLeastVocabulary, config.vocabulary);
  }
  Metadata metadata = weight_metadata(config.metadata, type);
  metadata.set("general.name", target.stem().string());
  add_vocabulary(config.vocabulary, metadata);
  std::vector<GgufTensorPlan> plan = TensorList(config).take();
  choose_types(plan, type);
  std::vector<std::vector<float>> rows(static_cast<std::size_t>(threads.size()));
  const std::size_t first_computed = plan.size() - config.rope_factors.size();
  const auto fill = [&](std::size_t i, std::int64_t row, int worker, std::byte* stored) {
    const GgufTensorPlan& tensor = plan[i];
    std::vector<float>& numbers = rows[static_cast<std::size_t>(worker)];
    if (i >= first_computed) {
      numbers = config.rope_factors[i - first_computed].values;
    } else {
      numbers.resize(static_cast<std::size_t>(tensor.cols()));
      const std::uint64_t of_tensor = Random(seed + i).next();
      fill_random(tensor, Random(of_tensor + static_cast<std::uint64_t>(row)).next(), numbers);
    }
    quantise(tensor.dtype, numbers.data(), tensor.cols(), stored);
    return true;
  };
  return write_gguf(target, metadata, plan, fill, threads, options);
}

}  // namespace msrnn
