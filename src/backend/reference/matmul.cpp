#include "backend/reference/matmul.h"

#include <algorithm>

namespace msrnn::reference {
namespace {

constexpr int kTile = 16;  // rows of x that share one pass over the weights

// x[first …] as double, column by column: [cols][kTile], missing rows zero. Neighbouring sums then lie side
// by side, and the compiler can form them together without changing the order of any of them.
std::vector<double> transposed_tile(Tensor x, std::int64_t first) {
  std::vector<double> tile(static_cast<std::size_t>(x.cols * kTile), 0.0);
  const std::int64_t n = std::min<std::int64_t>(kTile, x.rows - first);
  for (std::int64_t r = 0; r < n; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) tile[c * kTile + r] = x.row(first + r)[c];
  }
  return tile;
}

// Wider vectors change the speed and no bit of the result: products and sums are rounded one by one
// everywhere. Sanitizers cannot resolve clones, and would check what the caller's sizes show.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("address", "thread", "undefined")))
#elif defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#endif
void dot_tile(const float* weight, const double* tile, std::int64_t n, double* sums) {
  double sum[kTile] = {};
  for (std::int64_t i = 0; i < n; ++i) {
    const double w = weight[i];
    for (int r = 0; r < kTile; ++r) sum[r] += w * tile[i * kTile + r];
  }
  std::copy(sum, sum + kTile, sums);
}

}  // namespace

double dot(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

DenseWeight::DenseWeight(const TensorView& stored)
    : Weight(stored.dtype, stored.rows, stored.cols),
      values_(static_cast<std::size_t>(stored.rows * stored.cols)) {
  dequantise(stored.dtype, stored.data, stored.rows * stored.cols, values_.data());
}

const DenseWeight& dense(const Weight& weight) { return dynamic_cast<const DenseWeight&>(weight); }

std::vector<float> multiply(Tensor x, const Weight& weight, ThreadPool& pool) {
  const DenseWeight& w = dense(weight);
  std::vector<float> out(static_cast<std::size_t>(x.rows * w.rows()));
  if (x.rows == 1) {
    pool.for_each(w.rows(),
                  [&](std::int64_t o, int) { out[o] = static_cast<float>(dot(x.data, w.row(o), x.cols)); });
    return out;
  }
  for (std::int64_t first = 0; first < x.rows; first += kTile) {
    const std::vector<double> tile = transposed_tile(x, first);
    const std::int64_t n = std::min<std::int64_t>(kTile, x.rows - first);
    pool.for_each(w.rows(), [&](std::int64_t o, int) {
      double sums[kTile];
      dot_tile(w.row(o), tile.data(), x.cols, sums);
      for (std::int64_t r = 0; r < n; ++r) out[(first + r) * w.rows() + o] = static_cast<float>(sums[r]);
    });
  }
  return out;
}

}  // namespace msrnn::reference
