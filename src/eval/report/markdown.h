// The tables of a report as Markdown (GitHub's tables), for a paper's draft or a README.
#pragma once

#include <string>

#include "eval/report/report.h"

namespace msrnn::reporting {

std::string to_markdown(const Report& report);

}  // namespace msrnn::reporting
