#!/usr/bin/env python3
"""What the experiments say when they are given something wrong, and that they leave it alone.

usage: eval_errors_test.py PROGRAM [unittest arguments]
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from resume_test import PROGRAM, prepare

FAILED, WRONG_USAGE = 1, 2

# What follows "msrnn eval"; the exit status; what the message must name. {folder} holds what setUpClass makes. A
# command that names no model or output gets good ones.
ERRORS = (
    ("lm", WRONG_USAGE, "--data is required"),
    ("lm --data {folder}/none", FAILED, "{folder}/none: "),
    ("lm --data {folder}/nothing", FAILED, "{folder}/nothing: expected text files (*.txt)"),
    ("lm --data {folder}/empty.txt", FAILED, "empty.txt: is empty"),
    ("lm --data {folder}/tiny.gguf", FAILED, "tiny.gguf: is no UTF-8 text"),
    ("lm --data {folder}/latin.txt", FAILED, "latin.txt: is no UTF-8 text: byte 3"),
    ("lm --data {folder}/letter.txt --full-chunks", WRONG_USAGE, "letter: expected at least 4096 tokens, found"),
    ("lm --data {folder}/texts {folder}/texts/short.txt", WRONG_USAGE, "another text is named short too"),
    ("lm --data {folder}/texts --policies nonsense", WRONG_USAGE, "unknown policy 'nonsense'"),
    ("lm --data {folder}/texts --policies tova --sizes 0", WRONG_USAGE, "at least 1 token"),
    ("lm --data {folder}/texts --policies window+9 --sizes 8", WRONG_USAGE, "window+9 pins 9 tokens"),
    ("lm --data {folder}/texts --sizes many", WRONG_USAGE, "--sizes"),
    ("lm --data {folder}/texts --context 1", WRONG_USAGE, "at least 2 tokens"),
    ("lm --data {folder}/texts --chunks -1", WRONG_USAGE, "chunks: "),
    ("lm --data {folder}/texts --positions absolute,in-cache", WRONG_USAGE, "one mode without --stream"),
    ("lm --data {folder}/texts --positions sideways", WRONG_USAGE, "unknown position mode 'sideways'"),
    ("lm --data {folder}/texts --state-type f64", WRONG_USAGE, "unknown state type 'f64'"),
    ("lm --data {folder}/texts --stream 100 --chunks 1", WRONG_USAGE, "--chunks"),
    ("lm --data {folder}/texts --bin 5", WRONG_USAGE, "--stream"),
    ("lm --data {folder}/texts --stream 100 --policies baseline --sizes 8", WRONG_USAGE, "no baseline"),
    ("lm --data {folder}/texts --stream 1000000", WRONG_USAGE, "expected at least one book of 1000000 tokens"),
    ("lm --data {folder}/texts -m {folder}/none.gguf", FAILED, "none.gguf: No such file"),
    ("lm --data {folder}/texts -m {folder}/latin.txt", FAILED, "latin.txt: "),
    ("lm --data {folder}/texts -o {folder}/none/x", FAILED, "none/x: cannot be written: No such file"),
    ("lm --data {folder}/texts -o {folder}/latin.txt", FAILED, "latin.txt: is there already and holds no results"),
    ("lm --data {folder}/texts -o {folder}/nothing", FAILED, "nothing: cannot be written: Is a directory"),
    ("lm --data {folder}/texts -o /dev/full", FAILED, "/dev/full: not a regular file"),
    ("memory", WRONG_USAGE, "--data is required"),
    ("memory --data {folder}/none", FAILED, "{folder}/none"),
    ("memory --data {folder}/latin.txt", FAILED, "latin.txt: is no UTF-8 text"),
    ("memory --data {folder}/texts -o {folder}/latin.txt", FAILED, "latin.txt: is there already and holds no results"),
    ("memory --data {folder}/texts -o /dev/full", FAILED, "/dev/full: not a regular file"),
    ("retrieval", WRONG_USAGE, "--data is required"),
    ("retrieval --data {folder}/none", FAILED, "{folder}/none"),
    ("retrieval --data {folder}/latin.txt", FAILED, "latin.txt: is no UTF-8 text"),
    ("retrieval --data {folder}/texts --lengths 300 -o /dev/full", FAILED, "/dev/full: not a regular file"),
    ("tasks --task qasper --data {folder}/latin.txt", FAILED, "latin.txt: "),
    ("tasks --task qasper --data {folder} --layout paper --max-prompt 400 --max-answer 9 -o /dev/full", FAILED,
     "/dev/full: not a regular file"),
)


class EvalErrorsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        prepare(cls.folder)
        (cls.folder / "nothing").mkdir()
        (cls.folder / "empty.txt").touch()
        (cls.folder / "letter.txt").write_text("x")
        (cls.folder / "latin.txt").write_bytes("café".encode("latin-1"))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def evaluate(self, words, **options):
        words = words.split()
        if "-m" not in words:
            words += ["-m", str(self.folder / "tiny.gguf")]
        if "-o" not in words:
            words += ["-o", str(self.folder / "out.jsonl")]
        options = {"stdout": subprocess.PIPE, **options}
        return subprocess.run([PROGRAM, "eval", *words], stderr=subprocess.PIPE, timeout=120, **options)

    def fail_with(self, status, message, words):
        done = self.evaluate(words)
        said = done.stderr.decode().splitlines()
        self.assertEqual(done.returncode, status, said)
        self.assertEqual(done.stdout, b"")
        self.assertTrue(said[-1].startswith("msrnn: "), said)
        self.assertIn(message, said[-1])

    def test_wrong_input(self):
        for words, status, message in ERRORS:
            with self.subTest(words):
                (self.folder / "out.jsonl").unlink(missing_ok=True)
                self.fail_with(status, message.format(folder=self.folder), words.format(folder=self.folder))
        self.assertEqual((self.folder / "latin.txt").read_bytes(), "café".encode("latin-1"))

    LM = "lm --data {folder}/texts/short.txt --policies tova --sizes 8 --context 64 -o {folder}/lm.jsonl"

    def test_the_results_of_another_run(self):
        command = self.LM.format(folder=self.folder)
        self.assertEqual(self.evaluate(command).returncode, 0)
        before = (self.folder / "lm.jsonl").read_bytes()
        self.fail_with(WRONG_USAGE, "context: 64 in the file, 65 now", command.replace("64", "65"))
        self.fail_with(WRONG_USAGE, "data: ", command.replace("short.txt", "long.txt"))
        self.assertEqual((self.folder / "lm.jsonl").read_bytes(), before)

    def test_the_number_of_threads_is_none_of_a_run(self):
        command = self.LM.format(folder=self.folder).replace("lm.jsonl", "threads.jsonl")
        self.assertEqual(self.evaluate(command + " --threads 1").returncode, 0)
        before = (self.folder / "threads.jsonl").read_bytes()
        self.assertEqual(self.evaluate(command + " --threads 2").returncode, 0)
        self.assertEqual((self.folder / "threads.jsonl").read_bytes(), before)

    def test_nowhere_to_print(self):
        command = self.LM.format(folder=self.folder).replace("lm.jsonl", "printed.jsonl")
        with open("/dev/full", "wb") as full:
            done = self.evaluate(command, stdout=full)
        self.assertEqual((done.returncode, done.stderr), (1, b"msrnn: standard output: No space left on device\n"))
        self.assertIn(b'"summary/tova/8"', (self.folder / "printed.jsonl").read_bytes())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
