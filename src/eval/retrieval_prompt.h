// Prompts of an exact number of tokens with a fact hidden at an exact depth.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"

#include "eval/retrieval_task.h"
#include "eval/texts.h"
#include "policy/slot.h"

namespace msrnn {

// Where the question stands. What the answer begins with comes last in any case.
enum class QuestionPlace : std::uint8_t {
  after,   // only after the text: what is kept of it was chosen without knowing the question
  before,  // only before the text
};

struct RetrievalPrompt {
  std::vector<Token> tokens;
  Span question;  // its tokens
  Span fact;
  std::int64_t haystack = 0;  // tokens of the text around the fact
  double depth = 0;           // where it is in the haystack: its tokens before the fact, of all; 0 to 1
};

// Draws stretches of texts, and builds prompts of them. The engine must outlive it.
class PromptMaker {
 public:
  struct Stretch {  // of a text, that begins with a sentence
    std::size_t text = 0, first = 0;
  };

  // chat: the prompt is a message in the model's chat template, and the cue begins its answer. Throws Error
  // if the model has no template.
  PromptMaker(const Engine& engine, std::span<const Text> texts, bool chat);

  // A stretch with at least n tokens, from any text that has as many: the same on every machine. Throws
  // UsageError where no text is as long.
  Stretch draw(std::int64_t n, std::mt19937_64& random) const;

  // length: tokens of the whole prompt. The fact is put after the end of a sentence, that nearest to
  // `depth` of the haystack. Throws UsageError where the length leaves no room for a haystack.
  RetrievalPrompt make(const HiddenFact& fact, const Stretch& stretch, std::int64_t length, double depth,
                       QuestionPlace place) const;

 private:
  // All of a prompt but the haystack.
  struct Frame {
    std::vector<Token> head, fact, tail;
    Span question;  // in the part that it is in
  };

  Frame frame(const HiddenFact& fact, QuestionPlace place) const;
  std::size_t tokens_before_fact(const Stretch& stretch, std::size_t haystack, double depth) const;
  void append(std::vector<Token>& tokens, std::string_view text) const;

  const Engine& engine_;
  std::string before_, after_;  // what the chat template puts around a message
  std::vector<std::vector<Token>> texts_;
  std::vector<std::vector<std::size_t>> beginnings_;  // of sentences, in each text
};

}  // namespace msrnn
