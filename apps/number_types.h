// Number types as users write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace msrnn {

std::vector<std::string> number_types();

// Throws UsageError for an unknown name, naming those there are.
DType number_type(std::string_view name);

}  // namespace msrnn
