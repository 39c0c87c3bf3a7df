#include "msrnn/engine.h"

#include "base/fail.h"
#include "runtime/load_tokenizer.h"

namespace msrnn {
namespace {

std::string text_of(const Tokenizer& tokenizer, std::optional<Token> token) {
  return token ? std::string(tokenizer.piece(*token)) : std::string();
}

}  // namespace

Engine Engine::load(const std::filesystem::path& path, const ModelOptions& options) {
  // The tokenizer first: it is quick to find wrong, and lets go of the file before the weights are read.
  Tokenizer tokenizer = make_tokenizer(vocabulary_from(open_weight_file(path)->metadata()));
  return {Model::load(path, options), std::move(tokenizer)};
}

std::string Engine::render_chat(const std::vector<ChatMessage>& messages, bool add_generation_prompt) const {
  if (tokenizer.chat_template().empty()) fail("the model has no chat template");
  return msrnn::render_chat(tokenizer.chat_template(), messages,
                            {.add_generation_prompt = add_generation_prompt,
                             .bos_token = text_of(tokenizer, tokenizer.bos()),
                             .eos_token = text_of(tokenizer, tokenizer.eos())});
}

}  // namespace msrnn
