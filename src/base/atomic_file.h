// Writing a file so that a reader sees the old content or the new, never half of it: the bytes go to a
// temporary file in the same folder, which replaces the target when all of them are on disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace msrnn {

class AtomicFile {
 public:
  // Creates the temporary file. Throws Error where that fails.
  explicit AtomicFile(std::filesystem::path target);
  // Removes the temporary file unless commit() has run.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // Flushes to disk and renames over the target. Throws Error (disk full, no permission) and leaves the old
  // target.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int fd_ = -1;
};

}  // namespace msrnn
