// The processor's attention against the reference device: same victims, same kept tokens, same outputs, for
// every policy, state type, position mode and shape, however the rows are split.
#include "backend/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "backend/attention_lab.h"
#include "backend/cpu/attend.h"

namespace msrnn::testing {
namespace {

// Instruction sets whose attention differs: the rest share the code of one of these.
std::vector<const cpu::Kernels*> tested_kernels() {
  std::vector<const cpu::Kernels*> tested;
  for (const cpu::Kernels* kernels : cpu::supported_kernels()) {
    if (kernels->isa == "scalar" || kernels->isa == "avx2" || kernels->isa == "avx512")
      tested.push_back(kernels);
  }
  return tested;
}

class CpuAttend {
 public:
  CpuAttend(const cpu::Kernels& kernels, int threads) : kernels_(kernels), pool_(threads) {}
  void operator()(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                  std::span<const AttentionJob> jobs) {
    attention_.run({out, qkv, shape, pool_, kernels_, clock_}, jobs);
  }

 private:
  const cpu::Kernels& kernels_;
  ThreadPool pool_;
  cpu::CpuAttention attention_;
  StageClock clock_;
};

Outcome run_reference(const LayerCase& c, const Rows& rows, LabState& state, int n_rows) {
  ThreadPool pool(1);
  ReferenceAttention attention(pool);
  return run_split(c, rows, state, std::vector<int>(static_cast<std::size_t>(n_rows), 1),
                   [&](auto&&... args) { attention.run(args...); });
}

std::vector<int> random_split(int n_rows, std::mt19937& engine) {
  std::vector<int> sizes;
  const std::vector<int> choices = {1, 1, 2, 7, 8, 9, 16, 33, 64, 65, 100, 200};
  for (int left = n_rows; left > 0; left -= sizes.back()) {
    sizes.push_back(std::min(left, choices[engine() % choices.size()]));
  }
  return sizes;
}

// How far apart, relatively, the reference's scores of two tokens are when one of them goes at `row`: read in
// a state with room for both.
double score_gap(const LayerCase& c, const Rows& rows, int lane, int row, std::int32_t a, std::int32_t b) {
  LabState state(c);
  run_reference(c, rows, state, row);
  LabState wide = state.with_one_more_slot(c);
  const std::int64_t width = std::int64_t{c.n_heads} * c.head_dim;
  const std::int64_t kv_width = std::int64_t{c.n_kv_heads} * c.head_dim;
  std::vector<float> out(rows.q.size());
  const auto view = [&](const std::vector<float>& x, std::int64_t cols) {
    return Tensor{const_cast<float*>(x.data()), c.n_rows, cols};
  };
  const AttentionJob job{row,
                         1,
                         row,
                         wide.view(),
                         parse_policy(c.policy),
                         {},
                         c.positions,
                         {frequencies(c.head_dim), c.pairs},
                         nullptr};
  ThreadPool pool(1);
  ReferenceAttention attention(pool);
  attention.run(view(out, width), {view(rows.q, width), view(rows.k, kv_width), view(rows.v, kv_width)},
                c.shape(), {&job, 1});
  double scores[2] = {0, 1e9};
  for (const Slot& slot : wide.kept(lane)) {
    if (slot.position == a) scores[0] = static_cast<double>(slot.score);
    if (slot.position == b) scores[1] = static_cast<double>(slot.score);
  }
  return std::abs(scores[0] - scores[1]) / std::max(std::abs(scores[0]), 1e-30);
}

std::string describe(const LayerCase& c) {
  return c.policy + " k=" + std::to_string(c.capacity) + " heads " + std::to_string(c.n_heads) + "/" +
         std::to_string(c.n_kv_heads) + " dim " + std::to_string(c.head_dim) + " " +
         std::string(traits(c.type).name) + " positions " + std::to_string(static_cast<int>(c.positions));
}

// Compares until a near-tie of scores was decided differently.
void expect_same(const LayerCase& c, const Rows& rows, const Outcome& expected,
                 const LabState& expected_state, const Outcome& found, const LabState& found_state) {
  const int heads_per_lane = c.n_heads / c.lanes();
  for (int lane = 0; lane < c.lanes(); ++lane) {
    int same = 0;
    const auto victim = [&](const Outcome& o, int r) {
      return o.victims[static_cast<std::size_t>(lane * c.n_rows + r)];
    };
    while (same < c.n_rows && victim(expected, same) == victim(found, same)) ++same;
    if (same < c.n_rows) {
      ASSERT_LT(score_gap(c, rows, lane, same, victim(expected, same), victim(found, same)), 1e-4)
          << describe(c) << ": lane " << lane << " row " << same << " drops " << victim(found, same)
          << ", not " << victim(expected, same);
    } else {
      const auto a = expected_state.kept(lane), b = found_state.kept(lane);
      ASSERT_EQ(a.size(), b.size()) << describe(c);
      for (std::size_t i = 0; i < a.size(); ++i) {
        ASSERT_EQ(a[i].position, b[i].position) << describe(c);
        ASSERT_NEAR(a[i].score, b[i].score, 1e-4 * (1 + std::abs(a[i].score))) << describe(c);
      }
    }
    const int compared = std::min(same + 1, c.n_rows);
    const int begin = lane * heads_per_lane * c.head_dim, end = begin + heads_per_lane * c.head_dim;
    for (int r = 0; r < compared; ++r) {
      for (int i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(r * c.n_heads * c.head_dim + i);
        ASSERT_NEAR(expected.out[at], found.out[at], 1e-4) << describe(c) << ": row " << r << " number " << i;
      }
    }
  }
}

constexpr int kCapacities[] = {1, 2, 3, 15, 16, 17, 33, 64};
constexpr int kHeadDims[] = {16, 64, 80, 128, 6}, kHeadDimsOfBlocks[] = {32, 64, 96, 128, 32};
constexpr int kHeads[][2] = {{1, 1}, {4, 4}, {6, 2}, {9, 3}, {8, 1}};
constexpr DType kTypes[] = {DType::f32, DType::f16, DType::bf16, DType::q8_0};
constexpr PositionMode kModes[] = {PositionMode::absolute, PositionMode::in_cache, PositionMode::compressed};
const char* const kPolicies[] = {
    "tova",   "tova-head", "h2o",      "h2o-layer", "decayed",
    "tova+1", "window",    "window+1", "full",      "mass:decay=0.5,recent=0.3,sinks=1,by=head"};

// Every policy with every capacity and position mode; the other dimensions take turns.
std::vector<LayerCase> all_cases() {
  std::vector<LayerCase> cases;
  std::size_t i = 0;
  for (const char* policy : kPolicies) {
    for (const int capacity : kCapacities) {
      for (const PositionMode mode : kModes) {
        LayerCase c;
        c.policy = policy;
        c.positions = mode;
        c.type = kTypes[i % 4];
        c.head_dim = (is_quantised(c.type) ? kHeadDimsOfBlocks : kHeadDims)[i * 7 / 3 % 5];
        c.n_heads = kHeads[i * 3 / 2 % 5][0];
        c.n_kv_heads = kHeads[i * 3 / 2 % 5][1];
        c.scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
        c.n_rows = 100 + static_cast<int>(i * 37 % 80);
        c.capacity = c.policy == "full" ? c.n_rows : capacity;
        c.pairs = i % 2 == 0 ? Rope::Pairs::interleaved : Rope::Pairs::halves;
        if (i % 5 == 2) c.window = 1 + static_cast<std::int32_t>(i) % 25;
        if (i % 7 == 3) c.soft_cap = 1.5f;
        if (i % 3 == 1 && capacity >= 15) c.pins = {{20, 22}, {60, 63}};
        cases.push_back(c);
        ++i;
      }
    }
  }
  return cases;
}

TEST(CpuAttention, EqualsTheReferenceForAnySplit) {
  const auto tested = tested_kernels();
  std::mt19937 engine(1);
  unsigned seed = 0;
  for (const LayerCase& c : all_cases()) {
    const Rows rows = Rows::random(c, ++seed);
    LabState expected_state(c);
    const Outcome expected = run_reference(c, rows, expected_state, c.n_rows);
    for (const cpu::Kernels* kernels : tested) {
      CpuAttend attend(*kernels, 1 + static_cast<int>(seed % 3));
      for (int repeat = 0; repeat < 2; ++repeat) {
        LabState state(c);
        const Outcome found = run_split(c, rows, state, random_split(c.n_rows, engine), std::ref(attend));
        ASSERT_NO_FATAL_FAILURE(expect_same(c, rows, expected, expected_state, found, state)) << kernels->isa;
      }
    }
  }
}

// Where a policy looks at attention, single steps and blocks of any size add up the same numbers in the same
// order: not one bit of results, scores or state depends on the split.
TEST(CpuAttention, NoSplitChangesABit) {
  std::mt19937 engine(11);
  unsigned seed = 0;
  for (LayerCase c : all_cases()) {
    if (!observes(parse_policy(c.policy)) || c.positions != PositionMode::absolute) continue;
    ++seed;
    for (const int capacity : {c.capacity, 150}) {  // several chunks of slots, too
      if (capacity == 150 && seed % 4 != 0) continue;
      c.capacity = capacity;
      c.n_rows = capacity + 120;
      const Rows rows = Rows::random(c, seed);
      for (const cpu::Kernels* kernels : tested_kernels()) {
        CpuAttend attend(*kernels, 2);
        LabState single(c);
        const Outcome expected = run_split(
            c, rows, single, std::vector<int>(static_cast<std::size_t>(c.n_rows), 1), std::ref(attend));
        for (const std::vector<int>& split :
             {random_split(c.n_rows, engine), random_split(c.n_rows, engine), std::vector<int>{c.n_rows}}) {
          LabState state(c);
          const Outcome found = run_split(c, rows, state, split, std::ref(attend));
          ASSERT_EQ(expected.out, found.out) << describe(c) << " " << kernels->isa;
          ASSERT_EQ(expected.victims, found.victims) << describe(c) << " " << kernels->isa;
          ASSERT_TRUE(state == single) << describe(c) << " " << kernels->isa;
        }
      }
    }
  }
}

TEST(CpuAttention, DoesNotDependOnThreads) {
  for (const LayerCase& c : all_cases()) {
    if (c.capacity != 17 && c.policy != "full") continue;
    const Rows rows = Rows::random(c, 5);
    std::vector<Outcome> outcomes;
    for (const int threads : {1, 2, 3}) {
      std::mt19937 engine(3);
      CpuAttend attend(cpu::kernels(), threads);
      LabState state(c);
      outcomes.push_back(run_split(c, rows, state, random_split(c.n_rows, engine), std::ref(attend)));
    }
    for (const Outcome& other : outcomes) {
      ASSERT_EQ(outcomes[0].out, other.out) << describe(c);
      ASSERT_EQ(outcomes[0].victims, other.victims) << describe(c);
    }
  }
}

// Sequences of different states in one call are what they are alone.
TEST(CpuAttention, ABatchEqualsItsJobsAlone) {
  LayerCase c;
  c.n_heads = 6;
  c.head_dim = 32;
  c.n_rows = 160;
  const Rows rows = Rows::random(c, 9);
  const Qkv qkv{{const_cast<float*>(rows.q.data()), c.n_rows, 192},
                {const_cast<float*>(rows.k.data()), c.n_rows, 64},
                {const_cast<float*>(rows.v.data()), c.n_rows, 64}};
  std::vector<LayerCase> members;
  for (const char* policy : {"tova", "h2o", "window", "tova", "full", "decayed"}) {
    c.policy = policy;
    c.capacity = 5 + static_cast<int>(members.size()) * 9;
    c.positions = members.size() % 3 == 2 ? PositionMode::in_cache : PositionMode::absolute;
    members.push_back(c);
  }
  const int sizes[] = {1, 40, 17, 1, 30, 3};
  CpuAttend attend(cpu::kernels(), 2);
  std::vector<LabState> together, alone;
  std::vector<AttentionJob> jobs;
  for (const LayerCase& member : members) {
    together.emplace_back(member);
    alone.emplace_back(member);
  }
  const auto make_jobs = [&](std::vector<LabState>& states, int round) {
    jobs.clear();
    int row = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const int n = round == 0 ? sizes[i] : 1;
      jobs.push_back({row,
                      n,
                      round == 0 ? 0 : sizes[i],
                      states[i].view(),
                      parse_policy(members[i].policy),
                      {},
                      members[i].positions,
                      {frequencies(32), Rope::Pairs::halves},
                      nullptr});
      row += n;
    }
  };
  for (int round = 0; round < 2; ++round) {
    std::vector<float> out(rows.q.size()), single(rows.q.size());
    make_jobs(together, round);
    attend({out.data(), c.n_rows, 192}, qkv, c.shape(), jobs);
    make_jobs(alone, round);
    for (const AttentionJob& job : jobs) attend({single.data(), c.n_rows, 192}, qkv, c.shape(), {&job, 1});
    ASSERT_EQ(out, single);
    for (std::size_t i = 0; i < members.size(); ++i) {
      ASSERT_EQ(together[i].keys(), alone[i].keys());
      for (int lane = 0; lane < members[i].lanes(); ++lane) {
        const auto a = together[i].kept(lane), b = alone[i].kept(lane);
        ASSERT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end(), [](Slot x, Slot y) {
          return x.position == y.position && x.score == y.score;
        }));
      }
    }
  }
}

