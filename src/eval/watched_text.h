// The texts over which states are watched: chunks of files, with the tags of their words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "msrnn/tokenizer.h"

#include "eval/texts.h"

namespace msrnn {

struct WatchedText {
  std::string name;  // "BOOK/CHUNK"
  std::vector<Token> tokens;
  std::vector<std::string> tags;  // [tokens], empty where a token has none; empty if there are no tags
};

struct ChunkOptions {
  std::int64_t context = 4096;  // tokens of a chunk
  std::int64_t chunks = 1;      // of each text at most; 0: all
};

// Whole chunks from the front of the text, or all of it if it is shorter than one. tags: a file as
// docs/word-tags.md describes, for the whole text; empty: none. BOS, where a model wants it before every
// text, takes the place of each chunk's first token.
std::vector<WatchedText> cut_chunks(const Tokenizer& tokenizer, const Text& text,
                                    const std::filesystem::path& tags, const ChunkOptions& options);

// For each text the file NAME.tsv of these places, files or folders; an empty path where there is none.
// Throws UsageError for a file that belongs to no text, and where two belong to one.
std::vector<std::filesystem::path> find_tags(std::span<const Text> texts,
                                             std::span<const std::filesystem::path> places);

}  // namespace msrnn
