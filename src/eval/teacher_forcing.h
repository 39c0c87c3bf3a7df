// Reading a known text into a state and scoring every prediction the model makes on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/state.h"

#include "base/thread_pool.h"

namespace msrnn {

// −log softmax(logits)[target], in nats; computed in double.
double negative_log_likelihood(std::span<const float> logits, Token target);

// What reading one block of tokens gave.
struct ReadBlock {
  std::int64_t first = 0, count = 0;  // the tokens that were read
  // losses[i]: of the token after token first_scored + i.
  std::int64_t first_scored = 0;
  std::span<const double> losses;
  // [layers][lanes][count], position dropped after each token, −1 for none; empty if not asked for.
  std::span<const std::int32_t> victims;
};

struct TeacherForcingOptions {
  int block = 256;               // tokens of a forward pass
  std::int64_t score_after = 0;  // predictions made after this token and all later ones are scored
  bool record_victims = false;   // costs the device the order of evictions
  std::function<void(const ReadBlock&)> on_block;
};

// Reads one text, front to back, into one state. The model, the state and the tokens must outlive it. Memory
// besides the state is that of one block; blocks that are scored hold at most kMostScoredRows rows of logits.
class TeacherForcing {
 public:
  static constexpr int kMostScoredRows = 128;

  TeacherForcing(const Model& model, MultiState& state, std::span<const Token> tokens,
                 TeacherForcingOptions options);

  // Reads up to token `end`, one step a token.
  void read_until(std::int64_t end);
  // Reads up to token `end` with full attention, then selects once (prompt mode "last-query"). The state must
  // be empty. Memory grows with `end`.
  void read_at_once_until(std::int64_t end);

 private:
  void read_into(MultiState& state, std::int64_t end);
  void read_block(MultiState& state, std::int64_t count);

  const Model& model_;
  MultiState& state_;
  std::span<const Token> tokens_;
  TeacherForcingOptions options_;
  std::int64_t next_ = 0;
  std::vector<float> logits_;  // [rows scored][vocabulary]
  std::vector<std::int32_t> rows_, victims_;
  std::vector<double> losses_;
  ThreadPool threads_;  // exponentials of a large vocabulary take a fifth of the time on one thread
};

}  // namespace msrnn
