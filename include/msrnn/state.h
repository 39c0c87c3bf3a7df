// The multi-state: h_t of a transformer run as an RNN (arXiv 2401.06104).
//
// Per layer it holds up to `capacity` (key, value) pairs between steps, chosen token by token by an eviction
// policy. Its size is fixed for life, whatever it has read, unless the policy is "full".
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "msrnn/export.h"
#include "msrnn/token.h"

namespace MSRNN_API msrnn {

class Model;
class StateData;

struct StateOptions {
  std::string policy = "tova";             // see list_policies()
  int capacity = 512;                      // tokens kept between steps, per layer; not used by "full"
  std::vector<int> layer_capacities = {};  // one per layer; empty: `capacity` for all
  std::string type = "f16";                // of keys and values: f32, f16, bf16 or q8_0 (docs/numerics.md)
  std::string positions = "absolute";      // absolute, in-cache or compressed: docs/policies.md
};

// Not thread-safe; different states may be used from different threads.
class MultiState {
 public:
  // Empty. Throws UsageError for options that cannot be.
  MultiState(const Model& model, const StateOptions& options);
  ~MultiState();
  MultiState(MultiState&&) noexcept;
  MultiState& operator=(MultiState&&) noexcept;

  const StateOptions& options() const;
  int n_layers() const;
  int lanes(int layer) const;     // kept sets of a layer: 1, or one per KV head
  int capacity(int layer) const;  // tokens kept between steps
  // Memory of keys, values and slots. Constant, except with "full".
  std::size_t bytes() const;
  // Tokens read so far: the position of the next one.
  std::int64_t position() const;
  // Which tokens it remembers: their positions in what was read, ascending.
  std::vector<std::int32_t> positions(int layer, int lane) const;
  // Their scores, in the same order.
  std::vector<float> scores(int layer, int lane) const;

  // Protects the tokens at positions [begin, end) from eviction, read already or not. They count inside the
  // capacity; a token that is gone already stays gone. Throws UsageError if more tokens than the smallest
  // capacity are pinned.
  void pin(std::int32_t begin, std::int32_t end);
  void unpin_all();

  // A deep copy: both go on from here independently. An explicit function, for it costs bytes().
  MultiState clone() const;
  // Empty again; options and pins stay.
  void reset();

  // One selection instead of one per step: this state becomes what is left of `wide`, a state of the same
  // model and options with a larger capacity, when tokens are dropped by its present scores until each lane
  // fits. It is how the published TOVA code treats a prompt. Throws UsageError for a state of another model,
  // policy, type or position mode.
  void select_from(const MultiState& wide);

  // Writes the state and `unread`, tokens that come next but have not been read (docs/state-format.md).
  // Atomic.
  void save(const std::filesystem::path& path, const std::vector<Token>& unread = {}) const;
  struct Saved;
  // Throws Error with the reason if the file is damaged or belongs to another model.
  static Saved load(const std::filesystem::path& path, const Model& model);

  // For the library's own layers.
  StateData& data() { return *data_; }
  const StateData& data() const { return *data_; }

 private:
  explicit MultiState(std::unique_ptr<StateData> data);

  std::unique_ptr<StateData> data_;
};

struct MultiState::Saved {
  MultiState state;
  std::vector<Token> unread;
};

}  // namespace msrnn
