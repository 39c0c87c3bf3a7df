#include "eval/tasks/task_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "base/fail.h"

namespace msrnn {
namespace {

using std::filesystem::path;

// The task that "TASK=FILE" names; none where the place is a path.
const TextTask* named_task(std::string_view place) {
  const std::size_t sign = place.find('=');
  if (sign == std::string_view::npos) return nullptr;
  const auto tasks = all_tasks();
  const auto found = std::find_if(tasks.begin(), tasks.end(),
                                  [&](const TextTask& task) { return task.name == place.substr(0, sign); });
  return found == tasks.end() ? nullptr : &*found;
}

struct ReleasedFile {
  std::string_view task, file;
};

// What its authors call it. What is held out goes before what models were developed with.
constexpr std::array<ReleasedFile, 4> kReleased = {{
    {"squality", "v1-3/txt/test.jsonl"},
    {"squality", "data/v1-3/txt/test.jsonl"},
    {"qasper", "qasper-test-v0.3.json"},
    {"qasper", "qasper-dev-v0.3.json"},
}};

// In a folder, the best first.
std::vector<std::string> names_of_data(const TextTask& task) {
  std::vector<std::string> names = {fmt::format("{0}/{0}.jsonl", task.name),
                                    fmt::format("{}.jsonl", task.name)};
  for (const ReleasedFile& released : kReleased) {
    if (released.task != task.name) continue;
    names.push_back(fmt::format("{}/{}", task.name, released.file));
    names.emplace_back(released.file);
  }
  // ZeroSCROLLS': only its validation sets have answers.
  names.push_back(fmt::format("{}/validation.jsonl", task.name));
  names.push_back(fmt::format("{}/test.jsonl", task.name));
  return names;
}

std::optional<path> find_in_folder(const path& folder, const TextTask& task) {
  for (const std::string& name : names_of_data(task)) {
    if (std::filesystem::exists(folder / name)) return folder / name;
  }
  return std::nullopt;
}

}  // namespace

std::vector<path> find_task_files(std::span<const std::string> places,
                                  std::span<const TextTask* const> tasks) {
  std::map<const TextTask*, path> named;
  std::vector<path> others;
  for (const std::string& place : places) {
    const TextTask* task = named_task(place);
    if (task == nullptr) {
      others.emplace_back(place);
      if (!std::filesystem::exists(place)) fail_usage("{}: there is no such file or folder", place);
      if (!std::filesystem::is_directory(place) && tasks.size() != 1) {
        fail_usage("{}: say which task it is of, as in {}={}", place, tasks.front()->name, place);
      }
    } else if (std::find(tasks.begin(), tasks.end(), task) == tasks.end()) {
      fail_usage("{}: {} is not among the tasks to run", place, task->name);
    } else if (!named.emplace(task, place.substr(task->name.size() + 1)).second) {
      fail_usage("{}: {} has a file already", place, task->name);
    }
  }
  std::vector<path> files;
  for (const TextTask* task : tasks) {
    if (const auto found = named.find(task); found != named.end()) {
      files.push_back(found->second);
      continue;
    }
    std::optional<path> file;
    for (const path& other : others) {
      if (!file) file = std::filesystem::is_directory(other) ? find_in_folder(other, *task) : other;
    }
    if (!file) {
      fail_usage("{0}: no data: a folder has it as one of {1}; or name it, {0}=FILE", task->name,
                 fmt::join(names_of_data(*task), ", "));
    }
    files.push_back(*file);
  }
  return files;
}

}  // namespace msrnn
