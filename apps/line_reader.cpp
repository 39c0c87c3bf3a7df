#include "line_reader.h"

#include <clocale>
#include <cstdio>
#include <cwchar>
#include <iostream>
#include <unistd.h>

#include <histedit.h>

namespace msrnn {
namespace {

constexpr int kHistoryLength = 1000;

// libedit reads characters in the locale's encoding, and the program speaks UTF-8.
void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

// libedit's own reader tries again when a signal wakes it, so Ctrl-C would go unnoticed.
int read_character(EditLine*, wchar_t* character) {
  std::mbstate_t state{};
  while (true) {
    char byte = 0;
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n <= 0) return static_cast<int>(n);
    const std::size_t used = std::mbrtowc(character, &byte, 1, &state);
    if (used == static_cast<std::size_t>(-2)) continue;
    if (used == static_cast<std::size_t>(-1)) {
      state = {};
      continue;
    }
    return 1;
  }
}

}  // namespace

class LineReader::Editor {
 public:
  explicit Editor(std::string prompt) : prompt_(std::move(prompt)) {
    use_utf8();
    // The prompt and what is typed are no part of the program's output.
    editor_.reset(el_init("msrnn", stdin, stderr, stderr));
    history_.reset(history_init());
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLength);
    el_set(editor_.get(), EL_CLIENTDATA, this);
    el_set(editor_.get(), EL_PROMPT, show_prompt);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_set(editor_.get(), EL_GETCFN, read_character);
  }

  std::optional<std::string> read() {
    int length = 0;
    const char* line = el_gets(editor_.get(), &length);
    if (line == nullptr || length <= 0) {
      std::fputc('\n', stderr);
      return std::nullopt;
    }
    HistEvent event;
    history(history_.get(), &event, H_ENTER, line);
    std::string text(line, static_cast<std::size_t>(length));
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

 private:
  static char* show_prompt(EditLine* editor) {
    Editor* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return self->prompt_.data();
  }

  struct Free {
    void operator()(EditLine* editor) const { el_end(editor); }
    void operator()(History* history) const { history_end(history); }
  };
  std::string prompt_;
  std::unique_ptr<EditLine, Free> editor_;
  std::unique_ptr<History, Free> history_;
};

LineReader::LineReader(std::string prompt) {
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) {
    editor_ = std::make_unique<Editor>(std::move(prompt));
  }
}

LineReader::~LineReader() = default;

std::optional<std::string> LineReader::read() {
  if (editor_) return editor_->read();
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  return line;
}

}  // namespace msrnn
