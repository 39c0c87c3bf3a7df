// Where the data of a task lies.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "eval/tasks/text_task.h"

namespace msrnn {

// One file a task. Each place is TASK=FILE; or a folder, in which the file is TASK/TASK.jsonl or TASK.jsonl,
// or has the name of a release: SQuALITY's v1-3/txt/test.jsonl, QASPER's qasper-test-v0.3.json or else
// qasper-dev-v0.3.json, ZeroSCROLLS' TASK/validation.jsonl or else TASK/test.jsonl; or a file, where there is
// one task. TASK=FILE goes before the others, of which the first that has the file counts. Throws UsageError
// where a task has no file, naming what was looked for, or a file no task.
std::vector<std::filesystem::path> find_task_files(std::span<const std::string> places,
                                                   std::span<const TextTask* const> tasks);

}  // namespace msrnn
