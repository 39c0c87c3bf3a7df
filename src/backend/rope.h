// The rotary embedding (arXiv 2104.09864): pair i of a head's numbers turns by an angle that grows with the
// position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace msrnn {

// A view: the frequencies belong to the model.
struct Rope {
  enum class Pairs : std::uint8_t {
    interleaved,  // (2i, 2i + 1): rows as GGUF files of the Llama family permute them
    halves,       // (i, i + pairs): Hugging Face checkpoints
  };
  // [pairs]: where these are fewer than head_dim / 2, the first 2 · pairs numbers of a head turn.
  std::span<const double> inverse_frequencies;
  Pairs pairs = Pairs::interleaved;
  double amplitude = 1;  // of cosines and sines (YaRN, arXiv 2309.00071, section 3.4)
  // From this position on the frequencies follow the length of the text, position + 1: they are these others
  // (LongRoPE, arXiv 2402.13753), or those of a base stretched by the length (dynamic NTK, as transformers
  // has it). A key keeps the angle it was given.
  std::int64_t context = std::numeric_limits<std::int64_t>::max();
  std::span<const double> long_inverse_frequencies = {};  // [pairs], or none
  double stretch = 1;                                     // the factor of dynamic NTK

  // By which pair i turns at a position.
  double angle(std::int64_t position, std::size_t i) const;
  bool operator==(const Rope& other) const;
};

// A copy that owns its frequencies, to tell whether a table still serves.
class RopeCopy {
 public:
  RopeCopy() = default;
  RopeCopy(const RopeCopy&) = delete;
  RopeCopy& operator=(const RopeCopy&) = delete;
  RopeCopy(RopeCopy&&) = default;
  RopeCopy& operator=(RopeCopy&&) = default;

  void assign(const Rope& rope);
  const Rope& get() const { return rope_; }

 private:
  std::vector<double> frequencies_, long_frequencies_;
  Rope rope_;
};

}  // namespace msrnn
