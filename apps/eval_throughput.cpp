// msrnn eval throughput: what a smaller state is worth where memory is given.
#include <memory>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fail.h"
#include "eval.h"
#include "eval/bandwidth.h"
#include "eval/roofline.h"
#include "eval/throughput.h"
#include "output.h"
#include "setting_options.h"

namespace msrnn {
namespace {

struct ThroughputCommand {
  EvalArguments eval;
  SettingArguments states{{"tova"}, {256, 512, 1024, 2048, 4096}};
  ThroughputOptions options;
  std::uint64_t memory = 0;

  void add_to(CLI::App& command);
  void run();

 private:
  MachineLimits measure_machine(const Model& model) const;
  ResultFile open_results(const Engine& engine) const;
  static void print(const std::vector<ThroughputRow>& rows, const ResultFile& results);
};

void ThroughputCommand::add_to(CLI::App& command) {
  eval.add_to(command);
  command
      .add_option("--memory", memory,
                  "What weights, states and scratch memory have together, in bytes or as 800M, 8G, 1.5GiB")
      ->type_name("BYTES")
      ->transform(CLI::AsSizeValue(false))
      ->required();
  states.add_to(command);
  command.add_option("--sequences", options.sequences, "Sequences that are written in all")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--tokens", options.tokens, "Tokens of a sequence")
      ->type_name("N")
      ->capture_default_str();
  command.footer(
      "Example: msrnn eval throughput --memory 1G --sizes 256,512,1024 --sequences 64 --tokens 1024 -o "
      "t.jsonl\n"
      "Finds for each size the largest batch that fits the memory and writes all sequences in such batches, "
      "from the\n"
      "first token to the last; 'relative' is the speed compared with the full cache, whose state has room "
      "for "
      "all tokens.\n"
      "Predicted is what the bytes of weights and states take at the machine's read bandwidth, or the "
      "products "
      "at the\n"
      "peak of their operations, whichever is more.\n"
      "A run that was stopped keeps the batches it has measured and goes on with the others; as the results "
      "are times, it\n"
      "does not give the same lines as a run that was not stopped. Nothing else should run on the machine.");
}

MachineLimits ThroughputCommand::measure_machine(const Model& model) const {
  const auto file = open_weight_file(eval.model.path());
  const ModelOptions& device = eval.model.options;
  const Roofline limits = measure_roofline(device.device, {model.threads(), device.precision});
  return {limits.read, seconds_at_peak(weights_of_layers(*file), limits) +
                           seconds_at_peak(weights_of_output(*file), limits)};
}

// Policies and sizes are not among it: a file may get more of them.
ResultFile ThroughputCommand::open_results(const Engine& engine) const {
  return eval.open_results(engine, "throughput", nlohmann::ordered_json::object(),
                           {{"memory", memory},
                            {"sequences", options.sequences},
                            {"tokens", options.tokens},
                            {"threads", engine.model.threads()},
                            {"state_type", states.state.type},
                            {"positions", states.state.positions}});
}

void ThroughputCommand::run() {
  const auto of_machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                          static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (memory > of_machine) fail_usage("--memory: {} bytes, but the machine has {}", memory, of_machine);
  options.settings = states.settings();
  options.state = states.state;
  options.memory = memory;
  const Engine engine = eval.model.load();
  const std::vector<ThroughputRow> rows = plan_throughput(engine.model, options);
  ResultFile results = open_results(engine);
  do_or_interrupt(eval.output, "written", "tokens", [&](ProgressLine& line, const auto& interrupted) {
    options.progress = [&](std::int64_t done, std::int64_t total, const std::string& what) {
      line.update(done, total, what);
      return !interrupted;
    };
    const auto measure = [&] { return measure_machine(engine.model); };
    return measure_throughput(engine.model, rows, options, measure, results);
  });
  print(rows, results);
}

void ThroughputCommand::print(const std::vector<ThroughputRow>& rows, const ResultFile& results) {
  print_text(fmt::format("{:16} {:>10} {:>6} {:>10} {:>9} {:>20} {:>9}\n", "state", "state MB", "batch",
                         "tokens/s", "relative", "predicted tokens/s", "relative"));
  for (const ThroughputRow& row : rows) {
    const nlohmann::ordered_json& summary = *results.find(row.setting.summary_key());
    const auto number = [&](const char* name, const char* unit) {
      const nlohmann::ordered_json& value = summary.at(name);
      return value.is_null() ? "-" : fmt::format("{:.2f}{}", value.get<double>(), unit);
    };
    print_text(fmt::format("{:16} {:10.2f} {:>6} {:>10} {:>9} {:>20} {:>9}\n", row.setting.key(),
                           static_cast<double>(row.plan.state_bytes) / 1e6,
                           row.plan.batch == 0 ? "none" : std::to_string(row.plan.batch),
                           number("tokens_per_second", ""), number("relative", "x"),
                           number("predicted_tokens_per_second", ""), number("predicted_relative", "x")));
  }
}

}  // namespace

void add_eval_throughput(CLI::App& group) {
  CLI::App* command = group.add_subcommand("throughput", "Measure speed in a given memory");
  const auto self = std::make_shared<ThroughputCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
