// What a judge is asked about two stories, and what its answers amount to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/bootstrap.h"

namespace msrnn {

// Which of two stories is better, as the judge met them.
enum class Verdict : std::uint8_t { first, second, tie };

// Asks for the better of two stories on one task, and for the verdict as [[1]], [[2]] or [[tie]].
std::string judge_question(std::string_view task, std::string_view first, std::string_view second);

// The last verdict of an answer, if there is one.
std::optional<Verdict> parse_verdict(std::string_view answer);

enum class Outcome : std::uint8_t {
  win,        // of a, in both orders
  tie,        // the two orders name neither of the two both times
  loss,       // of a, in both orders
  unclear,    // an answer had no verdict
  identical,  // the same text: nothing to ask
};

Outcome decide(std::optional<Verdict> a_first, std::optional<Verdict> b_first);

std::string_view to_string(Outcome outcome);                 // "win", …
std::string_view to_string(std::optional<Verdict> verdict);  // "first", "second", "tie"; none: "unclear"

// Both answers about a pair of stories that differ.
struct Judgement {
  std::optional<Verdict> a_first, b_first;

  Outcome outcome() const { return decide(a_first, b_first); }
};

// How many cases of how many.
struct Share {
  std::int64_t count = 0, of = 0;

  double mean() const { return of == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of); }
  Interval interval() const;  // 95 %, Wilson's
};

struct Tally {
  std::int64_t unclear = 0;
  Share win, tie, loss;  // of the pairs that are not unclear
  Share agreement;       // of these: both orders say the same, a tie included
  Share first_chosen;    // of answers that are no tie: the story that the judge met first
};

Tally tally(const std::vector<Judgement>& judgements);

}  // namespace msrnn
