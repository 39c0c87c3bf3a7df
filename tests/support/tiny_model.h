// A Llama model of random weights, small enough to build in every test: byte-level vocabulary, grouped-query
// attention, sharp enough attention that policies disagree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/temporary_folder.h"
#include "formats/gguf_builder.h"

namespace msrnn::testing {

struct TinyModelShape {
  int n_layers = 3, n_heads = 4, n_kv_heads = 2, head_dim = 16;
  int ffn_width = 96;
  GgufTensor type = GgufTensor::f32;  // of the matrices: f32, q8_0, q4_0 or q4_1
  std::uint64_t seed = 1;

  int width() const { return n_heads * head_dim; }
};

// The bytes, a token that ends a text, and two merges.
inline constexpr int kTinyVocabulary = 256 + 1 + 2;

// The same shape gives the same bytes.
GgufBytes tiny_model_gguf(const TinyModelShape& shape = {});

// A file with these bytes.
inline std::filesystem::path write_tiny_model(const TemporaryFolder& folder,
                                              const TinyModelShape& shape = {}) {
  const GgufBytes file = tiny_model_gguf(shape);
  return folder.write("tiny.gguf", {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()});
}

}  // namespace msrnn::testing
