// The states an experiment compares: every policy in every size.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "msrnn/state.h"

namespace msrnn {

struct Variant {
  std::string policy;
  int size = 0;  // tokens kept; 0: the policy is unbounded and has none

  // "tova/512", "full"
  std::string key() const;
  // The same with this variant's policy and capacity.
  StateOptions state(StateOptions options) const;

  friend bool operator==(const Variant&, const Variant&) = default;
};

// Policies outermost; unbounded ones once. Throws UsageError for policies that do not exist, sizes they
// cannot have, a pair that is there twice, and where there is none.
std::vector<Variant> every_variant(std::span<const std::string> policies, std::span<const int> sizes);

}  // namespace msrnn
