// Norm, activation, and writing activations in the formats the matrix products take.
#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// body(first, n) for pieces of kLanes numbers and a last one of fewer.
template <class Body>
void each_vector(std::int64_t n, Body body) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

F32 load_piece(const float* p, int n) { return n == kLanes ? load(p) : load_partial(p, n); }

void store_piece(float* p, int n, F32 a) { n == kLanes ? store(p, a) : store_partial(p, n, a); }

float square_root(float x) {
  float root[kLanes];
  store(root, sqrt(broadcast(x)));
  return root[0];
}

void normalise(const float* x, const float* gain, float epsilon, std::int64_t n, float* out) {
  // Four sums, or every addition would wait for the one before.
  F32 sums[4] = {zero(), zero(), zero(), zero()};
  int next = 0;
  each_vector(n, [&](std::int64_t i, int piece) {
    const F32 v = load_piece(x + i, piece);
    sums[next] = fma(v, v, sums[next]);
    next = (next + 1) % 4;
  });
  const float square_sum = reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
  const float factor = 1.0f / square_root(square_sum / static_cast<float>(n) + epsilon);
  each_vector(n, [&](std::int64_t i, int piece) {
    store_piece(out + i, piece, load_piece(x + i, piece) * broadcast(factor) * load_piece(gain + i, piece));
  });
}

// out = g / (1 + e^−slope(g)) · up
template <class Slope>
void activate_times(const float* gate, const float* up, std::int64_t n, float* out, Slope slope) {
  each_vector(n, [&](std::int64_t i, int piece) {
    const F32 g = load_piece(gate + i, piece);
    const F32 activated = g / (broadcast(1.0f) + exp(zero() - slope(g)));
    store_piece(out + i, piece, activated * load_piece(up + i, piece));
  });
}

void silu_times(const float* gate, const float* up, std::int64_t n, float* out) {
  activate_times(gate, up, n, out, [](F32 g) { return g; });
}

// (1 + tanh(u)) / 2 = 1 / (1 + e^−2u); 2 √(2/π) = 1.5957691
void gelu_times(const float* gate, const float* up, std::int64_t n, float* out) {
  activate_times(gate, up, n, out, [](F32 g) {
    const F32 cubic = fma(g * g * g, broadcast(0.044715f), g);
    return cubic * broadcast(1.5957691f);
  });
}

// A plain loop: the compiler vectorises it for both ways of pairing.
template <class Index>
void rotate(float* x, const float* cosines, const float* sines, std::int64_t n_pairs, Index index) {
  for (std::int64_t i = 0; i < n_pairs; ++i) {
    const auto [first, second] = index(i);
    const float a = x[first], b = x[second];
    x[first] = a * cosines[i] - b * sines[i];
    x[second] = a * sines[i] + b * cosines[i];
  }
}

struct Pair {
  std::int64_t first, second;
};

void rotate_interleaved(float* x, const float* cosines, const float* sines, std::int64_t n_pairs) {
  rotate(x, cosines, sines, n_pairs, [](std::int64_t i) { return Pair{2 * i, 2 * i + 1}; });
}

void rotate_halves(float* x, const float* cosines, const float* sines, std::int64_t n_pairs) {
  rotate(x, cosines, sines, n_pairs, [=](std::int64_t i) { return Pair{i, i + n_pairs}; });
}

constexpr int kBlockVectors = kBlockCols / kLanes;

struct Block {
  F32 part[kBlockVectors];
};

// The first n of 32 numbers; the others 0.
Block load_block(const float* x, std::int64_t n) {
  Block block;
  for (int i = 0; i < kBlockVectors; ++i) {
    const std::int64_t left = n - i * kLanes;
    block.part[i] = left >= kLanes ? load(x + i * kLanes)
                    : left > 0     ? load_partial(x + i * kLanes, static_cast<int>(left))
                                   : zero();
  }
  return block;
}

// One block's numbers as integers −127 … 127, and what that leaves over in parts of one, 2^−plane_bits.
template <int plane_bits>
struct Integers {
  static constexpr int kPart = 1 << plane_bits;
  I32 rounded[kBlockVectors], remainders[kBlockVectors];
  float magnitude;  // the largest number's; 127
};

