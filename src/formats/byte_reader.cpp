#include "formats/byte_reader.h"

namespace msrnn {

std::span<const std::byte> ByteReader::take(std::uint64_t n, std::string_view what) {
  if (n > remaining()) {
    fail_here("{} takes {} bytes, only {} are left: the file is truncated or damaged", what, n, remaining());
  }
  const auto taken = bytes_.subspan(offset_, n);
  offset_ += n;
  return taken;
}

std::size_t ByteReader::count(std::size_t least_bytes, std::string_view what) {
  const std::size_t at = offset_;
  const auto n = number<std::uint64_t>(what);
  if (n > remaining() / least_bytes) {
    offset_ = at;
    fail_here("{} is {}, more than the bytes that follow can hold", what, n);
  }
  return n;
}

std::string_view ByteReader::text(std::string_view what) {
  const auto bytes = take(count(1, what), what);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace msrnn
