// Facts to hide in a long text and to ask for: passkeys (arXiv 2305.16300) and needles in a haystack.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace msrnn {

// One fact. The model writes on after `cue`, and what it writes first is its answer.
struct HiddenFact {
  std::string sentence;  // to hide
  std::string question;
  std::string cue;     // the beginning of the answer, up to what is asked for
  std::string answer;  // one word
};

// passkey: a number of five digits, said to be one to remember. needle: the word that somebody chose as the
// password of some place; a common word, in an ordinary sentence.
std::vector<std::string> retrieval_tasks();

// A fact of that kind, drawn with `random`: the same on every machine. Throws UsageError for a name that is
// none of retrieval_tasks().
HiddenFact make_fact(const std::string& task, std::mt19937_64& random);

// Whether the first word of what was written is the answer: in any case, and between any punctuation.
bool answers(std::string_view written, std::string_view answer);

}  // namespace msrnn
