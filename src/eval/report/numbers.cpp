#include "eval/report/numbers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace msrnn::reporting {

std::string readable(double value, int decimals) {
  if (!std::isfinite(value)) return {};
  if (std::abs(value) >= 1e15) return fmt::format("{:.{}e}", value, decimals);
  std::string text = fmt::format("{:.{}f}", std::abs(value), decimals);
  const std::size_t whole = std::min(text.find('.'), text.size());
  for (std::size_t at = whole; whole > 4 && at > 3; at -= 3) text.insert(at - 3, ",");
  // A rounded zero has no sign.
  const bool negative = value < 0 && text.find_first_not_of("0.,") != std::string::npos;
  return negative ? "\u2212" + text : text;
}

std::string readable(const Cell& cell, const Column& column) {
  return cell.number ? readable(*cell.number, column.digits) : cell.text;
}

std::string readable_interval(const Cell& cell, const Column& column) {
  if (!cell.interval) return {};
  return fmt::format("{} \u2013 {}", readable(cell.interval->low, column.digits),
                     readable(cell.interval->high, column.digits));
}

}  // namespace msrnn::reporting
