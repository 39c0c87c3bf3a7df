// What the commands share that write a model file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/thread_pool.h"
#include "formats/gguf_writer.h"

namespace msrnn {

// OUT, --type, --threads, --force
struct ModelFileArguments {
  std::filesystem::path out;
  std::string type = "q8_0";
  int threads = 0;
  bool force = false;

  void add_to(CLI::App& command);

  DType dtype() const;
  // Throws Error if OUT cannot be written, or is there and is not to be replaced. To be asked before the
  // work.
  void check() const;
  // Runs a job that writes OUT and returns false if it was stopped. Shows how far it is; Ctrl-C stops it, and
  // ends the program.
  void write(const std::function<bool(ThreadPool& pool, const WriteOptions& options)>& job) const;
};

}  // namespace msrnn
