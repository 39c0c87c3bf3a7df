// Where the data of a task lies.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "eval/tasks/text_task.h"

namespace msrnn {

// One file a task. Each place is TASK=FILE; or a folder, in which the file is TASK/TASK.jsonl or TASK.jsonl;
// or a file, where there is one task. TASK=FILE goes before the others, of which the first counts. Throws
// UsageError where a task has no file, or a file no task.
std::vector<std::filesystem::path> find_task_files(std::span<const std::string> places,
                                                   std::span<const TextTask* const> tasks);

}  // namespace msrnn
