// msrnn convert: a model as a GGUF file in another number type.
#include "formats/convert.h"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "commands.h"
#include "model_options.h"
#include "runtime/gguf_tokenizer.h"
#include "runtime/load_tokenizer.h"
#include "write_model.h"

namespace msrnn {
namespace {

struct ConvertCommand {
  std::string in;
  ModelFileArguments file;

  void add_to(CLI::App& command);
  void run() const;

 private:
  Metadata describe(const WeightFile& model) const;
};

void ConvertCommand::add_to(CLI::App& command) {
  command.add_option("IN", in, "The model: a Hugging Face folder, a GGUF file, or hf:ORG/NAME[:FILE]")
      ->required();
  file.add_to(command);
  command.footer(
      "Vectors stay f32, and the output matrix gets 6 bits a number at least. llama.cpp reads the result "
      "too.");
}

// Its tokenizer in the terms of GGUF, where it came with the files of Hugging Face.
Metadata ConvertCommand::describe(const WeightFile& model) const {
  Metadata metadata = weight_metadata(model.metadata(), file.dtype());
  if (metadata.has("tokenizer.ggml.model")) return metadata;
  const bool has_files = metadata.has("tokenizer.huggingface.json") || metadata.has("msrnn.tokenizer.model");
  const std::string problem = has_files ? describe_tokenizer(vocabulary_from(model.metadata()), metadata)
                                        : "the model comes without a tokenizer";
  if (!problem.empty()) {
    fmt::print(stderr, "msrnn: {}: {}; other programs may not read the file\n", in, problem);
  }
  return metadata;
}

void ConvertCommand::run() const {
  file.check();
  const auto model = open_weight_file(find_model(in));
  const Metadata metadata = describe(*model);
  file.write([&](ThreadPool& pool, const WriteOptions& options) {
    return convert_to_gguf(*model, metadata, file.dtype(), file.out, pool, options);
  });
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand("convert", "Write a model as a GGUF file in another number type");
  const auto self = std::make_shared<ConvertCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
