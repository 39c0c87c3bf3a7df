#include "support/tiny_model.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/half.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace msrnn::testing {
namespace {

// Random numbers of a given spread, as each type stores them.
class RandomTensors {
 public:
  explicit RandomTensors(std::uint64_t seed) : random_(seed) {}

  std::vector<std::byte> matrix(GgufTensor type, std::int64_t rows, std::int64_t cols, float spread) {
    if (type == GgufTensor::f32) return normal(rows * cols, 0, spread);
    std::vector<std::byte> blocks;
    for (std::int64_t i = 0; i < rows * cols / 32; ++i) append_block(blocks, type, spread);
    return blocks;
  }

  std::vector<std::byte> normal(std::int64_t count, float mean, float spread) {
    std::vector<std::byte> bytes;
    for (std::int64_t i = 0; i < count; ++i) append(bytes, mean + spread * gaussian());
    return bytes;
  }

 private:
  template <class T>
  static void append(std::vector<std::byte>& bytes, T value) {
    bytes.resize(bytes.size() + sizeof value);
    std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
  }

  // The sum of twelve uniform numbers; the same with every standard library.
  float gaussian() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random_() >> 11) * 0x1p-53;
    return static_cast<float>(sum);
  }

  void append_block(std::vector<std::byte>& blocks, GgufTensor type, float spread) {
    // Uniform integers of 8 and of 4 bits spread by 74 and 4.6.
    const float scale = spread / (type == GgufTensor::q8_0 ? 74.0f : 4.6f);
    append(blocks, to_half(scale).bits);
    if (type == GgufTensor::q4_1) append(blocks, to_half(-7.5f * scale).bits);
    const int n = type == GgufTensor::q8_0 ? 32 : 16;
    for (int i = 0; i < n; ++i) append(blocks, static_cast<std::uint8_t>(random_() >> 56));
  }

  std::mt19937_64 random_;
};

void add_tokenizer(GgufBuilder& file) {
  std::vector<std::string> pieces;
  for (const char32_t c : byte_alphabet()) append_utf8(pieces.emplace_back(), c);
  pieces.insert(pieces.end(), {"<|end|>", "th", "the"});
  std::vector<std::int32_t> types(pieces.size(), 1);  // normal
  types[256] = 3;                                     // control
  file.add("tokenizer.ggml.model", "gpt2").add("tokenizer.ggml.pre", "gpt-2");
  file.add_array("tokenizer.ggml.tokens", pieces).add_array("tokenizer.ggml.token_type", types);
  file.add_array("tokenizer.ggml.merges", std::vector<std::string>{"t h", "th e"});
  file.add("tokenizer.ggml.eos_token_id", std::uint32_t{256});
}

void add_settings(GgufBuilder& file, const TinyModelShape& shape) {
  file.add("general.architecture", "llama").add("general.name", "tiny");
  file.add("llama.block_count", shape.n_layers).add("llama.embedding_length", shape.width());
  file.add("llama.attention.head_count", shape.n_heads)
      .add("llama.attention.head_count_kv", shape.n_kv_heads);
  file.add("llama.attention.key_length", shape.head_dim).add("llama.attention.value_length", shape.head_dim);
  file.add("llama.feed_forward_length", shape.ffn_width).add("llama.context_length", 256);
  file.add("llama.attention.layer_norm_rms_epsilon", 1e-5f).add("llama.rope.freq_base", 10000.0f);
}

}  // namespace

GgufBytes tiny_model_gguf(const TinyModelShape& shape) {
  GgufBuilder file;
  add_settings(file, shape);
  add_tokenizer(file);

  RandomTensors random(shape.seed);
  const std::int64_t width = shape.width(), kv_width = std::int64_t{shape.n_kv_heads} * shape.head_dim;
  const auto norm = [&](const std::string& name) {
    file.add_tensor(name, {width}, GgufTensor::f32, random.normal(width, 1, 0.1f));
  };
  // `gain`: how much larger what comes out is than what goes in.
  const auto matrix = [&](const std::string& name, std::int64_t rows, std::int64_t cols, float gain) {
    const float spread = gain / std::sqrt(static_cast<float>(cols));
    file.add_tensor(name, {rows, cols}, shape.type, random.matrix(shape.type, rows, cols, spread));
  };
  matrix("token_embd.weight", kTinyVocabulary, width, 8);
  for (int l = 0; l < shape.n_layers; ++l) {
    const std::string block = "blk." + std::to_string(l) + ".";
    norm(block + "attn_norm.weight");
    matrix(block + "attn_q.weight", width, width, 1.5f);
    matrix(block + "attn_k.weight", kv_width, width, 1.5f);
    matrix(block + "attn_v.weight", kv_width, width, 1);
    matrix(block + "attn_output.weight", width, width, 1);
    norm(block + "ffn_norm.weight");
    matrix(block + "ffn_gate.weight", shape.ffn_width, width, 1);
    matrix(block + "ffn_up.weight", shape.ffn_width, width, 1);
    matrix(block + "ffn_down.weight", width, shape.ffn_width, 1);
  }
  norm("output_norm.weight");
  return file.build();
}

}  // namespace msrnn::testing
