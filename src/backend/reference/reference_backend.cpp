#include "backend/reference/reference_backend.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "backend/reference/matmul.h"

namespace msrnn {
namespace {

using reference::dense;
using reference::multiply;

// A tensor that owns its numbers.
struct OwnedTensor {
  std::vector<float> values;
  Tensor view;

  OwnedTensor(std::int64_t rows, std::int64_t cols)
      : values(static_cast<std::size_t>(rows * cols)), view{values.data(), rows, cols} {}
};

OwnedTensor norm(Tensor x, const NormWeights& weights) {
  OwnedTensor out(x.rows, x.cols);
  const float* gain = dense(*weights.gain).row(0);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    double squares = 0;
    for (std::int64_t c = 0; c < x.cols; ++c)
      squares += static_cast<double>(x.row(r)[c]) * static_cast<double>(x.row(r)[c]);
    const double root =
        std::sqrt(squares / static_cast<double>(x.cols) + static_cast<double>(weights.epsilon));
    for (std::int64_t c = 0; c < x.cols; ++c)
      out.view.row(r)[c] = static_cast<float>(x.row(r)[c] / root * gain[c]);
  }
  return out;
}

void rotate_heads(Tensor x, std::size_t head_dim, const Rope& rope, std::span<const std::int32_t> rotations) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    if (rotations[r] == kUnrotated) continue;
    for (std::int64_t c = 0; c < x.cols; c += static_cast<std::int64_t>(head_dim)) {
      rotate({x.row(r) + c, head_dim}, rope, rotations[r]);
    }
  }
}

void copy(const std::vector<float>& from, Tensor to) { std::copy(from.begin(), from.end(), to.data); }

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
  }
  return x;
}

}  // namespace

ReferenceBackend::ReferenceBackend(int threads) : pool_(threads), attention_(pool_) {}

std::string ReferenceBackend::description() const {
  return fmt::format("plain loops, float weights, sums in double, {} threads", threads());
}

WeightPtr ReferenceBackend::prepare(const TensorView& stored) {
  return std::make_shared<reference::DenseWeight>(stored);
}

void ReferenceBackend::embed(Tensor x, const Weight& table, std::span<const Token> tokens) {
  for (std::size_t r = 0; r < tokens.size(); ++r) {
    std::copy_n(dense(table).row(tokens[r]), x.cols, x.row(static_cast<std::int64_t>(r)));
  }
}

void ReferenceBackend::qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
                           std::span<const std::int32_t> rotations) {
  const OwnedTensor normed = norm(x, weights.norm);
  copy(multiply(normed.view, *weights.q, pool_), out.q);
  copy(multiply(normed.view, *weights.k, pool_), out.k);
  copy(multiply(normed.view, *weights.v, pool_), out.v);
  const std::size_t head_dim = 2 * rope.inverse_frequencies.size();
  rotate_heads(out.q, head_dim, rope, rotations);
  rotate_heads(out.k, head_dim, rope, rotations);
}

void ReferenceBackend::attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                              std::span<const AttentionJob> jobs) {
  attention_.run(out, qkv, shape, jobs);
}

void ReferenceBackend::project_add(Tensor x, Tensor y, const Weight& weight) {
  const std::vector<float> product = multiply(y, weight, pool_);
  for (std::size_t i = 0; i < product.size(); ++i) x.data[i] += product[i];
}

void ReferenceBackend::feed_forward(Tensor x, const FfnWeights& weights, Activation activation) {
  const OwnedTensor normed = norm(x, weights.norm);
  std::vector<float> hidden = multiply(normed.view, *weights.gate, pool_);
  const std::vector<float> up = multiply(normed.view, *weights.up, pool_);
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] = static_cast<float>(activate(activation, hidden[i]) * up[i]);
  }
  project_add(x, {hidden.data(), x.rows, weights.gate->rows()}, *weights.down);
}

void ReferenceBackend::logits(Tensor out, Tensor x, const HeadWeights& weights,
                              std::span<const std::int32_t> rows) {
  OwnedTensor wanted(static_cast<std::int64_t>(rows.size()), x.cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(x.row(rows[i]), x.cols, wanted.view.row(static_cast<std::int64_t>(i)));
  }
  copy(multiply(norm(wanted.view, weights.norm).view, *weights.output, pool_), out);
}

}  // namespace msrnn
