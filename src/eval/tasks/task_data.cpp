#include "eval/tasks/task_data.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/fail.h"
#include "eval/json_rows.h"
#include "eval/tasks/release.h"

namespace msrnn {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

// Gathers questions; complains about what cannot be asked.
class Gatherer {
 public:
  explicit Gatherer(const TextTask& task) : task_(task) {}

  void add(Asked asked, std::string_view source) {
    if (is_blank(asked.document.text)) fail("{}: the document is empty", source);
    if (!task_.query_header.empty() && is_blank(asked.question)) fail("{}: the question is empty", source);
    if (task_.query_header.empty()) asked.question.clear();
    if (const auto known = by_id_.find(asked.id); known != by_id_.end()) {
      TaskQuestion& question = data_.questions[known->second];
      const bool same = question.text == asked.question && text_of(question) == asked.document.text;
      if (!asked.may_repeat || !same) fail("{}: the id {} is there already", source, asked.id);
      std::move(asked.answers.begin(), asked.answers.end(), std::back_inserter(question.answers));
      return;
    }
    by_id_.emplace(asked.id, data_.questions.size());
    const std::size_t document = place_of(std::move(asked.document));
    data_.questions.push_back(
        {std::move(asked.id), document, std::move(asked.question), std::move(asked.answers)});
  }

  // Documents in the order in which they came, and the questions of each in theirs.
  TaskData take() {
    std::ranges::stable_sort(data_.questions, {}, &TaskQuestion::document);
    return std::move(data_);
  }

 private:
  // Of the document of this text, which may have come at any time before; else it is the next one.
  std::size_t place_of(TaskDocument document) {
    const std::size_t hash = std::hash<std::string>()(document.text);
    const auto alike = by_hash_.equal_range(hash);
    const auto known = std::find_if(alike.first, alike.second, [&](const auto& entry) {
      return data_.documents[entry.second].text == document.text;
    });
    if (known != alike.second) return known->second;
    by_hash_.emplace(hash, data_.documents.size());
    data_.documents.push_back(std::move(document));
    return data_.documents.size() - 1;
  }

  const std::string& text_of(const TaskQuestion& question) const {
    return data_.documents[question.document].text;
  }

  const TextTask& task_;
  TaskData data_;
  std::map<std::string, std::size_t> by_id_;                   // questions
  std::unordered_multimap<std::size_t, std::size_t> by_hash_;  // documents, by that of their text
};

}  // namespace

void TaskData::keep_first(std::size_t n) {
  if (n == 0 || n >= questions.size()) return;
  questions.erase(questions.begin() + static_cast<std::ptrdiff_t>(n), questions.end());
  documents.erase(documents.begin() + static_cast<std::ptrdiff_t>(questions.back().document) + 1,
                  documents.end());
}

TaskData read_task_data(const std::filesystem::path& path, const TextTask& task) {
  Gatherer gatherer(task);
  const auto add = [&](Asked asked, std::string_view source) { gatherer.add(std::move(asked), source); };
  if (path.extension() == ".jsonl") {
    for_each_row(path, [&](const JsonObject& row) { read_release_row(row, task, add); });
  } else if (path.extension() == ".json") {
    read_qasper(path, add);
  } else {
    fail("{}: expected a file whose name ends in .jsonl or .json", path.string());
  }
  TaskData data = gatherer.take();
  if (data.questions.empty()) fail("{}: holds no questions", path.string());
  return data;
}

}  // namespace msrnn