// With all scores equal the oldest token goes, to the last bit.
TEST(CpuAttention, TiesGoAgainstTheOldest) {
  for (const char* policy : {"tova", "tova-head"}) {
    for (const int capacity : {1, 3, 16, 50}) {
      LayerCase c;
      c.policy = policy;
      c.capacity = capacity;
      Rows rows = Rows::random(c, 2);
      std::fill(rows.q.begin(), rows.q.end(), 0.0f);
      for (const cpu::Kernels* kernels : tested_kernels()) {
        std::mt19937 engine(4);
        CpuAttend attend(*kernels, 2);
        LabState state(c);
        const Outcome found = run_split(c, rows, state, random_split(c.n_rows, engine), std::ref(attend));
        for (int r = 0; r < c.n_rows; ++r) {
          ASSERT_EQ(found.victims[static_cast<std::size_t>(r)], r < capacity ? -1 : r - capacity) << policy;
        }
      }
    }
  }
}

// A token whose score towers over all others is dropped within a block. Under the largest score of the row,
// dead token included, the exponentials of the others vanish; their softmax must not.
TEST(CpuAttention, SurvivesATokenThatTowersAfterItsDeath) {
  LayerCase c;
  c.policy = "tova";
  c.capacity = 8;
  c.n_heads = c.n_kv_heads = 2;
  c.n_rows = 64;
  c.scale = 1;
  Rows rows = Rows::random(c, 6);
  const auto width = static_cast<std::size_t>(c.n_heads * c.head_dim);
  // Token 10 is dropped at row 12, whose query looks away from it; later queries would see it at +200.
  for (int r = 0; r < c.n_rows; ++r) {
    for (int h = 0; h < c.n_heads; ++h) {
      const std::size_t at = static_cast<std::size_t>(r) * width + static_cast<std::size_t>(h * c.head_dim);
      rows.k[at] = r == 10 ? 20.0f : 0.0f;
      rows.q[at] = r <= 12 ? -10.0f : 10.0f;
    }
  }
  LabState expected_state(c);
  const Outcome expected = run_reference(c, rows, expected_state, c.n_rows);
  ASSERT_TRUE(std::count(expected.victims.begin(), expected.victims.begin() + 13, 10) == 1);
  for (const cpu::Kernels* kernels : tested_kernels()) {
    CpuAttend attend(*kernels, 2);
    LabState state(c);
    const Outcome found = run_split(c, rows, state, {64}, std::ref(attend));
    expect_same(c, rows, expected, expected_state, found, state);
  }
}

