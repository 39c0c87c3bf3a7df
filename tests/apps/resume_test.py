#!/usr/bin/env python3
"""Every experiment survives being killed at any moment: continued, it gives the results of an unbroken run.

usage: resume_test.py PROGRAM [unittest arguments]
Runs the commands of EXPERIMENTS on a tiny model of random weights. MSRNN_SEED chooses the moments.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from full_disk import full_disk

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SEED = int(os.environ.get("MSRNN_SEED", "1"))
KILLS = 10
SHAPE = {"architectures": ["LlamaForCausalLM"], "hidden_size": 128, "num_hidden_layers": 2, "vocab_size": 600,
         "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 256, "max_position_embeddings": 2048}

# What follows "msrnn eval", less the model, the threads and -o. {data} is a folder of texts, {folder} the one that
# holds it and whatever else a command needs: prepare() writes it.
EXPERIMENTS = {
    "lm": "lm --data {data} --context 256 --policies full,baseline,tova,mass:decay=0.9,recent=0.25,window+4 --sizes 16,64",
    "lm-stream": "lm --data {data} --stream 1500 --bin 100 --policies full,tova,window+4 --sizes 32",
    "memory": "memory --data {data} --context 128 --chunks 2 --policies tova,h2o,full --sizes 16,64 --every 16",
    "retrieval": "retrieval --data {data} --tasks passkey,needle --lengths 300,400 --policies full,tova --sizes 100 "
                 "--depths 0,0.5 --trials 2 --batch 3",
    "stories": "stories --prompts {folder}/prompts.txt --policies full,tova --sizes 8,16 --seeds 3 --max-tokens 60 "
               "--ignore-end --batch 2",
    "tasks": "tasks --task qasper,squality --data {folder} --layout paper --max-prompt 300 --max-answer 12 "
             "--policies full,tova --sizes 32,64 --batch 2",
    "throughput": "throughput --memory 3M --sizes 16,64 --sequences 12 --tokens 1000",
}
TIMED = {"throughput"}  # their results are times: the keys of lines are the same in every run, the rest is not


def prepare(folder):
    """The model, and the texts, prompts and questions that the commands read."""
    draw = random.Random(7)
    data = folder / "texts"
    data.mkdir()
    for name, words in (("long", 900), ("longer", 1100), ("short", 60)):
        (data / f"{name}.txt").write_text(" ".join(draw.choice(("sea", "the", "lamp", "keeper,", "and\n")) for _ in range(words)))
    (folder / "prompts.txt").write_text("Once upon a time\nThe lamp\n")
    for task in ("qasper", "squality"):
        rows = [{"id": f"{text}-{question}", "document": (data / f"{text}.txt").read_text(), "question": f"{question}?",
                 "answers": ["the keeper"]} for text in ("longer", "short") for question in ("Who", "Where")]
        (folder / f"{task}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "config.json").write_text(json.dumps(SHAPE))
    made = subprocess.run([PROGRAM, "synth", folder / "config.json", folder / "tiny.gguf"], capture_output=True)
    assert made.returncode == 0, made.stderr.decode()


def size(path):
    return path.stat().st_size if path.exists() else 0


def whole_lines(path):
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def results(experiment, path):
    """What every run has in common: its lines, sorted, or the keys of timed ones."""
    lines = sorted(path.read_bytes().splitlines(True))
    return sorted(json.loads(line).get("key", "") for line in lines) if experiment in TIMED else lines


class ResumeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        prepare(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def command(self, experiment, output):
        words = EXPERIMENTS[experiment].format(data=self.folder / "texts", folder=self.folder).split()
        return [PROGRAM, "eval", *words, "-m", self.folder / "tiny.gguf", "--threads", "1", "-o", output]

    def run_through(self, experiment, output, **options):
        return subprocess.run(self.command(experiment, output), capture_output=True, timeout=300, **options)

    def unbroken(self, experiment):
        """The results of a run that nobody kills; what it printed; the size of its file."""
        output = self.folder / f"{experiment}.unbroken"
        if not output.exists():
            done = self.run_through(experiment, output)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            output.with_suffix(".table").write_bytes(done.stdout)
        return results(experiment, output), output.with_suffix(".table").read_bytes(), size(output)

    def start_and_kill(self, experiment, output, at_size, pause):
        """Kills the run a moment after its file has that size; returns whether it was still running."""
        before = whole_lines(output)
        process = subprocess.Popen(
            self.command(experiment, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and size(output) < at_size:
            time.sleep(0.0005)
        time.sleep(pause)
        process.kill()
        status = process.wait()
        self.assertIn(status, (0, -signal.SIGKILL))
        self.assertTrue(whole_lines(output).startswith(before), "a run that is killed keeps what there was")
        return status != 0

    def check_kills(self, experiment):
        expected, table, total = self.unbroken(experiment)
        draw = random.Random(f"{SEED} {experiment}")
        output = self.folder / f"{experiment}.killed"
        killed = 0
        while killed < KILLS:
            output.unlink(missing_ok=True)
            # In the run's beginning, on its way and near its end.
            for part in sorted(draw.random() for _ in range(KILLS // 2)):
                killed += self.start_and_kill(experiment, output, part * total, draw.random() * 0.02)
            before = whole_lines(output)
            done = self.run_through(experiment, output)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.assertTrue(output.read_bytes().startswith(before), "a run that goes on keeps what there was")
            self.assertEqual(results(experiment, output), expected)
            if experiment not in TIMED:
                self.assertEqual(done.stdout, table)
            left = {path.name for path in self.folder.glob(output.name + "*")}
            self.assertEqual(left, {output.name}, "a finished run leaves its results alone")

    def check_full_disk(self, experiment):
        """Files end early, as on a full disk: the run says so, and what was finished stays."""
        expected, _, total = self.unbroken(experiment)
        output = self.folder / f"{experiment}.full"
        done = self.run_through(experiment, output, **full_disk(total // 2))
        self.assertEqual(done.returncode, 1, done.stderr.decode())
        self.assertRegex(done.stderr.decode().splitlines()[-1], "^msrnn: .*File too large$")
        kept = output.read_bytes()
        self.assertTrue(set(results(experiment, output)) <= set(expected))
        self.assertEqual(self.run_through(experiment, output).returncode, 0)
        self.assertTrue(output.read_bytes().startswith(kept))
        self.assertEqual(results(experiment, output), expected)

    def check_interruption(self, experiment):
        """Ctrl-C: the status says so, and the same command goes on."""
        expected, _, total = self.unbroken(experiment)
        output = self.folder / f"{experiment}.interrupted"
        process = subprocess.Popen(
            self.command(experiment, output), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        while process.poll() is None and size(output) < total // 3:
            time.sleep(0.0005)
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1].decode()
        self.assertEqual(process.returncode, 130, error)
        self.assertIn("the same command goes on", error)
        self.assertIn(str(output), error)
        self.assertEqual(self.run_through(experiment, output).returncode, 0)
        self.assertEqual(results(experiment, output), expected)


def add_tests(experiment):
    name = experiment.replace("-", "_")
    setattr(ResumeTest, f"test_{name}_killed", lambda self: self.check_kills(experiment))
    setattr(ResumeTest, f"test_{name}_on_a_full_disk", lambda self: self.check_full_disk(experiment))
    setattr(ResumeTest, f"test_{name}_interrupted", lambda self: self.check_interruption(experiment))


for each in EXPERIMENTS:
    add_tests(each)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
