// Bool, int and float as one number.
#pragma once

#include <cstdint>

#include "jinja/value.h"

namespace msrnn::jinja {

// A bool or an int.
inline bool is_integral(const Value& value) { return value.is<bool>() || value.is<std::int64_t>(); }

inline std::int64_t integral(const Value& value) {
  return value.is<bool>() ? (value.get<bool>() ? 1 : 0) : value.get<std::int64_t>();
}

inline double real(const Value& value) {
  return value.is<double>() ? value.get<double>() : static_cast<double>(integral(value));
}

}  // namespace msrnn::jinja
