// Throwing with a formatted message: fail("{}: expected {} bytes, found {}", path, expected, found).
#pragma once

#include <utility>

#include <fmt/format.h>

#include "msrnn/error.h"

namespace msrnn {

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
[[noreturn]] void fail_usage(fmt::format_string<Args...> format, Args&&... args) {
  throw UsageError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace msrnn
