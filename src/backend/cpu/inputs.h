// Activations in the formats that matrix products take (layout.h).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "backend/cpu/kernels.h"
#include "backend/cpu/packed_weight.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

// The tokens of one matrix product in one format.
class Inputs {
 public:
  // The content is undefined afterwards.
  void reshape(InputFormat format, std::int64_t n_tokens, std::int64_t n_cols);

  // For mixed precision, of a token as int8_pair whose blocks are all encoded; of all tokens, if they need
  // it.
  void thin(const MatmulKernels& kernels, std::int64_t token) const;
  void thin_all(const MatmulKernels& kernels, ThreadPool& pool) const;

  std::int64_t n_tokens() const { return n_tokens_; }
  // Of the tile, from block b on.
  std::byte* block(TileSpan tile, std::int64_t b) const {
    return numbers_.data() + (tile.first_token * n_blocks_ + b * tile.n_tokens) * input_bytes(format_);
  }

 private:
  InputFormat format_ = InputFormat::f32;
  std::int64_t n_tokens_ = 0, n_blocks_ = 0;
  Buffer numbers_;
};

// The same tokens in every format some weights need.
class InputSet {
 public:
  InputSet(const MatmulKernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  // Token i is x.row(rows(i)).
  using Weights = std::initializer_list<const PackedWeight*>;
  void encode(Tensor x, Weights weights);
  void encode_normalised(Tensor x, const NormWeights& norm, Weights weights);
  void encode_normalised(Tensor x, std::span<const std::int32_t> rows, const NormWeights& norm,
                         Weights weights);

  const Inputs& of(const PackedWeight& weight) const {
    return inputs_[static_cast<std::size_t>(kernels_.input_format(weight.dtype()))];
  }

 private:
  // In mixed precision, which blocks keep what a first rounding left over.
  enum class Remainders : std::uint8_t { all, of_largest };

  // Token i's numbers are row(i, scratch), where scratch is [n_cols].
  template <class Row>
  void fill(std::int64_t n_tokens, std::int64_t n_cols, Weights weights, Remainders remainders, Row row);

  const MatmulKernels& kernels_;
  ThreadPool& pool_;
  std::array<Inputs, kInputFormats> inputs_;
  Buffer scratch_;  // [threads][n_cols]
};

}  // namespace msrnn::cpu
