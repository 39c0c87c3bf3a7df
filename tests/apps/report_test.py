#!/usr/bin/env python3
"""msrnn report from outside: what it writes, what it refuses, and its page in a browser.

usage: report_test.py PROGRAM Program|Page     Page needs Chromium; without it the part is skipped (status 77)
       report_test.py PROGRAM Page FOLDER      the same, and leaves the page and screenshots of it in FOLDER
"""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import browser  # noqa: E402
import report_samples as samples  # noqa: E402
from full_disk import full_disk  # noqa: E402

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
PICTURES = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
SKIPPED = 77

# Text that tries to be more than text.
HOSTILE = ["</script><script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 1'>", "\"'><svg onload=alert(1)>",
           "{{data}}", "javascript:window.pwned=1", "]]><!--", "\u202eevil\u2028\u0000\u001b[31m", "&lt;b&gt;", "=1+1"]


def report(*arguments, **options):
    return subprocess.run([PROGRAM, "report", *map(str, arguments)], capture_output=True, check=False, **options)


def hostile(folder):
    """Every text of results a hostile one."""
    files = []
    for experiment in ("lm", "tasks", "memory", "retrieval", "judge", *HOSTILE[:2]):
        first = samples.run(experiment, model=HOSTILE[1], **{text: text for text in HOSTILE})
        if experiment == "judge":
            first["run"]["data"] = {"a": {"state": HOSTILE[0]}, "b": {"state": HOSTILE[1]}}
        lines = [json.dumps(first)]
        for i, text in enumerate(HOSTILE):
            lines.append(json.dumps({"key": f"summary/{text}/64", "policy": text, "task": text, "size": 64 + i,
                                     "perplexity": 20 + i, "score": 20 + i, "book" if i % 2 else "metric": text,
                                     "recent_share": {"mean": 0.7}, "survival_by_tag": {text: {"tokens": 1, "steps": 2}}}))
            lines.append(json.dumps({"key": f"{text}/64/0/0/0", "task": text, "policy": text, "size": 64, "layout": text,
                                     "length": 64, "depth": 0.5, "trial": 0}))
            lines.append(json.dumps({"key": f"summary/{text}/64/0/0", "trials": 1, "accuracy": 0.5}))
        lines.append(json.dumps({"key": "text/t", "pieces": HOSTILE}))
        lines.append(json.dumps({"key": "tova/1/t", "policy": HOSTILE[0], "size": 1, "text": "t",
                                 "dropped_at": [[[1] + [-1] * (len(HOSTILE) - 1)]]}))
        path = folder / f"hostile{len(files)}.jsonl"
        path.write_text("\n".join(lines) + "\n")
        files.append(path)
    return files


class WithFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)


