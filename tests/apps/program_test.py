#!/usr/bin/env python3
"""Drives the real program: exit codes, streams, files, signals.

usage: program_test.py PROGRAM Usage|Model
MSRNN_MODEL names the demo model; without it the part Model is skipped (status 77).
MSRNN_GOLDEN adds the texts of an independent tokenizer.
"""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
MODEL = os.environ.get("MSRNN_MODEL", "")
GOLDEN = os.environ.get("MSRNN_GOLDEN", "")
STORY = "Once upon a time there was a lighthouse keeper who"
SKIPPED = 77


def msrnn(*arguments, stdin=b"", **options):
    """Runs the program to its end. Text arguments or bytes."""
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=300, **options)


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def succeed(self, *arguments, **options):
        done = msrnn(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        return done.stdout

    def fail_with(self, status, message, *arguments, **options):
        """The command must end with this status and say this, in one line, on standard error only."""
        done = msrnn(*arguments, **options)
        error = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, status, f"{arguments}: {error}")
        self.assertEqual(done.stdout, b"")
        self.assertTrue(error.startswith("msrnn: ") and error.count("\n") == 1, f"{arguments}: {error}")
        self.assertIn(message, error)

    def start(self, *arguments, **options):
        """Unbuffered, so that no output is lost between two readers of a pipe."""
        options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, bufsize=0, **options)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                self.addCleanup(pipe.close)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        """The exit status and what was said on standard error."""
        status = process.wait(timeout=60)
        return status, process.stderr.read()

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path


