#include "progress.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

#include <fmt/format.h>

namespace msrnn {
namespace {

constexpr double kTerminalInterval = 0.2, kLogInterval = 10;  // seconds

std::string duration(double seconds) {
  const std::int64_t s = std::llround(seconds);
  return s < 60 ? fmt::format("{} s", s) : fmt::format("{}:{:02} min", s / 60, s % 60);
}

}  // namespace

ProgressLine::ProgressLine(std::string what, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(terminal_ ? 0 : kLogInterval) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::update(std::int64_t done, std::int64_t total, std::string_view note) {
  const double seconds = watch_.seconds();
  if (seconds < next_ || done <= 0 || seconds <= 0) return;
  next_ = seconds + (terminal_ ? kTerminalInterval : kLogInterval);
  shown_ = true;
  const double speed = static_cast<double>(done) / seconds;
  const std::string line =
      fmt::format("{} {} of {} {}, {:.0f} {}/s, {} left{}{}", what_, done, total, unit_, speed, unit_,
                  duration(static_cast<double>(total - done) / speed), note.empty() ? "" : ", ", note);
  std::fputs(fmt::format("{}{}{}", terminal_ ? "\r" : "", line, terminal_ ? "\x1b[K" : "\n").c_str(), stderr);
}

}  // namespace msrnn
