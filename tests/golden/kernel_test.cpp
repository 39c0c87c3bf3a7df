// One attention layer alone, on every device, against an independent implementation: victims exactly, outputs
// to 1e-5, however the rows are split into calls.
#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/registry.h"
#include "state/state_data.h"
#include "support/npy.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

constexpr int kHeads = 6, kKvHeads = 2, kHeadDim = 16, kTokens = 96, kCapacity = 16;
constexpr float kRounding = 1e-5f;

struct KernelCase {
  std::string device, name;  // name: POLICY[.promptN], or zero_query.POLICY
  int block;
};

// [heads][tokens][head_dim] as rows of tokens: [tokens][heads · head_dim].
std::vector<float> by_token(const Array<float>& array) {
  const auto heads = array.shape[0], tokens = array.shape[1], dim = array.shape[2];
  std::vector<float> rows(array.values.size());
  for (std::int64_t h = 0; h < heads; ++h) {
    for (std::int64_t t = 0; t < tokens; ++t) {
      std::copy_n(array.values.begin() + (h * tokens + t) * dim, dim, rows.begin() + (t * heads + h) * dim);
    }
  }
  return rows;
}

void PrintTo(const KernelCase& c, std::ostream* out) {
  *out << c.device << " " << c.name << " in blocks of " << c.block;
}

class GoldenKernel : public ::testing::TestWithParam<KernelCase> {
 protected:
  void SetUp() override {
    if (!golden_folder()) GTEST_SKIP() << "MSRNN_GOLDEN is not set: no golden attention layer";
    folder_ = *golden_folder() / "kernel";
    q_ = by_token(read_npy<float>(folder_ / "q.npy"));
    k_ = by_token(read_npy<float>(folder_ / "k.npy"));
    v_ = by_token(read_npy<float>(folder_ / "v.npy"));
    out_.assign(q_.size(), 0.0f);
    static std::map<std::string, std::shared_ptr<Backend>> backends;
    auto& backend = backends[GetParam().device];
    if (backend == nullptr) backend = make_backend(GetParam().device, {2});
    backend_ = backend;
  }

  StateData make_state(const std::string& policy, int capacity) const {
    const StateShape shape{
        .n_layers = 1, .n_kv_heads = kKvHeads, .head_dim = kHeadDim, .model_fingerprint = 1};
    return StateData(shape, {.policy = policy, .capacity = capacity, .type = "f32"}, backend_);
  }

  // Rows [first, end) through the state, a block at a time. Victims are appended: [blocks][lanes][rows].
  void attend(StateData& state, int first, int end) {
    for (int row = first; row < end;) {
      const int n = std::min(GetParam().block, end - row);
      state.make_room(n);
      const LayerState layer = state.layer(0);
      std::vector<std::int32_t> victims(static_cast<std::size_t>(layer.lanes * n));
      const AttentionJob job{.first_row = 0,
                             .n_rows = n,
                             .first_position = row,
                             .state = layer,
                             .policy = state.policy(),
                             .pins = {},
                             .positions = PositionMode::absolute,
                             .rope = {},
                             .victims = victims.data()};
      const auto rows = [&](std::vector<float>& values, int heads) {
        return Tensor{values.data() + std::int64_t{row} * heads * kHeadDim, n,
                      std::int64_t{heads} * kHeadDim};
      };
      backend_->attend(rows(out_, kHeads), {rows(q_, kHeads), rows(k_, kKvHeads), rows(v_, kKvHeads)},
                       {kHeads, kKvHeads, kHeadDim, 0.25f}, {&job, 1});
      state.advance(n);
      victims_.resize(static_cast<std::size_t>(layer.lanes));
      for (int lane = 0; lane < layer.lanes; ++lane) {
        auto& list = victims_[static_cast<std::size_t>(lane)];
        list.resize(static_cast<std::size_t>(row), -1);
        list.insert(list.end(), victims.begin() + lane * n, victims.begin() + (lane + 1) * n);
      }
      row += n;
    }
  }

