#include "output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <CLI/CLI.hpp>

#include "base/fail.h"

namespace msrnn {
namespace {

int first_error = 0;

void note_error() {
  if (first_error == 0) first_error = errno;
}

}  // namespace

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

bool print_text(std::string_view text) {
  if (first_error != 0) return false;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    note_error();
  return first_error == 0;
}

void check_output() {
  if (std::fflush(stdout) != 0) note_error();
  if (first_error == 0 && std::ferror(stdout) != 0) first_error = EIO;
  if (first_error == EPIPE) throw CLI::RuntimeError(kReaderLeft);
  if (first_error != 0) fail("standard output: {}", std::strerror(first_error));
}

}  // namespace msrnn
