// Encodes and decodes many texts with one tokenizer, for comparisons with other implementations (compare.py).
// usage: tokenize_lines MODEL|TOKENIZER.json|TOKENIZER.model
// Each line of standard input is flags, a space and a text in hexadecimal; s in the flags is
// EncodeOptions::add_special, p is parse_special. Each line of standard output is the ids, a tab, and in
// hexadecimal what they decode to.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "msrnn/error.h"

#include "runtime/load_tokenizer.h"

namespace msrnn {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

// A model, or only the file that Hugging Face checkpoints have for their tokenizer.
Vocabulary vocabulary_of(const std::string& path) {
  const std::string_view key = path.ends_with(".json")    ? "tokenizer.huggingface.json"
                               : path.ends_with(".model") ? "msrnn.tokenizer.model"
                                                          : "";
  if (key.empty()) return vocabulary_from(open_weight_file(path)->metadata());
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  Metadata metadata;
  metadata.set(std::string(key), content.str());
  return vocabulary_from(metadata);
}

void run(const char* path) {
  const Tokenizer tokenizer = make_tokenizer(vocabulary_of(path));
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t space = line.find(' ');
    const std::string flags = line.substr(0, space);
    const EncodeOptions options{.add_special = flags.find('s') != std::string::npos,
                                .parse_special = flags.find('p') != std::string::npos};
    const std::vector<Token> tokens = tokenizer.encode(from_hex(line.substr(space + 1)), options);
    fmt::print("{}\t{}\n", fmt::join(tokens, " "), to_hex(tokenizer.decode(tokens)));
  }
}

}  // namespace
}  // namespace msrnn

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: tokenize_lines MODEL|TOKENIZER.json|TOKENIZER.model\n");
    return 2;
  }
  try {
    msrnn::run(argv[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
