// msrnn tokenize and detokenize: text to token ids and back.
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.h"
#include "encode_text.h"
#include "formats/weight_file.h"
#include "model_options.h"
#include "output.h"
#include "runtime/load_tokenizer.h"
#include "token_list.h"

namespace msrnn {
namespace {

struct TokenizeCommand {
  ModelArguments model;
  EncodeOptions options;
  std::string file = "-";

  void add_to(CLI::App& command, const std::string& input);
  Tokenizer load() const { return load_tokenizer(model.path()); }
};

void TokenizeCommand::add_to(CLI::App& command, const std::string& input) {
  model.add_model_to(command);
  command.add_option("-f,--file", file, input + "; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
}

void tokenize(const TokenizeCommand& self) {
  const std::string text = read_text(self.file);
  print_text(fmt::format("{}\n", fmt::join(encode_text(self.load(), text, self.options), " ")));
}

void detokenize(const TokenizeCommand& self) {
  const std::string ids = read_text(self.file);
  const Tokenizer tokenizer = self.load();
  print_text(tokenizer.decode(parse_tokens(ids, tokenizer.vocabulary(), self.file)));
}

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App* command = app.add_subcommand("tokenize", "Turn a text into token ids, on one line");
  const auto self = std::make_shared<TokenizeCommand>();
  self->add_to(*command, "The text");
  command->add_flag("--add-special", self->options.add_special,
                    "Put around the text what the model expects there, such as a token for its beginning");
  command->add_flag("--parse-special", self->options.parse_special,
                    "Take the names of special tokens in the text, such as <|im_end|>, for these tokens");
  command->footer("Example: echo -n 'Hello world' | msrnn tokenize");
  command->callback([self] { tokenize(*self); });
}

void add_detokenize(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("detokenize", "Turn token ids back into the exact bytes of the text");
  const auto self = std::make_shared<TokenizeCommand>();
  self->add_to(*command, "The ids, separated by blanks or line ends");
  command->footer("Example: msrnn tokenize -f book.txt | msrnn detokenize | cmp - book.txt");
  command->callback([self] { detokenize(*self); });
}

}  // namespace msrnn
