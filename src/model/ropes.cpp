#include "model/ropes.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/fail.h"

namespace msrnn {
namespace {

// Llama 3.1 has one list of factors, LongRoPE two.
constexpr std::string_view kFactors = "rope_freqs.weight", kShortFactors = "rope_factors_short.weight",
                           kLongFactors = "rope_factors_long.weight";

// Pair i turns by position / base^(2i / dimensions) (arXiv 2104.09864, section 3.2.2).
std::vector<double> inverse_frequencies(double base, int dimensions) {
  std::vector<double> frequencies;
  for (int i = 0; i < dimensions / 2; ++i) frequencies.push_back(std::pow(base, -2.0 * i / dimensions));
  return frequencies;
}

void divide(std::vector<double>& frequencies, const WeightFile& file, std::string_view name) {
  const TensorView stored = file.require(name, {std::ssize(frequencies)});
  std::vector<float> factors(frequencies.size());
  dequantise(stored.dtype, stored.data, stored.cols, factors.data());
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (!(std::isfinite(factors[i]) && factors[i] > 0)) {
      fail("tensor {}: expected positive factors, found {}", name, factors[i]);
    }
    frequencies[i] /= static_cast<double>(factors[i]);
  }
}

// YaRN (arXiv 2309.00071, section 3.2): pairs that turn often within the original context stay as they are,
// those that turn less than once are stretched, those between by parts.
void stretch_by_parts(const RopeConfig& rope, std::vector<double>& frequencies) {
  const auto pair_that_turns = [&](double times) {
    return rope.dimensions * std::log(rope.original_context / (times * 2 * std::numbers::pi)) /
           (2 * std::log(rope.base));
  };
  const double first = std::max(std::floor(pair_that_turns(rope.beta_fast)), 0.0);
  double last = std::min(std::ceil(pair_that_turns(rope.beta_slow)), rope.dimensions - 1.0);
  if (last == first) last += 0.001;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double part = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    frequencies[i] *= part / rope.factor + (1 - part);
  }
}

}  // namespace

bool ModelRopes::reads(std::string_view tensor) {
  return tensor == kFactors || tensor == kShortFactors || tensor == kLongFactors;
}

ModelRopes::ModelRopes(const ModelConfig& config, const WeightFile& file, Rope::Pairs pairs) {
  const RopeConfig& rope = config.rope;
  frequencies_ = inverse_frequencies(rope.base, rope.dimensions);
  rope_.pairs = pairs;
  rope_.amplitude = rope.amplitude;
  if (file.find(kFactors) != nullptr) divide(frequencies_, file, kFactors);
  if (rope.scaling == "linear") {
    for (double& frequency : frequencies_) frequency /= rope.factor;
  } else if (rope.scaling == "yarn") {
    stretch_by_parts(rope, frequencies_);
  } else if (rope.scaling == "dynamic") {
    rope_.context = rope.original_context;
    rope_.stretch = rope.factor;
  }
  if (rope.scaling == "longrope" || file.find(kShortFactors) != nullptr) {
    rope_.context = rope.original_context;
    long_frequencies_ = frequencies_;
    divide(frequencies_, file, kShortFactors);
    divide(long_frequencies_, file, kLongFactors);
  }
  if (rope.sliding_base > 0) {
    slides_ = config.slides;
    sliding_frequencies_ = inverse_frequencies(rope.sliding_base, rope.dimensions);
  }
}

Rope ModelRopes::of_layer(int layer) const {
  if (!slides_.empty() && slides_[static_cast<std::size_t>(layer)]) {
    Rope sliding;
    sliding.inverse_frequencies = sliding_frequencies_;
    sliding.pairs = rope_.pairs;
    return sliding;
  }
  Rope rope = rope_;
  rope.inverse_frequencies = frequencies_;
  rope.long_inverse_frequencies = long_frequencies_;
  return rope;
}

}  // namespace msrnn
