// The msrnn program: parses the command line, runs a subcommand, and turns failures into messages and exit
// codes.
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "msrnn/error.h"

#include "commands.h"
#include "output.h"
#include "version.h"

namespace msrnn {
namespace {

enum ExitStatus { kDone = 0, kFailed = 1, kUsage = 2 };

void add_commands(CLI::App& app) {
  app.name("msrnn");
  app.set_version_flag("--version", fmt::format("msrnn {}", version()), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
      "Examples:\n"
      "  msrnn run -p 'Once upon a time' -n 200\n"
      "  msrnn run -f book.txt --policy tova --state 512 -n 200     a long text, constant memory\n"
      "  msrnn run -f book.txt -n 0 --save-state book.state         read once …\n"
      "  msrnn run --load-state book.state -p 'In short,' -n 100    … go on from there many times\n"
      "  msrnn chat --system 'You answer in rhymes.'\n"
      "  msrnn perplexity -f book.txt --policy window+4 --state 256\n"
      "  msrnn report lm.jsonl tasks.jsonl -o report.html\n"
      "Each command has a --help of its own. Texts and results go to standard output, all else to standard "
      "error.\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.");
  add_run(app);
  add_chat(app);
  add_perplexity(app);
  add_trace(app);
  add_eval(app);
  add_report(app);
  add_score(app);
  add_bench(app);
  add_tokenize(app);
  add_detokenize(app);
  add_inspect(app);
  add_convert(app);
  add_synth(app);
  add_devices(app);
}

int report(const char* message, ExitStatus status) {
  fmt::print(stderr, "msrnn: {}\n", message);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app("Runs pretrained transformers as recurrent networks with a state of constant size.");
  add_commands(app);
  try {
    app.parse(argc, argv);
    check_output();
    return kDone;
  } catch (const CLI::RuntimeError& exit) {
    return exit.get_exit_code();
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    app.exit(help_or_version, text, text);
    print_text(text.str());
    check_output();
    return kDone;
  } catch (const CLI::ParseError& error) {
    const auto is_named = [&](const CLI::App* command) { return argc > 1 && command->get_name() == argv[1]; };
    const bool names_none = argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_named).empty();
    const std::string problem = names_none ? fmt::format("unknown command '{}'", argv[1]) : error.what();
    return report(fmt::format("{} (msrnn --help tells more)", problem).c_str(), kUsage);
  }
}

}  // namespace
}  // namespace msrnn

int main(int argc, char** argv) {
  using namespace msrnn;
  ignore_broken_pipes();
  try {
    return run(argc, argv);
  } catch (const CLI::RuntimeError& exit) {
    return exit.get_exit_code();
  } catch (const UsageError& error) {
    return report(error.what(), kUsage);
  } catch (const std::bad_alloc&) {
    return report("out of memory", kFailed);
  } catch (const std::system_error& error) {
    const bool reader_left = error.code() == std::errc::broken_pipe;
    return reader_left ? kReaderLeft : report(error.what(), kFailed);
  } catch (const std::exception& error) {
    return report(error.what(), kFailed);
  }
}
