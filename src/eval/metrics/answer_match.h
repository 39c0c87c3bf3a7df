// How far a short answer is the expected one.
#pragma once

#include <optional>
#include <string_view>

namespace msrnn {

// F1 over the words that two texts share, between 0 and 1, as the script of SQuAD 1.1 computes it: lower
// case, without ASCII punctuation and the words a, an, the (arXiv 1606.05250).
double token_f1(std::string_view prediction, std::string_view reference);

// The answer to a question of choice: the first of the letters A to D that stands alone in the text, as
// ZeroSCROLLS finds it (arXiv 2305.14196). None where there is none.
std::optional<char> chosen_letter(std::string_view text);

}  // namespace msrnn
