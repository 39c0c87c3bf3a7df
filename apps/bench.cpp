// msrnn bench: tokens a second, and how near they come to what the memory allows.
#include <array>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "commands.h"
#include "eval/bandwidth.h"
#include "eval/roofline.h"
#include "eval/speed.h"
#include "model_options.h"
#include "output.h"
#include "state_json.h"

namespace msrnn {
namespace {

constexpr std::array<std::string_view, kStages> kStageNames = {"products", "attention", "sweep", "other"};

struct Measurement {
  std::string_view test;
  std::int64_t prompt = 0, generate = 0, depth = 0;
  int batch = 1;
  Spread tokens_per_second;
  double bytes_per_second = 0;  // of weights and states, when writing; 0: not measured
  double peak_share = 0;        // of what the products alone would reach, when reading; 0: not measured
  StageSeconds stages = {};     // of all runs; all 0: not measured

  double stage_share(std::size_t stage) const {
    return stages[stage] / std::accumulate(stages.begin(), stages.end(), 0.0);
  }
};

struct BenchCommand {
  ModelArguments model;
  StateArguments state;
  std::vector<std::int64_t> prompts = {512}, depths = {0};
  std::vector<int> batches = {1};
  std::int64_t generate = 128;
  int repeat = 5;
  std::uint64_t seed = 0;
  bool roofline = false, profile = false, json = false;

  void add_to(CLI::App& command);
  void run();

 private:
  void check() const;
  // Measures the machine, with each number of threads, and what depends on it.
  void measure_machine(const Model& of_model);
  // Repeats a run that reads or writes so many tokens.
  void measure(Measurement& m, std::int64_t tokens, const std::function<Timing()>& run) const;
  Measurement measure_prefill(SpeedTest& test, std::int64_t depth, std::int64_t prompt) const;
  Measurement measure_decode(const Model& of_model, SpeedTest& test, std::int64_t depth, int batch) const;
  void print_roofline(const Roofline& limits) const;
  void print_header(const Model& of_model) const;
  std::string row(const Measurement& m) const;
  nlohmann::ordered_json object(const Model& of_model, const Measurement& m) const;
  // Throws if nobody reads the results any more.
  void print(const Model& of_model, const Measurement& m) const;

