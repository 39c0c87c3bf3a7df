#include "eval/tasks/run_tasks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "base/utf8.h"
#include "eval/generate_many.h"
#include "eval/interval_json.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct Cancelled {};

std::string answer_key(const TextTask& task, const Setting& setting, const TaskQuestion& question) {
  return fmt::format("{}/{}/{}", task.name, setting.key(), question.id);
}

std::int64_t common_beginning(const std::vector<Token>& a, const std::vector<Token>& b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

// Tokens that the prompts of a document's questions begin with, all of them; by document.
std::vector<std::int64_t> shared_beginnings(const TaskSet& set) {
  std::vector<std::int64_t> shared(set.data.documents.size());
  for (std::size_t i = 0; i < set.prompts.size(); ++i) {
    const std::size_t document = set.data.questions[i].document;
    const std::vector<Token>& tokens = set.prompts[i].tokens;
    const bool first = i == 0 || set.data.questions[i - 1].document != document;
    shared[document] = first
                           ? static_cast<std::int64_t>(tokens.size())
                           : std::min(shared[document], common_beginning(set.prompts[i - 1].tokens, tokens));
  }
  return shared;
}

// Text that JSON can hold: what is no character becomes U+FFFD.
std::string valid_text(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    append_utf8(valid, c.status == Utf8Status::valid ? c.code : 0xFFFD);
    text.remove_prefix(c.length);
  }
  return valid;
}

std::string_view stop_name(StopReason reason) {
  return reason == StopReason::max_tokens ? "max_tokens" : "end_token";
}

// One task with one setting.
class TaskCell {
 public:
  TaskCell(const Engine& engine, const TaskSet& set, const Setting& setting, const TaskRunOptions& options)
      : engine_(engine),
        set_(set),
        setting_(setting),
        options_(options),
        shared_(shared_beginnings(set)),
        state_(setting.state(options.state)) {}

  // Tokens to read and to write for what results lacks.
  std::int64_t work(const ResultFile& results) const {
    std::int64_t tokens = 0;
    std::optional<std::size_t> read;
    for (const std::size_t i : missing(results)) {
      const std::size_t document = set_.data.questions[i].document;
      if (read != document) tokens += shared_[document];
      read = document;
      tokens += static_cast<std::int64_t>(set_.prompts[i].tokens.size()) - shared_[document];
      tokens += set_.answer_tokens;
    }
    return tokens;
  }

  // done(tokens) is told of every piece of work.
  void answer(ResultFile& results, const std::function<void(std::int64_t)>& done) {
    done_ = done;
    const std::vector<std::size_t> questions = missing(results);
    std::vector<GenerationRequest> requests;
    for (const std::size_t i : questions) {
      requests.push_back(
          {[this, i] { return begin(i); }, {.max_tokens = set_.answer_tokens, .cancel = options_.cancel}});
    }
    generate_many(engine_.tokenizer, requests, options_.batch,
                  [&](std::size_t request, const GenerateResult& result, const Sequence&) {
                    if (result.reason == StopReason::cancelled) throw Cancelled();
                    add(results, questions[request], result);
                    done_(set_.answer_tokens);
                  });
    document_.reset();
  }

  void summarise_into(ResultFile& results) const;
  std::string what() const { return fmt::format("{} {}", set_.task->name, setting_.key()); }

