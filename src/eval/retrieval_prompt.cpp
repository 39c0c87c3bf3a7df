#include "eval/retrieval_prompt.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"

namespace msrnn {
namespace {

// Stands for the message in a rendered conversation.
constexpr std::string_view kMessage = "<-message->";

// Where sentences begin: at white space after the end of one, quotation marks aside. The text itself begins
// one.
std::vector<std::size_t> sentence_beginnings(const Tokenizer& tokenizer, std::span<const Token> tokens) {
  std::vector<std::size_t> beginnings = {0};
  bool ended = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string_view piece = tokenizer.piece(tokens[i]);
    if (i > 0 && ended && !piece.empty() && (piece[0] == ' ' || piece[0] == '\n')) beginnings.push_back(i);
    const std::size_t last = piece.find_last_not_of("\"')");
    if (last != std::string_view::npos)
      ended = std::string_view(".!?").find(piece[last]) != std::string_view::npos;
  }
  return beginnings;
}

Span end_of(std::int32_t begin, const std::vector<Token>& tokens) {
  return {begin, static_cast<std::int32_t>(tokens.size())};
}

}  // namespace

PromptMaker::PromptMaker(const Engine& engine, std::span<const Text> texts, bool chat) : engine_(engine) {
  if (chat) {
    const std::string rendered = engine.render_chat({{"user", std::string(kMessage)}});
    const std::size_t at = rendered.find(kMessage);
    if (at == std::string::npos) fail("the model's chat template does not show messages as they are");
    before_ = rendered.substr(0, at);
    after_ = rendered.substr(at + kMessage.size());
  }
  for (const Text& text : texts) {
    texts_.push_back(engine.tokenizer.encode(text.bytes));
    beginnings_.push_back(sentence_beginnings(engine.tokenizer, texts_.back()));
  }
}

PromptMaker::Stretch PromptMaker::draw(std::int64_t n, std::mt19937_64& random) const {
  const auto length = static_cast<std::size_t>(n);
  std::vector<std::size_t> long_enough;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    longest = std::max(longest, texts_[i].size());
    if (texts_[i].size() >= length) long_enough.push_back(i);
  }
  if (long_enough.empty()) {
    fail_usage("prompts of {} tokens need a text as long; the longest has {} tokens", n, longest);
  }
  const std::size_t text = long_enough[random() % long_enough.size()];
  const std::vector<std::size_t>& beginnings = beginnings_[text];
  const auto end = std::upper_bound(beginnings.begin(), beginnings.end(), texts_[text].size() - length);
  return {text, beginnings[random() % static_cast<std::size_t>(end - beginnings.begin())]};
}

void PromptMaker::append(std::vector<Token>& tokens, std::string_view text) const {
  const std::vector<Token> more = engine_.tokenizer.encode(text);
  tokens.insert(tokens.end(), more.begin(), more.end());
}

std::size_t PromptMaker::tokens_before_fact(const Stretch& stretch, std::size_t haystack,
                                            double depth) const {
  const auto wanted = static_cast<std::int64_t>(std::llround(depth * static_cast<double>(haystack)));
  std::int64_t best = depth < 0.5 ? 0 : static_cast<std::int64_t>(haystack);
  for (const std::size_t beginning : beginnings_[stretch.text]) {
    const auto at = static_cast<std::int64_t>(beginning) - static_cast<std::int64_t>(stretch.first);
    if (at < 0 || at > static_cast<std::int64_t>(haystack)) continue;
    if (std::abs(at - wanted) < std::abs(best - wanted)) best = at;
  }
  return static_cast<std::size_t>(best);
}

PromptMaker::Frame PromptMaker::frame(const HiddenFact& fact, QuestionPlace place) const {
  Frame frame;
  const Tokenizer& tokenizer = engine_.tokenizer;
  if (!before_.empty()) {
    frame.head = tokenizer.encode(before_, {.parse_special = true});
  } else if (const auto bos = tokenizer.leading_bos()) {
    frame.head = {*bos};
  }
  const auto add_question = [&](std::vector<Token>& tokens) {
    const auto begin = static_cast<std::int32_t>(tokens.size());
    append(tokens, fact.question);
    frame.question = end_of(begin, tokens);
  };
  if (place == QuestionPlace::before) {
    append(frame.head, "Read this text to answer a question. ");
    add_question(frame.head);
    append(frame.head, "\n\n");
  } else {
    append(frame.head, "Read this text. A fact is hidden in it; remember it.\n\n");
    append(frame.tail, "\n\nQuestion: ");
    add_question(frame.tail);
  }
  append(frame.fact, " " + fact.sentence);
  if (after_.empty()) {
    append(frame.tail, place == QuestionPlace::before ? "\n\nAnswer: " + fact.cue : "\nAnswer: " + fact.cue);
  } else {
    const std::vector<Token> turn = tokenizer.encode(after_, {.parse_special = true});
    frame.tail.insert(frame.tail.end(), turn.begin(), turn.end());
    append(frame.tail, fact.cue);
  }
  return frame;
}

RetrievalPrompt PromptMaker::make(const HiddenFact& fact, const Stretch& stretch, std::int64_t length,
                                  double depth, QuestionPlace place) const {
  const Frame frame = this->frame(fact, place);
  const std::size_t around = frame.head.size() + frame.fact.size() + frame.tail.size();
  const std::span<const Token> text = std::span(texts_[stretch.text]).subspan(stretch.first);
  if (length <= static_cast<std::int64_t>(around)) {
    fail_usage("prompts of {} tokens have no room for a text: fact and question take {}", length, around);
  }
  const std::size_t haystack = static_cast<std::size_t>(length) - around;
  const std::size_t before = tokens_before_fact(stretch, haystack, depth);

  RetrievalPrompt prompt;
  prompt.haystack = static_cast<std::int64_t>(haystack);
  prompt.depth = static_cast<double>(before) / static_cast<double>(haystack);
  const auto add = [&](std::span<const Token> tokens) {
    prompt.tokens.insert(prompt.tokens.end(), tokens.begin(), tokens.end());
  };
  add(frame.head);
  add(text.first(before));
  const auto at = static_cast<std::int32_t>(prompt.tokens.size());
  add(frame.fact);
  prompt.fact = end_of(at, prompt.tokens);
  add(text.subspan(before, haystack - before));
  const auto end = place == QuestionPlace::after ? static_cast<std::int32_t>(prompt.tokens.size()) : 0;
  prompt.question = {frame.question.begin + end, frame.question.end + end};
  add(frame.tail);
  return prompt;
}

}  // namespace msrnn
