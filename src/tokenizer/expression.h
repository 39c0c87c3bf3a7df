// Splitting expressions of tokenizer.json files, written for Oniguruma (Ruby's syntax), in PCRE2's words.
#pragma once

#include <string>
#include <string_view>

namespace msrnn {

// An expression that PCRE2, with UTF and UCP, matches as Oniguruma matches the given one. Throws Error,
// naming what it is, for anything that the two understand differently or that has no counterpart.
std::string pcre2_expression(std::string_view oniguruma);

}  // namespace msrnn
