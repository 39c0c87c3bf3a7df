// What each experiment's results look like in a report: each function adds figures and tables to a section,
// or leaves it empty where the results hold none of what it shows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eval/report/fields.h"
#include "eval/report/report.h"

namespace msrnn::reporting {

// One run's results, with the fields of each line.
struct RunResults {
  Fields run;
  std::vector<Fields> lines;

  // Those whose keys begin so, as in "summary/".
  std::vector<Fields> of(const std::string& prefix) const;
};

void add_lm(const RunResults& results, Section& section);
void add_lm_stream(const RunResults& results, Section& section);
void add_tasks(const RunResults& results, Section& section);
void add_stories(const RunResults& results, Section& section);
// Of several files, one after the other.
void add_judge(std::span<const RunResults> files, Section& section);
void add_throughput(const RunResults& results, Section& section);
void add_memory(const RunResults& results, Section& section);
void add_retrieval(const RunResults& results, Section& section);

// Every line as a row, every field a column: for results nobody knows.
void add_lines(const RunResults& results, Section& section);

}  // namespace msrnn::reporting
