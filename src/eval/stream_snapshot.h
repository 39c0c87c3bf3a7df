// The state of a long run on disk, so that a killed one need not begin again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "base/stopwatch.h"

namespace msrnn {

// One state at a time, in a folder of its own: what a kill leaves half written is found there again.
class StreamSnapshot {
 public:
  // Removes what is half written.
  explicit StreamSnapshot(std::filesystem::path folder);

  // What was saved last. Nothing if there is none, or none that this model can read: a snapshot only saves
  // time.
  std::optional<MultiState::Saved> load(const Model& model) const;
  // Saves the state and the tokens that come next, unless that was done a short while ago: saving takes a
  // twentieth of the time, at most. Throws Error where it cannot be written.
  void save(const MultiState& state, const std::vector<Token>& next);
  // Removes all that was written, and the folder if nothing else is in it.
  void remove() const;

 private:
  std::filesystem::path file() const { return folder_ / "state"; }
  enum class Which : std::uint8_t { half_written, all };
  void remove_files(Which which) const;

  std::filesystem::path folder_;
  Stopwatch since_saved_;
  double next_save_ = 0;  // seconds after the last
};

}  // namespace msrnn
