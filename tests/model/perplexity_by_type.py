#!/usr/bin/env python3
"""Converts a model to every type and compares the perplexity of the same file in msrnn and in llama.cpp.

usage: perplexity_by_type.py PROGRAM MODEL TEXT [--types q4_0,…] [--tokens 1024]

    CMAKE_ARGS="-DGGML_BLAS=ON -DGGML_BLAS_VENDOR=OpenBLAS" pip install --no-binary llama-cpp-python llama-cpp-python numpy

Its own kernels round the inputs of products with quantised weights to 8 bits, which changes perplexity by up to 2 %;
msrnn's do not. Built with a BLAS library (libopenblas-dev) it multiplies the weights of the file as they are, and that is
what is compared. Exits with 1 where a type is further than 0.5 % from it.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

TYPES = "f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 q2_k q3_k q4_k q5_k q6_k iq4_nl iq4_xs".split()
BOUND = 0.005


def llama_cpp_perplexity(path, tokens):
    import llama_cpp
    # Weights that it repacks for kernels of its own never come to the BLAS library.
    defaults = llama_cpp.llama_cpp.llama_model_default_params

    def without_repacking():
        options = defaults()
        options.use_extra_bufts = False
        return options

    llama_cpp.llama_cpp.llama_model_default_params = without_repacking
    model = llama_cpp.Llama(model_path=str(path), n_ctx=len(tokens), n_batch=512, logits_all=True, type_k=1, type_v=1,
                            verbose=False)
    model.eval(tokens)
    logits = np.array(model.scores[:len(tokens) - 1], dtype=np.float64)
    top = logits.max(1, keepdims=True)
    log_sums = top[:, 0] + np.log(np.exp(logits - top).sum(1))
    return float(np.exp(np.mean(log_sums - logits[np.arange(len(tokens) - 1), tokens[1:]])))


def in_another_process(path, ids):
    """llama.cpp ends its process where it does not like a file."""
    done = subprocess.run([sys.executable, __file__, "--read", path, ids], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True)
    return float(done.stdout)


def main():
    if sys.argv[1:2] == ["--read"]:
        print(llama_cpp_perplexity(sys.argv[2], json.loads(pathlib.Path(sys.argv[3]).read_text())))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("text")
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--tokens", type=int, default=1024)
    arguments = parser.parse_args()

    def msrnn(*words):
        return subprocess.run([arguments.program, *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    worst = 0
    print(f"{'type':8}{'msrnn':>10}{'llama.cpp':>12}{'difference':>12}")
    with tempfile.TemporaryDirectory() as place:
        file, ids = pathlib.Path(place) / "model.gguf", pathlib.Path(place) / "ids.json"
        tokens = msrnn("tokenize", "-m", arguments.model, "-f", arguments.text).split()[:arguments.tokens]
        ids.write_text(json.dumps([int(token) for token in tokens]))
        for kind in arguments.types.split(","):
            file.unlink(missing_ok=True)
            msrnn("convert", arguments.model, file, "--type", kind)
            found = json.loads(msrnn("perplexity", "-m", file, "-f", arguments.text, "--context", str(arguments.tokens),
                                     "--chunks", "1", "--policy", "full", "--json"))["perplexity"]
            theirs = in_another_process(file, ids)
            worst = max(worst, abs(found / theirs - 1))
            print(f"{kind:8}{found:10.4f}{theirs:12.4f}{found / theirs - 1:12.2%}", flush=True)
    return 1 if worst > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
