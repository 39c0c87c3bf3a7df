#include "eval/report/report.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "eval/report/base64.h"
#include "eval/report/csv.h"
#include "eval/report/figures_json.h"
#include "eval/report/markdown.h"
#include "eval/report/numbers.h"

namespace msrnn::reporting {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

NamedResults results(const std::string& experiment, std::vector<Json> lines) {
  return {"file.jsonl",
          {{{"experiment", experiment}, {"model", {{"name", "tiny"}}}, {"options", {{"context", 64}}}},
           std::move(lines)}};
}

Json lm_line(const std::string& policy, int size, double perplexity) {
  Json line = {{"key", "summary/" + policy + (size ? "/" + std::to_string(size) : "")}, {"policy", policy}};
  if (size != 0) line["size"] = size;
  line.update(
      {{"tokens", 100}, {"perplexity", perplexity}, {"low", perplexity - 1}, {"high", perplexity + 1}});
  return line;
}

Section section(const NamedResults& file) { return build_report(std::vector{file}).sections.at(0); }

std::string message_of(const NamedResults& file) {
  try {
    build_report(std::vector{file});
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> texts(const std::vector<Cell>& row, const Table& table) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < row.size(); ++i) out.push_back(readable(row[i], table.columns[i]));
  return out;
}

TEST(Numbers, AreReadable) {
  EXPECT_EQ(readable(0, 2), "0.00");
  EXPECT_EQ(readable(4096, 0), "4096");
  EXPECT_EQ(readable(9999.996, 2), "10,000.00");
  EXPECT_EQ(readable(12345.678, 2), "12,345.68");
  EXPECT_EQ(readable(-1234567, 0), "\u22121,234,567");
  EXPECT_EQ(readable(-0.001, 2), "0.00");
  EXPECT_EQ(readable(std::numeric_limits<double>::quiet_NaN(), 2), "");
  EXPECT_EQ(readable(std::numeric_limits<double>::infinity(), 2), "");
  EXPECT_LT(readable(1e300, 2).size(), 20u);
}

Table small_table() {
  return {.title = "T",
          .columns = {{.name = "Name, \"all\""},
                      {.name = "Value", .kind = Column::Kind::number, .interval = true}},
          .rows = {{{.text = "plain"}, {.text = {}, .number = 0.1, .interval = Interval{-1.0 / 3, 2}}},
                   {{.text = "a \"b\",\nc"}, {}},
                   {{.text = "=cmd|' /C calc'!A0"}, {.text = {}, .number = std::nan("")}}}};
}

TEST(Csv, QuotesAndKeepsAllDigits) {
  EXPECT_EQ(to_csv(small_table()),
            "\"Name, \"\"all\"\"\",Value,Value low,Value high\r\n"
            "plain,0.1,-0.3333333333333333,2\r\n"
            "\"a \"\"b\"\",\nc\",,,\r\n"
            "'=cmd|' /C calc'!A0,,,\r\n");
}

TEST(Csv, OfATableWithoutAnything) { EXPECT_EQ(to_csv({}), ""); }

TEST(Markdown, TextsMeanNothingButThemselves) {
  Report report{.title = "R", .sections = {{.title = "a|b", .lead = {}, .facts = {}}}};
  report.sections[0].tables = {small_table()};
  report.sections[0].tables[0].rows.push_back({{.text = "<script>|`x`\n[y](z)*"}, {}});
  const std::string text = to_markdown(report);
  EXPECT_THAT(text, HasSubstr("# R\n\n## a\\|b\n\n**T**\n\n| Name, \"all\" | Value |\n| --- | --: |\n"));
  EXPECT_THAT(text, HasSubstr("| plain | 0.10 (\u22120.33 \u2013 2.00) |\n"));
  EXPECT_THAT(text, HasSubstr("| &lt;script>\\|\\`x\\` \\[y\\](z)\\* |  |\n"));
}

// Expected values are Python's base64.b64encode of the little-endian numbers.
TEST(Base64, OfSteps) {
  EXPECT_EQ(base64_of_steps({}), "");
  EXPECT_EQ(base64_of_steps(std::vector<std::int32_t>{0}), "AAA=");
  EXPECT_EQ(base64_of_steps(std::vector<std::int32_t>{-1}), "//8=");
  EXPECT_EQ(base64_of_steps(std::vector<std::int32_t>{258, 65534}), "AgH+/w==");
  EXPECT_EQ(base64_of_steps(std::vector<std::int32_t>{1, 2, 3}), "AQACAAMA");
}

TEST(LanguageModelling, FigureAndTables) {
  Json book = lm_line("tova", 64, 35);
  book["key"] = "summary/tova/64/moby";
  book["book"] = "moby";
  const Section got = section(results("lm", {{{"key", "tova/64/moby/0"}, {"nll_sum", 3.0}},
                                             lm_line("full", 0, 23),
                                             lm_line("tova", 128, 27),
                                             lm_line("tova", 64, 32),
                                             lm_line("baseline", 64, 57),
                                             lm_line("window", 64, 300),
                                             book}));
  EXPECT_EQ(got.title, "Language modelling");
  ASSERT_THAT(got.figures, SizeIs(1));
  const Figure& figure = got.figures[0];
  EXPECT_TRUE(figure.x.logarithmic);
  EXPECT_DOUBLE_EQ(figure.y.end.value_or(0), 3 * 23);  // window leaves it
  ASSERT_THAT(figure.series, SizeIs(4));
  EXPECT_EQ(figure.series[0].name, "full");
  EXPECT_TRUE(figure.series[0].dashed);
  EXPECT_THAT(figure.x.marks, ElementsAre(64, 128));
  ASSERT_THAT(figure.series[0].points, SizeIs(4));  // at every size, and beyond the ends
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(figure.series[0].points[i].x, 32 << i);
    EXPECT_EQ(figure.series[0].points[i].y, 23);
  }
  ASSERT_THAT(figure.series[1].points, SizeIs(2));  // tova, sorted
  EXPECT_FALSE(figure.series[1].dashed);
  EXPECT_EQ(figure.series[1].points[0].y, 32);
  EXPECT_EQ(figure.series[1].points[0].interval.value().high, 33);
  ASSERT_THAT(got.tables, SizeIs(3));
  const Table& by_size = got.tables[0];
  EXPECT_THAT(texts(by_size.rows.at(0), by_size), ElementsAre("full", "", "", "23.00"));
  EXPECT_THAT(texts(by_size.rows.at(1), by_size), ElementsAre("tova", "32.00", "27.00", ""));
  EXPECT_THAT(got.tables[1].rows, SizeIs(5));
  EXPECT_EQ(got.tables[1].columns.size(), 4u);  // no bits per byte, no distance: nobody has them
  EXPECT_THAT(texts(got.tables[2].rows.at(0), got.tables[2]),
              ElementsAre("moby", "tova", "64", "100", "35.00"));
}

