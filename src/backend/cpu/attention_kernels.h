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
// Of a panel that only one pass looks at, whatever its numbers are; rows come in multiples of so many.
inline constexpr int kPanelRowBytes = kKeyPanel * sizeof(float), kPanelRows = 32;

constexpr std::int64_t aligned_columns(std::int64_t n, int alignment = kColumnAlignment) {
  return (n + alignment - 1) / alignment * alignment;
}

// C[m][n] = A[m][k] · B[k][n], or C += A · B. n is a multiple of kColumnAlignment. Each number is one chain
// of fused multiply-adds over k, from zero: it does not depend on m and n.
template <class B>
struct ProductWith {
  const float* a;
  std::int64_t a_stride;
  const B* b;
  std::int64_t b_stride;
  float* c;
  std::int64_t c_stride;
  int m, n, k;
  // Of C += A · B: [k], the columns of A and rows of B in the order they are added.
  const std::int32_t* order = nullptr;
  // Where B is no float: what the caller will look at next, to be fetched; as large as B at most.
  const B *next = nullptr, *next_end = nullptr;
};
using Product = ProductWith<float>;

// Exponentials are added up as whole numbers of this unit, so that their sum does not depend on the order.
inline constexpr float kSoftmaxUnit = 1.0f / (1 << 30);
// Stands for the largest score where there is none. Far below any score, yet finite: subtracting it from −∞
// is no NaN.
inline constexpr float kNoScore = -3e38f;

// The scores a row gave some columns. Row `row` sees column c if first_row[c] <= row <= last_row[c].
struct RowScores {
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
  const Slot* slots;
  std::int32_t first_position;  // that is seen, from 0; those of empty slots are not
  float soft_cap;               // of scores; 0: none
  int group, head_dim, begin, end;
  // What memory is fetched ahead: rows of slots up to this one, and after the keys of these, and their
  // values, as many rows from here on.
  int ahead_end;
  const std::byte *after_keys, *after_values;
  std::byte* panel;     // scratch [head_dim, in multiples of kPanelRows][kPanelRowBytes]
  float* exponentials;  // [group][exponentials_stride]: slot s at [s]
  std::int64_t exponentials_stride;
};

// What one row made of the columns it sees.
struct RowSoftmax {
  std::int64_t sum;             // of the exponentials, in units
  std::int32_t largest_column;  // one that has the largest score
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
  std::int32_t* last_row;   // the same; a sweep ends it with the row that dropped the column
};

// Rows of one lane in order. Row r belongs to the token at position first_position + r in column new_column +
// r, which has to be alive already; it sees the first n_columns + r columns.
struct SweepArgs {
  LaneColumns columns;
  int new_column, n_columns;  // at row 0
  int begin_row, end_row;
  std::int32_t first_position, n_live, capacity;  // n_live: before begin_row, and updated
  // e^(score − largest) of KV head v, query head g of its group: exponentials[v · kv_stride + (r · group + g)
  // · stride + column], 0 where not seen.
  const float* exponentials;
  std::int64_t kv_stride, stride;
  int n_kv_heads, group;
  const RowSoftmax* softmax;  // [rows][head_stride]: each head's, of the columns that the exponentials are of
  float* inverse_sums;        // [rows][head_stride], 1 ÷ what each head's live exponentials sum to
  std::int64_t head_stride;
  float* mass;            // scratch [columns]
  std::int32_t* worth;    // scratch [columns]
  std::int32_t* dropped;  // [rows], column that each row dropped; −1 for none
};

// Goes through the rows: softmax sums, mass, new scores, and the column least worth keeping goes. Returns
// end_row, or the row that stopped it because a column with its largest score is dead: its exponentials have
// to be computed anew, over the live columns. So all that counts is under the largest live score.
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
  // Scores of columns that the row does not see become −∞. Returns the largest; kNoScore where it sees none.
  float (*hide)(const RowScores&);
  // The first column that has this score; n where none has.
  int (*find)(const float* scores, int n, float score);
  // Scores become e^(score − largest). Returns their sum in units. n is a multiple of kColumnAlignment.
  std::int64_t (*exponentiate)(float* scores, int n, float largest);
  // Scores of the slots, −∞ for those not seen and from `end` to the next multiple of kColumnAlignment; the
  // largest of each head.
  void (*score_slots)(const SlotChunk&, float* largest);
  // sums[group][head_dim] = Σ exponential · value
  void (*weigh_slots)(const SlotChunk&, float* sums);
  void (*scale)(float* values, std::int64_t n, float factor);
  // x becomes cap · tanh(x / cap), to 1e-7 · cap.
  void (*soft_cap)(float* x, std::int64_t n, float cap);
  // To and from the state's number type, as reference/stored_row.h defines it; n numbers are whole blocks.
  void (*store)(DType type, const float* values, int n, std::byte* out);
  void (*load)(DType type, const std::byte* stored, int n, float* values);
  // n_rows ≤ kKeyPanel keys as a panel [head_dim][kKeyPanel]; the columns after them are 0.
  void (*load_panel)(DType type, const std::byte* keys, int n_rows, int head_dim, float* panel);
  Sweeps sweeps;
};

}  // namespace msrnn::cpu
