#include "backend/cpu/rotary.h"

#include <algorithm>
#include <cmath>

namespace msrnn::cpu {

void RowRotations::prepare(const Rope& rope, std::span<const std::int32_t> rotations, ThreadPool& pool) {
  pairs_ = rope.pairs;
  const std::span<const double> frequencies = rope.inverse_frequencies;
  if (std::ranges::equal(frequencies, frequencies_) && std::ranges::equal(rotations, rotations_)) return;
  frequencies_.assign(frequencies.begin(), frequencies.end());
  rotations_.assign(rotations.begin(), rotations.end());
  cosines_.resize(rotations.size() * frequencies.size());
  sines_.resize(cosines_.size());
  pool.for_each(static_cast<std::int64_t>(rotations_.size()), [&](std::int64_t r, int) {
    const auto row = static_cast<std::size_t>(r);
    for (std::size_t i = 0; i < frequencies_.size(); ++i) {
      const double angle = rotations_[row] * frequencies_[i];
      cosines_[row * frequencies_.size() + i] = static_cast<float>(std::cos(angle));
      sines_[row * frequencies_.size() + i] = static_cast<float>(std::sin(angle));
    }
  });
}

void RowRotations::apply(const MatmulKernels& kernels, Tensor x, std::int64_t r) const {
  if (rotations_[static_cast<std::size_t>(r)] == kUnrotated) return;
  const auto n_pairs = static_cast<std::int64_t>(frequencies_.size());
  const auto turn = pairs_ == Rope::Pairs::interleaved ? kernels.rotate_interleaved : kernels.rotate_halves;
  for (std::int64_t head = 0; head + 2 * n_pairs <= x.cols; head += 2 * n_pairs) {
    turn(x.row(r) + head, cosines_.data() + r * n_pairs, sines_.data() + r * n_pairs, n_pairs);
  }
}

}  // namespace msrnn::cpu