// Values and keys of all magnitudes, whole rows of zeros and numbers below the normal ones among them. What
// is off is measured against the largest value that a row sees.
TEST(CpuAttention, TakesNumbersOfAnyMagnitude) {
  for (const DType type : kTypes) {
    for (const char* policy : {"window", "full"}) {
      LayerCase c;
      c.policy = policy;
      c.type = type;
      c.head_dim = 64;
      c.n_rows = 120;
      c.capacity = c.policy == "full" ? c.n_rows : 40;
      Rows rows = Rows::random(c, 12);
      const auto width = static_cast<std::size_t>(c.n_kv_heads * c.head_dim);
      const float largest = type == DType::f16 ? 1e4f : 1e6f;
      const float factors[] = {1, 0, largest, 1e-3f, 1e-7f, 1e-20f, 1e-38f, 1e-44f};
      for (std::size_t i = 0; i < rows.v.size(); ++i) {
        rows.v[i] *= factors[i / width % 8];
        rows.k[i] *= std::min(factors[(i / width + 3) % 8], 1.0f);
      }
      LabState expected_state(c);
      const Outcome expected = run_reference(c, rows, expected_state, c.n_rows);
      for (const cpu::Kernels* kernels : tested_kernels()) {
        for (const int block : {1, 120}) {
          CpuAttend attend(*kernels, 2);
          LabState state(c);
          const std::vector<int> sizes(static_cast<std::size_t>(c.n_rows / block), block);
          const Outcome found = run_split(c, rows, state, sizes, std::ref(attend));
          ASSERT_EQ(found.victims, expected.victims) << describe(c);
          for (std::size_t i = 0; i < found.out.size(); ++i) {
            const bool early =
                i < 2 * static_cast<std::size_t>(c.n_heads * c.head_dim);  // before the large ones
            ASSERT_NEAR(found.out[i], expected.out[i], early ? 1e-5f : 1e-5f * largest)
                << describe(c) << " " << kernels->isa << " row " << i / (width * 2);
          }
        }
      }
    }
  }
}