class Usage(ProgramTest):
    def test_help_and_version(self):
        self.assertRegex(self.succeed("--version").decode(), r"^msrnn \d+\.\d+\.\d+\n$")
        overview = self.succeed("--help").decode()
        for command in "run chat perplexity trace eval bench tokenize detokenize inspect convert synth devices".split():
            self.assertIn(f"\n  {command} ", overview)
            self.assertIn("--help", self.succeed(command, "--help").decode())

    def test_wrong_usage(self):
        for arguments in (
            [],
            ["frobnicate"],
            ["--frobnicate"],
            ["run", "--frobnicate"],
            ["run", "-n"],
            ["run", "-n", "many", "-p", "x"],
            ["run", "--threads", "-1", "-p", "x"],
            ["run", "--block", "0", "-p", "x"],
            ["run", "--state", "12,x", "-p", "x"],
            ["run", "--prompt-mode", "psychic", "-p", "x"],
            ["run", "-p", "x", "-f", "y"],
            ["run", "-q", "--progress", "-p", "x"],
            ["run", "-p", "x", "--pin", "7"],
            ["run", "-p", "x", "--pin", "1:y"],
            ["tokenize", "unexpected"],
            ["trace"],
            ["perplexity"],
            ["convert"],
            ["convert", "x"],
            ["convert", "x", "y", "--type", "q9"],
            ["synth", "llama-2-7b"],
            ["synth", "llama-9", "y"],
            ["synth", "llama-2-7b", "y", "--seed", "x"],
        ):
            self.fail_with(2, "", *arguments)

    def test_names_what_fetches_a_model(self):
        nowhere = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        self.fail_with(2, "scripts/fetch_model", "run", "-p", "x", env=nowhere)
        self.fail_with(2, f"{self.folder}/.cache/msrnn/", "tokenize", env=nowhere)
        nowhere["XDG_CACHE_HOME"] = str(self.folder / "cache")
        self.fail_with(2, f"{self.folder}/cache/msrnn/", "inspect", env=nowhere)

    def test_finds_the_model_in_the_cache(self):
        cache = self.folder / "msrnn"
        cache.mkdir()
        (cache / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"not a model")
        found = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(self.folder)}
        self.fail_with(1, "SmolLM2-135M-Instruct.Q4_1.gguf", "tokenize", env=found)

    def test_files_that_are_no_models(self):
        self.fail_with(1, "No such file", "run", "-m", "/nonexistent/model.gguf", "-p", "x")
        for content in (b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 64, os.urandom(4096)):
            path = self.write("broken.gguf", content)
            for command in (["run", "-p", "x"], ["tokenize"], ["inspect"], ["chat"]):
                self.fail_with(1, "broken.gguf", *command, "-m", path)
        self.fail_with(1, str(self.folder), "run", "-m", self.folder, "-p", "x")

    def test_texts_that_cannot_be_read(self):
        self.fail_with(1, "/nonexistent", "run", "-m", "x", "-f", "/nonexistent")
        self.fail_with(1, str(self.folder), "tokenize", "-f", self.folder)

    def test_states_that_cannot_be_written(self):
        for path, reason in (
            ("/nonexistent/s", "No such file"),
            ("/dev/full", "not a regular file"),
            (self.folder, "not a regular file"),
        ):
            self.fail_with(1, reason, "run", "-m", "x", "-p", "x", "--save-state", path)

    def test_full_disk(self):
        for command in (["--help"], ["devices"], ["run", "--help"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *command], stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, b"msrnn: standard output: No space left on device\n")

    SMALL = {"architectures": ["LlamaForCausalLM"], "hidden_size": 256, "num_hidden_layers": 2, "vocab_size": 600,
             "num_attention_heads": 4, "intermediate_size": 512, "max_position_embeddings": 256}

    def synthetic(self, *options):
        config, out = self.write("config.json", json.dumps(self.SMALL).encode()), self.folder / "small.gguf"
        self.succeed("synth", config, out, *options)
        return out

    def test_synthetic_models_run(self):
        model = self.synthetic("--type", "q8_0")
        first = model.read_bytes()
        self.fail_with(1, "is there already; --force replaces it", "synth", self.folder / "config.json", model)
        self.assertEqual(self.synthetic("--type", "q8_0", "--force", "--threads", "2").read_bytes(), first)
        self.assertNotEqual(self.synthetic("--type", "q8_0", "--force", "--seed", "2").read_bytes(), first)
        self.succeed("run", "-m", model, "-p", "Hello w\u00f6rld", "-n", "5", "--state", "64")
        ids = self.write("ids", self.succeed("tokenize", "-m", model, stdin="a caf\u00e9\n".encode()))
        self.assertEqual(self.succeed("detokenize", "-m", model, "-f", ids).decode().strip(), "a caf\u00e9")

    def test_converts_between_types(self):
        model = self.synthetic("--type", "f32")
        for kind in ("f16", "q8_0", "q4_0", "q4_k", "q6_k", "iq4_xs"):
            out = self.folder / f"{kind}.gguf"
            self.assertIn(kind, self.succeed("convert", model, out, "--type", kind).decode())
            self.assertIn(kind, json.loads(self.succeed("inspect", "-m", out, "--json"))["tensors"])
            self.assertLess(out.stat().st_size, model.stat().st_size * 0.6)
        self.fail_with(1, "is there already", "convert", model, out)
        self.fail_with(1, "not a regular file", "convert", model, self.folder)
        self.fail_with(1, "No such file", "convert", self.folder / "none", self.folder / "x.gguf")
        self.fail_with(1, "cannot write", "convert", model, "/nonexistent/x.gguf")
        self.assertFalse((self.folder / "x.gguf").exists())

    def test_converts_in_place(self):
        model = self.synthetic("--type", "f32")
        self.succeed("convert", model, model, "--type", "q8_0", "--force")
        self.succeed("run", "-m", model, "-p", "x", "-n", "1")

    def test_interrupted_writing_leaves_nothing(self):
        out = self.folder / "large.gguf"
        for _ in range(2):
            process = self.start("synth", "tinyllama-1.1b", out, "--type", "q4_k")
            while not any(path.stat().st_size > 1e6 for path in self.folder.iterdir()):
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            self.assertEqual(self.finish(process)[0], 130)
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_devices(self):
        devices = json.loads(self.succeed("devices", "--json"))
        self.assertEqual([device["name"] for device in devices][-1], "reference")


