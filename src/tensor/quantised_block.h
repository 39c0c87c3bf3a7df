// What all quantised types have in common: small integers, scales and minima.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/half.h"
#include "tensor/dtype.h"

namespace msrnn {

// Integers are stored as codes from 0 on. A code stands for code − zero, or, where `levels` is set, for
// kLevels[code].
struct Quantisation {
  int bits;  // of a code
  int zero;  // what code stands for 0
  bool levels;
  int scale_count;  // numbers that share a scale: 16 or 32
  bool minima;      // whether something is subtracted
};

// Numbers in a block: 32, or 256 in the K-types and iq4_xs.
inline constexpr int kSmallBlock = 32, kLargeBlock = 256;

// What the codes of iq4 types stand for: more of them near zero, where most weights are.
inline constexpr std::int8_t kLevels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                            1,    13,   25,  38,  53,  69,  89,  113};

constexpr Quantisation quantisation(DType type) {
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      break;
    case DType::q8_0:
      return {8, 128, false, 32, false};
    case DType::q4_0:
      return {4, 8, false, 32, false};
    case DType::q4_1:
    case DType::q4_k:
      return {4, 0, false, 32, true};
    case DType::q5_0:
      return {5, 16, false, 32, false};
    case DType::q5_1:
    case DType::q5_k:
      return {5, 0, false, 32, true};
    case DType::q2_k:
      return {2, 0, false, 16, true};
    case DType::q3_k:
      return {3, 4, false, 16, false};
    case DType::q6_k:
      return {6, 32, false, 16, false};
    case DType::iq4_nl:
    case DType::iq4_xs:
      return {4, 0, true, 32, false};
  }
  return {};
}

// One stored block taken apart. With p = c / scale_count, number c is
//   (d · scales[p]) · (what codes[c] stands for) − (m · minima[p]),
// where each product is rounded to float; those in parentheses are exact. Types of 32 numbers have one scale,
// 1, and those without minima have m = 0.
struct QuantisedBlock {
  static constexpr int kMostNumbers = 256, kMostScales = 16;

  Half d, m;
  std::int8_t scales[kMostScales];
  std::uint8_t minima[kMostScales];
  std::uint8_t codes[kMostNumbers];
};

// The block at `stored`. Sets as many scales, minima and codes as the type has.
void take_apart(DType type, const std::byte* stored, QuantisedBlock& block);

}  // namespace msrnn
