// The program's version.
#pragma once

#include <string_view>

namespace msrnn {

std::string_view version();

}  // namespace msrnn
