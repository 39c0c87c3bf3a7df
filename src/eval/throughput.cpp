#include "eval/throughput.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "msrnn/sequence.h"

#include "base/fail.h"
#include "base/stopwatch.h"
#include "eval/speed.h"
#include "policy/parse.h"
#include "state/state_data.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

const Setting kFullCache = {"full", 0};

// Slots of a layer that a state needs for a text of so many tokens.
double slots_of(const StateOptions& state, std::int64_t tokens) {
  return 1.0 + static_cast<double>(bounded(parse_policy(state.policy)) ? state.capacity : tokens);
}

// Activations, logits and attention weights of one row of a batch, most of them float.
double scratch_of(const ModelConfig& config, const StateOptions& state, std::int64_t tokens) {
  const double q = config.n_heads * config.head_dim, kv = config.n_kv_heads * config.head_dim;
  const double activations = config.width + 2 * q + 2 * kv + 2.0 * config.ffn_width;
  const double logits = 2.0 * config.vocabulary;
  const bool rotates = state.positions != "absolute";
  const double per_slot = config.n_heads + (rotates ? kv + 2 * config.n_kv_heads : 0);
  return sizeof(float) * (activations + logits + per_slot * slots_of(state, tokens));
}

// An unbounded state gets all its room at once: growing would need the old and the new one together.
Sequence begin_sequence(const Model& model, const StateOptions& state, std::int64_t tokens) {
  Sequence sequence(model, state);
  sequence.state().data().make_room(tokens);
  return sequence;
}

// One batch, from its first token to the last.
struct Round {
  const ThroughputRow* row;
  std::int64_t number;
  int sequences;

  std::string key() const { return fmt::format("{}/{}", row->setting.key(), number); }
};

class ThroughputRun {
 public:
  ThroughputRun(const Model& model, const std::vector<ThroughputRow>& rows, const ThroughputOptions& options,
                ResultFile& results)
      : model_(model), rows_(rows), options_(options), results_(results) {}

  bool measure(const std::function<MachineLimits()>& measure_machine) {
    limits_ = find_limits(measure_machine);
    const std::vector<Round> missing = missing_rounds();
    for (const Round& round : missing) total_ += round.sequences * options_.tokens;
    if (!missing.empty()) warm_up(missing);
    for (const Round& round : missing) {
      if (!do_round(round)) return false;
    }
    for (const ThroughputRow& row : rows_) {
      const std::string key = row.setting.summary_key();
      if (results_.find(key) == nullptr) results_.add(key, summarise(row));
    }
    return true;
  }

 private:
  MachineLimits find_limits(const std::function<MachineLimits()>& measure_machine) {
    if (results_.find("machine") == nullptr) {
      const MachineLimits limits = measure_machine();
      results_.add("machine", {{"read_bandwidth", limits.read_bandwidth},
                               {"seconds_per_token", limits.seconds_per_token}});
    }
    const Json& machine = *results_.find("machine");
    return {machine.at("read_bandwidth").get<double>(), machine.at("seconds_per_token").get<double>()};
  }

  std::vector<Round> missing_rounds() const {
    std::vector<Round> missing;
    for (const ThroughputRow& row : rows_) {
      std::int64_t number = 0;
      for (int begin = 0; row.plan.batch > 0 && begin < options_.sequences; begin += row.plan.batch) {
        const Round round = {&row, number++, std::min(row.plan.batch, options_.sequences - begin)};
        if (results_.find(round.key()) == nullptr) missing.push_back(round);
      }
    }
    return missing;
  }

  // The first pass reads the weights from disk and allocates scratch memory, most of it for the largest
  // state.
  void warm_up(const std::vector<Round>& rounds) const {
    const auto bytes = [](const Round& round) { return round.row->plan.state_bytes; };
    const Round& largest = *std::ranges::max_element(rounds, {}, bytes);
    Sequence sequence = begin_sequence(model_, largest.row->state, options_.tokens);
    Sequence* const only[] = {&sequence};
    const Token tokens[] = {0};
    read_batch(only, tokens);
  }

  bool do_round(const Round& round) {
    const std::optional<double> seconds = time_round(round);
    if (!seconds) return false;
    Json line;
    write_setting(line, round.row->setting);
    line["sequences"] = round.sequences;
    line["tokens"] = round.sequences * options_.tokens;
    line["seconds"] = *seconds;
    results_.add(round.key(), line);
    return true;
  }

  // None: stopped.
  std::optional<double> time_round(const Round& round) {
    const std::string key = round.key();
    const int n = round.sequences;
    std::vector<Sequence> sequences;
    std::vector<Sequence*> pointers;
    for (int i = 0; i < n; ++i)
      sequences.push_back(begin_sequence(model_, round.row->state, options_.tokens));
    for (Sequence& sequence : sequences) pointers.push_back(&sequence);
    std::mt19937_64 random(0);
    const auto vocabulary = static_cast<std::uint64_t>(model_.config().vocabulary);
    std::vector<Token> tokens(static_cast<std::size_t>(n));
    const Stopwatch watch;
    for (std::int64_t step = 0; step < options_.tokens; ++step) {
      for (Token& token : tokens) token = static_cast<Token>(random() % vocabulary);
      read_batch(pointers, tokens);
      done_ += n;
      if (options_.progress && !options_.progress(done_, total_, key)) return std::nullopt;
    }
    return watch.seconds();
  }

