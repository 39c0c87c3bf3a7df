// A valid GGUF file with every kind of value and of tensor, under two kilobytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/gguf_builder.h"

namespace msrnn::testing {

inline std::vector<std::byte> counting_bytes(std::size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

inline GgufBuilder small_gguf() {
  GgufBuilder builder;
  builder.add("u8", std::uint8_t{200}).add("i8", std::int8_t{-100});
  builder.add("u16", std::uint16_t{60000}).add("i16", std::int16_t{-30000});
  builder.add("u32", std::uint32_t{4000000000u}).add("i32", std::int32_t{-2000000000});
  builder.add("u64", std::uint64_t{9223372036854775807u}).add("i64", std::int64_t{-9223372036854775807});
  builder.add("f32", 0.1f).add("f64", 0.1).add("yes", true).add("no", false);
  builder.add("text", std::string("naïve\0text", 11)).add("empty", std::string());
  builder.add_array("words", std::vector<std::string>{"", "a", "bc"});
  builder.add_array("integers", std::vector<std::int16_t>{-1, 0, 1});
  builder.add_array("numbers", std::vector<float>{0.5f, -2.0f});
  builder.add_array("flags", std::vector<std::uint8_t>{1, 0});
  builder.add_array("none", std::vector<std::uint64_t>{});
  builder.add_tensor("vector", {3}, GgufTensor::f32, counting_bytes(12));
  builder.add_tensor("matrix", {2, 5}, GgufTensor::f16, counting_bytes(20));
  builder.add_tensor("cube", {2, 3, 4}, GgufTensor::bf16, counting_bytes(48));
  builder.add_tensor("hyper", {1, 2, 1, 3}, GgufTensor::f32, counting_bytes(24));
  builder.add_tensor("q8_0", {2, 64}, GgufTensor::q8_0, counting_bytes(2 * 2 * 34));
  builder.add_tensor("q4_0", {3, 32}, GgufTensor::q4_0, counting_bytes(3 * 18));
  builder.add_tensor("q4_1", {1, 32}, GgufTensor::q4_1, counting_bytes(20));
  return builder;
}

}  // namespace msrnn::testing
