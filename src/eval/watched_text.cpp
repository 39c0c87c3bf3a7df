#include "eval/watched_text.h"

#include <algorithm>
#include <system_error>

#include "base/fail.h"
#include "eval/token_tags.h"

namespace msrnn {
namespace {

template <class T>
std::vector<T> slice(const std::vector<T>& values, std::int64_t begin, std::int64_t end) {
  if (values.empty()) return {};
  return {values.begin() + begin, values.begin() + end};
}

}  // namespace

std::vector<WatchedText> cut_chunks(const Tokenizer& tokenizer, const Text& text,
                                    const std::filesystem::path& tags_file, const ChunkOptions& options) {
  if (options.context < 1) fail_usage("a chunk has at least 1 token, found {}", options.context);
  if (options.chunks < 0) fail_usage("{} chunks of each text: expected 0, for all, or more", options.chunks);
  const std::vector<Token> tokens = tokenizer.encode(text.bytes, {.add_special = true});
  std::vector<std::string> tags;
  if (!tags_file.empty()) {
    tags = read_token_tags(tags_file, text.bytes, tokens, token_ranges(tokenizer, text.bytes, tokens));
  }
  const std::int64_t total = std::ssize(tokens), context = std::min(options.context, total);
  const std::int64_t there_are = context == 0 ? 0 : total / context;
  const std::int64_t wanted = options.chunks == 0 ? there_are : std::min(there_are, options.chunks);
  std::vector<WatchedText> chunks;
  for (std::int64_t c = 0; c < wanted; ++c) {
    const std::int64_t begin = c * context, end = begin + context;
    WatchedText chunk{fmt::format("{}/{}", text.name, c), slice(tokens, begin, end), slice(tags, begin, end)};
    if (const auto bos = tokenizer.leading_bos(); bos && chunk.tokens.front() != *bos) {
      chunk.tokens.front() = *bos;
      if (!chunk.tags.empty()) chunk.tags.front().clear();
    }
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

std::vector<std::filesystem::path> find_tags(std::span<const Text> texts,
                                             std::span<const std::filesystem::path> places) {
  std::vector<std::filesystem::path> files(texts.size());
  std::error_code ignored;
  for (const std::filesystem::path& place : places) {
    const bool is_folder = std::filesystem::is_directory(place, ignored);
    bool used = false;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::filesystem::path file = is_folder ? place / (texts[i].name + ".tsv") : place;
      if (file.stem() != texts[i].name || (is_folder && !std::filesystem::exists(file, ignored))) continue;
      if (!files[i].empty()) {
        fail_usage("text {}: two files of tags, {} and {}", texts[i].name, files[i].string(), file.string());
      }
      files[i] = file;
      used = true;
    }
    if (!used)
      fail_usage("{}: no tags of any text; expected NAME.tsv beside a text NAME.txt", place.string());
  }
  return files;
}

}  // namespace msrnn
