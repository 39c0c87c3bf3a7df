// The vector code of attention, one table per instruction set. isa/attention.cpp and isa/sweep.cpp fill it;
// each instruction set has in its own namespace
//   AttentionKernels attention_kernels();
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <variant>

#include "policy/policy.h"
#include "tensor/dtype.h"

namespace msrnn::cpu {

// Columns of scratch matrices come in multiples of this many numbers: one widest vector, so that kernels need
// no tails.
inline constexpr int kColumnAlignment = 16;

// Columns of transposed keys that lie together: [column / kKeyPanel][head_dim][kKeyPanel].
inline constexpr int kKeyPanel = 32;

constexpr std::int64_t aligned_columns(std::int64_t n, int alignment = kColumnAlignment) {
  return (n + alignment - 1) / alignment * alignment;
}

// C[m][n] = A[m][k] · B[k][n], or C += A · B. n is a multiple of kColumnAlignment.
struct Product {
  const float* a;
  std::int64_t a_stride;
  const float* b;
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  int m, n, k;
};

// A running softmax over columns seen so far: the largest score, and the sum of e^(score − largest).
struct RunningSoftmax {
  // Far below any score, yet finite: subtracting it from −∞ is no NaN.
  static constexpr float kNothing = -3e38f;
  float largest = kNothing, sum = 0;
};

// Turns the scores a row gave some columns into e^(score − largest), where largest takes in what `running`
// saw before; columns the row does not see become 0. Row `row` sees column c if first_row[c] <= row <=
// last_row[c].
struct Softening {
  float* scores;  // [n]; n is a multiple of kColumnAlignment
  int n;
  const std::int32_t *first_row, *last_row;  // [n]
  std::int32_t row;
};

// The slots [begin, end) of one KV head, as one query of each head of its group sees them.
struct SlotChunk {
  const float* q;         // [group][head_dim], times the scale
  const std::byte* keys;  // [slots][head_dim] of key_type
  DType key_type;
  const std::byte* values;  // the same, of value_type
  DType value_type;
  const Slot* slots;  // empty ones are not seen
  int group, head_dim, begin, end;
  float* exponentials;  // [group][exponentials_stride], e^(score − largest) of slot s at [s]
  std::int64_t exponentials_stride;
  RunningSoftmax* softmax;  // [group] of these slots
  float* sums;              // [group][head_dim], Σ exponential · value
};

// What the rows of a lane can look at, one entry a column. The policy may choose a column while its `order`
// is a position, and not while it is kNoCandidate: no token there, or one that the caller pinned.
struct LaneColumns {
  static constexpr std::int32_t kNoCandidate = std::numeric_limits<std::int32_t>::max();
  std::int32_t* position;
  float* score;
  std::int32_t* order;
  float* alive;             // 1 or 0
  std::int32_t* first_row;  // that sees the column
  std::int32_t* last_row;   // the same; a sweep sets it to the row that dropped the column
};

// Rows of one lane in order. Row r belongs to the token at position first_position + r in column new_column +
// r, which has to be alive already; it sees the first n_columns + r columns.
struct SweepArgs {
  // Where `resume` is the row a sweep stopped at, this row is not checked again.
  static constexpr float kUnderflow = 1e-20f;

  LaneColumns columns;
  int new_column, n_columns;  // at row 0
  int begin_row, end_row, resume;
  std::int32_t first_position, n_live, capacity;  // n_live: before begin_row, and updated
  // e^(score − largest) of KV head v, query head g of its group: exponentials[v · kv_stride + (r · group + g)
  // · stride + column], 0 where not seen.
  const float* exponentials;
  std::int64_t kv_stride, stride;
  int n_kv_heads, group;
  float* inverse_sums;  // [rows][inverse_stride], 1 ÷ what each head's exponentials sum to
  std::int64_t inverse_stride;
  float* mass;            // scratch [columns]
  std::int32_t* worth;    // scratch [columns]
  std::int32_t* dropped;  // [rows], column that each row dropped; −1 for none
};

// Goes through the rows: softmax sums, mass, new scores, and the column least worth keeping goes. Returns
// end_row, or the row that stopped it because its exponentials over the live columns sum to less than
// kUnderflow: they have to be computed anew, with the largest live score subtracted.
template <class P>
using Sweep = int (*)(const P& policy, SweepArgs& args);

template <class Variant>
struct SweepsOf;
template <class... P>
struct SweepsOf<std::variant<P...>> {
  using type = std::tuple<Sweep<P>...>;
};
using Sweeps = SweepsOf<Policy>::type;

struct AttentionKernels {
  void (*multiply)(const Product&);
  void (*multiply_add)(const Product&);
  // Returns the factor by which sums of earlier columns shrink.
  float (*soften)(const Softening&, RunningSoftmax& running);
  void (*attend_slots)(const SlotChunk&);
  void (*scale)(float* values, std::int64_t n, float factor);
  // To and from the state's number type.
  void (*store)(DType type, const float* values, int n, std::byte* out);
  void (*load)(DType type, const std::byte* stored, int n, float* values);
  Sweeps sweeps;
};

}  // namespace msrnn::cpu