TEST(LanguageModelling, FigureOfLikeValuesHasNoEnd) {
  const Section got = section(results("lm", {lm_line("tova", 64, 32), lm_line("window", 64, 100)}));
  EXPECT_FALSE(got.figures.at(0).y.end);
}

TEST(LanguageModelling, OfTheFullCacheAlone) {
  const Section got = section(results("lm", {lm_line("full", 0, 23)}));
  EXPECT_THAT(got.figures, IsEmpty());
  EXPECT_THAT(got.tables, SizeIs(2));
}

TEST(Streams, ALineForEachStateAndMode) {
  std::vector<Json> lines;
  for (const char* mode : {"absolute", "in-cache"}) {
    for (int bin = 2; bin >= 0; --bin) {
      Json line = lm_line("tova", 512, 20 + bin);
      line.update({{"key", std::string("summary/tova/512/") + mode + "/" + std::to_string(bin)},
                   {"positions", mode},
                   {"bin", bin},
                   {"first", 1024 * bin}});
      lines.push_back(line);
    }
  }
  const Section got = section(results("lm-stream", lines));
  ASSERT_THAT(got.figures.at(0).series, SizeIs(2));
  EXPECT_EQ(got.figures[0].series[1].name, "tova 512, in-cache");
  EXPECT_EQ(got.figures[0].series[0].points.at(2).x, 2048);
  EXPECT_EQ(got.figures[0].series[0].points.at(2).y, 22);
}

TEST(Tasks, AFigureEach) {
  const auto line = [](const char* task, int size, double score) -> Json {
    return {{"key", std::string("summary/") + task},
            {"task", task},
            {"policy", "tova"},
            {"size", size},
            {"metric", "rouge"},
            {"score", score},
            {"low", score - 1},
            {"high", score + 1}};
  };
  const Section got = section(
      results("tasks", {line("squality", 256, 14), line("qasper", 256, 20), line("squality", 512, 15)}));
  ASSERT_THAT(got.figures, SizeIs(2));
  EXPECT_EQ(got.figures[0].title, "squality");
  EXPECT_THAT(got.figures[0].series.at(0).points, SizeIs(2));
  EXPECT_THAT(got.tables, SizeIs(3));
}

