// How far a long job is, on standard error: one line that is rewritten on a terminal, else a line now and
// then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/stopwatch.h"

namespace msrnn {

class ProgressLine {
 public:
  // what: "read", said before the numbers. unit: what they count.
  explicit ProgressLine(std::string what, std::string unit = "tokens");
  // Leaves the terminal's line empty.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // How many are done of all; shown with their speed and the time left, and then the note.
  void update(std::int64_t done, std::int64_t total, std::string_view note = {});

 private:
  std::string what_, unit_;
  bool terminal_;
  bool shown_ = false;
  Stopwatch watch_;
  double next_ = 0;  // seconds after the start when the line is worth showing again
};

}  // namespace msrnn
