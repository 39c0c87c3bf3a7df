// Reads a text of any length into a state of 512 tokens and writes on.
// usage: continue_text MODEL.gguf TEXT [TOKENS]
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "msrnn/engine.h"
#include "msrnn/error.h"
#include "msrnn/generate.h"
#include "msrnn/sequence.h"

namespace {

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw msrnn::Error(std::string(path) + ": cannot be opened");
  return {std::istreambuf_iterator<char>(file), {}};
}

void continue_text(const char* model_path, const char* text_path, int max_tokens) {
  const msrnn::Engine engine = msrnn::Engine::load(model_path);

  msrnn::Sequence sequence(engine.model, {.policy = "tova", .capacity = 512});
  sequence.read(engine.tokenizer.encode(read_file(text_path)));
  std::cerr << "read " << sequence.state().position() << " tokens; the state takes "
            << sequence.state().bytes() << " bytes and will not grow\n";

  msrnn::GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stream = [](std::string_view text) {
    std::cout << text << std::flush;
    return std::cout.good();
  };
  msrnn::generate(sequence, engine.tokenizer, options);
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "usage: continue_text MODEL.gguf TEXT [TOKENS]\n";
    return 2;
  }
  continue_text(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 100);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "continue_text: " << error.what() << '\n';
  return 1;
}