TEST(LanguageModelling, DoesWithoutIntervals) {
  Json alone = lm_line("tova", 64, 35);
  alone.erase("low");
  alone.erase("high");
  const Section got = section(results("lm", {alone}));
  EXPECT_FALSE(got.figures.at(0).series.at(0).points.at(0).interval);
  const Table& in_full = got.tables.at(1);
  for (const Column& column : in_full.columns) EXPECT_FALSE(column.interval) << column.name;
  EXPECT_EQ(to_csv(in_full).find("low"), std::string::npos);
}

TEST(Stories, ReadsMeansWithIntervals) {
  const Section got =
      section(results("stories", {{{"key", "summary/tova/256"},
                                   {"policy", "tova"},
                                   {"size", 256},
                                   {"stories", 3},
                                   {"tokens", {{"mean", 1361.0}, {"low", 1300.0}, {"high", 1400.0}}}},
                                  {{"key", "summary/full"},
                                   {"policy", "full"},
                                   {"stories", 3},
                                   {"tokens", {{"mean", 1566.0}, {"low", 1500.0}, {"high", 1600.0}}}}}));
  ASSERT_FALSE(got.figures.empty());
  EXPECT_EQ(got.figures[0].series.at(0).points.at(0).interval.value().low, 1300);
  EXPECT_TRUE(got.figures[0].series.at(1).dashed);
  EXPECT_THAT(to_csv(got.tables.at(0)), HasSubstr("tova,256,3,1361,1300,1400\r\nfull,,3,1566,1500,1600\r\n"));
}

NamedResults judgement(const std::string& a, double win, double loss) {
  NamedResults file = results("judge", {{{"key", "summary"},
                                         {"pairs", 10},
                                         {"win", {{"mean", win}, {"low", 0.0}, {"high", 0.2}}},
                                         {"tie", {{"mean", 1 - win - loss}}},
                                         {"loss", {{"mean", loss}}}}});
  file.results.run["data"] = {{"a", {{"state", a}}}, {"b", {{"state", "full"}}}};
  return file;
}

TEST(Judge, SeveralFilesAreOneFigure) {
  const std::vector files = {judgement("tova/256", 0.25, 0.5), results("lm", {lm_line("tova", 64, 32)}),
                             judgement("tova/512", 0.125, 0.125)};
  const Report report = build_report(files);
  ASSERT_THAT(report.sections, SizeIs(2));
  const Figure& figure = report.sections[0].figures.at(0);
  EXPECT_THAT(figure.x.categories, ElementsAre("tova/256 against full", "tova/512 against full"));
  for (std::size_t at = 0; at < 2; ++at) {
    double sum = 0;
    for (const Series& series : figure.series) sum += series.points.at(at).y;
    EXPECT_DOUBLE_EQ(sum, 1);
  }
  EXPECT_EQ(figure.series[2].points[0].y, 0.5);
  EXPECT_THAT(report.sections[0].tables.at(0).rows, SizeIs(2));
}

TEST(Throughput, StatesThatDoNotFitAreInTheTableOnly) {
  const Section got = section(results("throughput", {{{"key", "machine"}, {"read_bandwidth", 1e10}},
                                                     {{"key", "summary/full"},
                                                      {"policy", "full"},
                                                      {"batch", 2},
                                                      {"tokens_per_second", 10.0},
                                                      {"predicted_tokens_per_second", 12.0}},
                                                     {{"key", "summary/tova/64"},
                                                      {"policy", "tova"},
                                                      {"size", 64},
                                                      {"batch", 0},
                                                      {"tokens_per_second", nullptr},
                                                      {"predicted_tokens_per_second", nullptr}}}));
  EXPECT_THAT(got.figures.at(0).x.categories, ElementsAre("full"));
  EXPECT_EQ(got.figures[0].series.at(1).points.at(0).y, 12);
  EXPECT_THAT(got.tables.at(0).rows, SizeIs(2));
}

NamedResults kept(Json dropped_at) {
  return results("memory", {{{"key", "text/book/0"}, {"pieces", {"Call", " me", "\n"}}},
                            {{"key", "h2o/2/book/0"},
                             {"policy", "h2o"},
                             {"size", 2},
                             {"text", "book/0"},
                             {"dropped_at", std::move(dropped_at)}}});
}

