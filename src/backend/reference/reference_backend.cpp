#include "backend/reference/reference_backend.h"

#include <algorithm>
#include <cmath>
#include <numbers>

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

void normalise(std::span<float> x, const NormWeights& weights) {
  const float* gain = dense(*weights.gain).row(0);
  double squares = 0;
  for (const float number : x) squares += static_cast<double>(number) * static_cast<double>(number);
  const double root =
      std::sqrt(squares / static_cast<double>(x.size()) + static_cast<double>(weights.epsilon));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(x[i] / root * gain[i]);
}

OwnedTensor norm(Tensor x, const NormWeights& weights) {
  OwnedTensor out(x.rows, x.cols);
  std::copy_n(x.data, x.rows * x.cols, out.view.data);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    normalise({out.view.row(r), static_cast<std::size_t>(x.cols)}, weights);
  }
  return out;
}

// Calls visit(head, row) for each head of each row.
template <class Visit>
void for_each_head(Tensor x, int head_dim, Visit visit) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; c += head_dim) {
      visit(std::span<float>(x.row(r) + c, static_cast<std::size_t>(head_dim)), r);
    }
  }
}

void rotate_heads(Tensor x, int head_dim, const Rope& rope, std::span<const std::int32_t> rotations) {
  for_each_head(x, head_dim, [&](std::span<float> head, std::int64_t r) {
    if (rotations[static_cast<std::size_t>(r)] != kUnrotated) rotate(head, rope, rotations[r]);
  });
}

void copy(const std::vector<float>& from, Tensor to) { std::copy(from.begin(), from.end(), to.data); }

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  return x;
}

}  // namespace

ReferenceBackend::ReferenceBackend(int threads) : pool_(threads), attention_(pool_) {}

std::string ReferenceBackend::description() const {
  return fmt::format("{}, {} threads", arithmetic(), threads());
}

std::string ReferenceBackend::arithmetic() const { return "plain loops, float weights, sums in double"; }

WeightPtr ReferenceBackend::prepare(const TensorView& stored) {
  return std::make_shared<reference::DenseWeight>(stored);
}

void ReferenceBackend::embed(Tensor x, const Weight& table, std::span<const Token> tokens, float scale) {
  for (std::size_t r = 0; r < tokens.size(); ++r) {
    const float* row = dense(table).row(tokens[r]);
    for (std::int64_t c = 0; c < x.cols; ++c) x.row(static_cast<std::int64_t>(r))[c] = row[c] * scale;
  }
}

void ReferenceBackend::qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
                           std::span<const std::int32_t> rotations) {
  const OwnedTensor normed = norm(x, weights.norm);
  const auto project = [&](const HeadProjection& to, Tensor heads) {
    copy(multiply(normed.view, *to.matrix, pool_), heads);
    if (to.bias != nullptr) {
      const float* bias = dense(*to.bias).row(0);
      for (std::int64_t i = 0; i < heads.rows * heads.cols; ++i) heads.data[i] += bias[i % heads.cols];
    }
    if (to.norm) {
      for_each_head(heads, weights.head_dim,
                    [&](std::span<float> head, std::int64_t) { normalise(head, to.norm); });
    }
  };
  project(weights.q, out.q);
  project(weights.k, out.k);
  project(weights.v, out.v);
  rotate_heads(out.q, weights.head_dim, rope, rotations);
  rotate_heads(out.k, weights.head_dim, rope, rotations);
}

void ReferenceBackend::attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                              std::span<const AttentionJob> jobs) {
  attention_.run(out, qkv, shape, jobs);
}

void ReferenceBackend::project_add(Tensor x, Tensor y, const OutputProjection& weights) {
  OwnedTensor product(x.rows, x.cols);
  copy(multiply(y, *weights.matrix, pool_), product.view);
  if (weights.norm) product = norm(product.view, weights.norm);
  for (std::int64_t i = 0; i < x.rows * x.cols; ++i) x.data[i] += product.view.data[i];
}

void ReferenceBackend::feed_forward(Tensor x, const FfnWeights& weights, Activation activation) {
  const OwnedTensor normed = norm(x, weights.norm);
  std::vector<float> hidden = multiply(normed.view, *weights.gate, pool_);
  const std::vector<float> up = multiply(normed.view, *weights.up, pool_);
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] = static_cast<float>(activate(activation, hidden[i]) * up[i]);
  }
  project_add(x, {hidden.data(), x.rows, weights.gate->rows()}, weights.down);
}

void ReferenceBackend::logits(Tensor out, Tensor x, const HeadWeights& weights,
                              std::span<const std::int32_t> rows) {
  OwnedTensor wanted(static_cast<std::int64_t>(rows.size()), x.cols);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(x.row(rows[i]), x.cols, wanted.view.row(static_cast<std::int64_t>(i)));
  }
  copy(multiply(norm(wanted.view, weights.norm).view, *weights.output, pool_), out);
  if (weights.soft_cap == 0) return;
  for (std::int64_t i = 0; i < out.rows * out.cols; ++i) {
    out.data[i] = static_cast<float>(soft_cap(out.data[i], weights.soft_cap));
  }
}

}  // namespace msrnn