class Model(ProgramTest):
    def run_json(self, *arguments, **options):
        return json.loads(self.succeed("run", "-q", "--json", *arguments, **options))

    def test_tokenize_and_back(self):
        texts = [
            b"",
            b"x",
            b"Hello world\r\n\r\n  \t trailing ",
            "Grüße, 世界 👩‍👩‍👧‍👦\n".encode(),
            bytes(range(32, 192)),
            b"\xe2\x82 broken \xc3(\xf0\x9f",
            b"<|im_start|>user<|im_end|>",
        ]
        for text in texts:
            for flag in ([], ["--parse-special"]):
                ids = self.succeed("tokenize", *flag, stdin=text)
                self.assertRegex(ids, rb"^(\d+( \d+)*)?\n$")
                self.assertEqual(self.succeed("detokenize", stdin=ids), text)
        special = self.succeed("tokenize", "--parse-special", stdin=texts[-1])
        self.assertEqual(len(special.split()), 3)

    @unittest.skipUnless(GOLDEN, "MSRNN_GOLDEN is not set: no texts of an independent tokenizer")
    def test_golden_texts(self):
        for ids in sorted(pathlib.Path(GOLDEN, "tokens").glob("*.ids.txt")):
            text = ids.with_name(ids.name.replace(".ids.txt", ".txt"))
            flags = ["--parse-special"] if ids.name.startswith("chatml") else []
            found = self.succeed("tokenize", "-f", text, *flags)
            self.assertEqual(found.split(), ids.read_bytes().split(), text)
            self.assertEqual(self.succeed("detokenize", "-f", ids), text.read_bytes())

    def test_bad_ids(self):
        for ids in (b"-1", b"49152", b"99999999999999999999", b"1 2 three", b"1,2", b"\x00"):
            self.fail_with(1, "token id", "detokenize", stdin=ids)
        self.assertEqual(self.succeed("detokenize", stdin=b" \n\t"), b"")

    def test_save_and_load_is_one_run(self):
        for options in ([], ["--policy", "h2o", "--state", "16"], ["--positions", "in-cache", "--state", "9"]):
            common = ["run", "-q", *options]
            whole = self.succeed(*common, "-p", STORY, "-n", "40")
            state = self.folder / "state"
            first = self.succeed(*common, "-p", STORY, "-n", "20", "--save-state", state)
            second = self.succeed("run", "-q", "--load-state", state, "-n", "20")
            self.assertEqual(first + second, whole)

    def test_reading_alone_then_going_on(self):
        state = self.folder / "state"
        # Token by token: a device may round blocks of other lengths differently, which tips a near-tie.
        run = ["run", "-q", "--block", "1"]
        self.assertEqual(self.succeed(*run, "-p", STORY, "-n", "0", "--save-state", state), b"")
        going_on = self.succeed(*run, "--load-state", state, "-n", "12")
        self.assertEqual(going_on, self.succeed(*run, "-p", STORY, "-n", "12"))
        # The tokens of " had a dog" come next, whatever was read before.
        together = self.succeed(*run, "-p", STORY + " had a dog", "-n", "12")
        apart = self.succeed(*run, "--load-state", state, "-p", " had a dog", "-n", "12")
        self.assertEqual(apart, together)

    def test_input_streams_are_alike(self):
        expected = self.succeed("run", "-q", "-p", STORY, "-n", "5")
        path = self.write("story.txt", STORY.encode())
        self.assertEqual(self.succeed("run", "-q", "-f", path, "-n", "5"), expected)
        self.assertEqual(self.succeed("run", "-q", "-f", "-", "-n", "5", stdin=STORY.encode()), expected)
        self.assertEqual(self.succeed("run", "-q", "-n", "5", stdin=STORY.encode()), expected)
        self.fail_with(2, "nothing to go on from", "run", stdin=b"")

    def test_json(self):
        plain = self.succeed("run", "-q", "-p", STORY, "-n", "30").decode()
        report = self.run_json("-p", STORY, "-n", "30", "--state", "8")
        self.assertEqual(len(report["tokens"]), 30)
        self.assertEqual(report["stop_reason"], "max_tokens")
        self.assertEqual(report["position"], report["prompt_tokens"] + 29)
        self.assertEqual(self.run_json("-p", STORY, "-n", "30")["text"], plain)
        self.assertEqual(report["state_bytes"], self.run_json("-p", "x", "-n", "9", "--state", "8")["state_bytes"])
        inspected = json.loads(self.succeed("inspect", MODEL, "--json"))
        self.assertEqual(inspected["architecture"], "llama")
        self.assertEqual(self.run_json("-p", "x", "-n", "0")["state_bytes"], inspected["state_bytes"]["tova"]["512"])

    def test_sampling(self):
        common = ["-p", STORY, "-n", "25", "--temperature", "1", "--top-p", "0.95"]
        one = self.run_json(*common, "--seed", "1")
        self.assertEqual(one["tokens"], self.run_json(*common, "--seed", "1", "--threads", "1")["tokens"])
        self.assertNotEqual(one["tokens"], self.run_json(*common, "--seed", "2")["tokens"])

    def test_stopping(self):
        text = self.run_json("-p", STORY, "-n", "40")["text"]
        for stop in (text[10:14], text[25:26]):
            report = self.run_json("-p", STORY, "-n", "40", "--stop", "never there", "--stop", stop)
            self.assertEqual(report["text"], text[: text.index(stop)])
            self.assertEqual(report["stop_reason"], "stop_text")
        answer = self.run_json("--chat", "-p", "Say yes.", "-n", "300")
        self.assertEqual(answer["stop_reason"], "end_token")
        self.assertNotIn("<|im_end|>", answer["text"])

    def test_a_state_is_smaller_than_the_text(self):
        text = ("The sea was calm that day. " * 200).encode()
        for mode in ("per-step", "last-query"):
            report = self.run_json("-n", "3", "--state", "32", "--prompt-mode", mode, stdin=text)
            self.assertEqual(report["prompt_tokens"], len(self.succeed("tokenize", stdin=text).split()))
            self.assertEqual(len(report["tokens"]), 3)

    def test_contradicting_a_loaded_state(self):
        state = self.folder / "state"
        self.succeed("run", "-q", "-p", STORY, "-n", "2", "--state", "64", "--save-state", state)
        load = ["run", "-q", "--load-state", state, "-n", "1"]
        for option in (
            ["--policy", "h2o"],
            ["--state", "65"],
            ["--state", "64,64"],
            ["--state-type", "f32"],
            ["--state-type", "q8_0"],
            ["--positions", "in-cache"],
            ["--prompt-mode", "last-query"],
        ):
            self.fail_with(2, option[0], *load, *option)
        self.succeed(*load, "--policy", "tova", "--state", "64", "--state-type", "f16", "--positions", "absolute")

    def test_broken_states(self):
        state = self.folder / "state"
        self.succeed("run", "-q", "-p", STORY, "-n", "2", "--state", "8", "--save-state", state)
        good = state.read_bytes()
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 1
        for content in (b"", good[:20], good[:-1], good + b"x", bytes(flipped), b"GGUF" + good[4:]):
            broken = self.write("broken", content)
            self.fail_with(1, "", "run", "--load-state", broken, "-n", "1")
        self.fail_with(1, "No such file", "run", "--load-state", self.folder / "none", "-n", "1")

    def test_impossible_states(self):
        for option in (
            ["--state", "0"],
            ["--state", "-5"],
            ["--state", "2147483647"],
            ["--state", "3,4"],
            ["--policy", "nonsense"],
            ["--policy", "window+9", "--state", "8"],
            ["--policy", "mass:decay=2"],
            ["--state-type", "f64"],
            ["--positions", "sideways"],
            ["--device", "abacus"],
            ["--temperature", "-1"],
            ["--top-p", "0"],
            ["--stop", ""],
            ["--pin", "0:9", "--state", "8"],
            ["--pin", "5:2"],
        ):
            self.fail_with(2, "", "run", "-q", "-p", "x", "-n", "1", *option)

    def test_full_disk_and_readers_that_leave(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [PROGRAM, "run", "-q", "-p", STORY, "-n", "5"], stdout=full, stderr=subprocess.PIPE, timeout=300
            )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"msrnn: standard output: No space left on device\n")

        state = self.folder / "state"
        writer = self.start("run", "-q", "-p", STORY, "-n", "-1", "--ignore-end", "--save-state", state)
        writer.stdout.read(20)
        writer.stdout.close()
        self.assertEqual(self.finish(writer), (128 + signal.SIGPIPE, b""))
        self.succeed("run", "-q", "--load-state", state, "-n", "1")

    def test_control_c_saves_what_there_is(self):
        state = self.folder / "state"
        writer = self.start("run", "-q", "-p", STORY, "-n", "-1", "--ignore-end", "--save-state", state)
        text = writer.stdout.read(20)
        writer.send_signal(signal.SIGINT)
        text += writer.stdout.read()
        self.assertEqual(self.finish(writer), (130, b""))
        text += self.succeed("run", "-q", "--load-state", state, "-n", "10", "--ignore-end")
        whole = self.run_json("-p", STORY, "-n", "200", "--ignore-end")["text"].encode()
        length = min(len(text), len(whole))
        self.assertEqual(text[:length], whole[:length])

    def test_control_c_while_reading(self):
        state = self.folder / "state"
        text = self.write("long.txt", b"Some words to be read again and again. " * 20000)
        reader = self.start("run", "-f", text, "-n", "5", "--progress", "--block", "16", "--save-state", state)
        time.sleep(2)
        reader.send_signal(signal.SIGINT)
        status, error = self.finish(reader)
        self.assertEqual(status, 130)
        self.assertIn(b"cancelled", error)
        # Tokens not read yet are in the file, four bytes each.
        self.assertGreater(state.stat().st_size, 4 * 100000)

    def test_chat(self):
        state = self.folder / "state"
        script = f"Hello!\n/stats\n/save {state}\n/reset\n/load {state}\nAnd you?\n"
        done = msrnn("chat", "-n", "8", "--temperature", "0", "--state", "64", stdin=script.encode())
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"tokens read"), 3)
        straight = self.succeed("chat", "-n", "8", "--temperature", "0", "--state", "64", stdin=b"Hello!\nAnd you?")
        self.assertEqual(done.stdout, straight)

    def test_chat_commands_that_fail(self):
        for line, message in (
            (b"/frobnicate", b"/help"),
            (b"/save", b"needs a file"),
            (b"/load /nonexistent/x", b"No such file"),
            (b"/save /nonexistent/x", b"No such file"),
        ):
            done = msrnn("chat", "-n", "1", stdin=line + b"\n/stats\n")
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(message, done.stderr)
            self.assertIn(b"tokens read", done.stderr)
        self.fail_with(2, "pin", "chat", "--system", "word " * 100, "--state", "50")

    def test_chat_on_a_terminal(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        chat = self.start("chat", "-n", "-1", "--ignore-end", stdin=terminal, stderr=terminal)
        os.close(terminal)
        os.write(master, "Erzähle von Grüßen 世界\n".encode())
        answer = chat.stdout.read(20)
        chat.send_signal(signal.SIGINT)  # stops the answer, not the program
        time.sleep(0.5)
        chat.send_signal(signal.SIGINT)  # at the prompt: a new line to type, the same program
        time.sleep(0.5)
        os.write(master, b"/exit\n")
        rest = chat.stdout.read()
        self.assertEqual(chat.wait(timeout=60), 0)
        self.assertTrue((answer + rest).endswith(b"\n"))


if __name__ == "__main__":
    part = sys.argv[2]
    if part == "Model" and not MODEL:
        print("skipped: MSRNN_MODEL is not set, so the program cannot be tried with a model", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *(sys.argv[3:] or [part])])