class Program(WithFolder):
    def refused(self, *arguments, says, status=1):
        done = report(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(says, done.stderr.decode())
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertFalse((self.folder / "r.html").exists())

    def test_refuses_what_is_no_results_file(self):
        page, path = self.folder / "r.html", self.folder / "x.jsonl"
        self.refused(path, "-o", page, says="x.jsonl: cannot be read")
        self.refused(self.folder, "-o", page, says=f"{self.folder}: is a folder")
        for content in (b"", b"{\"run\": {\"exp"):
            path.write_bytes(content)
            self.refused(path, "-o", page, says="x.jsonl: holds no results")
        for content in (b"hello\n", b"\x00\xff\n", b"[]\n", b"{\"key\": \"a\"}\n", b"\n"):
            path.write_bytes(content)
            self.refused(path, "-o", page, says="x.jsonl: line 1: expected a JSON object with \"run\"")

    def test_names_the_damaged_line(self):
        path = samples.lm(self.folder / "x.jsonl")
        good = path.read_bytes().splitlines(keepends=True)
        for damage in (b"{\"key\": 3}\n", b"{}\n", b"{\"key\": \"a\xff\"}\n", b"{\"key\": \"\\ud800\"}\n", good[3][:40] + b"\n", b"[1]\n"):
            path.write_bytes(b"".join([*good[:3], damage, *good[3:]]))
            self.refused(path, "-o", self.folder / "r.html", says="x.jsonl: line 4: expected")
        path.write_bytes(good[0])
        self.refused(path, "-o", self.folder / "r.html", says="x.jsonl: holds a run without any result")

    def test_refuses_what_is_nested_too_deep(self):
        path, deep = self.folder / "x.jsonl", "[" * 200000 + "]" * 200000
        for lines in (['{"run": {"experiment": "x", "d": %s}}' % deep, '{"key": "a"}'],
                      ['{"run": {"experiment": "lm"}}', '{"key": "summary/a", "policy": %s}' % deep]):
            path.write_text("\n".join(lines) + "\n")
            self.refused(path, "-o", self.folder / "r.html", says="nested deeper than 64 levels")

    def test_refuses_wrong_usage(self):
        path = samples.lm(self.folder / "x.jsonl")
        self.refused(path, says="report needs somewhere to write", status=2)
        self.refused(path, "-o", "-", says="a page is written to a file", status=2)
        self.refused("-o", self.folder / "r.html", says="results is required", status=2)
        self.refused(path, "-o", self.folder / "none" / "r.html", says="cannot write into")
        self.refused(path, "-o", self.folder, says="not a regular file")

    def test_full_disk(self):
        results = samples.lm(self.folder / "x.jsonl")
        for option, name in (("-o", "r.html"), ("--markdown", "t.md")):
            path = self.folder / name
            self.assertEqual(report(results, option, path).returncode, 0)
            whole = path.read_bytes()
            done = report(results, option, path, **full_disk(len(whole) // 2))
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), f"^msrnn: cannot write {path}: File too large\n$")
            self.assertEqual(path.read_bytes(), whole, "the page that was there stays")
            path.unlink()
            self.assertEqual(report(results, option, path, **full_disk(len(whole) // 2)).returncode, 1)
            self.assertEqual([file.name for file in self.folder.iterdir()], ["x.jsonl"])

    def test_a_line_that_was_cut_off_is_left_out(self):
        path = samples.lm(self.folder / "x.jsonl")
        path.write_bytes(path.read_bytes()[:-10])
        self.assertEqual(report(path, "-o", self.folder / "r.html").returncode, 0)

    def test_same_results_same_page(self):
        files = samples.every(self.folder)
        for name in ("a", "b"):
            self.assertEqual(report(*files, "-o", self.folder / f"{name}.html").returncode, 0)
        self.assertEqual((self.folder / "a.html").read_bytes(), (self.folder / "b.html").read_bytes())

    def test_markdown(self):
        path = samples.lm(self.folder / "x.jsonl")
        done = report(path, "--markdown", "-")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        text = done.stdout.decode()
        self.assertIn("| Policy | 64 | 128 | 256 | 512 | 1024 | 2048 | unbounded |\n| --- | --: |", text)
        self.assertIn("| full |  |  |  |  |  |  | 22.96 |", text)
        self.assertEqual(report(path, "--markdown", self.folder / "t.md").returncode, 0)
        self.assertEqual((self.folder / "t.md").read_text(), text)

    def test_hostile_markdown(self):
        done = report(*hostile(self.folder), "--markdown", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout.decode()
        for sign in "<\x00\x1b":
            self.assertNotIn(sign, text)
        widths = [line.replace("\\|", "").count("|") for line in text.split("\n")]
        for above, here in zip(widths, widths[1:]):
            self.assertTrue(0 in (above, here) or above == here)


DRAWN = """[...document.querySelectorAll("canvas")].map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) colours.add(`${pixels[i] >> 4},${pixels[i + 1] >> 4},${pixels[i + 2] >> 4}`);
  return colours.size;
})"""

# Contrast of the least legible text (WCAG 2), of elements that have text of their own.
CONTRAST = """(() => {
  const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll("h1, h2, h3, p, td:not(.heat td), th, a, dt, dd, summary, label")].map((element) => {
    const ink = light(getComputedStyle(element).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); }).reduce((a, b) => Math.min(a, b));
})()"""


class Page(WithFolder):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, *files):
        page = self.folder / "r.html"
        done = report(*files, "-o", page)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.browser.open(page)
        return page

    def assert_quiet(self, page):
        self.assertEqual(self.browser.complaints, [])
        self.assertEqual([url for url in self.browser.requests if not url.startswith("data:")], [page.as_uri()])

    def test_figures_in_every_light_and_size(self):
        files = samples.every(self.folder)
        papers = set()
        for width, height, phone in ((1200, 900, False), (390, 844, True)):
            for scheme in ("light", "dark"):
                with self.subTest(width=width, scheme=scheme):
                    self.browser.show(width, height, scheme, phone)
                    page = self.open(*files)
                    self.assert_quiet(page)
                    drawn = self.browser.evaluate(DRAWN)
                    self.assertGreater(len(drawn), 12)
                    self.assertGreater(min(drawn), 0, drawn)
                    self.assertGreater(sorted(drawn)[1], 3, drawn)  # all but the map of layers, of one colour
                    self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                    self.assertGreater(self.browser.evaluate(CONTRAST), 4.5)
                    papers.add(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"))
                    if PICTURES:
                        PICTURES.mkdir(parents=True, exist_ok=True)
                        self.browser.screenshot(PICTURES / f"{'phone' if phone else 'desktop'}-{scheme}.png")
                        (PICTURES / "report.html").write_bytes(page.read_bytes())
        self.assertEqual(len(papers), 2)

    def test_light_and_dark_by_the_button(self):
        self.browser.show(800, 600, "dark")
        page = self.open(samples.lm(self.folder / "x.jsonl"))
        paper = "getComputedStyle(document.body).backgroundColor"
        line = "Chart.getChart(document.querySelector('canvas')).data.datasets[1].borderColor"
        dark = (self.browser.evaluate(paper), self.browser.evaluate(line))
        self.browser.evaluate("document.getElementById('theme').click()")
        light = (self.browser.evaluate(paper), self.browser.evaluate(line))
        self.assertTrue(dark[0] != light[0] and dark[1] != light[1])
        self.browser.evaluate("document.getElementById('theme').click()")
        self.assertEqual((self.browser.evaluate(paper), self.browser.evaluate(line)), dark)
        self.assert_quiet(page)

    def test_legend_hides_a_policy(self):
        self.open(samples.lm(self.folder / "x.jsonl"))
        shown = "(() => { const chart = Chart.getChart(document.querySelector('canvas')); return chart.isDatasetVisible(1); })()"
        self.assertTrue(self.browser.evaluate(shown))
        self.browser.evaluate("document.querySelectorAll('.legend button')[1].click()")
        self.assertFalse(self.browser.evaluate(shown))

    def test_tables_as_csv(self):
        self.open(samples.lm(self.folder / "x.jsonl"))
        links = self.browser.evaluate("[...document.querySelectorAll('a.csv')].map((a) => [a.download, a.href])")
        self.assertEqual(len(links), self.browser.evaluate("document.querySelectorAll('.table table').length"))
        name, address = links[1]
        self.assertEqual(name, "language-modelling-perplexity-in-full.csv")
        self.assertTrue(address.startswith("data:text/csv;charset=utf-8,"))
        rows = list(csv.DictReader(io.StringIO(urllib.parse.unquote(address.split(",", 1)[1]), newline="")))
        self.assertEqual(len(rows), 31)
        tova = next(row for row in rows if (row["Policy"], row["Size"]) == ("tova", "512"))
        self.assertEqual(float(tova["Perplexity"]), samples.perplexity("tova", 512))
        self.assertEqual(float(tova["Perplexity low"]), samples.perplexity("tova", 512) * 0.955)

    def kept_now(self):
        """Tokens that the text shows as kept in all layers, in some, and the one being read."""
        return self.browser.evaluate("""(() => {
          const spans = [...document.querySelectorAll(".text span")];
          const share = (span) => Number(span.style.getPropertyValue("--v"));
          return [spans.map(share), spans.findIndex((span) => span.classList.contains("now"))]; })()""")

    def test_moves_through_kept_tokens(self):
        self.browser.show(1200, 900)
        path = samples.memory(self.folder / "x.jsonl", tokens=90, layers=3)
        lines = [json.loads(line) for line in path.read_bytes().splitlines()[1:]]
        self.open(path)
        dropped = next(line for line in lines if line["key"] == "tova/64/3608/0")["dropped_at"]

        def expected(step):
            bands = [lane for layer in dropped for lane in layer]
            return [sum(token <= step and (band[token] < 0 or band[token] > step) for band in bands) / len(bands)
                    for token in range(90)]

        def check(step):
            shares, now = self.kept_now()
            self.assertEqual(now, step)
            self.assertEqual([round(share, 2) for share in shares], [round(share, 2) for share in expected(step)])

        check(54)
        for step in (0, 89, 70):
            self.browser.evaluate(f"""(() => {{ const slider = document.querySelector(".kept input");
              slider.value = {step}; slider.dispatchEvent(new Event("input")); }})()""")
            check(step)
        self.browser.evaluate("document.querySelector('.text').focus()")
        for key, step in (("ArrowRight", 71), ("ArrowLeft", 70), ("PageDown", 89), ("ArrowRight", 89), ("PageUp", 69)):
            self.browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
            check(step)
        self.browser.evaluate("document.querySelectorAll('.text span')[75].click()")
        check(75)
        text = self.browser.evaluate("document.querySelector('.kept output').textContent")
        self.assertIn("Step 76 of 90", text)
        # One layer, and another state whose layers have three kept sets each.
        choose = """(([where, value]) => { const select = document.querySelector(`[data-choose=${where}]`);
          select.value = value; select.dispatchEvent(new Event("change")); return select.options.length; })"""
        self.assertEqual(self.browser.evaluate(choose + "(['band', '2'])"), 4)
        dropped = dropped[2:]
        check(75)
        self.assertEqual(self.browser.evaluate(choose + "(['map', '2'])"), 3)  # states of 128 drop nothing
        dropped = next(line for line in lines if line["key"] == "h2o/64/3608/0")["dropped_at"]
        check(75)
        self.assertEqual(self.browser.complaints, [])

    def test_hostile_text_is_text(self):
        self.browser.show(1200, 900)
        page = self.open(*hostile(self.folder))
        self.assert_quiet(page)
        self.assertTrue(self.browser.evaluate("window.pwned === undefined"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('script').length"), 3)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('img, iframe, object, [onload], [onerror]').length"), 0)
        self.assertIn(HOSTILE[0], self.browser.evaluate("document.body.innerText"))
        self.assertGreater(min(self.browser.evaluate(DRAWN)), 0)
        # Even what gets into the page as a script does not run.
        self.browser.evaluate("(() => { const script = document.createElement('script'); script.textContent = 'window.pwned = 1';"
                              "document.body.append(script); })()")
        self.assertTrue(self.browser.evaluate("window.pwned === undefined"))


if __name__ == "__main__":
    if sys.argv[2] == "Page" and not browser.PROGRAM:
        print("skipped: there is no chromium, so the page cannot be opened in a browser", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], sys.argv[2]])
