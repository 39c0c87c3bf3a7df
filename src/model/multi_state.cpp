// MultiState is the public face of StateData; what a state is made for, only a Model can tell.
#include "msrnn/state.h"

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "model/model_impl.h"
#include "policy/live_slots.h"
#include "state/snapshot.h"

namespace msrnn {

MultiState::MultiState(const Model& model, const StateOptions& options)
    : data_(std::make_unique<StateData>(model.impl().state_shape(), options, model.impl().backend)) {}

MultiState::MultiState(std::unique_ptr<StateData> data) : data_(std::move(data)) {}
MultiState::~MultiState() = default;
MultiState::MultiState(MultiState&&) noexcept = default;
MultiState& MultiState::operator=(MultiState&&) noexcept = default;

const StateOptions& MultiState::options() const { return data_->options(); }
int MultiState::n_layers() const { return data_->shape().n_layers; }
int MultiState::lanes(int layer) const { return data_->layer(layer).lanes; }
int MultiState::capacity(int layer) const { return data_->layer(layer).capacity; }
std::size_t MultiState::bytes() const { return data_->bytes(); }
std::int64_t MultiState::position() const { return data_->position(); }

std::vector<std::int32_t> MultiState::positions(int layer, int lane) const {
  const LayerState state = data_->layer(layer);
  std::vector<std::int32_t> positions = live_slots(state.lane_slots(lane));
  for (std::int32_t& slot : positions) slot = state.lane(lane)[slot].position;
  return positions;
}

std::vector<float> MultiState::scores(int layer, int lane) const {
  const LayerState state = data_->layer(layer);
  std::vector<float> scores;
  for (const std::int32_t slot : live_slots(state.lane_slots(lane)))
    scores.push_back(state.lane(lane)[slot].score);
  return scores;
}

void MultiState::pin(std::int32_t begin, std::int32_t end) { data_->pin({begin, end}); }
void MultiState::unpin_all() { data_->unpin_all(); }
void MultiState::reset() { data_->reset(); }
void MultiState::select_from(const MultiState& wide) { data_->select_from(*wide.data_); }

MultiState MultiState::clone() const { return MultiState(std::make_unique<StateData>(data_->clone())); }

void MultiState::save(const std::filesystem::path& path, const std::vector<Token>& unread) const {
  AtomicFile file(path);
  file.write(write_snapshot(*data_, unread));
  file.commit();
}

MultiState::Saved MultiState::load(const std::filesystem::path& path, const Model& model) {
  const MappedFile file(path);
  Snapshot snapshot = read_snapshot(file.bytes(), model.impl().state_shape(), model.impl().backend);
  return {MultiState(std::make_unique<StateData>(std::move(snapshot.state))), std::move(snapshot.unread)};
}

}  // namespace msrnn
