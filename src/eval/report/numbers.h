// Numbers as people read them, the same in the page and in Markdown.
#pragma once

#include <string>

#include "eval/report/report.h"

namespace msrnn::reporting {

// With that many decimals, thousands apart from 10,000 on: 12,345.60. Of a number that is none (or endless):
// "".
std::string readable(double value, int decimals);
// The number of a cell, without its interval, or its text.
std::string readable(const Cell& cell, const Column& column);
// "7.10 – 7.22", or "" without an interval.
std::string readable_interval(const Cell& cell, const Column& column);

}  // namespace msrnn::reporting
