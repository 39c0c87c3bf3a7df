// Cosines and sines of the rotary embedding at small integer positions, for keys that are rotated when read.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"

namespace msrnn::cpu {

class RotationTable {
 public:
  // Covers positions [0, n) of `rope`. What was computed before stays, unless the rope changed.
  void cover(const Rope& rope, std::int32_t n);

  // Turns one head to a position covered.
  void rotate(const MatmulKernels& kernels, Rope::Pairs pairs, float* head, std::int32_t position) const {
    const auto n_pairs = static_cast<std::int64_t>(rope_.get().inverse_frequencies.size());
    const auto turn = pairs == Rope::Pairs::interleaved ? kernels.rotate_interleaved : kernels.rotate_halves;
    turn(head, cosines_.data() + position * n_pairs, sines_.data() + position * n_pairs, n_pairs);
  }

 private:
  RopeCopy rope_;
  std::vector<float> cosines_, sines_;  // [position][pair]
};

}  // namespace msrnn::cpu
