#include "eval/metrics/metric.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/fail.h"
#include "eval/metrics/answer_match.h"
#include "eval/metrics/rouge.h"

namespace msrnn {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"rouge", "f1", "accuracy"};
constexpr std::array<std::string_view, 3> kRougeMeasures = {"rouge1", "rouge2", "rougeL"};

std::vector<double> score_one(Metric metric, std::string_view prediction, const std::string& reference) {
  switch (metric) {
    case Metric::rouge: {
      const Rouge found = rouge(prediction, reference);
      return {100 * found.rouge1, 100 * found.rouge2, 100 * found.rouge_l};
    }
    case Metric::f1:
      return {100 * token_f1(prediction, reference)};
    case Metric::accuracy: {
      const std::optional<char> expected = chosen_letter(reference);
      if (!expected) fail("accuracy: the reference \"{}\" names none of the letters A to D", reference);
      return {chosen_letter(prediction) == expected ? 100.0 : 0.0};
    }
  }
  fail("no such metric");
}

// Sums of the measures over a group, and of how many.
struct Sums {
  std::vector<double> scores;
  std::int64_t n = 0;

  void add(std::span<const double> more, std::int64_t count) {
    scores.resize(more.size());
    std::transform(scores.begin(), scores.end(), more.begin(), scores.begin(), std::plus<>());
    n += count;
  }
  std::vector<double> means() const {
    std::vector<double> result = scores;
    for (double& value : result) value /= static_cast<double>(n);
    return result;
  }
};

double overall(const std::vector<double>& means) {
  double product = 1;
  for (const double mean : means) product *= mean;
  return means.size() == 1 ? product : std::pow(product, 1 / static_cast<double>(means.size()));
}

}  // namespace

Metric parse_metric(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) fail_usage("unknown metric '{}': expected {}", name, fmt::join(kNames, ", "));
  return static_cast<Metric>(found - kNames.begin());
}

std::string_view to_string(Metric metric) { return kNames[static_cast<std::size_t>(metric)]; }

std::span<const std::string_view> measures(Metric metric) {
  if (metric == Metric::rouge) return kRougeMeasures;
  return std::span(kNames).subspan(static_cast<std::size_t>(metric), 1);
}

std::vector<double> score(Metric metric, std::string_view prediction,
                          std::span<const std::string> references) {
  std::vector<double> best(measures(metric).size());
  for (const std::string& reference : references) {
    const std::vector<double> scores = score_one(metric, prediction, reference);
    std::transform(best.begin(), best.end(), scores.begin(), best.begin(),
                   [](double a, double b) { return std::max(a, b); });
  }
  return best;
}

ScoreSummary summarise(Metric metric, std::span<const ScoredPrediction> predictions) {
  std::vector<Sums> groups;
  Sums all;
  all.scores.resize(measures(metric).size());
  for (const ScoredPrediction& one : predictions) {
    if (groups.size() <= static_cast<std::size_t>(one.group)) groups.resize(one.group + 1u);
    groups[static_cast<std::size_t>(one.group)].add(one.scores, 1);
    all.add(one.scores, 1);
  }
  std::erase_if(groups, [](const Sums& group) { return group.n == 0; });
  ScoreSummary summary;
  summary.predictions = all.n;
  summary.groups = static_cast<std::int64_t>(groups.size());
  summary.means = all.means();
  summary.score = overall(summary.means);
  summary.interval = bootstrap(summary.groups, [&](std::span<const std::int32_t> sample) {
    Sums drawn;
    for (const std::int32_t i : sample) {
      const Sums& group = groups[static_cast<std::size_t>(i)];
      drawn.add(group.scores, group.n);
    }
    return overall(drawn.means());
  });
  return summary;
}

}  // namespace msrnn
