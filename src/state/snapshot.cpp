#include "state/snapshot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <xxhash.h>

#include "base/fail.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

constexpr std::array<char, 8> kMagic = {'m', 's', 'r', 'n', 'n', 's', 't', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksumBytes = sizeof(std::uint64_t);

std::uint64_t checksum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

class Writer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    raw(&value, sizeof value);
  }
  void text(const std::string& value) {
    number(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
  }
  void raw(const void* data, std::size_t n) {
    const auto* p = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), p, p + n);
  }
  std::vector<std::byte> finish() {
    number(checksum(bytes_));
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() {
    const auto bytes = take(number<std::uint32_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // A count of things of at least `bytes_each` bytes that are to follow.
  std::size_t count(std::size_t bytes_each) {
    const auto n = number<std::uint32_t>();
    if (n > rest_.size() / bytes_each)
      fail("state file: expected {} entries, found room for {}", n, rest_.size() / bytes_each);
    return n;
  }
  std::span<const std::byte> take(std::size_t n) {
    if (n > rest_.size()) fail("state file: expected {} more bytes, found {}", n, rest_.size());
    const auto bytes = rest_.first(n);
    rest_ = rest_.subspan(n);
    return bytes;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::span<const std::byte> rest_;
};

// Slots of a lane that are stored: all of a bounded state, the used ones and the free one of an unbounded
// state.
std::int32_t stored_capacity(const StateData& state, const LayerState& layer) {
  return bounded(state.policy()) ? layer.capacity : static_cast<std::int32_t>(state.position());
}

void write_layer(Writer& out, const LayerState& layer, std::int32_t capacity) {
  const std::int64_t n_slots = std::int64_t{capacity} + 1;
  for (int lane = 0; lane < layer.lanes; ++lane) {
    out.number(layer.free_slot[lane]);
    for (std::int64_t s = 0; s < n_slots; ++s) {
      out.number(layer.lane(lane)[s].position);
      out.number(layer.lane(lane)[s].score);
    }
  }
  const auto head_bytes = static_cast<std::size_t>(stored_bytes(layer.dtype, layer.head_dim));
  for (const std::byte* kv : {layer.k, layer.v}) {
    for (int h = 0; h < layer.n_kv_heads; ++h) {
      out.raw(kv + static_cast<std::size_t>(h) * layer.n_slots() * head_bytes, n_slots * head_bytes);
    }
  }
}

void check_lane(const LayerState& layer, int l, int lane, std::int64_t position) {
  const Slot* slots = layer.lane(lane);
  const std::int32_t free_slot = layer.free_slot[lane];
  if (free_slot < 0 || free_slot >= layer.n_slots() || slots[free_slot].position != kEmpty) {
    fail("state file: layer {}: slot {} is said to be free, but is not", l, free_slot);
  }
  std::vector<std::int32_t> live;
  for (std::int32_t s = 0; s < layer.n_slots(); ++s) {
    if (slots[s].position == kEmpty) continue;
    if (slots[s].position < 0 || slots[s].position >= position || !std::isfinite(slots[s].score)) {
      fail("state file: layer {}: slot {} holds position {} and score {} after {} tokens", l, s,
           slots[s].position, slots[s].score, position);
    }
    live.push_back(slots[s].position);
  }
  std::sort(live.begin(), live.end());
  if (std::adjacent_find(live.begin(), live.end()) != live.end())
    fail("state file: layer {}: a position stands twice", l);
  const std::int64_t expected = std::min<std::int64_t>(position, layer.capacity);
  if (static_cast<std::int64_t>(live.size()) != expected) {
    fail("state file: layer {}: expected {} live slots, found {}", l, expected, live.size());
  }
}

void check_finite(const LayerState& layer, int l) {
  const std::int64_t n = std::int64_t{layer.n_slots()} * layer.head_dim;
  std::vector<float> values(static_cast<std::size_t>(n));
  for (const std::byte* kv : {layer.k, layer.v}) {
    for (int h = 0; h < layer.n_kv_heads; ++h) {
      dequantise(layer.dtype, kv + h * stored_bytes(layer.dtype, n), n, values.data());
      if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
        fail("state file: layer {}: a key or value is not a finite number", l);
      }
    }
  }
}

void read_layer(Reader& in, const LayerState& layer, int l, std::int64_t position) {
  for (int lane = 0; lane < layer.lanes; ++lane) {
    layer.free_slot[lane] = in.number<std::int32_t>();
    for (std::int32_t s = 0; s < layer.n_slots(); ++s) {
      layer.lane(lane)[s].position = in.number<std::int32_t>();
      layer.lane(lane)[s].score = in.number<float>();
    }
    check_lane(layer, l, lane, position);
  }
  const auto kv_bytes = static_cast<std::size_t>(
      stored_bytes(layer.dtype, std::int64_t{layer.n_kv_heads} * layer.n_slots() * layer.head_dim));
  for (std::byte* kv : {layer.k, layer.v}) std::memcpy(kv, in.take(kv_bytes).data(), kv_bytes);
  check_finite(layer, l);
}

// The part before the layers.
struct Header {
  StateOptions options;
  std::int64_t position;
  std::vector<Span> pins;
  std::vector<Token> unread;
  std::vector<std::int32_t> capacities;
};

void check_shape(Reader& in, const StateShape& shape) {
  const auto fingerprint = in.number<std::uint64_t>();
  if (fingerprint != shape.model_fingerprint) {
    fail("state file: written for another model (fingerprint {:016x}, this one has {:016x})", fingerprint,
         shape.model_fingerprint);
  }
  for (const int expected : {shape.n_layers, shape.n_kv_heads, shape.head_dim}) {
    const auto found = in.number<std::int32_t>();
    if (found != expected)
      fail("state file: expected layers, KV heads or head size {}, found {}", expected, found);
  }
}

Header read_header(Reader& in, const StateShape& shape) {
  Header header;
  header.options.policy = in.text();
  header.options.type = in.text();
  header.options.positions = in.text();
  header.options.capacity = in.number<std::int32_t>();
  header.position = in.number<std::int64_t>();
  if (header.position < 0 || header.position > std::numeric_limits<std::int32_t>::max()) {
    fail("state file: {} tokens read is not possible", header.position);
  }
  for (std::size_t n = in.count(2 * sizeof(std::int32_t)); n > 0; --n) {
    const auto begin = in.number<std::int32_t>();
    header.pins.push_back({begin, in.number<std::int32_t>()});
  }
  for (std::size_t n = in.count(sizeof(Token)); n > 0; --n) header.unread.push_back(in.number<Token>());
  for (int l = 0; l < shape.n_layers; ++l) header.capacities.push_back(in.number<std::int32_t>());
  return header;
}

// Memory is taken only for what the file really holds.
void check_size(const Header& header, const StateShape& shape, std::size_t found) {
  const DType type = parse_state_type(header.options.type, shape.head_dim);
  std::int64_t numbers = 0;
  for (const std::int32_t capacity : header.capacities) {
    if (capacity < 0) fail("state file: capacity {} is not possible", capacity);
    numbers += std::int64_t{2} * capacity * shape.n_kv_heads * shape.head_dim;
  }
  const auto least = static_cast<std::size_t>(stored_bytes(type, numbers));
  if (found < least) fail("state file: expected at least {} bytes of layers, found {}", least, found);
}

StateData make_state(const Header& header, const StateShape& shape, std::shared_ptr<Backend> backend) {
  const auto all_are = [&](std::int64_t capacity) {
    return std::all_of(header.capacities.begin(), header.capacities.end(),
                       [&](auto c) { return c == capacity; });
  };
  StateOptions options = header.options;
  const bool grows = !bounded(parse_policy(options.policy));
  if (grows && !all_are(header.position))
    fail("state file: an unbounded state must hold all {} tokens", header.position);
  if (!grows && !all_are(options.capacity)) options.layer_capacities = header.capacities;
  StateData state(shape, options, std::move(backend));
  if (grows) state.restore(0, {}, header.capacities);
  for (const Span span : header.pins) state.pin(span);
  state.advance(header.position);
  return state;
}

// What a caller's bad options are, a damaged file is here.
StateData make_state_or_fail(const Header& header, const StateShape& shape, std::size_t bytes_left,
                             std::shared_ptr<Backend> backend) {
  try {
    check_size(header, shape, bytes_left);
    return make_state(header, shape, std::move(backend));
  } catch (const UsageError& error) {
    fail("state file: {}", error.what());
  }
}

}  // namespace

std::vector<std::byte> write_snapshot(const StateData& state, std::span<const Token> unread) {
  Writer out;
  out.raw(kMagic.data(), kMagic.size());
  out.number(kVersion);
  out.number(state.shape().model_fingerprint);
  for (const int n : {state.shape().n_layers, state.shape().n_kv_heads, state.shape().head_dim})
    out.number(std::int32_t{n});
  out.text(state.options().policy);
  out.text(state.options().type);
  out.text(state.options().positions);
  out.number(std::int32_t{state.options().capacity});
  out.number(state.position());
  out.number(static_cast<std::uint32_t>(state.pinned_spans().size()));
  for (const Span span : state.pinned_spans()) {
    out.number(span.begin);
    out.number(span.end);
  }
  out.number(static_cast<std::uint32_t>(unread.size()));
  for (const Token token : unread) out.number(token);
  for (int l = 0; l < state.shape().n_layers; ++l) out.number(stored_capacity(state, state.layer(l)));
  for (int l = 0; l < state.shape().n_layers; ++l)
    write_layer(out, state.layer(l), stored_capacity(state, state.layer(l)));
  return out.finish();
}

Snapshot read_snapshot(std::span<const std::byte> bytes, const StateShape& shape,
                       std::shared_ptr<Backend> backend) {
  if (bytes.size() < kMagic.size() || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    fail("state file: expected it to begin with 'msrnnst', which it does not");
  }
  Reader in(bytes.subspan(kMagic.size()));
  if (const auto version = in.number<std::uint32_t>(); version != kVersion) {
    fail("state file: expected version {}, found {}", kVersion, version);
  }
  if (in.left() < kChecksumBytes) fail("state file: truncated");
  Reader stored(bytes.last(kChecksumBytes));
  if (stored.number<std::uint64_t>() != checksum(bytes.first(bytes.size() - kChecksumBytes))) {
    fail("state file: the checksum does not match: the file is damaged or truncated");
  }
  check_shape(in, shape);
  Header header = read_header(in, shape);
  StateData state = make_state_or_fail(header, shape, in.left(), std::move(backend));
  for (int l = 0; l < shape.n_layers; ++l) read_layer(in, state.layer(l), l, header.position);
  if (in.left() != kChecksumBytes) fail("state file: {} bytes too many", in.left() - kChecksumBytes);
  return {std::move(state), std::move(header.unread)};
}

}  // namespace msrnn
