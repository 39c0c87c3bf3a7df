#!/usr/bin/env python3
"""Writes golden/TYPE.bin and golden/TYPE.f32 for dequantise_test.cpp.

TYPE.bin holds stored blocks: every kind of scale (zero, subnormal, smallest and largest normal, negative) with
blocks of extreme and of random numbers. TYPE.f32 holds what the gguf package (pip install gguf numpy) makes of
them, as little-endian float32.
"""

import pathlib

import gguf
import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden"
SCALES = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.1, 2.0**-24, -(2.0**-24), 3 * 2.0**-24, 1023 * 2.0**-24, 2.0**-14, 0.00371, -7.77, 65504.0,
     -65504.0],
    dtype=np.float16)


def bits16(values):
    return np.asarray(values, dtype=np.float16).view(np.uint8).reshape(-1, 2)


def quantised_blocks(n_quant_bytes, n_scales, random):
    """Each scale with the byte patterns 00, ff, 80, a counting one and two random ones."""
    patterns = [np.full(n_quant_bytes, byte, np.uint8) for byte in (0x00, 0xFF, 0x80)]
    patterns.append(np.arange(n_quant_bytes, dtype=np.uint8) * 17)
    patterns += [random.integers(0, 256, n_quant_bytes, dtype=np.uint8) for _ in range(2)]
    blocks = []
    for i, scale in enumerate(SCALES):
        for j, pattern in enumerate(patterns):
            scales = [scale] + [SCALES[(i + j + 1) % len(SCALES)]] * (n_scales - 1)
            blocks.append(np.concatenate([bits16(scales).ravel(), pattern]))
    return np.stack(blocks)


def write(name, stored, kind):
    values = gguf.quants.dequantize(stored, kind).astype("<f4")
    (FOLDER / f"{name}.bin").write_bytes(np.ascontiguousarray(stored).tobytes())
    (FOLDER / f"{name}.f32").write_bytes(values.tobytes())


def main():
    random = np.random.default_rng(2401)
    types = gguf.GGMLQuantizationType
    FOLDER.mkdir(exist_ok=True)
    write("q8_0", quantised_blocks(32, 1, random), types.Q8_0)
    write("q4_0", quantised_blocks(16, 1, random), types.Q4_0)
    write("q4_1", quantised_blocks(16, 2, random), types.Q4_1)
    plain = np.concatenate([SCALES, random.normal(size=50).astype(np.float16), [np.float16(np.inf)]])
    write("f16", plain.astype(np.float16), types.F16)
    write("bf16", (random.normal(size=64).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8),
          types.BF16)
    write("f32", random.normal(size=64).astype(np.float32), types.F32)


if __name__ == "__main__":
    main()
