#include "eval/stream_snapshot.h"

#include <system_error>
#include <utility>

#include "msrnn/error.h"

#include "base/fail.h"

namespace msrnn {

StreamSnapshot::StreamSnapshot(std::filesystem::path folder) : folder_(std::move(folder)) {
  remove_files(Which::half_written);
}

void StreamSnapshot::remove_files(Which which) const {
  std::vector<std::filesystem::path> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const bool saved = entry.path() == file();
    const bool half_written = entry.path().stem() == file().filename() && !saved;
    if (half_written || (saved && which == Which::all)) found.push_back(entry.path());
  }
  for (const std::filesystem::path& path : found) std::filesystem::remove(path, ignored);
}

std::optional<MultiState::Saved> StreamSnapshot::load(const Model& model) const {
  std::error_code ignored;
  if (!std::filesystem::exists(file(), ignored)) return std::nullopt;
  try {
    return MultiState::load(file(), model);
  } catch (const Error&) {
    return std::nullopt;
  }
}

void StreamSnapshot::save(const MultiState& state, const std::vector<Token>& next) {
  constexpr double kTimesWorthOne = 20;
  if (since_saved_.seconds() < next_save_) return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) fail("cannot write {}: {}", folder_.string(), error.message());
  const Stopwatch saving;
  state.save(file(), next);
  next_save_ = kTimesWorthOne * saving.seconds();
  since_saved_ = Stopwatch();
}

void StreamSnapshot::remove() const {
  remove_files(Which::all);
  std::error_code not_empty;
  std::filesystem::remove(folder_, not_empty);
}

}  // namespace msrnn
