// A table as comma-separated values (RFC 4180), for programs: numbers with all their digits, an interval as
// two more columns.
#pragma once

#include <string>

#include "eval/report/report.h"

namespace msrnn::reporting {

// UTF-8, lines end with \r\n. A text that a spreadsheet would take for a formula gets an apostrophe before
// it.
std::string to_csv(const Table& table);

}  // namespace msrnn::reporting
