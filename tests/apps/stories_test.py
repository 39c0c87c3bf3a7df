#!/usr/bin/env python3
"""Stories and throughput of a synthetic model: killed, interrupted, continued, and asked for the impossible.

usage: stories_test.py PROGRAM
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
SHAPE = {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 300,
         "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64}


class ExperimentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.model = self.folder / "model.gguf"
        self.write("shape.json", json.dumps(SHAPE))
        subprocess.run([PROGRAM, "synth", self.folder / "shape.json", self.model], check=True,
                       stdout=subprocess.DEVNULL)
        self.prompts = self.write("prompts.txt", "Once upon a time\r\n\nIn a faraway land, é\n")
        self.output = self.folder / "out.jsonl"

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, newline="")
        return path

    def command(self, experiment, *options, output=None):
        return [PROGRAM, "eval", experiment, "-m", self.model, "--threads", "1", "-o", output or self.output, *options]

    def stories(self, *options, sizes="8,16", tokens="40", **where):
        return self.command("stories", "--prompts", self.prompts, "--sizes", sizes, "-n", tokens, "--seeds", "3",
                            "--ignore-end", *options, **where)

    def throughput(self, memory, tokens="50", **where):
        return self.command("throughput", "--memory", memory, "--sizes", "8,64", "--sequences", "12", "--tokens",
                            tokens, **where)

    def succeed(self, command):
        done = subprocess.run(command, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def refused(self, message, command, status):
        done = subprocess.run(command, capture_output=True, timeout=120)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, status, error)
        self.assertIn(message, error)
        self.assertEqual((done.stdout, error.count("\n")), (b"", 1), error)

    def lines(self, path=None):
        return [json.loads(line) for line in (path or self.output).read_bytes().splitlines()]

    def sorted_lines(self, path):
        return sorted(path.read_bytes().splitlines())

    def stop_while_it_writes(self, command, output, wanted, how):
        """Sends the signal when the output has so many lines. The exit status and standard error."""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.time() + 60
        while process.poll() is None and time.time() < deadline:
            if output.exists() and output.read_bytes().count(b"\n") >= wanted:
                process.send_signal(how)
                break
            time.sleep(0.001)
        error = process.communicate(timeout=60)[1].decode()
        return process.returncode, error


class Stories(ExperimentTest):
    def test_writes_every_story_and_a_table(self):
        table = self.succeed(self.stories())
        lines = {line["key"]: line for line in self.lines()[1:]}
        self.assertEqual(len(lines), 2 + 3 * 2 * 3 + 3)
        self.assertEqual(lines["prompt/0"]["text"], "Once upon a time")
        self.assertEqual(lines["prompt/1"]["text"], "In a faraway land, é")
        story = lines["tova/16/1/2"]
        self.assertEqual((story["policy"], story["size"], story["prompt"], story["seed"], story["tokens"]),
                         ("tova", 16, 1, 2, 40))
        self.assertNotIn("size", lines["full/0/0"])
        for name in ("full", "tova/8", "tova/16"):
            self.assertEqual(lines[f"summary/{name}"]["stories"], 6)
            self.assertIn(f"\n{name} ", table)
        alone = self.succeed([PROGRAM, "run", "-m", self.model, "-p", "Once upon a time", "--policy", "tova", "--state",
                              "8", "-n", "40", "--temperature", "0.8", "--top-p", "0.95", "--seed", "2", "--ignore-end",
                              "--json"])
        self.assertEqual(lines["tova/8/0/2"]["text"], json.loads(alone)["text"])

    def test_killed_anywhere_and_continued(self):
        whole = self.folder / "whole.jsonl"
        self.succeed(self.stories(tokens="400", output=whole))
        for wanted, how in ((1, signal.SIGKILL), (2, signal.SIGKILL), (5, signal.SIGKILL), (9, signal.SIGINT),
                            (14, signal.SIGKILL), (20, signal.SIGINT)):
            output = self.folder / f"{wanted}.jsonl"
            command = self.stories("--batch", str(1 + wanted % 4), tokens="400", output=output)
            status, error = self.stop_while_it_writes(command, output, wanted, how)
            if how == signal.SIGINT and status != 0:  # it may have been faster
                self.assertEqual(status, 130, error)
                self.assertIn("the same command goes on", error)
            self.succeed(command)
            self.assertEqual(self.sorted_lines(output), self.sorted_lines(whole))

    def test_more_sizes_later_and_no_other_options(self):
        whole = self.folder / "whole.jsonl"
        self.succeed(self.stories(output=whole))
        self.succeed(self.stories(sizes="16"))
        self.succeed(self.stories(sizes="8"))
        self.assertEqual(self.sorted_lines(self.output), self.sorted_lines(whole))
        self.refused("options.temperature", self.stories("--temperature", "1"), 2)
        self.refused("options.max_tokens: 40 in the file, 41 now", self.stories(tokens="41"), 2)
        self.prompts.write_text("Another\n")
        self.refused("data.prompts", self.stories(), 2)

    def test_one_prompt_of_many_lines(self):
        self.prompts = self.write("one.txt", "### Instruction:\nWrite.\n\n### Response:\n")
        self.succeed(self.stories("--one-prompt"))
        self.assertEqual(self.lines()[1]["text"], "### Instruction:\nWrite.\n\n### Response:\n")
        self.assertEqual(len(self.lines()), 1 + 1 + 3 * 3 + 3)

    def test_prompts_that_are_none(self):
        self.refused("No such file", self.command("stories", "--prompts", self.folder / "none.txt"), 1)
        self.refused(str(self.folder), self.command("stories", "--prompts", self.folder), 1)
        for text in ("", "\n \n\t\r\n"):
            empty = self.write("empty.txt", text)
            self.refused("empty.txt: holds no prompt", self.command("stories", "--prompts", empty), 1)
        self.refused("empty.txt: holds no prompt",
                     self.command("stories", "--one-prompt", "--prompts", self.write("empty.txt", "")), 1)
        self.assertFalse(self.output.exists())

    def test_what_cannot_be(self):
        self.refused("--prompts", self.command("stories"), 2)
        for options, message in ((["--policies", "psychic"], "psychic"), (["--temperature", "0"], "same story 3 times"),
                                 (["--batch", "0"], "--batch"), (["--block", "0"], "--block"),
                                 (["--policies", "tova,tova"], "twice")):
            self.refused(message, self.stories(*options), 2)
        self.refused("keeps at least 1 token", self.stories(sizes="0"), 2)
        self.refused("tova/8 is asked for twice", self.stories(sizes="8,8"), 2)
        self.refused("tokens of a story", self.stories(tokens="-1"), 2)
        self.refused("chat template", self.stories("--chat"), 1)
        self.assertFalse(self.output.exists())

    def test_outputs_that_cannot_be_written(self):
        self.refused("/dev/full: not a regular file", self.stories(output="/dev/full"), 1)
        self.refused("No such file", self.stories(output=self.folder / "none" / "x"), 1)
        self.refused("expected a JSON object", self.stories(output=self.write("text", "a text\n")), 1)
        self.assertEqual((self.folder / "text").read_text(), "a text\n")


class Throughput(ExperimentTest):
    def test_measures_what_fits(self):
        table = self.succeed(self.throughput(memory="1M"))
        lines = {line["key"]: line for line in self.lines()[1:]}
        for name in ("full", "tova/8", "tova/64"):
            summary = lines[f"summary/{name}"]
            self.assertGreater(summary["tokens_per_second"], 0)
            self.assertGreater(summary["predicted_tokens_per_second"], 0)
            self.assertIn(f"\n{name} ", table)
            rounds = [line for key, line in lines.items() if key.rpartition("/")[0] == name]
            self.assertEqual(sum(line["sequences"] for line in rounds), 12)
            self.assertEqual(sum(line["tokens"] for line in rounds), 12 * 50)
        self.assertEqual(lines["summary/full"]["relative"], 1)
        self.assertGreater(lines["summary/tova/8"]["batch"], lines["summary/full"]["batch"])

    def test_memory_that_is_too_little_or_none(self):
        self.refused("not even one sequence", self.throughput(memory="10K"), 2)
        self.refused("not even one sequence", self.throughput(memory="0"), 2)
        self.refused("but the machine has", self.throughput(memory="900T"), 2)
        for memory in ("8X", "much", ""):
            self.refused("--memory", self.throughput(memory=memory), 2)
        self.refused("--memory", self.command("throughput"), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
