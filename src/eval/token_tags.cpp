#include "eval/token_tags.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/fail.h"
#include "base/mapped_file.h"

namespace msrnn {
namespace {

// Tab-separated lines under a header that names the columns; further columns are allowed.
class TagTable {
 public:
  explicit TagTable(const std::filesystem::path& path) : path_(path.string()), file_(path) {
    rest_ = {reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()};
    if (!next()) fail("{}: is empty; expected a header line", path_);
    names_ = fields_;
  }

  bool has(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  // The next line that is not empty; false at the end.
  bool next() {
    do {
      if (rest_.empty()) return false;
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      split(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_;
    } while (fields_.size() == 1 && fields_[0].empty());
    if (!names_.empty() && fields_.size() != names_.size()) {
      refuse("expected {} fields as the header has, found {}", names_.size(), fields_.size());
    }
    return true;
  }

  std::string_view text(std::string_view column) const {
    const auto found = std::find(names_.begin(), names_.end(), column);
    return fields_[static_cast<std::size_t>(found - names_.begin())];
  }

  std::size_t number(std::string_view column) const {
    const std::string_view field = text(column);
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc{} || end != field.data() + field.size()) {
      refuse("{}: expected a number, found '{}'", column, field);
    }
    return value;
  }

  std::string tag() const {
    if (text("tag").empty()) refuse("tag: is empty");
    return std::string(text("tag"));
  }

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: line {}: {}", path_, line_, fmt::format(format, std::forward<Args>(args)...));
  }

  const std::string& path() const { return path_; }

 private:
  void split(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    fields_.clear();
    for (std::size_t tab; (tab = line.find('\t')) != std::string_view::npos; line.remove_prefix(tab + 1)) {
      fields_.push_back(line.substr(0, tab));
    }
    fields_.push_back(line);
  }

  std::string path_;
  MappedFile file_;
  std::string_view rest_;
  std::vector<std::string_view> names_, fields_;
  std::int64_t line_ = 0;
};

// What \t, \n, \r and \\ stand for.
std::string unescape(const TagTable& table, std::string_view escaped) {
  std::string text;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      text += escaped[i];
      continue;
    }
    constexpr std::string_view kEscapes = "tnr\\", kMeant = "\t\n\r\\";
    const std::size_t which = ++i < escaped.size() ? kEscapes.find(escaped[i]) : std::string_view::npos;
    if (which == std::string_view::npos)
      table.refuse("text: expected \\t, \\n, \\r or \\\\ after a backslash");
    text += kMeant[which];
  }
  return text;
}

struct TaggedWord {
  ByteRange range;
  std::string tag;
};

std::vector<TaggedWord> read_words(TagTable& table, std::string_view text) {
  std::vector<TaggedWord> words;
  std::size_t after = 0;
  while (table.next()) {
    const ByteRange range{table.number("begin"), table.number("end")};
    if (range.begin < after || range.end <= range.begin) {
      table.refuse("expected a word after byte {}, found bytes {} to {}", after, range.begin, range.end);
    }
    if (range.end > text.size()) {
      table.refuse("a word ends at byte {}, but the text has {}: these are the tags of another text",
                   range.end, text.size());
    }
    const std::string_view found = text.substr(range.begin, range.end - range.begin);
    if (const std::string word = unescape(table, table.text("text")); word != found) {
      table.refuse(
          "'{}' is not at bytes {} to {} of the text, which has '{}': these are the tags of another text",
          word, range.begin, range.end, found);
    }
    words.push_back({range, table.tag()});
    after = range.end;
  }
  return words;
}

std::vector<std::string> tag_by_words(std::span<const TaggedWord> words, std::span<const ByteRange> ranges) {
  std::vector<std::string> tags;
  for (const ByteRange& range : ranges) {
    while (!words.empty() && words.front().range.end <= range.begin) words = words.subspan(1);
    std::size_t most = 0;
    std::string tag;
    for (const TaggedWord& word : words) {
      if (word.range.begin >= range.end) break;
      const std::size_t shared =
          std::min(word.range.end, range.end) - std::max(word.range.begin, range.begin);
      if (shared > most) {
        most = shared;
        tag = word.tag;
      }
    }
    tags.push_back(std::move(tag));
  }
  return tags;
}

std::vector<std::string> read_tags_of_tokens(TagTable& table, std::span<const Token> tokens) {
  std::vector<std::string> tags;
  while (table.next()) {
    if (tags.size() == tokens.size()) table.refuse("expected {} tokens, found more", tokens.size());
    const Token expected = tokens[tags.size()];
    if (const std::size_t found = table.number("token"); found != static_cast<std::size_t>(expected)) {
      table.refuse("expected token {}, found {}: these are the tags of another text or tokenizer", expected,
                   found);
    }
    tags.push_back(table.tag());
  }
  if (tags.size() < tokens.size()) {
    fail("{}: expected a line for each of {} tokens, found {}", table.path(), tokens.size(), tags.size());
  }
  return tags;
}

}  // namespace

std::vector<ByteRange> token_ranges(const Tokenizer& tokenizer, std::string_view text,
                                    std::span<const Token> tokens) {
  constexpr std::size_t kMostMissing = 64;  // bytes without a token in one place
  std::vector<ByteRange> ranges;
  std::size_t at = 0;
  for (const Token token : tokens) {
    const std::string_view piece = ranges.empty() ? tokenizer.first_piece(token) : tokenizer.piece(token);
    const std::size_t begin = text.substr(0, at + piece.size() + kMostMissing).find(piece, at);
    if (tokenizer.is_special(token) && begin != at) {
      ranges.push_back({at, at});
      continue;
    }
    if (begin == std::string_view::npos) {
      fail(
          "the tokenizer changes this text at byte {}, so tags of words cannot be laid beside its tokens; "
          "tag "
          "the tokens instead",
          at);
    }
    at = begin + piece.size();
    ranges.push_back({begin, at});
  }
  return ranges;
}

std::vector<std::string> read_token_tags(const std::filesystem::path& path, std::string_view text,
                                         std::span<const Token> tokens, std::span<const ByteRange> ranges) {
  TagTable table(path);
  if (table.has("tag") && table.has("token")) return read_tags_of_tokens(table, tokens);
  for (const std::string_view column : {"begin", "end", "tag", "text"}) {
    if (table.has(column)) continue;
    table.refuse("no column '{}'; expected a header with begin, end, tag and text, or with token and tag",
                 column);
  }
  return tag_by_words(read_words(table, text), ranges);
}

}  // namespace msrnn
