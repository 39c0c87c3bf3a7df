// One run of the independent implementation over a text, and how a run of ours is compared with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "msrnn/state.h"

#include "eval/trace.h"
#include "policy/slot.h"
#include "support/npy.h"

namespace msrnn::testing {

// A run that the golden data holds, told by its name: POLICY[.kK][.VARIANT].
struct GoldenRun {
  std::string folder;  // policies or positions
  std::string name;
  StateOptions state;
  std::vector<Span> pins;
  std::int64_t prompt_tokens = 0;  // read at once
};

// As test reports show it.
inline void PrintTo(const GoldenRun& run, std::ostream* out) { *out << run.name; }

// All runs of MSRNN_GOLDEN, in the order of their names; none where the variable is not set.
std::vector<GoldenRun> list_golden_runs();

// What the independent implementation found.
class Expected {
 public:
  Expected(const std::filesystem::path& golden, const GoldenRun& run);

  const std::vector<float>& nll() const { return nll_.values; }
  // Position dropped at a step; −1: none. Files that hold one list for all layers answer it for each.
  std::int32_t victim(std::int64_t layer, std::int64_t set, std::int64_t step) const;
  std::vector<std::int32_t> kept(std::int64_t layer, std::int64_t set) const;
  std::vector<std::int32_t> kept_prompt(std::int64_t layer, std::int64_t set) const;
  // How much the second worst slot of a step was ahead of the victim, relatively; infinite where far.
  float margin(std::int64_t layer, std::int64_t set, std::int64_t step) const;

 private:
  struct NearTie {
    std::int64_t layer, set, step;
    float margin;
  };

  bool drops_;
  Array<float> nll_;
  Array<std::int32_t> victims_, kept_, kept_prompt_;
  Array<Half> margins_;
  std::vector<NearTie> near_ties_;
};

struct VictimComparison {
  std::string failure;  // empty: all as expected, or explained by near-ties
  std::int64_t near_ties = 0;
  // Per layer and set: the first step from which the two runs hold different tokens; the number of steps if
  // none.
  std::vector<std::int64_t> diverged;
};

// Walks every kept set step by step. A first difference is accepted where the margin says that rounding
// decides; after it neither this set nor any later layer can be compared.
VictimComparison compare_victims(const Trace& trace, const Expected& expected);

}  // namespace msrnn::testing