template <int plane_bits>
Integers<plane_bits> round_block(const Block& block) {
  F32 largest = zero();
  for (const F32& part : block.part) largest = max(abs(part), largest);
  Integers<plane_bits> integers;
  integers.magnitude = reduce_max(largest);
  // Below this 127 / magnitude overflows, and the numbers count as 0.
  constexpr float kSmallest = 1e-36f;
  const float inverse = integers.magnitude > kSmallest ? 127.0f / integers.magnitude : 0.0f;
  for (int i = 0; i < kBlockVectors; ++i) {
    const F32 scaled = block.part[i] * broadcast(inverse);
    integers.rounded[i] = round_to_int(scaled);
    const I32 left = round_to_int((scaled - to_float(integers.rounded[i])) *
                                  broadcast(static_cast<float>(integers.kPart)));
    integers.remainders[i] = max(min(left, broadcast(127)), broadcast(-127));
  }
  return integers;
}

// What follows from the sums of the halves.
template <class Token>
void set_sums(Token& token) {
  const std::int32_t sum = token.half_sums[0] + token.half_sums[1];
  token.scaled_sum = token.scale * static_cast<float>(sum);
  token.minus_8_sum = -8 * sum;
  token.minus_128_sum = -128 * sum;
}

template <int plane_bits, int planes>
void write(const Integers<plane_bits>& integers, Int8Token<planes>& token) {
  // Sums of both planes at once, 2¹⁶ apart; neither reaches 2¹⁵.
  I32 half_sums[2] = {broadcast(0), broadcast(0)};
  for (int i = 0; i < kBlockVectors; ++i) {
    store_int8(token.plane[0] + i * kLanes, integers.rounded[i]);
    I32& half_sum = half_sums[2 * i / kBlockVectors];
    half_sum = half_sum + shift_left<16>(integers.rounded[i]);
    if constexpr (planes == 2) {
      store_int8(token.plane[1] + i * kLanes, integers.remainders[i]);
      half_sum = half_sum + integers.remainders[i];
    }
  }
  for (int i = 0; i < 2; ++i) {
    const std::int32_t sums = reduce_add(half_sums[i]);
    token.remainder_sums[i] = static_cast<std::int16_t>(sums);
    const std::int32_t rounded_sum = (sums - token.remainder_sums[i]) >> 16;
    token.half_sums[i] = planes == 2 ? rounded_sum * integers.kPart + token.remainder_sums[i] : rounded_sum;
  }
  token.scale = integers.magnitude / (planes == 1 ? 127.0f : 127.0f * integers.kPart);
  token.n_planes = planes;
  set_sums(token);
}

// Of each 4 numbers the second and the third change places.
void interleave_quads(std::int16_t* numbers) {
  for (int i = 0; i < kBlockCols; i += 4) {
    std::uint64_t quad;
    __builtin_memcpy(&quad, numbers + i, sizeof quad);
    quad = (quad & 0xffff00000000ffff) | (quad & 0xffff0000) << 16 | (quad >> 16 & 0xffff0000);
    __builtin_memcpy(numbers + i, &quad, sizeof quad);
  }
}

void write(const Integers<8>& integers, Int16Token& token) {
  I32 half_sums[2] = {broadcast(0), broadcast(0)};
  for (int i = 0; i < kBlockVectors; ++i) {
    const I32 numbers = shift_left<8>(integers.rounded[i]) + integers.remainders[i];
    store_int16(token.numbers + i * kLanes, numbers);
    I32& half_sum = half_sums[2 * i / kBlockVectors];
    half_sum = half_sum + numbers;
  }
  interleave_quads(token.numbers);
  for (int i = 0; i < 2; ++i) token.half_sums[i] = reduce_add(half_sums[i]);
  token.scale = integers.magnitude / (127.0f * 256.0f);
  set_sums(token);
}

void drop_remainders(Int8Token<2>& token) {
  __builtin_memset(token.plane[1], 0, kBlockCols);
  for (int i = 0; i < 2; ++i) token.half_sums[i] -= token.remainder_sums[i];
  token.n_planes = 1;
  set_sums(token);
}

// Of the first bits of n scales, as integers, the largest value that half of them reach. Behind them −1 fills
// the last vector.
std::int32_t upper_median(const std::int32_t* scales, int n) {
  std::int32_t median = 0;
  for (std::int32_t bit = 1 << 14; bit > 0; bit /= 2) {
    const I32 below = broadcast((median | bit) - 1);
    int reached = 0;
    for (int i = 0; i < n; i += kLanes) reached += __builtin_popcount(bits(less(below, load(scales + i))));
    if (2 * reached >= n) median |= bit;
  }
  return median;
}