// A value that is no number stays one for all that see it, and nobody else, and spoils no more than its
// block.
TEST(CpuAttention, WhatIsNoNumberIsSeenAsSuch) {
  for (const DType type : kTypes) {
    LayerCase c;
    c.policy = "window";
    c.type = type;
    c.head_dim = 64;
    c.n_rows = 20;
    c.capacity = 20;
    Rows rows = Rows::random(c, 13);
    constexpr int kBadRow = 10, kBadNumber = 40;
    rows.v[static_cast<std::size_t>(kBadRow * c.n_kv_heads * c.head_dim + kBadNumber)] = NAN;
    const int begin = is_quantised(type) ? 32 : kBadNumber, end = is_quantised(type) ? 64 : kBadNumber + 1;
    for (const cpu::Kernels* kernels : tested_kernels()) {
      for (const int block : {1, 20}) {
        CpuAttend attend(*kernels, 2);
        LabState state(c);
        const std::vector<int> sizes(static_cast<std::size_t>(c.n_rows / block), block);
        const Outcome found = run_split(c, rows, state, sizes, std::ref(attend));
        for (int r = 0; r < c.n_rows; ++r) {
          for (int i = 0; i < c.n_heads * c.head_dim; ++i) {
            const int head = i / c.head_dim, d = i % c.head_dim;
            const bool spoilt = r >= kBadRow && head < c.n_heads / c.n_kv_heads && d >= begin && d < end;
            const float x = found.out[static_cast<std::size_t>(r * c.n_heads * c.head_dim + i)];
            if (block == 1 || r >= kBadRow) {
              ASSERT_EQ(std::isnan(x), spoilt)
                  << describe(c) << " " << kernels->isa << " row " << r << " " << i;
            }
          }
        }
      }
    }
  }
}

