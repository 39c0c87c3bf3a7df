// The eight text tasks of ZeroSCROLLS (arXiv 2305.14196): what is asked for, and how an answer is scored.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "eval/metrics/metric.h"

namespace msrnn {

struct TextTask {
  std::string_view name;         // "squality"
  std::string_view role;         // what the model is given: the first sentence of the instruction
  std::string_view instruction;  // the rest of it: what to do
  std::string_view document_header, query_header, answer_header;  // no query header: the task asks nothing
  std::string_view omitted;                                       // stands where a document was cut
  int answer_tokens;                                              // reserved for the answer
  Metric metric;
};

std::span<const TextTask> all_tasks();
// Throws UsageError for another name, with those there are.
const TextTask& find_task(std::string_view name);

}  // namespace msrnn
