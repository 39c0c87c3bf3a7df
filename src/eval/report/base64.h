// Numbers as text that takes little room.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace msrnn::reporting {

// RFC 4648, of 16-bit numbers, the low byte first. −1 becomes 65535; all others must be less.
std::string base64_of_steps(std::span<const std::int32_t> steps);

}  // namespace msrnn::reporting
