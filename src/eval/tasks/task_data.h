// The documents of a task and what is asked about them, in the formats that data sets are released in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/tasks/text_task.h"

namespace msrnn {

struct TaskDocument {
  std::string text;
  std::string omitted = {};  // stands where this document is cut; empty: what the task has
};

struct TaskQuestion {
  std::string id;
  std::size_t document = 0;
  std::string text;                  // empty where the task asks nothing
  std::vector<std::string> answers;  // references; none where the data set keeps them to itself
};

struct TaskData {
  std::vector<TaskDocument> documents;
  std::vector<TaskQuestion> questions;  // those of a document stand together, wherever the file has them

  // Leaves that many questions, and their documents.
  void keep_first(std::size_t n);
};

// FILE.jsonl, whose rows are one of
//   {"id", "document", "question", "answers": [text, …]}: one question;
//   {"metadata": {"passage_id"}, "document", "questions": [{"question_text", "responses":
//   [{"response_text"}]}]}:
//     SQuALITY's release;
//   {"id", "input", "output", "document_start_index", "document_end_index", "query_start_index",
//    "query_end_index", "truncation_seperator"}: ZeroSCROLLS' finished inputs, which are taken apart again;
//     rows of one id are several references;
// or FILE.json, QASPER's release: {paper: {"full_text": [{"section_name", "paragraphs"}], "qas":
// [{"question", "question_id", "answers": [{"answer": {…}}]}]}}. Its documents are the sections, headings
// first, a line a paragraph, a blank line between sections; title and abstract are left out, as in SCROLLS
// (arXiv 2201.03533). Throws Error naming file and line (or paper) where something is missing, empty or not
// text.
TaskData read_task_data(const std::filesystem::path& path, const TextTask& task);

}  // namespace msrnn