// The next token goes to any slot that is empty, wherever the holes are.
TEST(CpuAttention, FillsHolesAnywhere) {
  for (const int second : {1, 40}) {
    LayerCase c;
    c.capacity = 20;
    c.n_rows = 60;
    const Rows rows = Rows::random(c, 8);
    LabState expected_state(c), state(c);
    const auto punch = [&](LabState& s) {
      LayerState view = s.view();
      for (int slot = 0; slot < view.n_slots(); slot += 3) view.slots[slot] = Slot{};
      view.free_slot[0] = 6;
    };
    CpuAttend attend(cpu::kernels(), 2);
    ThreadPool pool(1);
    ReferenceAttention reference(pool);
    const std::vector<int> first = {20};
    run_split(c, rows, expected_state, first, [&](auto&&... args) { reference.run(args...); });
    run_split(c, rows, state, first, std::ref(attend));
    punch(expected_state);
    // Both hold the same tokens in the same slots until something was dropped.
    punch(state);
    LayerCase rest = c;
    Rows later = rows;
    rest.n_rows = 40;
    later.q.resize(static_cast<std::size_t>(40 * c.n_heads * c.head_dim));
    const auto positions = [](const LabState& s) {
      std::vector<std::int32_t> all;
      for (const Slot& slot : s.kept(0)) all.push_back(slot.position);
      return all;
    };
    ASSERT_EQ(positions(expected_state), positions(state));
    const std::vector<int> sizes(static_cast<std::size_t>(40 / second), second);
    const Outcome a =
        run_split(rest, later, expected_state, sizes,
                  [&](Tensor out, const Qkv& qkv, auto&& shape, std::span<const AttentionJob> jobs) {
                    AttentionJob job = jobs[0];
                    job.first_position += 20;
                    reference.run(out, qkv, shape, {&job, 1});
                  });
    const Outcome b =
        run_split(rest, later, state, sizes,
                  [&](Tensor out, const Qkv& qkv, auto&& shape, std::span<const AttentionJob> jobs) {
                    AttentionJob job = jobs[0];
                    job.first_position += 20;
                    attend(out, qkv, shape, {&job, 1});
                  });
    ASSERT_EQ(a.victims, b.victims);
    ASSERT_EQ(positions(expected_state), positions(state));
  }
}

}  // namespace
}  // namespace msrnn::testing