  // Of all rounds together; 0: nothing of it was measured.
  double measured_seconds(const ThroughputRow& row) const {
    double seconds = 0;
    for (std::int64_t round = 0;; ++round) {
      const Json* line = results_.find(Round{&row, round, 0}.key());
      if (line == nullptr) return seconds;
      seconds += line->at("seconds").get<double>();
    }
  }

  double predicted_seconds(const ThroughputRow& row) const {
    double seconds = 0;
    for (int begin = 0; row.plan.batch > 0 && begin < options_.sequences; begin += row.plan.batch) {
      const int sequences = std::min(row.plan.batch, options_.sequences - begin);
      seconds += predict_seconds(model_, row.state, sequences, options_.tokens, limits_);
    }
    return seconds;
  }

  Json summarise(const ThroughputRow& row) const {
    const auto tokens = static_cast<double>(options_.sequences * options_.tokens);
    const double seconds = measured_seconds(row), predicted = predicted_seconds(row);
    // Nothing measured, or nothing to compare it with, is no number.
    const auto quotient = [](double a, double b) { return a > 0 && b > 0 ? Json(a / b) : Json(); };
    Json line;
    write_setting(line, row.setting);
    line.update({{"state_bytes", row.plan.state_bytes},
                 {"scratch_bytes", row.plan.scratch_bytes},
                 {"batch", row.plan.batch},
                 {"sequences", options_.sequences},
                 {"tokens", options_.tokens},
                 {"seconds", row.plan.batch > 0 ? Json(seconds) : Json()},
                 {"tokens_per_second", quotient(tokens, seconds)},
                 {"predicted_tokens_per_second", quotient(tokens, predicted)},
                 {"relative", quotient(measured_seconds(rows_.front()), seconds)},
                 {"predicted_relative", quotient(predicted_seconds(rows_.front()), predicted)}});
    return line;
  }

  const Model& model_;
  const std::vector<ThroughputRow>& rows_;
  const ThroughputOptions& options_;
  ResultFile& results_;
  MachineLimits limits_;
  std::int64_t done_ = 0, total_ = 0;  // tokens
};

}  // namespace

BatchPlan plan_batch(const Model& model, const StateOptions& state, const ThroughputOptions& options) {
  const double scratch = scratch_of(model.config(), state, options.tokens);
  const double keys_and_values =
      model.config().n_layers * slot_bytes(model.config(), state) * slots_of(state, options.tokens);
  BatchPlan plan{static_cast<std::size_t>(keys_and_values), static_cast<std::size_t>(scratch), 0};
  const double left = static_cast<double>(options.memory) - static_cast<double>(model.weight_bytes());
  if (keys_and_values + scratch > left) return plan;  // and is not to be allocated, if only to be measured
  plan.state_bytes = begin_sequence(model, state, options.tokens).state().bytes();
  const double most = left / static_cast<double>(plan.state_bytes + plan.scratch_bytes);
  plan.batch = static_cast<int>(std::min<double>(options.sequences, std::floor(most)));
  return plan;
}

std::vector<ThroughputRow> plan_throughput(const Model& model, const ThroughputOptions& options) {
  if (options.sequences < 1) fail_usage("sequences: expected 1 or more, found {}", options.sequences);
  if (options.tokens < 1) fail_usage("tokens: expected 1 or more, found {}", options.tokens);
  std::vector<ThroughputRow> rows;
  const auto add = [&](const Setting& setting) {
    const StateOptions state = setting.state(options.state);
    rows.push_back({setting, state, plan_batch(model, state, options)});
  };
  add(kFullCache);
  for (const Setting& setting : options.settings) {
    if (setting != kFullCache) add(setting);
  }
  const bool any = std::ranges::any_of(rows, [](const ThroughputRow& row) { return row.plan.batch > 0; });
  if (!any) {
    const auto bytes = [](const ThroughputRow& row) { return row.plan.state_bytes; };
    const BatchPlan least = std::ranges::min_element(rows, {}, bytes)->plan;
    fail_usage(
        "{} bytes hold not even one sequence: the weights take {}, the smallest state {}, scratch memory {}",
        options.memory, model.weight_bytes(), least.state_bytes, least.scratch_bytes);
  }
  return rows;
}

double predict_seconds(const Model& model, const StateOptions& state, int batch, std::int64_t tokens,
                       const MachineLimits& limits) {
  const double slot = model.config().n_layers * slot_bytes(model.config(), state);
  const double compute = batch * limits.seconds_per_token;
  double seconds = 0;
  for (std::int64_t read = 0; read < tokens; ++read) {
    const double live = std::min(static_cast<double>(read) + 1, slots_of(state, tokens));
    const double bytes = static_cast<double>(model.weight_bytes()) + batch * slot * live;
    seconds += std::max(bytes / limits.read_bandwidth, compute);
  }
  return seconds;
}

bool measure_throughput(const Model& model, const std::vector<ThroughputRow>& rows,
                        const ThroughputOptions& options, const std::function<MachineLimits()>& measure,
                        ResultFile& results) {
  return ThroughputRun(model, rows, options, results).measure(measure);
}

}  // namespace msrnn
