// What an experiment compares: policies, each at several sizes of the state.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "msrnn/state.h"

namespace msrnn {

// Full attention over no more than `size` tokens at a time: what the paper sets a state of that size beside.
// A name besides those of the policies.
inline constexpr const char* kBaseline = "baseline";

struct Setting {
  std::string policy;
  int size = 0;  // tokens the state keeps; 0: all, with policies that keep everything

  // "tova/512", or "full".
  std::string key() const;
  std::string summary_key() const;  // "summary/tova/512"
  // The same with this policy and size. There is no state of a baseline.
  StateOptions state(StateOptions options) const;

  friend bool operator==(const Setting&, const Setting&) = default;
};

// Writes "policy", and "size" if there is one; and back, throwing what nlohmann::json does.
void write_setting(nlohmann::ordered_json& object, const Setting& setting);
Setting read_setting(const nlohmann::ordered_json& object);

// Every policy at every size, policy by policy, in the order given; one that keeps everything has no size.
// Throws UsageError for a policy that there is not, for a size that it cannot have, for a pair that is there
// twice, and where no size is named though a policy needs one.
std::vector<Setting> every_setting(std::span<const std::string> policies, std::span<const int> sizes);

}  // namespace msrnn