// Scales are compared by their exponent and 7 more bits.
void thin(std::byte* tile, int n_tokens, int token, std::int64_t n_blocks) {
  constexpr int kTogether = 128;  // blocks that are compared
  for (std::int64_t first = 0; first < n_blocks; first += kTogether) {
    const int n = n_blocks - first < kTogether ? static_cast<int>(n_blocks - first) : kTogether;
    auto* blocks = reinterpret_cast<Int8Token<2>*>(tile) + first * n_tokens + token;
    std::int32_t scales[kTogether];
    for (int i = 0; i < n; ++i)
      scales[i] = __builtin_bit_cast(std::int32_t, blocks[i * n_tokens].scale) >> 16;
    for (int i = n; i % kLanes != 0; ++i) scales[i] = -1;
    const std::int32_t median = upper_median(scales, n);
    for (int i = 0; i < n; ++i) {
      if (scales[i] < median) drop_remainders(blocks[i * n_tokens]);
    }
  }
}

// encode(block, start of the tile's block) for each block of x.
template <class Encode>
void encode_blocks(InputFormat format, const float* x, std::int64_t n, std::byte* tile, int n_tokens,
                   Encode encode) {
  for (std::int64_t i = 0; i < n; i += kBlockCols, tile += n_tokens * input_bytes(format)) {
    encode(load_block(x + i, n - i), tile);
  }
}

template <InputFormat format, class Token, int plane_bits = 8>
void encode_integers(const float* x, std::int64_t n, std::byte* tile, int n_tokens, int token) {
  encode_blocks(format, x, n, tile, n_tokens, [&](const Block& block, std::byte* start) {
    write(round_block<plane_bits>(block), reinterpret_cast<Token*>(start)[token]);
  });
}

void encode_f32(const float* x, std::int64_t n, std::byte* tile, int n_tokens, int token) {
  encode_blocks(InputFormat::f32, x, n, tile, n_tokens, [&](const Block& block, std::byte* start) {
    float* numbers = reinterpret_cast<float*>(start) + token * kBlockCols;
    for (int i = 0; i < kBlockVectors; ++i) store(numbers + i * kLanes, block.part[i]);
  });
}

template <int planes>
void encode_bf16(const float* x, std::int64_t n, std::byte* tile, int n_tokens, int token) {
  constexpr InputFormat kFormat = planes == 1 ? InputFormat::bf16 : InputFormat::bf16_pair;
  encode_blocks(kFormat, x, n, tile, n_tokens, [&](const Block& block, std::byte* start) {
    BFloat16* rounded = reinterpret_cast<BFloat16*>(start) + token * kBlockCols;
    BFloat16* remainder = rounded + n_tokens * kBlockCols;
    for (int i = 0; i < kBlockVectors; ++i) {
      store(rounded + i * kLanes, block.part[i]);
      if (planes == 2) store(remainder + i * kLanes, block.part[i] - load(rounded + i * kLanes));
    }
  });
}

}  // namespace

void add_elementwise(MatmulKernels& kernels, Precision precision) {
  kernels.encode[static_cast<int>(InputFormat::int8)] = encode_integers<InputFormat::int8, Int8Token<1>>;
  kernels.encode[static_cast<int>(InputFormat::int8_pair)] =
      encode_integers<InputFormat::int8_pair, Int8Token<2>>;
  kernels.encode[static_cast<int>(InputFormat::int12)] = encode_integers<InputFormat::int12, Int8Token<2>, 4>;
  kernels.encode[static_cast<int>(InputFormat::int16)] = encode_integers<InputFormat::int16, Int16Token>;
  kernels.encode[static_cast<int>(InputFormat::f32)] = encode_f32;
  kernels.encode[static_cast<int>(InputFormat::bf16)] = encode_bf16<1>;
  kernels.encode[static_cast<int>(InputFormat::bf16_pair)] = encode_bf16<2>;
  if (precision == Precision::mixed) kernels.thin = thin;
  kernels.normalise = normalise;
  kernels.silu_times = silu_times;
  kernels.gelu_times = gelu_times;
  kernels.rotate_interleaved = rotate_interleaved;
  kernels.rotate_halves = rotate_halves;
}

}  // namespace msrnn::cpu::MSRNN_ISA
