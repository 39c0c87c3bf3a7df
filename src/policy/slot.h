// What an eviction policy sees of a multi-state: per live slot a position and a score, and the time.
#pragma once

#include <cstdint>
#include <limits>

#if defined(__CUDACC__)
#define MSRNN_HD __host__ __device__
#else
#define MSRNN_HD
#endif

namespace msrnn {

// Which heads share one kept set: all of a layer, or each KV head has its own.
enum class Granularity : std::uint8_t { layer, kv_head };

inline constexpr std::int32_t kEmpty = -1;

struct Slot {
  std::int32_t position = kEmpty;  // of the token in the sequence, from 0; kEmpty: no token
  float score = 0;                 // the policy's own; 0 when the token enters, forgotten when it goes
};

// One step of one layer: `now` is the position of the newest token, `capacity` the tokens kept between steps.
struct Clock {
  std::int32_t now = 0, capacity = 0;
};

// What keep() answers for a slot that goes only when nothing else is left.
inline constexpr float kPinned = std::numeric_limits<float>::infinity();

// Tokens [begin, end) of the sequence that the caller protects from eviction.
struct Span {
  std::int32_t begin = 0, end = 0;
};

// A view of a caller's spans, small and in no order.
struct Pins {
  const Span* spans = nullptr;
  std::int32_t count = 0;

  MSRNN_HD bool contain(std::int32_t position) const {
    for (std::int32_t i = 0; i < count; ++i) {
      if (position >= spans[i].begin && position < spans[i].end) return true;
    }
    return false;
  }
};

}  // namespace msrnn