  void expect_victims() const {
    const Array<std::int32_t> expected = read_npy<std::int32_t>(folder_ / (GetParam().name + ".victims.npy"));
    ASSERT_EQ(victims_.size(), static_cast<std::size_t>(expected.shape[0]));
    for (std::size_t lane = 0; lane < victims_.size(); ++lane) {
      const auto begin = expected.values.begin() + static_cast<std::ptrdiff_t>(lane) * kTokens;
      EXPECT_EQ(victims_[lane], std::vector<std::int32_t>(begin, begin + kTokens)) << "set " << lane;
    }
  }

  void expect_outputs() const {
    const std::vector<float> expected = by_token(read_npy<float>(folder_ / (GetParam().name + ".out.npy")));
    ASSERT_EQ(out_.size(), expected.size());
    for (std::size_t i = 0; i < out_.size(); ++i) {
      ASSERT_NEAR(out_[i], expected[i], kRounding) << "token " << i / (kHeads * kHeadDim);
    }
  }

  std::filesystem::path folder_;
  std::vector<float> q_, k_, v_, out_;              // [tokens][heads · head_dim]
  std::vector<std::vector<std::int32_t>> victims_;  // [lanes][tokens]
  std::shared_ptr<Backend> backend_;
};

std::string policy_of(std::string name) {
  for (const std::string_view prefix : {"zero_query.", "window"}) {
    if (name.starts_with(prefix) && prefix != name) {
      name = (prefix == "window" ? "window+" : "") + name.substr(prefix.size());
    }
  }
  return name.substr(0, name.find('.'));
}

TEST_P(GoldenKernel, DropsAndComputesTheSame) {
  const std::string& name = GetParam().name;
  if (name.starts_with("zero_query")) std::fill(q_.begin(), q_.end(), 0.0f);
  StateData state = make_state(policy_of(name), kCapacity);
  int prompt = 0;
  if (const std::size_t at = name.find(".prompt"); at != std::string::npos) {
    prompt = std::stoi(name.substr(at + 7));
    StateData wide = make_state(policy_of(name), prompt);
    attend(wide, 0, prompt);
    state.select_from(wide);
    const Array<std::int32_t> kept = read_npy<std::int32_t>(folder_ / (name + ".kept_prompt.npy"));
    const LayerState layer = state.layer(0);
    for (int lane = 0; lane < layer.lanes; ++lane) {
      std::vector<std::int32_t> positions;
      for (std::int32_t s = 0; s < kCapacity; ++s) positions.push_back(layer.lane(lane)[s].position);
      const auto begin = kept.values.begin() + std::ptrdiff_t{lane} * kCapacity;
      EXPECT_THAT(positions, ::testing::UnorderedElementsAreArray(begin, begin + kCapacity))
          << "set " << lane;
    }
  }
  attend(state, prompt, kTokens);
  expect_victims();
  if (!name.starts_with("zero_query")) expect_outputs();
}

std::vector<KernelCase> cases() {
  std::vector<KernelCase> cases;
  for (const DeviceInfo& device : list_backends()) {
    for (const char* name : {"full", "window", "window1", "window4", "tova", "tova-head", "h2o", "h2o-layer",
                             "tova.prompt48", "tova-head.prompt48", "zero_query.tova", "zero_query.tova-head",
                             "zero_query.h2o", "zero_query.h2o-layer"}) {
      for (const int block : {1, 7, 32, kTokens}) cases.push_back({device.name, name, block});
    }
  }
  return cases;
}

std::string test_name(const ::testing::TestParamInfo<KernelCase>& info) {
  std::string name = info.param.device + "_" + info.param.name + "_block" + std::to_string(info.param.block);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenKernel, ::testing::ValuesIn(cases()), test_name);

}  // namespace
}  // namespace msrnn::testing
