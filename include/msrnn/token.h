// A token: an index into the model's vocabulary.
#pragma once

#include <cstdint>

namespace msrnn {

using Token = std::int32_t;

}  // namespace msrnn
