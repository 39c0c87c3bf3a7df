// Texts to measure on: one file each, as PG-19's release and many other collections have them.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace msrnn {

struct Text {
  std::string name;  // of its file, without the extension
  std::string bytes;
};

// The files, and of each folder its files *.txt in the order of their names; where it has none those of its
// folder test, in which PG-19's release has the texts to measure on. Throws Error naming the place
// where nothing is there, a folder has no text, or a file is empty or no UTF-8 text; UsageError where two
// files have one name.
std::vector<Text> read_texts(std::span<const std::filesystem::path> places);

}  // namespace msrnn
