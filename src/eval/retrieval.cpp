#include "eval/retrieval.h"

#include <algorithm>

#include "base/fail.h"
#include "eval/generate_many.h"
#include "eval/interval_json.h"
#include "eval/proportion.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct RetrievalStopped {};

struct Trial {
  std::string task;
  const RetrievalLayout* layout;
  const Setting* setting;
  std::int64_t length;
  double depth;
  std::int64_t number;

  std::string row_key() const {
    return fmt::format("{}/{}/{}/{}", task, setting->key(), layout->name, length);
  }
  std::string cell_key() const { return fmt::format("{}/{}", row_key(), depth); }
  std::string key() const { return fmt::format("{}/{}", cell_key(), number); }
};

const RetrievalLayout& find_layout(const std::string& name) {
  for (const RetrievalLayout& layout : retrieval_layouts()) {
    if (layout.name == name) return layout;
  }
  fail_usage("unknown layout '{}'; there are after, after-pinned, before and before-pinned", name);
}

// Values that cells are told apart by.
template <class T>
void check_values(const char* what, const std::vector<T>& values) {
  if (values.empty()) fail_usage("expected at least one {}, found none", what);
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) ==
        values.begin() + static_cast<std::ptrdiff_t>(i)) {
      continue;
    }
    fail_usage("{} {} is named twice", what, values[i]);
  }
}

void check_options(const RetrievalOptions& options) {
  check_values("task", options.tasks);
  check_values("layout", options.layouts);
  check_values("length", options.lengths);
  check_values("depth", options.depths);
  for (const double depth : options.depths) {
    if (!(depth >= 0 && depth <= 1)) fail_usage("a depth is between 0 and 1, found {}", depth);
  }
  for (const std::int64_t length : options.lengths) {
    if (length < 1) fail_usage("a prompt has at least 1 token, found a length of {}", length);
  }
  if (options.batch < 1) fail_usage("a batch of {}: expected at least 1", options.batch);
  if (options.trials < 1) fail_usage("expected at least 1 trial, found {}", options.trials);
}

// Share of the span's tokens that are in the state, a mean over all kept sets.
double share_kept(const MultiState& state, Span span) {
  double kept = 0, all = 0;
  for (int layer = 0; layer < state.n_layers(); ++layer) {
    for (int lane = 0; lane < state.lanes(layer); ++lane) {
      const std::vector<std::int32_t> positions = state.positions(layer, lane);
      const auto begin = std::lower_bound(positions.begin(), positions.end(), span.begin);
      kept += static_cast<double>(std::lower_bound(begin, positions.end(), span.end) - begin);
      all += span.end - span.begin;
    }
  }
  return kept / all;
}

// Row by row, and cell by cell in it. They point into the options.
std::vector<Trial> plan_trials(const RetrievalOptions& options) {
  std::vector<Trial> trials;
  for (const std::string& task : options.tasks) {
    for (const Setting& setting : options.settings) {
      for (const std::string& layout : options.layouts) {
        for (const std::int64_t length : options.lengths) {
          for (const double depth : options.depths) {
            for (std::int64_t i = 0; i < options.trials; ++i) {
              trials.push_back({task, &find_layout(layout), &setting, length, depth, i});
            }
          }
        }
      }
    }
  }
  return trials;
}

struct TrialPrompt {
  HiddenFact fact;
  RetrievalPrompt prompt;
};

TrialPrompt make_prompt(const PromptMaker& prompts, const RetrievalOptions& options, const Trial& trial) {
  const std::vector<std::string> tasks = retrieval_tasks();
  const auto task = std::find(tasks.begin(), tasks.end(), trial.task) - tasks.begin();
  std::seed_seq seeds = {options.seed & 0xFFFFFFFFu, options.seed >> 32, static_cast<std::uint64_t>(task),
                         static_cast<std::uint64_t>(trial.length), static_cast<std::uint64_t>(trial.number)};
  std::mt19937_64 random(seeds);
  HiddenFact fact = make_fact(trial.task, random);
  const PromptMaker::Stretch stretch = prompts.draw(trial.length, random);
  RetrievalPrompt prompt = prompts.make(fact, stretch, trial.length, trial.depth, trial.layout->place);
  return {std::move(fact), std::move(prompt)};
}

class RetrievalRun {
 public:
  RetrievalRun(const Engine& engine, const PromptMaker& prompts, const RetrievalOptions& options,
               ResultFile& results)
      : engine_(engine),
        prompts_(prompts),
        options_(options),
        results_(results),
        trials_(plan_trials(options)) {}

