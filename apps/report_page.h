// A report as one HTML file that needs nothing else: styles, scripts and the chart library are in it.
//
// Text of results is text wherever it stands, and the page's policy lets no script run but its own and
// fetches nothing.
#pragma once

#include <string>

#include "eval/report/report.h"

namespace msrnn {

std::string to_html(const reporting::Report& report);

}  // namespace msrnn