  double bandwidth_ = 0;
  double seconds_at_peak_ = 0;  // of reading a token; 0: not measured
};

void BenchCommand::add_to(CLI::App& command) {
  model.add_to(command);
  command.add_option("--prompt", prompts, "Tokens read in a prefill test; 0: no such test")
      ->type_name("N,...")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--generate", generate, "Tokens written in a decode test; 0: no such test")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--depth", depths, "Tokens read before a test starts")
      ->type_name("N,...")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--batch", batches, "Sequences that a decode test writes at once")
      ->type_name("N,...")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--repeat", repeat, "Runs of every test; the median counts")
      ->type_name("R")
      ->capture_default_str();
  command.add_option("--seed", seed, "Of the random tokens that are read and written")->capture_default_str();
  command.add_flag(
      "--roofline", roofline,
      "Measure the machine first: memory, and the operations of products, for each number of threads");
  command.add_flag(
      "--profile", profile,
      "Tell what share of the time each stage takes; evicting is the sweep where text is read in "
      "blocks, part of attention where single tokens are written");
  command.add_flag("--json", json, "Print one JSON object a line and test");
  state.add_to(command);
  command.footer(
      "Example: msrnn bench --policy tova --state 512 --depth 0,1024,7900\n"
      "GB/s counts the weights and the states that a step reads; the share of writing is of the read "
      "bandwidth measured\n"
      "in the same run, that of reading (with --roofline) of the peak of what multiplies the weights.");
}

void BenchCommand::check() const {
  const auto all_at_least = [](const auto& values, auto least, std::string_view option) {
    for (const auto value : values) {
      if (value < least) fail_usage("{}: expected {} or more, found {}", option, least, value);
    }
  };
  all_at_least(prompts, std::int64_t{0}, "--prompt");
  all_at_least(depths, std::int64_t{0}, "--depth");
  all_at_least(batches, 1, "--batch");
  all_at_least(std::vector{generate}, std::int64_t{0}, "--generate");
  all_at_least(std::vector{repeat}, 1, "--repeat");
}

void BenchCommand::run() {
  check();
  const Engine engine = model.load();
  measure_machine(engine.model);
  SpeedTest test(engine.model, state.options(), state.block, seed);
  if (profile) test.time_stages();
  if (!json) print_header(engine.model);
  for (const std::int64_t depth : depths) {
    test.set_depth(depth);
    for (const std::int64_t prompt : prompts) {
      if (prompt > 0) print(engine.model, measure_prefill(test, depth, prompt));
    }
    for (const int batch : batches) {
      if (generate > 0) print(engine.model, measure_decode(engine.model, test, depth, batch));
    }
  }
}

void BenchCommand::measure_machine(const Model& of_model) {
  if (!roofline) {
    bandwidth_ = measure_read_bandwidth(of_model.threads());
    return;
  }
  if (!json) print_text("what the machine can do:\n");
  Roofline limits;
  for (int threads = 1; threads <= of_model.threads(); ++threads) {
    limits = measure_roofline(model.options.device, {threads, model.options.precision});
    print_roofline(limits);
  }
  bandwidth_ = limits.read;
  seconds_at_peak_ = seconds_at_peak(weights_of_layers(*open_weight_file(model.path())), limits);
}

void BenchCommand::measure(Measurement& m, std::int64_t tokens, const std::function<Timing()>& run) const {
  std::vector<double> speeds;
  for (int i = 0; i < repeat; ++i) {
    const Timing timing = run();
    speeds.push_back(static_cast<double>(tokens) / timing.seconds);
    for (std::size_t stage = 0; stage < kStages; ++stage) m.stages[stage] += timing.stages[stage];
  }
  m.tokens_per_second = spread(std::move(speeds));
}

Measurement BenchCommand::measure_prefill(SpeedTest& test, std::int64_t depth, std::int64_t prompt) const {
  Measurement m{.test = "prefill", .prompt = prompt, .depth = depth, .tokens_per_second = {}};
  measure(m, prompt, [&] { return test.prefill(prompt); });
  m.peak_share = m.tokens_per_second.median * seconds_at_peak_;
  return m;
}

Measurement BenchCommand::measure_decode(const Model& of_model, SpeedTest& test, std::int64_t depth,
                                         int batch) const {
  Measurement m{
      .test = "decode", .generate = generate, .depth = depth, .batch = batch, .tokens_per_second = {}};
  measure(m, generate * batch, [&] { return test.decode(generate, batch); });
  const double bytes_a_step =
      static_cast<double>(of_model.weight_bytes()) + batch * test.state_bytes_read(generate);
  m.bytes_per_second = bytes_a_step * m.tokens_per_second.median / batch;
  return m;
}

void BenchCommand::print_roofline(const Roofline& limits) const {
  nlohmann::ordered_json object = {{"test", "roofline"},
                                   {"threads", limits.threads},
                                   {"read_bytes_per_second", limits.read},
                                   {"copy_bytes_per_second", limits.copy}};
  std::string text = fmt::format("{:2} thread{} read {:.1f} GB/s, copy {:.1f} GB/s", limits.threads,
                                 limits.threads == 1 ? ": " : "s:", limits.read / 1e9, limits.copy / 1e9);
  for (const ProductPeak& peak : limits.peaks) {
    object[fmt::format("{}_operations_per_second", peak.operation.name)] = 2 * peak.multiply_adds;
    text += fmt::format(", {} {:.0f} GOP/s", peak.operation.name, 2 * peak.multiply_adds / 1e9);
  }
  print_text((json ? object.dump() : text) + "\n");
}

void BenchCommand::print_header(const Model& of_model) const {
  print_text(fmt::format("{} on {}; policy {}, weights {:.1f} MB; memory is read at {:.1f} GB/s\n",
                         of_model.config().name, of_model.device(), state.policy,
                         static_cast<double>(of_model.weight_bytes()) / 1e6, bandwidth_ / 1e9));
  print_text(fmt::format("{:8} {:>7} {:>9} {:>6} {:>6} {:>10} {:>19} {:>6} {:>6}\n", "test", "prompt",
                         "generate", "depth", "batch", "tokens/s", "lowest - highest", "GB/s", "share"));
}

std::string BenchCommand::row(const Measurement& m) const {
  const Spread& speed = m.tokens_per_second;
  const bool bytes = m.bytes_per_second > 0;
  const double share = bytes ? m.bytes_per_second / bandwidth_ : m.peak_share;
  std::string text =
      fmt::format("{:8} {:7} {:9} {:6} {:6} {:10.1f} {:>19} {:>6} {:>6}", m.test, m.prompt, m.generate,
                  m.depth, m.batch, speed.median, fmt::format("{:.1f} - {:.1f}", speed.lowest, speed.highest),
                  bytes ? fmt::format("{:.1f}", m.bytes_per_second / 1e9) : "",
                  share > 0 ? fmt::format("{:.0f} %", 100 * share) : "");
  if (profile) {
    for (std::size_t i = 0; i < kStages; ++i) {
      text +=
          fmt::format("{} {} {:.1f} %", i == 0 ? "\n        " : ",", kStageNames[i], 100 * m.stage_share(i));
    }
  }
  return text;
}

nlohmann::ordered_json BenchCommand::object(const Model& of_model, const Measurement& m) const {
  nlohmann::ordered_json object = {
      {"test", m.test},
      {"prompt", m.prompt},
      {"generate", m.generate},
      {"depth", m.depth},
      {"batch", m.batch},
      {"policy", state.policy},
      {"tokens_per_second", m.tokens_per_second.median},
      {"tokens_per_second_lowest", m.tokens_per_second.lowest},
      {"tokens_per_second_highest", m.tokens_per_second.highest},
      {"repeat", repeat},
      {"weight_bytes", of_model.weight_bytes()},
      {"read_bandwidth_bytes_per_second", bandwidth_},
  };
  if (m.bytes_per_second > 0) {
    object["bytes_per_second"] = m.bytes_per_second;
    object["bandwidth_share"] = m.bytes_per_second / bandwidth_;
  }
  if (m.peak_share > 0) object["peak_share"] = m.peak_share;
  for (std::size_t i = 0; profile && i < kStages; ++i) {
    object[fmt::format("{}_share", kStageNames[i])] = m.stage_share(i);
  }
  describe_run(object, of_model, state);
  return object;
}

void BenchCommand::print(const Model& of_model, const Measurement& m) const {
  print_text((json ? object(of_model, m).dump() : row(m)) + "\n");
  check_output();
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure speed, at any depth of the text");
  const auto self = std::make_shared<BenchCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