TEST(Memory, MapsOfEveryLayerAndHead) {
  const Section got = section(kept({{{-1, 2, -1}, {2, -1, -1}}, {{-1, -1, 2}, {-1, -1, -1}}}));
  ASSERT_THAT(got.kept_maps, SizeIs(1));
  const KeptMap& map = got.kept_maps[0];
  EXPECT_THAT(map.tokens, ElementsAre("Call", " me", "\n"));
  EXPECT_THAT(map.bands, ElementsAre("0, head 0", "0, head 1", "1, head 0", "1, head 1"));
  EXPECT_THAT(map.dropped_at[2], ElementsAre(-1, -1, 2));
  const Json json = figures_json({.title = "", .sections = {got}});
  EXPECT_EQ(json["kept_maps"][0]["dropped_at"][0], "//8CAP//");
}

TEST(Memory, RefusesMapsThatCannotBe) {
  EXPECT_THAT(message_of(kept({{{-1, 2}}})), AllOf(HasSubstr("file.jsonl: result \"h2o/2/book/0\""),
                                                   HasSubstr("expected 3 steps, one a token, found 2")));
  EXPECT_THAT(message_of(kept({{{-1, 3, -1}}})), HasSubstr("token 1 cannot be dropped in step 3 of 3"));
  EXPECT_THAT(message_of(kept({{{-1, 0, -1}}})), HasSubstr("token 1 cannot be dropped in step 0 of 3"));
  EXPECT_THAT(message_of(kept({{{4294967295, 1, 2}}})), HasSubstr("whole numbers as \"dropped_at\""));
  EXPECT_THAT(message_of(kept({{{-1, "x", -1}}})), HasSubstr("whole numbers as \"dropped_at\""));
  EXPECT_THAT(message_of(kept({{1, 2, 3}})), HasSubstr("whole numbers as \"dropped_at\""));
}

TEST(Memory, SurvivalByTag) {
  const auto line = [](const char* policy, Json tags) -> Json {
    return {{"key", std::string("summary/") + policy},
            {"policy", policy},
            {"size", 64},
            {"survival_by_tag", std::move(tags)}};
  };
  const Section got = section(results(
      "memory",
      {line("tova", {{"NN", {{"tokens", 4}, {"steps", 20.0}}}, {"POS", {{"tokens", 2}, {"steps", 90.0}}}}),
       line("h2o", {{"NN", {{"tokens", 4}, {"steps", 30.0}}}, {"X", {{"tokens", 1}, {"steps", 1.0}}}})}));
  const Table& tags = got.tables.at(1);
  ASSERT_THAT(tags.rows, SizeIs(3));
  EXPECT_THAT(texts(tags.rows[0], tags), ElementsAre("POS", "2", "90", ""));
  EXPECT_THAT(texts(tags.rows[1], tags), ElementsAre("NN", "4", "20", "30"));
  EXPECT_THAT(texts(tags.rows[2], tags), ElementsAre("X", "1", "", "1"));
}

TEST(Retrieval, MapsOfDepthAndLength) {
  std::vector<Json> lines;
  for (const int length : {512, 1024}) {
    for (const double depth : {0.0, 1.0}) {
      const std::string cell = fmt::format("passkey/tova/256/after/{}/{}", length, depth);
      lines.push_back({{"key", cell + "/0"},
                       {"task", "passkey"},
                       {"policy", "tova"},
                       {"size", 256},
                       {"layout", "after"},
                       {"length", length},
                       {"depth", depth},
                       {"trial", 0},
                       {"correct", true}});
      lines.push_back({{"key", "summary/" + cell},
                       {"trials", 1},
                       {"accuracy", depth * 0.5 + (length == 512 ? 0.5 : 0)},
                       {"low", 0.0},
                       {"high", 1.0},
                       {"fact_kept", 0.5}});
    }
    lines.push_back({{"key", fmt::format("summary/passkey/tova/256/after/{}", length)},
                     {"trials", 2},
                     {"accuracy", 0.5},
                     {"low", 0.0},
                     {"high", 1.0},
                     {"fact_kept", 0.5}});
  }
  const Section got = section(results("retrieval", lines));
  ASSERT_THAT(got.heat_maps, SizeIs(1));
  const HeatMap& map = got.heat_maps[0];
  EXPECT_EQ(map.group, "passkey, question after the text");
  EXPECT_EQ(map.title, "tova 256");
  EXPECT_THAT(map.columns, ElementsAre("512", "1024"));
  EXPECT_THAT(map.rows, ElementsAre("0 %", "100 %"));
  EXPECT_THAT(map.values, ElementsAre(ElementsAre(0.5, 0.0), ElementsAre(1.0, 0.5)));
  ASSERT_THAT(got.tables, SizeIs(2));
  EXPECT_THAT(got.tables[0].rows, SizeIs(2));
  EXPECT_THAT(got.tables[1].rows, SizeIs(4));
}

