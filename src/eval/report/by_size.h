// What experiments have in common: values by policy and size of the state, as figures and tables.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/report/fields.h"
#include "eval/report/report.h"

namespace msrnn::reporting {

// One value of a state; without a size the state is unbounded.
struct Measured {
  std::string policy;
  std::optional<double> size;
  Cell value;
};

// A field of lines with "policy" and "size".
std::vector<Measured> measured(std::span<const Fields> lines, const std::string& field,
                               const std::string& low = {}, const std::string& high = {});

// The policies, in the order of the values.
std::vector<std::string> policies_of(std::span<const Measured> values);
// The sizes, ascending.
std::vector<double> sizes_of(std::span<const Measured> values);

// What these lines stand on.
Axis size_axis(std::span<const Measured> values);

// A line for each policy over the sizes; what is unbounded is a level line across them.
std::vector<Series> lines_by_size(std::span<const Measured> values);

// Rows are policies, columns sizes, the last one what is unbounded.
Table table_by_size(const std::string& title, std::span<const Measured> values, int digits);

// "Policy", or "state": how a policy and its size are written.
std::string state_name(const std::string& policy, std::optional<double> size);

struct FieldColumn {
  std::string field;
  Column column;
  std::string low = {}, high = {};  // fields of its interval
};

// A row for each line. Columns that no line has a value for are left out.
Table table_of_fields(const std::string& title, std::span<const Fields> lines,
                      std::span<const FieldColumn> columns);

FieldColumn text_column(const std::string& field, const std::string& name);
FieldColumn number_column(const std::string& field, const std::string& name, int digits,
                          const std::string& low = {}, const std::string& high = {});
// Columns that all experiments begin with.
FieldColumn policy_column();
FieldColumn size_column();

}  // namespace msrnn::reporting
