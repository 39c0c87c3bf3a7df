// Lines from the user: edited and with a history on a terminal, as they come otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace msrnn {

class LineReader {
 public:
  // prompt: shown on a terminal before each line.
  explicit LineReader(std::string prompt);
  ~LineReader();

  bool on_terminal() const { return editor_ != nullptr; }
  // The next line without its end, or nothing at the end of the input or when a signal came.
  std::optional<std::string> read();

 private:
  class Editor;
  std::unique_ptr<Editor> editor_;
};

}  // namespace msrnn
