#include "state/snapshot.h"

#include <algorithm>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include "msrnn/error.h"

#include "state/state_support.h"

namespace msrnn {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Snapshot read(std::span<const std::byte> bytes, const StateShape& shape = kShape) {
  return read_snapshot(bytes, shape, reference_backend());
}

void sign(std::vector<std::byte>& bytes) {
  const std::uint64_t sum = XXH3_64bits(bytes.data(), bytes.size() - sizeof sum);
  std::memcpy(bytes.data() + bytes.size() - sizeof sum, &sum, sizeof sum);
}

TEST(Snapshot, RestoredStateGoesOnAlike) {
  for (const char* policy : {"tova", "tova-head", "h2o", "decayed", "window", "window+4", "full"}) {
    for (const char* type : kTypes) {
      for (const char* positions : {"absolute", "in-cache", "compressed"}) {
        for (const int tokens : {0, 1, 6, 7, 8, 50}) {
          StateData state =
              make_state({.policy = policy, .capacity = 7, .type = type, .positions = positions});
          if (tokens > 6) state.pin({2, 4});
          feed(state, tokens);
          Snapshot restored = read(write_snapshot(state, std::vector<Token>{5, 6}));
          EXPECT_THAT(restored.unread, testing::ElementsAre(5, 6));
          EXPECT_EQ(restored.state.position(), tokens);
          EXPECT_EQ(feed(restored.state, 20), feed(state, 20)) << policy << type << positions << tokens;
          EXPECT_EQ(write_snapshot(restored.state, {}), write_snapshot(state, {}));
        }
      }
    }
  }
}

TEST(Snapshot, KeepsCapacitiesOfLayers) {
  StateData state = make_state({.layer_capacities = {2, 9, 4}});
  feed(state, 30);
  Snapshot restored = read(write_snapshot(state, {}));
  EXPECT_EQ(restored.state.layer(1).capacity, 9);
  EXPECT_EQ(feed(restored.state, 9), feed(state, 9));
}

TEST(Snapshot, SizeDoesNotDependOnHistory) {
  StateData state = make_state({.capacity = 7});
  feed(state, 10);
  const std::size_t size = write_snapshot(state, {}).size();
  feed(state, 100);
  EXPECT_EQ(write_snapshot(state, {}).size(), size);
}

TEST(Snapshot, SaysWhyItRefuses) {
  StateData state = make_state({.capacity = 7});
  feed(state, 10);
  const std::vector<std::byte> good = write_snapshot(state, {});

  std::vector<std::byte> bytes = good;
  bytes[0] = std::byte{'x'};
  EXPECT_THAT([&] { read(bytes); }, ThrowsMessage<Error>(HasSubstr("msrnnst")));
  bytes = good;
  bytes[8] = std::byte{9};
  EXPECT_THAT([&] { read(bytes); }, ThrowsMessage<Error>(HasSubstr("version 1, found 9")));
  bytes = good;
  bytes[good.size() / 2] ^= std::byte{1};
  EXPECT_THAT([&] { read(bytes); }, ThrowsMessage<Error>(HasSubstr("checksum")));
  StateShape other = kShape;
  other.model_fingerprint = 43;
  EXPECT_THAT([&] { read(good, other); }, ThrowsMessage<Error>(HasSubstr("another model")));
  bytes = good;
  bytes.insert(bytes.end() - 8, std::byte{0});
  sign(bytes);
  EXPECT_THAT([&] { read(bytes); }, ThrowsMessage<Error>(HasSubstr("1 bytes too many")));
}

TEST(Snapshot, TruncatedAnywhereIsRefused) {
  StateData state = make_state({.policy = "h2o", .capacity = 3, .type = "q8_0"});
  feed(state, 10);
  const std::vector<std::byte> good = write_snapshot(state, std::vector<Token>{1});
  for (std::size_t n = 0; n < good.size(); ++n) {
    const auto part = std::span(good).first(n);
    EXPECT_THROW(read(part), Error) << n;
    std::vector<std::byte> resigned(part.begin(), part.end());
    if (n >= 20) sign(resigned);
    EXPECT_THROW(read(resigned), Error) << n;
  }
}

TEST(Snapshot, ChecksScalesOfQuantisedNumbers) {
  StateData state = make_state({.capacity = 3, .type = "q8_0"});
  feed(state, 10);
  std::vector<std::byte> bytes = write_snapshot(state, {});
  const std::size_t last_block = bytes.size() - sizeof(std::uint64_t) - 34;
  for (const std::uint16_t scale :
       {std::uint16_t{0x7c00}, std::uint16_t{0xfc00}, std::uint16_t{0x7e01}}) {  // ±infinity, NaN
    std::memcpy(bytes.data() + last_block, &scale, sizeof scale);
    sign(bytes);
    EXPECT_THAT([&] { read(bytes); }, ThrowsMessage<Error>(HasSubstr("not a finite number")));
  }
}

TEST(Snapshot, RefusesATypeThatHeadsDoNotFit) {
  StateShape narrow = kShape;
  narrow.head_dim = 16;
  StateData state = {narrow, {.capacity = 3, .type = "bf16"}, reference_backend()};
  std::vector<std::byte> bytes = write_snapshot(state, {});
  const std::byte found[] = {std::byte{'b'}, std::byte{'f'}, std::byte{'1'}, std::byte{'6'}};
  const auto at = std::search(bytes.begin(), bytes.end(), std::begin(found), std::end(found));
  std::memcpy(&*at, "q8_0", 4);
  sign(bytes);
  EXPECT_THAT([&] { read(bytes, narrow); },
              ThrowsMessage<Error>(HasSubstr("multiple of 32 numbers, found 16")));
  std::memcpy(&*at, "q4_0", 4);
  sign(bytes);
  EXPECT_THAT([&] { read(bytes, narrow); }, ThrowsMessage<Error>(HasSubstr("unknown state type 'q4_0'")));
}

// A file with a right checksum can still be hostile: it is refused, or it is a state like any other.
TEST(Snapshot, AnyByteMayBeWrong) {
  StateData state = make_state({.policy = "h2o", .capacity = 2, .type = "q8_0"});
  feed(state, 10);
  const std::vector<std::byte> good = write_snapshot(state, std::vector<Token>{1});
  int refused = 0;
  for (std::size_t i = 12; i + 8 < good.size(); ++i) {
    for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
      std::vector<std::byte> bytes = good;
      bytes[i] = std::byte(value);
      sign(bytes);
      try {
        Snapshot snapshot = read(bytes);
        feed(snapshot.state, 5);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace msrnn
