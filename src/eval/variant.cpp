#include "eval/variant.h"

#include <algorithm>

#include "base/fail.h"
#include "policy/parse.h"

namespace msrnn {

std::string Variant::key() const { return size == 0 ? policy : fmt::format("{}/{}", policy, size); }

StateOptions Variant::state(StateOptions options) const {
  options.policy = policy;
  if (size != 0) options.capacity = size;
  return options;
}

std::vector<Variant> every_variant(std::span<const std::string> policies, std::span<const int> sizes) {
  std::vector<Variant> variants;
  const auto add = [&](const Variant& variant) {
    if (std::ranges::find(variants, variant) != variants.end()) {
      fail_usage("{} is asked for twice", variant.key());
    }
    variants.push_back(variant);
  };
  for (const std::string& name : policies) {
    const Policy policy = parse_policy(name);
    if (!bounded(policy)) {
      add({name, 0});
      continue;
    }
    if (sizes.empty()) fail_usage("the policy {} needs a size", name);
    for (const int size : sizes) {
      check_capacity(policy, size);
      add({name, size});
    }
  }
  if (variants.empty()) fail_usage("no policy is named");
  return variants;
}

}  // namespace msrnn