  void run() {
    std::vector<Trial> missing;
    for (const Trial& trial : trials_) {
      if (results_.find(trial.key()) != nullptr) continue;
      missing.push_back(trial);
      total_ += trial.length;
    }
    std::vector<GenerationRequest> requests;
    for (const Trial& trial : missing) {
      requests.push_back(
          {[this, &trial] { return start(trial); }, {.max_tokens = options_.max_tokens, .stop = {"\n"}}});
    }
    generate_many(engine_.tokenizer, requests, options_.batch,
                  [&](std::size_t i, const GenerateResult& result, const Sequence& sequence) {
                    add(missing[i], result, sequence.state());
                  });
    summarise();
  }

 private:
  Sequence start(const Trial& trial) {
    const RetrievalPrompt prompt = make_prompt(prompts_, options_, trial).prompt;
    Sequence sequence(engine_.model, trial.setting->state(options_.state));
    if (trial.layout->pinned) sequence.state().pin(prompt.question.begin, prompt.question.end);
    const auto go_on = [&](std::int64_t done, std::int64_t) {
      return !options_.progress || options_.progress(done_ + done, total_, trial.cell_key());
    };
    const std::int64_t read = sequence.read(prompt.tokens, {options_.block, go_on});
    if (read < std::ssize(prompt.tokens)) throw RetrievalStopped();
    done_ += read;
    return sequence;
  }

  void add(const Trial& trial, const GenerateResult& result, const MultiState& state) {
    const auto [fact, prompt] = make_prompt(prompts_, options_, trial);
    Json line = {{"task", trial.task}};
    write_setting(line, *trial.setting);
    line["layout"] = trial.layout->name;
    line["length"] = trial.length;
    line["depth"] = trial.depth;
    line["trial"] = trial.number;
    line["depth_found"] = prompt.depth;
    line["expected"] = fact.answer;
    line["answer"] = result.text;
    line["correct"] = answers(result.text, fact.answer);
    line["fact_kept"] = share_kept(state, prompt.fact);
    results_.add(trial.key(), line);
  }

  void summarise() {
    const auto in_cell = static_cast<std::size_t>(options_.trials), in_row = in_cell * options_.depths.size();
    for (std::span<const Trial> rest = trials_; !rest.empty(); rest = rest.subspan(in_row)) {
      const std::span<const Trial> row = rest.first(in_row);
      for (std::size_t i = 0; i < in_row; i += in_cell) summarise(row.subspan(i, in_cell), row[i].cell_key());
      summarise(row, row.front().row_key());
    }
  }

  void summarise(std::span<const Trial> trials, const std::string& cell) {
    const std::string key = "summary/" + cell;
    if (results_.find(key) != nullptr) return;
    std::int64_t correct = 0;
    double kept = 0;
    for (const Trial& trial : trials) {
      const Json& line = *results_.find(trial.key());
      if (line["correct"].get<bool>()) ++correct;
      kept += line["fact_kept"].get<double>();
    }
    const auto n = static_cast<double>(trials.size());
    Json summary = {{"trials", trials.size()}, {"accuracy", static_cast<double>(correct) / n}};
    write_interval(summary, wilson_interval(correct, std::ssize(trials)));
    summary["fact_kept"] = kept / n;
    results_.add(key, summary);
  }

  const Engine& engine_;
  const PromptMaker& prompts_;
  const RetrievalOptions& options_;
  ResultFile& results_;
  const std::vector<Trial> trials_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

const std::vector<RetrievalLayout>& retrieval_layouts() {
  static const std::vector<RetrievalLayout> layouts = {{"after", QuestionPlace::after, false},
                                                       {"after-pinned", QuestionPlace::after, true},
                                                       {"before", QuestionPlace::before, false},
                                                       {"before-pinned", QuestionPlace::before, true}};
  return layouts;
}

void check_retrieval(const Engine& engine, const PromptMaker& prompts, const RetrievalOptions& options) {
  check_options(options);
  for (const Setting& setting : options.settings) MultiState(engine.model, setting.state(options.state));
  for (const Trial& trial : plan_trials(options)) {
    const Span question = make_prompt(prompts, options, trial).prompt.question;
    const int pinned = question.end - question.begin;
    if (trial.layout->pinned && trial.setting->size > 0 && pinned >= trial.setting->size) {
      fail_usage("a question of {} tokens cannot be pinned in a state of {}", pinned, trial.setting->size);
    }
  }
}

bool run_retrieval(const Engine& engine, const PromptMaker& prompts, const RetrievalOptions& options,
                   ResultFile& results) {
  check_retrieval(engine, prompts, options);
  try {
    RetrievalRun(engine, prompts, options, results).run();
    return true;
  } catch (const RetrievalStopped&) {
    return false;
  }
}

}  // namespace msrnn
