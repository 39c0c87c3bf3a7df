// Speed of reading and writing, at any depth of the text.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "msrnn/model.h"
#include "msrnn/sequence.h"

#include "backend/stage_clock.h"

namespace msrnn {

struct Spread {
  double lowest = 0, median = 0, highest = 0;
};

// values: at least one.
Spread spread(std::vector<double> values);

struct Timing {
  double seconds = 0;
  StageSeconds stages = {};  // what of it each stage took; all 0 where stages are not timed
};

// Bytes of the keys and values of one token in one layer.
double slot_bytes(const ModelConfig& config, const StateOptions& state);

// Times the model on fixed pseudo-random tokens. The model must outlive it.
class SpeedTest {
 public:
  SpeedTest(const Model& model, const StateOptions& state, int block, std::uint64_t seed);

  // The tests that follow start where `depth` tokens have been read through the state's own policy.
  void set_depth(std::int64_t depth);
  // Times stages too from now on. Throws UsageError where the device does not tell.
  void time_stages();
  // Reads `tokens` tokens.
  Timing prefill(std::int64_t tokens);
  // `steps` steps that write one token each in `batch` sequences at once.
  Timing decode(std::int64_t steps, int batch);

  // Bytes of keys and values that a step reads on average, during `steps` steps of one sequence.
  double state_bytes_read(std::int64_t steps) const;

 private:
  std::vector<Token> draw(std::int64_t count);
  Timing time(const std::function<void()>& work);

  const Model& model_;
  StateOptions state_options_;
  int block_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  Sequence start_;  // after depth_ tokens
  std::int64_t depth_ = 0;
  StageClock* clock_ = nullptr;  // of the device; null: stages are not timed
};

}  // namespace msrnn
