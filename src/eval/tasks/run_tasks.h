// Tasks over policies and sizes: every question answered greedily, one result an answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"
#include "msrnn/state.h"

#include "eval/result_file.h"
#include "eval/settings.h"
#include "eval/tasks/task_prompt.h"

namespace msrnn {

// A task with its questions as the model reads them.
struct TaskSet {
  const TextTask* task = nullptr;
  TaskData data;
  std::vector<TaskPrompt> prompts;  // one a question
  int answer_tokens = 0;            // an answer has at most that many
};

struct TaskRunOptions {
  StateOptions state = {};  // all but policy and capacity
  int batch = 8;            // answers written at once; changes speed and memory, never a result
  int block = 256;          // tokens of a prompt read in one pass; nor does this
  const std::atomic<bool>* cancel = nullptr;
  // Tokens read and written of all that are left to do, answers counted at their full length; and what is
  // being done, "squality tova/512".
  std::function<void(std::int64_t done, std::int64_t total, const std::string& what)> progress = {};
};

// Answers what results lacks, and adds
//   TASK/SETTING/ID           {"task", "policy", "size", "id", "document", "prediction", "stop",
//                              "prompt_tokens", "cut_tokens", "answer_tokens", and scores, where there are
//                              references: "rouge1", "rouge2" and "rougeL", "f1" or "accuracy", 0 to 100}
//   summary/TASK/SETTING      {"task", "policy", "size", "metric", "questions", "documents", "score", "low",
//                              "high", and the means of the scores}, when all are answered, where there are
//                              references; low and high are the 95 % interval by resampling documents, if
//                              there are two or more.
// What the prompts of a document's questions begin with alike is read once for each setting; each question
// goes on from a copy. Returns false where it was cancelled; what was answered until then is there.
bool run_tasks(const Engine& engine, std::span<const TaskSet> tasks, std::span<const Setting> settings,
               ResultFile& results, const TaskRunOptions& options = {});

std::string summary_key(const TextTask& task, const Setting& setting);

}  // namespace msrnn
