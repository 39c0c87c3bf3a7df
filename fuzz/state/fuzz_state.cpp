// Feeds bytes to the state-file reader, with the checksum made right so that the parser behind it is reached.
#include <cstring>
#include <vector>

#include <xxhash.h>

#include "msrnn/error.h"

#include "state/snapshot.h"
#include "state/state_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  std::uint64_t sum;
  if (size >= sizeof sum) {
    sum = XXH3_64bits(data, size - sizeof sum);
    std::memcpy(bytes.data() + size - sizeof sum, &sum, sizeof sum);
  }
  try {
    msrnn::Snapshot snapshot = msrnn::read_snapshot(bytes, msrnn::kShape, msrnn::reference_backend());
    if (snapshot.state.position() < 1 << 20) msrnn::feed(snapshot.state, 1);
  } catch (const msrnn::Error&) {
  }
  return 0;
}
