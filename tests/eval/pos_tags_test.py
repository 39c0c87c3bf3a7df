#!/usr/bin/env python3
"""scripts/pos_tags.py with taggers that say what the test tells them to, and without any.

usage: pos_tags_test.py SCRIPT
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv[1]

# Stands for spaCy: words are runs of letters or single other characters; tags are their lengths.
SPACY = """
import re
class Token(str):
    is_space = property(lambda self: self.isspace())
class Pipeline:
    pipe_names = ["tok2vec", "tagger"]
    def __call__(self, text):
        assert len(text) <= 60_000, len(text)
        for match in re.finditer(r"\\s+|\\w+|.", text):
            token = Token(match.group())
            token.idx, token.tag_ = match.start(), f"T{len(token)}"
            yield token
def load(model, exclude):
    if model != "en_core_web_sm": raise OSError("no such model")
    return Pipeline()
"""


class PosTagsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "modules").mkdir()
        (self.folder / "modules/spacy.py").write_text(SPACY)

    def tag(self, text, *arguments):
        path = self.folder / "text.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.run_script("-o", self.folder / "tags", path, *arguments)

    def run_script(self, *arguments):
        # -S: whatever this machine has installed stays out.
        return subprocess.run(
            [sys.executable, "-S", SCRIPT, *arguments],
            env=os.environ | {"PYTHONPATH": str(self.folder / "modules")}, capture_output=True, text=True,
        )

    def table(self, text):
        done = self.tag(text)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (self.folder / "tags/text.tsv").read_bytes().decode().split("\n")
        self.assertEqual(lines[0], "begin\tend\ttag\ttext")
        self.assertEqual(lines[-1], "")
        return [line.split("\t") for line in lines[1:-1]]

    def fail_with(self, message, done):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(message, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_words_are_placed_by_bytes(self):
        self.assertEqual(
            self.table("zwölf \\ x.\n\r\n\tEnd\n"),
            [["0", "6", "T5", "zwölf"], ["7", "8", "T1", "\\\\"], ["9", "10", "T1", "x"], ["10", "11", "T1", "."],
             ["11", "14", "\\n", "\\n\\r\\n"], ["15", "18", "T3", "End"], ["18", "19", "\\n", "\\n"]],
        )

    def test_long_texts_are_cut_where_no_word_is(self):
        text = "".join(f"Grüße {i}, {'word ' * 40}\n\n" for i in range(1500))
        data = text.encode()
        rows = self.table(text)
        self.assertEqual(len(rows), 1500 * 44)
        after = 0
        for begin, end, _, word in rows:
            self.assertGreaterEqual(int(begin), after)
            after = int(end)
            self.assertEqual(data[int(begin):after].decode(), word.replace("\\n", "\n"))

    def test_empty_text(self):
        self.assertEqual(self.table(""), [])

    def test_without_a_tagger(self):
        (self.folder / "modules/spacy.py").unlink()
        self.fail_with("neither spaCy nor NLTK is installed", self.tag("word"))
        self.fail_with("spaCy is not installed: python3 -m pip install spacy", self.tag("word", "--tagger", "spacy"))
        self.assertFalse((self.folder / "tags").exists())

    def test_wrong_use(self):
        self.fail_with("spaCy has no model 'other'", self.tag("word", "--model", "other"))
        self.fail_with("text.txt: is no UTF-8 text: byte 1 cannot be", self.tag(b"a\xff"))
        self.fail_with("none.txt: cannot be read", self.run_script("-o", self.folder, self.folder / "none.txt"))
        twice = [self.folder / "text.txt", self.folder / "text.txt"]
        self.fail_with("two texts are named text", self.run_script("-o", self.folder, *twice))
        (self.folder / "file").write_text("")
        (self.folder / "text.txt").write_text("word")
        self.fail_with("cannot be written", self.run_script("-o", self.folder / "file", self.folder / "text.txt"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
