// ROUGE (Lin 2004) as the Python package rouge-score 0.1.2 computes it without its stemmer, which is how
// SCROLLS and ZeroSCROLLS score summaries.
#pragma once

#include <string_view>

namespace msrnn {

// F measures between 0 and 1.
struct Rouge {
  double rouge1 = 0, rouge2 = 0;  // of unigrams and of pairs
  double rouge_l = 0;             // of the longest common subsequence of the whole texts
};

Rouge rouge(std::string_view prediction, std::string_view reference);

}  // namespace msrnn
