// A pretrained decoder-only transformer. Immutable after load, shared by any number of states.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/token.h"

namespace MSRNN_API msrnn {

class MultiState;

struct ModelOptions {
  std::string device = "cpu";  // cpu, or reference: the specification as plain code, slow
  int threads = 0;             // 0: all processors
  // How the cpu device rounds inputs of products (docs/numerics.md): exact, to 15 bits; mixed, to 15 bits
  // where they are large and 8 elsewhere; fast, to 8 bits, as most engines do. Empty: the device's own
  // choice.
  std::string precision = "";
};

// How positions become rotations (arXiv 2104.09864), and what a model does to reach further than it was first
// trained for.
struct RopeConfig {
  double base = 10000;
  int dimensions = 0;                    // numbers of a head that turn
  std::string scaling = "none";          // linear, dynamic, yarn or longrope
  double factor = 1;                     // by which the scaling stretches the context
  int original_context = 0;              // positions that need no scaling
  double amplitude = 1;                  // of cosines and sines
  double beta_fast = 32, beta_slow = 1;  // YaRN: turns within the original context between which it blends
  double sliding_base = 0;  // the base in layers that see a window, which nothing scales; 0: as others
};

struct ModelConfig {
  std::string architecture;  // "llama"
  std::string name;
  int n_layers = 0;
  int width = 0;  // of the residual stream
  int n_heads = 0, n_kv_heads = 0, head_dim = 0;
  int ffn_width = 0;
  int vocabulary = 0;
  int context_length = 0;  // positions it was trained on
  float norm_epsilon = 1e-5f;
  RopeConfig rope;
  float embedding_scale = 1;
  float attention_scale = 1;                          // of q · k
  float attention_soft_cap = 0, logits_soft_cap = 0;  // cap · tanh(x / cap); 0: none
  int sliding_window = 0;    // positions that layers which slide see, the token's own among them; 0: all
  std::vector<bool> slides;  // [n_layers], whether the layer sees that window only
};

// The rows of a ragged batch that are one sequence's next tokens.
struct Segment {
  int first_row = 0, n_rows = 0;
  MultiState* state = nullptr;
  // Where not null: [layers][lanes][n_rows], the position dropped after each row, −1 for none. By layer and
  // then by lane, lanes as the state has them.
  std::int32_t* victims = nullptr;
};

struct ForwardOptions {
  // Rows whose logits are wanted, ascending.
  std::span<const std::int32_t> logits_rows = {};
  // Called with the residual stream [rows][width] after the embedding (layer 0) and after each layer (1 …
  // n_layers).
  std::function<void(int layer, std::span<const float> x)> observe = {};
};

class Model {
 public:
  // A GGUF file. Throws Error with the reason if it cannot be read or is not a model msrnn runs.
  static Model load(const std::filesystem::path& path, const ModelOptions& options = {});
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  const ModelConfig& config() const;
  // Identifies the weights: a hash of the names, types and shapes of all tensors and of a sample of their
  // bytes.
  std::uint64_t fingerprint() const;
  // Of all weights one token passes through.
  std::size_t weight_bytes() const;
  std::string device() const;      // description of what it runs on
  std::string arithmetic() const;  // of that what results depend on: no threads
  int threads() const;

  // Reads tokens [first_row, first_row + n_rows) of each segment into its state, one after another, exactly
  // as if they came one by one: how they are split into calls does not matter. logits:
  // [logits_rows.size()][vocabulary]. Scratch memory grows with the rows of one call; callers read long texts
  // in blocks (sequence.h does). Segments cover tokens in order, without gaps, each with a state of its own.
  // One pass at a time runs per model; further threads wait.
  void forward(std::span<const Token> tokens, std::span<const Segment> segments, std::span<float> logits,
               const ForwardOptions& options = {}) const;

  // For the library's own layers.
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Model(std::shared_ptr<const Impl> impl);

  std::shared_ptr<const Impl> impl_;
};

}  // namespace msrnn
