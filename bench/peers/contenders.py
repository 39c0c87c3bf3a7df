"""Who is compared, and how one measurement of each is started.

A contender's command takes --threads, --repeat, --prompt P (tokens read) and --generate G (tokens written), of which
one is 0, and --depth D (tokens read before that), and prints a JSON object with tokens_per_second.
"""

import dataclasses
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Contender:
    name: str
    command: list

    def speed(self, sizes):
        done = subprocess.run([*self.command, *sizes], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{self.name}: {' '.join(self.command + sizes)}\n"
                     f"failed with status {done.returncode}:\n{done.stderr[-2000:]}")
        return float(json.loads(done.stdout.splitlines()[-1])["tokens_per_second"])


@dataclasses.dataclass
class Peer:
    """A program that runs in a Python of its own, once as it is and, if it can forget, once with a bounded state."""
    option: str
    name: str
    driver: str
    modules: list
    packages: str
    bounded_name: str = ""

    def contenders(self, python, model, state):
        self.check(python)
        command = [python, str(HERE / self.driver), model]
        yield Contender(self.name, command)
        if self.bounded_name:
            yield Contender(f"{self.bounded_name}, {state}", [*command, "--state", str(state)])

    def check(self, python):
        for module in self.modules:
            try:
                done = subprocess.run([python, "-c", f"import {module}"], stderr=subprocess.PIPE, text=True)
            except OSError as error:
                sys.exit(f"{self.option} {python}: {error.strerror}")
            if done.returncode != 0:
                sys.exit(f"{self.option} {python}: cannot import {module}; its packages are installed by\n"
                         f"    {python} -m pip install {self.packages}\n{done.stderr[-500:]}")


PEERS = [
    Peer("--llama-python", "llama.cpp", "llama_cpp_speed.py", ["llama_cpp"],
         "--no-binary llama-cpp-python llama-cpp-python==0.3.36"),
    Peer("--openvino-python", "OpenVINO GenAI", "openvino_speed.py", ["openvino_genai"], "openvino-genai",
         "OpenVINO GenAI, eviction"),
    Peer("--transformers-python", "transformers", "transformers_speed.py", ["torch", "transformers", "gguf", "kvpress"],
         "torch transformers kvpress gguf accelerate", "transformers, kvpress TOVA"),
]


def msrnn(program, model, policy, state):
    command = [program, "bench", "--model", model, "--policy", policy, "--json"]
    if policy == "full":
        return Contender("msrnn full", command)
    return Contender(f"msrnn {policy}, {state}", [*command, "--state", str(state)])
