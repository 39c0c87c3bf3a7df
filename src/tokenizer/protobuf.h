// The wire format of Protocol Buffers, as far as SentencePiece's models need it
// (https://protobuf.dev/programming-guides/encoding): a message is a list of fields, a field a tag (number <<
// 3 | wire type) and a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace msrnn {

class ProtoWriter {
 public:
  void integer(std::uint32_t field, std::uint64_t value);  // bool and enum too
  void real(std::uint32_t field, float value);
  void bytes(std::uint32_t field, std::string_view value);  // string and message too

  const std::string& message() const { return message_; }

 private:
  void varint(std::uint64_t value);

  std::string message_;
};

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct ProtoField {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of a varint, fixed64 or fixed32
  std::string_view bytes;   // of WireType::bytes: part of the message
};

// Reads fields as they come, unknown ones too. Groups, which nobody writes any more, are refused.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : message_(message) {}
  // False at the end. Throws Error, with the offset in the message, where it is damaged.
  bool next(ProtoField& field);

 private:
  std::uint64_t varint();
  std::uint64_t fixed(std::size_t size);
  [[noreturn]] void damaged(std::string_view what) const;

  std::string_view message_;
  std::size_t offset_ = 0;
};

// The values that a field should have; Error, with `name`, where its wire type is another.
std::uint64_t integer_of(const ProtoField& field, std::string_view name);
float real_of(const ProtoField& field, std::string_view name);
std::string_view bytes_of(const ProtoField& field, std::string_view name);

}  // namespace msrnn
