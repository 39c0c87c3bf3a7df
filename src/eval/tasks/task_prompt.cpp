#include "eval/tasks/task_prompt.h"

#include "base/fail.h"

namespace msrnn {
namespace {

// Stands for the document in a rendered conversation.
constexpr std::string_view kMark = "<-document->";

}  // namespace

Layout parse_layout(std::string_view name) {
  if (name == "zeroscrolls") return Layout::zeroscrolls;
  if (name == "paper") return Layout::paper;
  fail_usage("unknown layout '{}': expected zeroscrolls or paper", name);
}

PromptFrame frame(const TextTask& task, Layout layout, Turn turn, const TaskDocument& document,
                  std::string_view question) {
  const std::string query =
      task.query_header.empty() ? "" : fmt::format("{}\n{}\n\n", task.query_header, question);
  if (layout == Layout::paper) {
    const std::string rest = fmt::format("\n\n{}\n\n{}{}", task.instruction, query, task.answer_header);
    return {"", rest, rest};
  }
  const bool brief = turn == Turn::chat && task.metric != Metric::rouge;
  const std::string rest = fmt::format("{}{}\n", query, task.answer_header);
  const std::string_view omitted = document.omitted.empty() ? task.omitted : document.omitted;
  return {fmt::format("{} {}{}\n\n{}\n", task.role, task.instruction,
                      brief ? " Do not provide any explanation." : "", task.document_header),
          "\n\n" + rest, std::string(omitted) + rest};
}

TaskPromptMaker::TaskPromptMaker(const Engine& engine, const TextTask& task, Layout layout, Turn turn,
                                 std::int64_t most)
    : engine_(engine), task_(task), layout_(layout), turn_(turn), most_(most) {
  sides("", "");  // a template that fails should do so before everything else
}

TaskPromptMaker::Sides TaskPromptMaker::sides(const std::string& before, const std::string& after) const {
  if (turn_ == Turn::plain) return {before, after};
  const std::string rendered = engine_.render_chat({{"user", fmt::format("{}{}{}", before, kMark, after)}});
  const std::size_t mark = rendered.find(kMark);
  if (mark == std::string::npos) fail("the model's chat template does not show messages as they are");
  return {rendered.substr(0, mark), rendered.substr(mark + kMark.size())};
}

std::vector<Token> TaskPromptMaker::encode_beginning(std::string_view text) const {
  if (turn_ == Turn::chat) return encode_rest(text);  // the template has put BOS, where the model wants it
  std::vector<Token> tokens = encode_rest(text);
  if (const auto bos = engine_.tokenizer.leading_bos()) tokens.insert(tokens.begin(), *bos);
  return tokens;
}

std::vector<Token> TaskPromptMaker::encode_rest(std::string_view text) const {
  return engine_.tokenizer.encode(text, {.parse_special = turn_ == Turn::chat});
}

TaskPrompt TaskPromptMaker::make(const TaskDocument& document, std::string_view question) {
  const PromptFrame parts = frame(task_, layout_, turn_, document, question);
  const Sides whole = sides(parts.before, parts.after);
  if (std::string text = whole.left + document.text; text != beginning_) {
    beginning_ = std::move(text);
    beginning_tokens_ = encode_beginning(beginning_);
  }
  const auto size = [](const std::vector<Token>& tokens) { return static_cast<std::int64_t>(tokens.size()); };
  if (size(beginning_tokens_) <= most_) {
    std::vector<Token> tokens = encode_beginning(beginning_ + whole.right);
    if (size(tokens) <= most_) return {std::move(tokens), 0};
  }
  const std::vector<Token> rest = encode_rest(sides(parts.before, parts.after_cut).right);
  const std::int64_t room = most_ - size(rest), needed = size(encode_beginning(whole.left));
  if (room <= needed) {
    fail_usage("a prompt of {} tokens leaves no room for the document: what is around it takes {}", most_,
               size(rest) + needed);
  }
  TaskPrompt prompt;
  const std::int64_t kept = std::min(room, size(beginning_tokens_));
  prompt.cut = size(beginning_tokens_) - kept;
  prompt.tokens.assign(beginning_tokens_.begin(), beginning_tokens_.begin() + kept);
  prompt.tokens.insert(prompt.tokens.end(), rest.begin(), rest.end());
  return prompt;
}

}  // namespace msrnn
