// What a model is given: a document and a task, cut to as many tokens as it may have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "msrnn/engine.h"

#include "eval/tasks/task_data.h"

namespace msrnn {

enum class Layout : std::uint8_t {
  zeroscrolls,  // instruction, document, question, each under its header (arXiv 2305.14196)
  paper,        // document, instruction without its first sentence, question (arXiv 2401.06104)
};

// "zeroscrolls" or "paper". Throws UsageError for another name.
Layout parse_layout(std::string_view name);

// A prompt around its document.
struct PromptFrame {
  std::string before;
  std::string after;      // a document that is whole
  std::string after_cut;  // one whose end was left out
};

enum class Turn : std::uint8_t {
  plain,  // the prompt is the beginning of a text
  chat,   // a message, which the model's chat template puts between its own words
};

// With Turn::chat the benchmark's layout asks for no explanation, where the answer is no summary, as its own
// runner does.
PromptFrame frame(const TextTask& task, Layout layout, Turn turn, const TaskDocument& document,
                  std::string_view question);

struct TaskPrompt {
  std::vector<Token> tokens;
  std::int64_t cut = 0;  // tokens that are left out of the document, at its end
};

// Makes prompts of at most `most` tokens. Only the document is ever shortened.
class TaskPromptMaker {
 public:
  // The engine and the task must outlive it. Throws Error where Turn::chat needs a chat template that the
  // model lacks.
  TaskPromptMaker(const Engine& engine, const TextTask& task, Layout layout, Turn turn, std::int64_t most);

  // Throws UsageError where `most` leaves no room for the document. Quickest when called with one document
  // after another.
  TaskPrompt make(const TaskDocument& document, std::string_view question);

 private:
  struct Sides {
    std::string left, right;  // of the document, with what the chat template adds
  };
  Sides sides(const std::string& before, const std::string& after) const;
  std::vector<Token> encode_beginning(std::string_view text) const;
  std::vector<Token> encode_rest(std::string_view text) const;

  const Engine& engine_;
  const TextTask& task_;
  Layout layout_;
  Turn turn_;
  std::int64_t most_;
  std::string beginning_;                // the last text up to its document's end …
  std::vector<Token> beginning_tokens_;  // … and its tokens
};

}  // namespace msrnn