TEST(Report, ShowsWhatItDoesNotKnow) {
  const Section got = section(results("new thing", {{{"key", "a"}, {"x", 1.5}, {"y", {1, 2}}},
                                                    {{"key", "b"}, {"z", "</script>"}, {"x", nullptr}}}));
  EXPECT_EQ(got.title, "new thing");
  ASSERT_THAT(got.tables, SizeIs(1));
  EXPECT_EQ(to_csv(got.tables[0]), "key,x,y,z\r\na,1.5,\"[1,2]\",\r\nb,,,</script>\r\n");
}

TEST(Report, ShowsWhatAStoppedRunHas) {
  for (const char* experiment :
       {"lm", "lm-stream", "tasks", "stories", "judge", "throughput", "memory", "retrieval"}) {
    const Section got =
        section(results(experiment, {{{"key", "tova/64/a/0"}, {"policy", "tova"}, {"nll_sum", 2.5}}}));
    EXPECT_THAT(got.lead, HasSubstr("stopped before its summary")) << experiment;
    EXPECT_THAT(got.tables, SizeIs(1)) << experiment;
    EXPECT_THAT(got.figures, IsEmpty()) << experiment;
  }
}

TEST(Report, NamesModelsWhereThereAreSeveral) {
  NamedResults other = results("lm", {lm_line("tova", 64, 30)});
  other.results.run["model"]["name"] = "large";
  const Report report = build_report(std::vector{results("lm", {lm_line("tova", 64, 32)}), other});
  EXPECT_EQ(report.title, "Bounded states");
  EXPECT_EQ(report.sections.at(1).title, "Language modelling \u00B7 large");
  EXPECT_EQ(build_report(std::vector{other}).title, "Bounded states of large");
}

TEST(Report, TellsRunsOfOneExperimentApart) {
  NamedResults second = results("lm", {lm_line("tova", 64, 30)});
  second.name = "folder/other.jsonl";
  const Report report = build_report(std::vector{results("lm", {lm_line("tova", 64, 32)}), second});
  EXPECT_EQ(report.sections.at(0).title, "Language modelling");
  EXPECT_EQ(report.sections.at(1).title, "Language modelling \u00B7 other.jsonl");
}

TEST(Report, TellsHowItWasRun) {
  NamedResults file = results("lm", {lm_line("tova", 64, 32)});
  file.results.run["data"] = {{{"book", "moby"}, {"tokens", 9}}, {{"book", "emma"}, {"tokens", 8}}};
  const Section got = section(file);
  using Fact = std::pair<std::string, std::string>;
  EXPECT_THAT(got.facts,
              ElementsAre(Fact("experiment", "lm"), Fact("model.name", "tiny"), Fact("options.context", "64"),
                          Fact("data 1", "book moby, tokens 9"), Fact("data 2", "book emma, tokens 8")));
}

TEST(Report, RefusesWhatIsNotWhatItShouldBe) {
  EXPECT_THROW(build_report({}), Error);
  EXPECT_THAT(message_of(results("lm", {})), HasSubstr("file.jsonl: holds a run without any result"));
  NamedResults file = results("lm", {lm_line("tova", 64, 32)});
  file.results.run = 3;
  EXPECT_THAT(message_of(file), HasSubstr("file.jsonl: line 1: expected an object as \"run\""));
  file = results("lm", {lm_line("tova", 64, 32)});
  file.results.results[0]["perplexity"] = "low\x1b[31m";
  EXPECT_THAT(message_of(file),
              AllOf(HasSubstr("file.jsonl: result \"summary/tova/64\""),
                    HasSubstr("expected a number as \"perplexity\""), Not(HasSubstr("\x1b"))));
  file.results.results[0]["perplexity"] = 3;
  file.results.results[0]["policy"] = {1};
  EXPECT_THAT(message_of(file), HasSubstr("expected a text as \"policy\", found [1]"));
}

TEST(Report, FindsNothingInNumbersThatAreNone) {
  Json line = lm_line("tova", 64, 32);
  line["perplexity"] = nullptr;
  const Section got = section(results("lm", {line}));
  EXPECT_THAT(got.figures.at(0).series, IsEmpty());
}

TEST(Colours, AreFixed) {
  EXPECT_EQ(colour_of("tova"), "tova");
  EXPECT_EQ(colour_of("window+4"), "window-4");
  EXPECT_EQ(colour_of("window+1"), "window-n");
  EXPECT_EQ(colour_of("tova+4"), "tova-n");
  EXPECT_EQ(colour_of("mass:decay=0.5"), "other");
  EXPECT_EQ(colour_of("\"><script>"), "other");
}

}  // namespace
}  // namespace msrnn::reporting
