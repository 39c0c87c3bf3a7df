#include "number_types.h"

#include <fmt/ranges.h>

#include "base/fail.h"

namespace msrnn {

std::vector<std::string> number_types() {
  std::vector<std::string> names;
  for (int i = 0; i < kDTypes; ++i) names.emplace_back(traits(static_cast<DType>(i)).name);
  return names;
}

DType number_type(std::string_view name) {
  for (int i = 0; i < kDTypes; ++i) {
    if (traits(static_cast<DType>(i)).name == name) return static_cast<DType>(i);
  }
  fail_usage("number type '{}' is unknown; there are: {}", name, fmt::join(number_types(), ", "));
}

}  // namespace msrnn
