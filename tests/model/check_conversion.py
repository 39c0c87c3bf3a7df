#!/usr/bin/env python3
"""Converts the checkpoints that make_checkpoints.py makes, and compares what llama.cpp computes from the results with
what transformers computed: logits of one pass over all tokens.

usage: check_conversion.py PROGRAM CHECKPOINTS [FAMILY…] [--types f32,q8_0,…]      (pip install llama-cpp-python numpy)

Families whose rope llama.cpp does differently, or not at all, are compared as far as it goes; the table below says
which. Exits with 1 where a difference is larger than its bound, or a most likely token of the f32 file is another.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import llama_cpp
import numpy as np

# Root mean square of the difference, as a share of that of the logits. Random weights make low bits look bad.
BOUNDS = {"f32": 5e-4, "f16": 3e-3, "bf16": 2e-2, "q8_0": 0.1, "q6_k": 0.2, "q5_k": 0.35, "q5_1": 0.35, "q5_0": 0.4,
          "q4_k": 0.6, "q4_1": 0.6, "q4_0": 0.6, "iq4_nl": 0.6, "iq4_xs": 0.6, "q3_k": 0.9, "q2_k": 1.1}
# How many tokens can be compared: llama.cpp has no window for the architecture llama, no dynamic scaling, and its
# Gemma 2 takes the scale of scores from the size of a head.
COMPARED = {"mistral-window": 12, "phi3": 12, "llama-dynamic": 0, "gemma2": 0}


def compute(path, tokens, out):
    tokens = np.load(tokens)
    n = len(tokens)
    model = llama_cpp.Llama(model_path=str(path), n_ctx=n, n_batch=n, n_ubatch=n, logits_all=True, type_k=0, type_v=0,
                            n_threads=1, n_threads_batch=1, verbose=False)
    model.eval(tokens.tolist())
    np.save(out, np.array(model.scores[:len(tokens)]))


def compare(program, folder, kind):
    with tempfile.TemporaryDirectory() as place:
        out = pathlib.Path(place) / "model.gguf"
        subprocess.run([program, "convert", folder, out, "--type", kind], check=True, stdout=subprocess.DEVNULL)
        expected, result = np.load(folder / "logits.npy"), pathlib.Path(place) / "logits.npy"
        # In a process of its own, since llama.cpp ends its process where it does not like a file.
        subprocess.run([sys.executable, __file__, "--compute", out, folder / "tokens.npy", result], check=True,
                       stderr=subprocess.DEVNULL)
        found = np.load(result)
        n = COMPARED.get(folder.name, len(found))
        if n == 0:
            return None, None
        found, expected = found[:n].astype(float), expected[:n].astype(float)
        error = np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2))
        return error, np.mean(found.argmax(1) == expected.argmax(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("checkpoints", type=pathlib.Path)
    parser.add_argument("families", nargs="*")
    parser.add_argument("--types", default="f32,q8_0,q4_k")
    arguments = parser.parse_args()
    families = arguments.families or sorted(path.name for path in arguments.checkpoints.iterdir())
    failed = 0
    for family in families:
        for kind in arguments.types.split(","):
            try:
                error, same = compare(arguments.program, arguments.checkpoints / family, kind)
            except subprocess.CalledProcessError as problem:
                print(f"{family:16} {kind:7} {problem}")
                error, same = np.inf, 0
            if error is None:
                print(f"{family:16} {kind:7} loads; not compared", flush=True)
                continue
            good = error <= BOUNDS[kind] and (kind != "f32" or same == 1)
            failed += not good
            print(f"{family:16} {kind:7} error {error:.2e}, same first token {same:4.0%}{'' if good else '   TOO LARGE'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compute"]:
        compute(*sys.argv[2:])
    else:
        sys.exit(main())
