#include "output_file.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/fail.h"

namespace msrnn {

void check_writable(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    fail("{}: not a regular file", path.string());
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    fail("{}: cannot write into {}: {}", path.string(), folder.string(), std::strerror(errno));
  }
}

}  // namespace msrnn
