#include "msrnn/engine.h"

#include "base/fail.h"
#include "runtime/load_tokenizer.h"

namespace msrnn {
namespace {

std::string text_of(const Tokenizer& tokenizer, std::optional<Token> token) {
  return token ? std::string(tokenizer.piece(*token)) : std::string();
}

// Special tokens may lie beyond the model's rows: some checkpoints add a padding token that nothing ever
// reads.
void check_fits(const Tokenizer& tokenizer, int rows, const std::filesystem::path& path) {
  bool fits = tokenizer.vocabulary() >= rows;
  for (Token token = rows; fits && token < tokenizer.vocabulary(); ++token)
    fits = tokenizer.is_special(token);
  if (fits) return;
  fail("{}: the tokenizer does not fit the model: expected {} tokens, as the embedding has rows, found {}",
       path.string(), rows, tokenizer.vocabulary());
}

}  // namespace

Engine Engine::load(const std::filesystem::path& path, const ModelOptions& options) {
  // The tokenizer first: it is quick to find wrong, and lets go of the file before the weights are read.
  Tokenizer tokenizer = load_tokenizer(path);
  Model model = Model::load(path, options);
  check_fits(tokenizer, model.config().vocabulary, path);
  return {std::move(model), std::move(tokenizer)};
}

std::string Engine::render_chat(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const {
  if (tokenizer.chat_template().empty()) fail("the model has no chat template");
  return msrnn::render_chat(tokenizer.chat_template(), messages,
                            {.add_generation_prompt = add_generation_prompt,
                             .bos_token = text_of(tokenizer, tokenizer.bos()),
                             .eos_token = text_of(tokenizer, tokenizer.eos())});
}

}  // namespace msrnn
