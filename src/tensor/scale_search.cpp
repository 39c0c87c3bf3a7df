#include "tensor/scale_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <span>
#include <type_traits>

namespace msrnn {
namespace {

// What the integers that a block holds as scales and minima can be.
struct ScaleRange {
  int least, most;
};

constexpr ScaleRange scale_range(DType type) {
  switch (type) {
    case DType::q2_k:
      return {0, 15};
    case DType::q4_k:
    case DType::q5_k:
      return {0, 63};
    case DType::q6_k:
      return {-128, 127};
    case DType::q3_k:
    case DType::iq4_xs:
      return {-32, 31};
    default:
      return {1, 1};
  }
}

float largest(std::span<const float> x) {
  float most = 0;
  for (const float v : x) most = std::abs(v) > std::abs(most) ? v : most;
  return most;
}

// Four numbers at once, with the vector extension that g++ and clang++ have for every processor.
using Lanes [[gnu::vector_size(16)]] = float;
using IntLanes [[gnu::vector_size(16)]] = std::int32_t;
constexpr int kLanes = 4;

Lanes lanes_at(const float* x) {
  Lanes lanes;
  std::memcpy(&lanes, x, sizeof lanes);
  return lanes;
}

float total(Lanes x) { return x[0] + x[1] + x[2] + x[3]; }

// Codes of evenly spaced values: code − zero.
template <int bits, int zero>
struct Even {
  static constexpr int kMost = (1 << bits) - 1;
  static constexpr float kLeastValue = -zero;

  static int code(float v) {
    const float shifted = v + (zero + 0.5f);
    const float above = shifted < 0.0f ? 0.0f : shifted;
    return static_cast<int>(above > kMost + 0.5f ? kMost + 0.5f : above);
  }
  static Lanes nearest(Lanes v) {
    const Lanes shifted = v + (zero + 0.5f), none = {}, last = none + (kMost + 0.5f);
    const Lanes above = shifted < none ? none : shifted;
    const IntLanes codes = __builtin_convertvector(above > last ? last : above, IntLanes);
    return __builtin_convertvector(codes, Lanes) - static_cast<float>(zero);
  }
};

// Codes of kLevels.
struct Levels {
  static constexpr int kMost = 15;
  static constexpr float kLeastValue = kLevels[0];

  static int code(float v) {
    int code = 0;
    for (int i = 0; i < kMost; ++i) code += 2 * v > static_cast<float>(kLevels[i] + kLevels[i + 1]) ? 1 : 0;
    return code;
  }
  static Lanes nearest(Lanes v) {
    Lanes level = Lanes{} + kLeastValue;
    for (int i = 0; i < kMost; ++i) {
      const Lanes next = Lanes{} + static_cast<float>(kLevels[i + 1]);
      level = 2 * v > Lanes{} + static_cast<float>(kLevels[i] + kLevels[i + 1]) ? next : level;
    }
    return level;
  }
};

// The scale of least squared error for n numbers, without a minimum. Each candidate rounds the numbers to
// values, for which the best scale follows: x·v / v·v, which takes (x·v)² / v·v off the error.
template <class Codes, int n>
float best_scale(const float* x) {
  constexpr int kSteps = 12;
  const float most = largest({x, n});
  if (std::abs(most) < 1e-30f) return 0;
  // The largest number becomes the least value, or a little more or less; the fewer values, the more.
  const float step_size = 0.04f / std::sqrt(-Codes::kLeastValue);
  float best = 0, best_gain = -1;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float id = Codes::kLeastValue * (1 + step_size * static_cast<float>(step)) / most;
    Lanes xv = {}, vv = {};
    for (int i = 0; i < n; i += kLanes) {
      const Lanes numbers = lanes_at(x + i), v = Codes::nearest(id * numbers);
      xv += numbers * v;
      vv += v * v;
    }
    const float product = total(xv), square = total(vv);
    if (square > 0 && product * product > best_gain * square) {
      best_gain = product * product / square;
      best = product / square;
    }
  }
  return best;
}

struct Line {
  float scale = 0, minimum = 0;  // code·scale − minimum, neither below 0
};

template <class Codes, int n>
float squared_error(const float* x, Line line) {
  const float id = inverse(line.scale);
  Lanes error = {};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes numbers = lanes_at(x + i) + line.minimum;
    const Lanes e = line.scale * Codes::nearest(numbers * id) - numbers;
    error += e * e;
  }
  return total(error);
}

// The line through the points (code, x) by least squares, its minimum not below 0. The codes are those of a
// given line.
template <class Codes, int n>
Line fitted_line(const float* x, Line line) {
  const float id = inverse(line.scale);
  Lanes c_sum = {}, cc_sum = {}, x_sum = {}, xc_sum = {};
  for (int i = 0; i < n; i += kLanes) {
    const Lanes numbers = lanes_at(x + i), c = Codes::nearest((numbers + line.minimum) * id);
    c_sum += c;
    cc_sum += c * c;
    x_sum += numbers;
    xc_sum += numbers * c;
  }
  const float c1 = total(c_sum), c2 = total(cc_sum), x1 = total(x_sum), xc = total(xc_sum);
  const float determinant = n * c2 - c1 * c1;
  if (determinant <= 0) return line;
  Line fitted{(n * xc - x1 * c1) / determinant, (c1 * xc - c2 * x1) / determinant};
  if (fitted.minimum < 0) fitted = {c2 > 0 ? xc / c2 : 0, 0};
  return fitted.scale > 0 ? fitted : line;
}

