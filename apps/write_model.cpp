#include "write_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/fail.h"
#include "interrupt.h"
#include "number_types.h"
#include "output.h"
#include "output_file.h"
#include "progress.h"

namespace msrnn {

void ModelFileArguments::add_to(CLI::App& command) {
  command.add_option("OUT", out, "The GGUF file to write")->required();
  command
      .add_option("--type", type,
                  fmt::format("Number type of the matrices: {}", fmt::join(number_types(), ", ")))
      ->type_name("TYPE")
      ->check(CLI::IsMember(number_types()))
      ->capture_default_str();
  command.add_option("--threads", threads, "Threads; 0 is one per processor")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_flag("--force", force, "Replace OUT if it is there");
}

DType ModelFileArguments::dtype() const { return number_type(type); }

void ModelFileArguments::check() const {
  check_writable(out);
  std::error_code ignored;
  if (!force && std::filesystem::exists(out, ignored))
    fail("{}: is there already; --force replaces it", out.string());
}

void ModelFileArguments::write(const std::function<bool(ThreadPool&, const WriteOptions&)>& job) const {
  constexpr std::int64_t kMiB = 1 << 20;
  ThreadPool pool(threads == 0 ? usable_processors() : threads);
  const InterruptGuard interrupt;
  std::int64_t bytes = 0;
  const bool done = [&] {
    ProgressLine line("wrote", "MiB");
    return job(pool, {.progress =
                          [&](std::int64_t written, std::int64_t total) {
                            bytes = total;
                            line.update(written / kMiB, total / kMiB);
                          },
                      .stop = &interrupt.requested()});
  }();
  if (!done) throw CLI::RuntimeError(kInterrupted);
  print_text(fmt::format("{}: {} MiB, {}\n", out.string(), bytes / kMiB, type));
}

}  // namespace msrnn
