// What the page's scripts draw, as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "eval/report/report.h"

namespace msrnn::reporting {

// {"figures": […], "kept_maps": […]}, each numbered through all sections.
nlohmann::ordered_json figures_json(const Report& report);

}  // namespace msrnn::reporting
