#include "backend/cpu/inputs.h"

#include <algorithm>

#include "base/parts.h"

namespace msrnn::cpu {
namespace {

// Tokens one task encodes: a microsecond or two of work, so that decoding needs no other thread for it.
constexpr std::int64_t kTokensPerTask = 8;
constexpr auto kPair = static_cast<std::size_t>(InputFormat::int8_pair);

// body(token, worker) for all tokens.
template <class Body>
void each_token(ThreadPool& pool, std::int64_t n_tokens, Body body) {
  pool.for_each(parts(n_tokens, kTokensPerTask), [&](std::int64_t task, int worker) {
    const std::int64_t end = std::min(n_tokens, (task + 1) * kTokensPerTask);
    for (std::int64_t token = task * kTokensPerTask; token < end; ++token) body(token, worker);
  });
}

}  // namespace

void Inputs::reshape(InputFormat format, std::int64_t n_tokens, std::int64_t n_cols) {
  format_ = format;
  n_tokens_ = n_tokens;
  n_blocks_ = cpu::n_blocks(n_cols);
  numbers_.require(static_cast<std::size_t>(n_tokens * n_blocks_ * input_bytes(format)));
}

void Inputs::thin(const MatmulKernels& kernels, std::int64_t token) const {
  if (kernels.thin == nullptr) return;
  const TileSpan tile = tile_of(token, n_tokens_);
  kernels.thin(block(tile, 0), tile.n_tokens, static_cast<int>(token - tile.first_token), n_blocks_);
}

void Inputs::thin_all(const MatmulKernels& kernels, ThreadPool& pool) const {
  if (kernels.thin == nullptr || format_ != InputFormat::int8_pair) return;
  each_token(pool, n_tokens_, [&](std::int64_t token, int) { thin(kernels, token); });
}

template <class Row>
void InputSet::fill(std::int64_t n_tokens, std::int64_t n_cols, Weights weights, Remainders remainders,
                    Row row) {
  std::array<bool, kInputFormats> needed = {};
  for (const PackedWeight* weight : weights) {
    needed[static_cast<std::size_t>(kernels_.input_format(weight->dtype()))] = true;
  }
  for (std::size_t f = 0; f < needed.size(); ++f) {
    if (needed[f]) inputs_[f].reshape(static_cast<InputFormat>(f), n_tokens, n_cols);
  }
  scratch_.require(static_cast<std::size_t>(pool_.size() * n_cols) * sizeof(float));
  each_token(pool_, n_tokens, [&](std::int64_t token, int worker) {
    const float* numbers = row(token, scratch_.as<float>() + worker * n_cols);
    const TileSpan tile = tile_of(token, n_tokens);
    for (std::size_t f = 0; f < needed.size(); ++f) {
      if (!needed[f]) continue;
      kernels_.encode[f](numbers, n_cols, inputs_[f].block(tile, 0), tile.n_tokens,
                         static_cast<int>(token - tile.first_token));
    }
    if (needed[kPair] && remainders == Remainders::of_largest) inputs_[kPair].thin(kernels_, token);
  });
}

void InputSet::encode(Tensor x, Weights weights) {
  fill(x.rows, x.cols, weights, Remainders::of_largest,
       [&](std::int64_t token, float*) { return x.row(token); });
}

void InputSet::encode_normalised(Tensor x, const NormWeights& norm, Weights weights) {
  const float* gain = packed(*norm.gain).vector();
  fill(x.rows, x.cols, weights, Remainders::of_largest, [&](std::int64_t token, float* scratch) {
    kernels_.normalise(x.row(token), gain, norm.epsilon, x.cols, scratch);
    return scratch;
  });
}

void InputSet::encode_normalised(Tensor x, std::span<const std::int32_t> rows, const NormWeights& norm,
                                 Weights weights) {
  const float* gain = packed(*norm.gain).vector();
  // What predictions are made of: one more rounding here would not even out over the layers.
  fill(std::ssize(rows), x.cols, weights, Remainders::all, [&](std::int64_t token, float* scratch) {
    kernels_.normalise(x.row(rows[static_cast<std::size_t>(token)]), gain, norm.epsilon, x.cols, scratch);
    return scratch;
  });
}

}  // namespace msrnn::cpu
