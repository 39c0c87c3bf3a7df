// Standard output. A reader that has gone away or a full disk is noticed and told, but undoes no work: what
// writes can first finish what it is doing.
#pragma once

#include <csignal>
#include <string_view>

namespace msrnn {

// Exit status that a shell shows for a program whose reader went away.
inline constexpr int kReaderLeft = 128 + SIGPIPE;

// To be called first: a reader that goes away must not kill the program.
void ignore_broken_pipes();

// Writes at once. False if it failed, now or before.
bool print_text(std::string_view text);

// Throws if anything written to standard output did not arrive: Error with the reason, or
// CLI::RuntimeError(kReaderLeft), which ends the program without a message.
void check_output();

}  // namespace msrnn
