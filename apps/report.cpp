// msrnn report: results of experiments as a page, or as tables in Markdown.
#include "eval/report/report.h"

#include <memory>

#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "commands.h"
#include "eval/report/markdown.h"
#include "output.h"
#include "output_file.h"
#include "report_page.h"

namespace msrnn {
namespace {

struct ReportCommand {
  std::vector<std::string> files;
  std::string page, markdown;

  void add_to(CLI::App& command);
  void run() const;
};

void ReportCommand::add_to(CLI::App& command) {
  command.add_option("results", files, "Files that msrnn eval wrote, in the order they are shown")
      ->type_name("RESULTS")
      ->required();
  command.add_option("-o,--output", page, "The page: one HTML file that needs nothing else")
      ->type_name("FILE");
  command.add_option("--markdown", markdown, "The tables as Markdown; - is standard output")
      ->type_name("FILE");
  command.footer(
      "Examples:\n"
      "  msrnn report lm.jsonl tasks.jsonl memory.jsonl -o report.html\n"
      "  msrnn report lm.jsonl --markdown -                          tables for a README\n"
      "Results of experiments it does not know are shown as the table that they are.");
}

void write(const std::string& path, const std::string& content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void ReportCommand::run() const {
  if (page.empty() && markdown.empty())
    fail_usage("report needs somewhere to write: -o FILE, or --markdown FILE");
  if (page == "-") fail_usage("-o -: a page is written to a file; name one");
  if (!page.empty()) check_writable(page);
  if (!markdown.empty() && markdown != "-") check_writable(markdown);
  std::vector<reporting::NamedResults> results;
  for (const std::string& file : files) results.push_back({file, read_results(file)});
  const reporting::Report report = reporting::build_report(results);
  if (!page.empty()) {
    write(page, to_html(report));
    fmt::print(stderr, "{}: {} sections\n", page, report.sections.size());
  }
  if (markdown == "-") {
    print_text(to_markdown(report));
  } else if (!markdown.empty()) {
    write(markdown, to_markdown(report));
  }
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "Show results of experiments as a page, or as tables");
  const auto self = std::make_shared<ReportCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
