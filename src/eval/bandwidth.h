// How fast this machine reads memory: the limit that decoding is measured against.
#pragma once

namespace msrnn {

// Bytes per second that `threads` threads together read from memory, the best of a few passes over a buffer
// far larger than the caches. Takes under a second.
double measure_read_bandwidth(int threads);

// The same of copying: bytes read, as many of them written.
double measure_copy_bandwidth(int threads);

}  // namespace msrnn
