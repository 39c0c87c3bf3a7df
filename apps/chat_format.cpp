#include "chat_format.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"

namespace msrnn {
namespace {

// Stands for a message in a rendered conversation; what is around it is the template's.
constexpr std::string_view kMark = "<-message->";

std::size_t find_mark(const std::string& rendered) {
  const std::size_t at = rendered.find(kMark);
  if (at == std::string::npos) fail("the model's chat template does not show messages as they are");
  return at;
}

}  // namespace

ChatFormat::ChatFormat(const Engine& engine, std::string system)
    : engine_(engine), system_(std::move(system)) {
  if (system_.find(kMark) != std::string::npos) fail_usage("a system prompt cannot contain {}", kMark);
  next("", {});  // a template that fails should do so before the conversation
}

std::vector<ChatMessage> ChatFormat::opening() const {
  if (system_.empty()) return {};
  return {{"system", system_}};
}

std::vector<Token> ChatFormat::encode(std::string_view rendered) const {
  return engine_.tokenizer.encode(rendered, {.parse_special = true});
}

std::vector<Token> ChatFormat::first(const std::string& message) const {
  std::vector<ChatMessage> messages = opening();
  messages.push_back({"user", message});
  return encode(engine_.render_chat(messages));
}

std::vector<Token> ChatFormat::next(const std::string& message, std::vector<Token> unread) const {
  std::vector<ChatMessage> messages = opening();
  messages.push_back({"user", "hello"});
  messages.push_back({"assistant", std::string(kMark)});
  messages.push_back({"user", message});
  const std::string rendered = engine_.render_chat(messages);
  // After the answer comes the end of the assistant's turn. If the model has said that itself, it is not said
  // twice.
  const std::vector<Token>& ends = engine_.tokenizer.end_tokens();
  if (!unread.empty() && std::find(ends.begin(), ends.end(), unread.back()) != ends.end()) unread.pop_back();
  const std::vector<Token> turn =
      engine_.tokenizer.encode(std::string_view(rendered).substr(find_mark(rendered) + kMark.size()),
                               {.parse_special = true, .continues = true});
  unread.insert(unread.end(), turn.begin(), turn.end());
  return unread;
}

int ChatFormat::system_tokens() const {
  std::vector<ChatMessage> messages = opening();
  messages.push_back({"user", std::string(kMark)});
  const std::string rendered = engine_.render_chat(messages);
  return static_cast<int>(encode(std::string_view(rendered).substr(0, find_mark(rendered))).size());
}

}  // namespace msrnn
