// The escapes of a string literal, as Python's unicode-escape codec has them.
#pragma once

#include <string>
#include <string_view>

namespace msrnn::jinja {

// `body` is what stands between the quotes. Throws Error for a broken \x, \u or \U.
std::string resolve_escapes(std::string_view body);

}  // namespace msrnn::jinja
