// msrnn synth: a model of random weights in the shape of a real one.
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/fail.h"
#include "commands.h"
#include "formats/synthetic.h"
#include "model_options.h"
#include "write_model.h"

namespace msrnn {
namespace {

struct SynthCommand {
  std::string shape;
  std::uint64_t seed = 1;
  ModelFileArguments file;

  void add_to(CLI::App& command);
  void run() const;

 private:
  HfConfig config() const;
};

void SynthCommand::add_to(CLI::App& command) {
  command
      .add_option("SHAPE", shape,
                  fmt::format("{}, or a config.json as Hugging Face checkpoints have it",
                              fmt::join(synthetic_shapes(), ", ")))
      ->required();
  file.add_to(command);
  command.add_option("--seed", seed, "The same seed gives the same file")
      ->type_name("N")
      ->capture_default_str();
  command.footer(
      "What it writes is noise, at the speed of the real model: for measuring without a download.");
}

HfConfig SynthCommand::config() const {
  if (const std::string_view named = synthetic_config(shape); !named.empty())
    return read_hf_config(named, shape);
  std::error_code ignored;
  if (!std::filesystem::exists(shape, ignored)) {
    fail_usage("SHAPE '{}' is unknown, and no such file is there; there are: {}", shape,
               fmt::join(synthetic_shapes(), ", "));
  }
  return read_hf_config(read_text(shape), shape);
}

void SynthCommand::run() const {
  const HfConfig model = config();
  file.check();
  file.write([&](ThreadPool& pool, const WriteOptions& options) {
    return write_synthetic_model(model, file.dtype(), seed, file.out, pool, options);
  });
}

}  // namespace

void add_synth(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("synth", "Write a model of random weights in the shape of a real one");
  const auto self = std::make_shared<SynthCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
