// Scores of predictions, 0 to 100, and what they are over many.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/bootstrap.h"

namespace msrnn {

enum class Metric : std::uint8_t {
  rouge,     // of summaries
  f1,        // of short answers
  accuracy,  // of the letters A to D
};

// "rouge", "f1" or "accuracy". Throws UsageError for another name.
Metric parse_metric(std::string_view name);
std::string_view to_string(Metric metric);

// The numbers that a metric gives for each prediction: {"rouge1", "rouge2", "rougeL"}, {"f1"}, {"accuracy"}.
std::span<const std::string_view> measures(Metric metric);

// One number a measure, each the most over the references, of which there is at least one. Throws Error for
// accuracy where a reference names no letter.
std::vector<double> score(Metric metric, std::string_view prediction,
                          std::span<const std::string> references);

struct ScoredPrediction {
  std::int32_t group = 0;      // those of one text belong together; groups are numbered from 0
  std::vector<double> scores;  // [measures]
};

struct ScoreSummary {
  std::int64_t predictions = 0, groups = 0;
  std::vector<double> means;  // [measures]
  // The mean, of ROUGE the geometric mean of the three means: how ZeroSCROLLS and arXiv 2401.06104 report it.
  double score = 0;
  // Of the score, by drawing whole groups, of which the predictions are not independent. One group: none.
  std::optional<Interval> interval;
};

// At least one prediction.
ScoreSummary summarise(Metric metric, std::span<const ScoredPrediction> predictions);

}  // namespace msrnn
