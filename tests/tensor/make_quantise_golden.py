#!/usr/bin/env python3
"""Writes golden/quantise/ for quantise_test.cpp.

numbers.f32 holds rows of 256 numbers of many kinds. TYPE.bin is what the gguf package makes of them, for the types
that must be equal; errors.tsv the root mean square error of llama.cpp's quantisers on every row, for the others.

usage: make_quantise_golden.py      (pip install gguf numpy llama-cpp-python)
"""

import ctypes
import pathlib

import gguf
import llama_cpp
import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden" / "quantise"
TYPES = gguf.GGMLQuantizationType
EQUAL = ["f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"]
SEARCHED = ["q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs"]


def rows(random):
    n = 256
    yield from (random.normal(size=n) * scale for scale in (1, 1e-3, 3e-7, 1e4))
    yield random.standard_t(3, n)
    yield random.laplace(size=n)
    yield random.uniform(-1, 1, n)
    yield np.abs(random.normal(size=n)) + 0.5
    yield -np.abs(random.normal(size=n)) - 0.5
    yield random.normal(size=n) * np.repeat(random.lognormal(size=n // 16), 16)
    yield np.where(random.random(n) < 0.02, 50, 1) * random.normal(size=n)
    yield np.sign(random.normal(size=n))
    yield np.zeros(n)
    yield np.full(n, 0.37)
    yield np.full(n, -0.37)
    yield np.where(np.arange(n) == 100, -3.0, 0)
    yield np.repeat([0, 1, -1, 0.25], n // 4) * random.normal(size=n)
    yield np.where(np.arange(n) % 2 == 0, 1, -1) * 2.5  # the largest comes twice, with both signs


def ggml():
    library = ctypes.CDLL(str(next((pathlib.Path(llama_cpp.__file__).parent / "lib").glob("libggml-base.so"))))
    chunk = library.ggml_quantize_chunk
    chunk.restype = ctypes.c_size_t
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    return chunk


def error(numbers, kind, chunk):
    block, size = gguf.GGML_QUANT_SIZES[kind]
    stored = np.zeros(numbers.size // block * size, np.uint8)
    chunk(int(kind), numbers.ctypes.data, stored.ctypes.data, 0, 1, numbers.size, None)
    return np.sqrt(np.mean((gguf.dequantize(stored, kind).astype(float) - numbers) ** 2))


def main():
    numbers = np.stack(list(rows(np.random.default_rng(2401)))).astype("<f4")
    FOLDER.mkdir(parents=True, exist_ok=True)
    numbers.tofile(FOLDER / "numbers.f32")
    for name in EQUAL:
        gguf.quantize(numbers, TYPES[name.upper()]).tofile(FOLDER / f"{name}.bin")
    chunk = ggml()
    lines = ["\t".join(SEARCHED)]
    for row in numbers:
        lines.append("\t".join(f"{error(row, TYPES[name.upper()], chunk):.9e}" for name in SEARCHED))
    (FOLDER / "errors.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