template <class Codes, int n>
Line best_line(const float* x) {
  constexpr int kSteps = 10;  // to each side
  const auto [low, high] = std::ranges::minmax(std::span(x, n));
  const float least = std::min(low, 0.0f);
  if (high <= least) return {0, -least};
  Line best;
  float best_error = INFINITY;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float codes = Codes::kMost + 0.1f * static_cast<float>(step);
    const Line line = fitted_line<Codes, n>(x, {(high - least) / codes, -least});
    const float error = squared_error<Codes, n>(x, line);
    if (error < best_error) {
      best_error = error;
      best = line;
    }
  }
  return best;
}

std::int8_t nearest_scale(float value, ScaleRange range) {
  return static_cast<std::int8_t>(
      std::lround(std::clamp(value, static_cast<float>(range.least), static_cast<float>(range.most))));
}

// n: numbers that share a scale.
template <class Codes, int n>
class BlockSearch {
 public:
  BlockSearch(DType type, const float* numbers, QuantisedBlock& block)
      : range_(scale_range(type)), numbers_(numbers), block_(block), n_groups_(traits(type).block_size / n) {}

  void search_scales() {
    float scales[QuantisedBlock::kMostScales];
    for (int p = 0; p < n_groups_; ++p) scales[p] = best_scale<Codes, n>(numbers_ + p * n);
    const float most = largest({scales, static_cast<std::size_t>(n_groups_)});
    if (range_.least == range_.most) {
      block_.d = to_half(most);
    } else {
      block_.d = to_half(most / static_cast<float>(range_.least));
      const float id = inverse(to_float(block_.d));
      for (int p = 0; p < n_groups_; ++p) block_.scales[p] = best_multiple(p, scales[p] * id);
    }
    set_codes();
  }

  void search_lines() {
    Line lines[QuantisedBlock::kMostScales];
    float scale = 0, minimum = 0;
    for (int p = 0; p < n_groups_; ++p) {
      lines[p] = best_line<Codes, n>(numbers_ + p * n);
      scale = std::max(scale, lines[p].scale);
      minimum = std::max(minimum, lines[p].minimum);
    }
    block_.d = to_half(scale / static_cast<float>(range_.most));
    block_.m = to_half(minimum / static_cast<float>(range_.most));
    const float id = inverse(to_float(block_.d)), im = inverse(to_float(block_.m));
    for (int p = 0; p < n_groups_; ++p) {
      block_.scales[p] = nearest_scale(lines[p].scale * id, range_);
      block_.minima[p] = static_cast<std::uint8_t>(nearest_scale(lines[p].minimum * im, range_));
    }
    set_codes();
  }

 private:
  // Which of the integers around `multiple` is the best scale in units of d. Where a block's scales differ
  // much, the next one is often not.
  std::int8_t best_multiple(int p, float multiple) const {
    std::int8_t best = 0;
    float best_error = INFINITY;
    for (const float step : {0.0f, -1.0f, 1.0f}) {
      const std::int8_t candidate = nearest_scale(multiple + step, range_);
      const Line line{to_float(block_.d) * static_cast<float>(candidate), 0};
      const float error = squared_error<Codes, n>(numbers_ + p * n, line);
      if (error < best_error) {
        best_error = error;
        best = candidate;
      }
    }
    return best;
  }

  // The nearest ones to the scales as they are stored.
  void set_codes() {
    for (int p = 0; p < n_groups_; ++p) {
      const float id = inverse(to_float(block_.d) * static_cast<float>(block_.scales[p]));
      const float minimum = to_float(block_.m) * static_cast<float>(block_.minima[p]);
      for (int c = p * n; c < (p + 1) * n; ++c) {
        block_.codes[c] = static_cast<std::uint8_t>(Codes::code((numbers_[c] + minimum) * id));
      }
    }
  }

  ScaleRange range_;
  const float* numbers_;
  QuantisedBlock& block_;
  int n_groups_;
};

template <DType type>
void search(const float* numbers, QuantisedBlock& block) {
  constexpr Quantisation q = quantisation(type);
  using Codes = std::conditional_t<q.levels, Levels, Even<q.bits, q.zero>>;
  BlockSearch<Codes, q.scale_count> search(type, numbers, block);
  if constexpr (q.minima) {
    search.search_lines();
  } else {
    search.search_scales();
  }
}

}  // namespace

void search_scales(DType type, const float* numbers, QuantisedBlock& block) {
  block.m = {};
  block.scales[0] = 1;
  std::fill(std::begin(block.minima), std::end(block.minima), std::uint8_t{0});
  switch (type) {
    case DType::q2_k:
      return search<DType::q2_k>(numbers, block);
    case DType::q3_k:
      return search<DType::q3_k>(numbers, block);
    case DType::q4_k:
      return search<DType::q4_k>(numbers, block);
    case DType::q5_k:
      return search<DType::q5_k>(numbers, block);
    case DType::q6_k:
      return search<DType::q6_k>(numbers, block);
    case DType::iq4_nl:
      return search<DType::iq4_nl>(numbers, block);
    case DType::iq4_xs:
      return search<DType::iq4_xs>(numbers, block);
    default:  // the other types have no scales to be found
      return;
  }
}

}  // namespace msrnn
