#include "backend/cpu/rotary.h"

#include <algorithm>
#include <cmath>

namespace msrnn::cpu {

void RowRotations::set_rope(const Rope& rope) {
  rope_.assign(rope);
  rotations_.clear();
}

void RowRotations::prepare(std::span<const std::int32_t> rotations, ThreadPool& pool) {
  if (std::ranges::equal(rotations, rotations_)) return;
  const Rope& rope = rope_.get();
  const std::size_t pairs = rope.inverse_frequencies.size();
  rotations_.assign(rotations.begin(), rotations.end());
  cosines_.resize(rotations.size() * pairs);
  sines_.resize(cosines_.size());
  pool.for_each(static_cast<std::int64_t>(rotations_.size()), [&](std::int64_t r, int) {
    const auto row = static_cast<std::size_t>(r);
    if (rotations_[row] == kUnrotated) return;
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = rope.angle(rotations_[row], i);
      cosines_[row * pairs + i] = static_cast<float>(rope.amplitude * std::cos(angle));
      sines_[row * pairs + i] = static_cast<float>(rope.amplitude * std::sin(angle));
    }
  });
}

void RowRotations::apply(const MatmulKernels& kernels, float* head, std::int64_t r) const {
  if (rotations_[static_cast<std::size_t>(r)] == kUnrotated) return;
  const auto n_pairs = static_cast<std::int64_t>(rope_.get().inverse_frequencies.size());
  const auto turn =
      rope_.get().pairs == Rope::Pairs::interleaved ? kernels.rotate_interleaved : kernels.rotate_halves;
  turn(head, cosines_.data() + r * n_pairs, sines_.data() + r * n_pairs, n_pairs);
}

const RowRotations& RopeRotations::prepare(const Rope& rope, std::span<const std::int32_t> rotations,
                                           ThreadPool& pool) {
  auto kind = std::ranges::find_if(kinds_, [&](const RowRotations& k) { return k.is_for(rope); });
  if (kind == kinds_.end()) {
    constexpr std::size_t kMostKinds = 4;  // of one model; other ropes were those of models gone
    if (kinds_.size() == kMostKinds) kinds_.clear();
    kinds_.emplace_back().set_rope(rope);
    kind = kinds_.end() - 1;
  }
  kind->prepare(rotations, pool);
  return *kind;
}

}  // namespace msrnn::cpu
