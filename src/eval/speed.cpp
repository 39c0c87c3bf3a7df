#include "eval/speed.h"

#include <algorithm>

#include "base/fail.h"
#include "base/stopwatch.h"
#include "model/model_impl.h"
#include "policy/parse.h"
#include "state/state_data.h"

namespace msrnn {

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {values.front(), (values[(n - 1) / 2] + values[n / 2]) / 2, values.back()};
}

double slot_bytes(const ModelConfig& config, const StateOptions& state) {
  const DType type = parse_state_type(state.type, config.head_dim);
  return 2.0 * config.n_kv_heads * static_cast<double>(stored_bytes(type, config.head_dim));
}

SpeedTest::SpeedTest(const Model& model, const StateOptions& state, int block, std::uint64_t seed)
    : model_(model), state_options_(state), block_(block), seed_(seed), random_(seed), start_(model, state) {
  // The first pass reads the weights from disk and allocates scratch memory.
  prefill(block);
  decode(2, 1);
}

void SpeedTest::set_depth(std::int64_t depth) {
  if (depth < 0) fail_usage("depth: expected 0 or more tokens, found {}", depth);
  if (depth < depth_) {
    start_ = Sequence(model_, state_options_);
    depth_ = 0;
  }
  random_.seed(seed_ + static_cast<std::uint64_t>(depth));
  start_.read(draw(depth - depth_), {.block = block_, .progress = {}});
  depth_ = depth;
}

void SpeedTest::time_stages() {
  clock_ = model_.impl().backend->stage_clock();
  if (clock_ == nullptr) fail_usage("the device ({}) does not tell where time goes", model_.device());
}

Timing SpeedTest::time(const std::function<void()>& work) {
  Timing timing;
  if (clock_ != nullptr) clock_->start();
  const Stopwatch watch;
  work();
  timing.seconds = watch.seconds();
  if (clock_ != nullptr) timing.stages = clock_->stop();
  return timing;
}

Timing SpeedTest::prefill(std::int64_t tokens) {
  Sequence sequence = start_.clone();
  const std::vector<Token> text = draw(tokens);
  return time([&] { sequence.read(text, {.block = block_, .progress = {}}); });
}

Timing SpeedTest::decode(std::int64_t steps, int batch) {
  std::vector<Sequence> sequences;
  std::vector<Sequence*> pointers;
  for (int i = 0; i < batch; ++i) sequences.push_back(start_.clone());
  for (Sequence& sequence : sequences) pointers.push_back(&sequence);
  const std::vector<Token> text = draw(steps * batch);
  return time([&] {
    for (std::int64_t step = 0; step < steps; ++step) {
      read_batch(pointers, std::span(text).subspan(static_cast<std::size_t>(step * batch),
                                                   static_cast<std::size_t>(batch)));
    }
  });
}

double SpeedTest::state_bytes_read(std::int64_t steps) const {
  const MultiState& state = start_.state();
  const bool drops = bounded(parse_policy(state.options().policy));
  double slots = 0;
  for (int layer = 0; layer < state.n_layers(); ++layer) {
    for (std::int64_t step = 0; step < steps; ++step) {
      // All that was kept, and the newest token.
      const std::int64_t before = depth_ + step;
      slots +=
          static_cast<double>(1 + (drops ? std::min<std::int64_t>(state.capacity(layer), before) : before));
    }
  }
  return slots * slot_bytes(model_.config(), state.options()) / static_cast<double>(steps);
}

std::vector<Token> SpeedTest::draw(std::int64_t count) {
  std::vector<Token> tokens(static_cast<std::size_t>(count));
  const auto vocabulary = static_cast<std::uint64_t>(model_.config().vocabulary);
  for (Token& token : tokens) token = static_cast<Token>(random_() % vocabulary);
  return tokens;
}

}  // namespace msrnn
