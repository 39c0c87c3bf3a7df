// The formats that the data sets of the tasks are released in, as one question after another.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "eval/tasks/task_data.h"
#include "formats/json_text.h"

namespace msrnn {

struct Asked {
  std::string id;
  TaskDocument document;
  std::string question;
  std::vector<std::string> answers;
  bool may_repeat = false;  // another of this id, of the same question, adds references
};

// Called with each question and where it stands, for errors.
using AskedSink = std::function<void(Asked, std::string_view source)>;

// A row of a .jsonl file: of msrnn's own format, SQuALITY's or ZeroSCROLLS', told apart by their fields.
void read_release_row(const JsonObject& row, const TextTask& task, const AskedSink& sink);

void read_qasper(const std::filesystem::path& path, const AskedSink& sink);

}  // namespace msrnn
