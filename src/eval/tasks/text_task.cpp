#include "eval/tasks/text_task.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr std::string_view kOmittedStory = "... [The rest of the story is omitted]\n\n";

constexpr std::array<TextTask, 8> kTextTasks = {{
    {"gov_report", "You are given a report by a government agency.",
     "Write a one-page summary of the report.", "Report:", "",
     "Summary:", "... [The rest of the report is omitted]\n\n", 1024, Metric::rouge},
    {"summ_screen_fd", "You are given a script of a TV episode.", "Summarize the episode in a paragraph.",
     "Episode Script:", "", "Summary:", "... [The rest of the episode script is omitted]\n\n", 512,
     Metric::rouge},
    {"qmsum", "You are given a meeting transcript and a query containing a question or instruction.",
     "Answer the query in one or more sentences.", "Transcript:", "Query:", "Answer:",
     "... [The rest of the transcript is omitted]\n\n", 512, Metric::rouge},
    {"squality", "You are given a story and a question.", "Answer the question in a paragraph.",
     "Story:", "Question:", "Answer:", kOmittedStory, 512, Metric::rouge},
    {"qasper", "You are given a scientific article and a question.",
     "Answer the question as concisely as you can, using a single phrase or sentence if possible. If the "
     "question cannot be answered based on the information in the article, write \"unanswerable\". If the "
     "question is a yes/no question, answer \"yes\", \"no\", or \"unanswerable\".",
     "Article:", "Question:", "Answer:", "... [The rest of the article is omitted]\n\n", 128, Metric::f1},
    {"narrative_qa", "You are given a story, which can be either a novel or a movie script, and a question.",
     "Answer the question as concisely as you can, using a single phrase if possible.",
     "Story:", "Question:", "Answer:", kOmittedStory, 64, Metric::f1},
    {"quality",
     "You are provided a story and a multiple-choice question with 4 possible answers (marked by A, B, C, "
     "D).",
     "Choose the best answer by writing its corresponding letter (either A, B, C, or D).",
     "Story:", "Question and Possible Answers:", "Answer:", kOmittedStory, 10, Metric::accuracy},
    {"musique", "You are given several paragraphs from Wikipedia and a question.",
     "Answer the question as concisely as you can, using a single phrase if possible. If the question cannot "
     "be answered based on the information in the paragraphs, write \"unanswerable\".",
     "Paragraphs:", "Question:", "Answer:", "... [The rest of the paragraphs are omitted]\n\n", 32,
     Metric::f1},
}};

}  // namespace

std::span<const TextTask> all_tasks() { return kTextTasks; }

const TextTask& find_task(std::string_view name) {
  const auto found = std::find_if(kTextTasks.begin(), kTextTasks.end(),
                                  [&](const TextTask& task) { return task.name == name; });
  if (found != kTextTasks.end()) return *found;
  std::vector<std::string_view> names;
  for (const TextTask& task : kTextTasks) names.push_back(task.name);
  fail_usage("unknown task '{}': expected some of {}", name, fmt::join(names, ", "));
}

}  // namespace msrnn
