#include "eval/texts.h"

#include <algorithm>
#include <system_error>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/utf8.h"

namespace msrnn {
namespace {

std::vector<std::filesystem::path> list_texts(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".txt") files.push_back(at->path());
  }
  if (error) fail("{}: cannot be read: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::filesystem::path> texts_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files = list_texts(folder);
  std::error_code ignored;
  const std::filesystem::path test = folder / "test";
  if (files.empty() && std::filesystem::is_directory(test, ignored)) files = list_texts(test);
  if (files.empty()) {
    fail("{}: expected text files (*.txt) in this folder or its folder test, found none", folder.string());
  }
  return files;
}

Text read_text_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::span<const std::byte> bytes = file.bytes();
  Text text{path.stem().string(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
  if (text.bytes.empty()) fail("{}: is empty", path.string());
  const std::size_t good = std::min(valid_utf8_prefix(text.bytes), text.bytes.find('\0'));
  if (good < text.bytes.size()) fail("{}: is no UTF-8 text: byte {} cannot be", path.string(), good);
  return text;
}

}  // namespace

std::vector<Text> read_texts(std::span<const std::filesystem::path> places) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& place : places) {
    std::error_code ignored;
    if (std::filesystem::is_directory(place, ignored)) {
      const auto found = texts_of(place);
      files.insert(files.end(), found.begin(), found.end());
    } else {
      files.push_back(place);
    }
  }
  std::vector<Text> texts;
  for (const std::filesystem::path& path : files) {
    texts.push_back(read_text_file(path));
    const auto has_this_name = [&](const Text& text) { return text.name == texts.back().name; };
    if (std::count_if(texts.begin(), texts.end(), has_this_name) > 1) {
      fail_usage("{}: another text is named {} too", path.string(), texts.back().name);
    }
  }
  return texts;
}

}  // namespace msrnn
