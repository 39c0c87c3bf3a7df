#include "tokenizer/protobuf.h"

#include <bit>

#include "base/fail.h"

namespace msrnn {
namespace {

void check_type(const ProtoField& field, WireType type, std::string_view name) {
  if (field.type != type) {
    fail("{}: expected wire type {}, found {}", name, static_cast<int>(type), static_cast<int>(field.type));
  }
}

}  // namespace

void ProtoWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) message_.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  message_.push_back(static_cast<char>(value));
}

void ProtoWriter::integer(std::uint32_t field, std::uint64_t value) {
  varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(WireType::varint));
  varint(value);
}

void ProtoWriter::real(std::uint32_t field, float value) {
  varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(WireType::fixed32));
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) message_.push_back(static_cast<char>(bits >> shift & 0xFF));
}

void ProtoWriter::bytes(std::uint32_t field, std::string_view value) {
  varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(WireType::bytes));
  varint(value.size());
  message_ += value;
}

void ProtoReader::damaged(std::string_view what) const {
  fail("protocol buffer, at byte {} of {}: {}", offset_, message_.size(), what);
}

std::uint64_t ProtoReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (offset_ == message_.size()) damaged("the message ends inside a number");
    const auto byte = static_cast<unsigned char>(message_[offset_++]);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  damaged("expected a number of at most 10 bytes");
}

std::uint64_t ProtoReader::fixed(std::size_t size) {
  if (message_.size() - offset_ < size) damaged("the message ends inside a number");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(message_[offset_++])} << 8 * i;
  }
  return value;
}

bool ProtoReader::next(ProtoField& field) {
  if (offset_ == message_.size()) return false;
  const std::uint64_t tag = varint();
  field = {};
  if (tag >> 3 == 0 || tag >> 32 != 0) damaged("expected a field's tag");
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  switch (field.type) {
    case WireType::varint:
      field.value = varint();
      return true;
    case WireType::fixed64:
      field.value = fixed(8);
      return true;
    case WireType::fixed32:
      field.value = fixed(4);
      return true;
    case WireType::bytes: {
      const std::uint64_t size = varint();
      if (size > message_.size() - offset_) damaged("a field is longer than the message");
      field.bytes = message_.substr(offset_, size);
      offset_ += size;
      return true;
    }
  }
  damaged("expected wire type 0, 1, 2 or 5");
}

std::uint64_t integer_of(const ProtoField& field, std::string_view name) {
  check_type(field, WireType::varint, name);
  return field.value;
}

float real_of(const ProtoField& field, std::string_view name) {
  check_type(field, WireType::fixed32, name);
  return std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
}

std::string_view bytes_of(const ProtoField& field, std::string_view name) {
  check_type(field, WireType::bytes, name);
  return field.bytes;
}

}  // namespace msrnn