 private:
  std::vector<std::size_t> missing(const ResultFile& results) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < set_.data.questions.size(); ++i) {
      if (results.find(key(i)) == nullptr) found.push_back(i);
    }
    return found;
  }
  std::string key(std::size_t i) const { return answer_key(*set_.task, setting_, set_.data.questions[i]); }

  void read(Sequence& sequence, std::span<const Token> tokens) {
    std::int64_t before = 0;
    const auto progress = [&](std::int64_t now, std::int64_t) {
      done_(now - std::exchange(before, now));
      return options_.cancel == nullptr || !*options_.cancel;
    };
    sequence.read(tokens, {.block = options_.block, .progress = progress});
    if (options_.cancel != nullptr && *options_.cancel) throw Cancelled();
  }

  // The sequence after a question's prompt.
  Sequence begin(std::size_t i) {
    const std::size_t document = set_.data.questions[i].document;
    const std::span<const Token> tokens = set_.prompts[i].tokens;
    const auto shared = static_cast<std::size_t>(shared_[document]);
    if (read_ != document || !document_) {
      document_.reset();  // before the next one takes its memory
      document_.emplace(engine_.model, state_);
      if (shared > 0) read(*document_, tokens.first(shared));
      read_ = document;
    }
    Sequence sequence = document_->clone();
    if (shared < tokens.size()) read(sequence, tokens.subspan(shared));
    return sequence;
  }

  void add(ResultFile& results, std::size_t i, const GenerateResult& result) const;

  const Engine& engine_;
  const TaskSet& set_;
  const Setting& setting_;
  const TaskRunOptions& options_;
  std::vector<std::int64_t> shared_;
  StateOptions state_;
  std::function<void(std::int64_t)> done_;
  std::optional<Sequence> document_;  // after what its questions' prompts begin with
  std::size_t read_ = 0;              // which one that is
};

void TaskCell::add(ResultFile& results, std::size_t i, const GenerateResult& result) const {
  const TaskQuestion& question = set_.data.questions[i];
  const std::string prediction = valid_text(result.text);
  Json line = {{"task", set_.task->name}};
  write_setting(line, setting_);
  line.update({{"id", question.id},
               {"document", question.document},
               {"prediction", prediction},
               {"stop", stop_name(result.reason)},
               {"prompt_tokens", set_.prompts[i].tokens.size()},
               {"cut_tokens", set_.prompts[i].cut},
               {"answer_tokens", result.tokens.size()}});
  if (!question.answers.empty()) {
    const std::vector<double> scores = score(set_.task->metric, prediction, question.answers);
    const auto names = measures(set_.task->metric);
    for (std::size_t m = 0; m < names.size(); ++m) line[std::string(names[m])] = scores[m];
  }
  results.add(key(i), line);
}

void TaskCell::summarise_into(ResultFile& results) const {
  const std::string name = summary_key(*set_.task, setting_);
  if (results.find(name) != nullptr) return;
  const auto names = measures(set_.task->metric);
  std::vector<ScoredPrediction> predictions;
  for (std::size_t i = 0; i < set_.data.questions.size(); ++i) {
    if (set_.data.questions[i].answers.empty()) continue;
    const Json& line = *results.find(key(i));
    ScoredPrediction one{static_cast<std::int32_t>(set_.data.questions[i].document), {}};
    for (const std::string_view measure : names) one.scores.push_back(line.at(std::string(measure)));
    predictions.push_back(std::move(one));
  }
  if (predictions.empty()) return;
  const ScoreSummary summary = summarise(set_.task->metric, predictions);
  Json line = {{"task", set_.task->name}};
  write_setting(line, setting_);
  line.update({{"metric", to_string(set_.task->metric)},
               {"questions", summary.predictions},
               {"documents", summary.groups},
               {"score", summary.score}});
  write_interval(line, summary.interval);
  for (std::size_t m = 0; m < names.size(); ++m) line[std::string(names[m])] = summary.means[m];
  results.add(name, line);
}

}  // namespace

std::string summary_key(const TextTask& task, const Setting& setting) {
  return fmt::format("summary/{}/{}", task.name, setting.key());
}

bool run_tasks(const Engine& engine, std::span<const TaskSet> tasks, std::span<const Setting> settings,
               ResultFile& results, const TaskRunOptions& options) {
  std::vector<TaskCell> cells;
  for (const TaskSet& set : tasks) {
    for (const Setting& setting : settings) cells.emplace_back(engine, set, setting, options);
  }
  std::int64_t total = 0, done = 0;
  for (const TaskCell& cell : cells) total += cell.work(results);
  try {
    for (TaskCell& cell : cells) {
      cell.answer(results, [&](std::int64_t tokens) {
        done += tokens;
        if (options.progress) options.progress(done, total, cell.what());
      });
    }
  } catch (const Cancelled&) {
    return false;
  }
  for (const TaskCell& cell : cells) cell.summarise_into(results);
  return true;
}

}  // namespace msrnn
