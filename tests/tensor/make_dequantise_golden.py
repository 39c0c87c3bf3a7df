#!/usr/bin/env python3
"""Writes golden/TYPE.bin and golden/TYPE.f32 for dequantise_test.cpp.

TYPE.bin holds stored blocks: every kind of scale (zero, subnormal, smallest and largest normal, negative, infinite)
with blocks of extreme and of random numbers. TYPE.f32 holds what the gguf package (pip install gguf numpy) makes of
them, as little-endian float32.
"""

import pathlib

import gguf
import numpy as np

FOLDER = pathlib.Path(__file__).parent / "golden"
SCALES = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.1, 2.0**-24, -(2.0**-24), 3 * 2.0**-24, 1023 * 2.0**-24, 2.0**-14, 0.00371, -7.77, 65504.0,
     -65504.0, np.inf],
    dtype=np.float16)


def bits16(values):
    return np.asarray(values, dtype=np.float16).view(np.uint8).reshape(-1, 2)


def patterns(n_bytes, random):
    """The bytes 00, ff, 80, counting ones and two random ones."""
    extreme = [np.full(n_bytes, byte, np.uint8) for byte in (0x00, 0xFF, 0x80)]
    counting = (np.arange(n_bytes) * 17).astype(np.uint8)
    return extreme + [counting] + [random.integers(0, 256, n_bytes, dtype=np.uint8) for _ in range(2)]


def quantised_blocks(n_quant_bytes, n_scales, random):
    """Scales, then numbers: each scale with each pattern."""
    blocks = []
    for i, scale in enumerate(SCALES):
        for j, pattern in enumerate(patterns(n_quant_bytes, random)):
            scales = [scale] + [SCALES[(i + j + 1) % len(SCALES)]] * (n_scales - 1)
            blocks.append(np.concatenate([bits16(scales).ravel(), pattern]))
    return np.stack(blocks)


def large_blocks(n_bytes, scale_offsets, random):
    """Blocks of 256 numbers with scales at some offsets: each scale once, with one pattern after another."""
    blocks = []
    for i, scale in enumerate(SCALES):
        block = patterns(n_bytes, random)[(i + 4) % 6]
        for j, offset in enumerate(scale_offsets):
            block[offset:offset + 2] = bits16([SCALES[(i + 3 * j) % len(SCALES)]])
        blocks.append(block)
    return np.stack(blocks)


def write(name, stored, kind):
    with np.errstate(invalid="ignore"):  # 0 · infinity
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
    write("q5_0", quantised_blocks(20, 1, random), types.Q5_0)
    write("q5_1", quantised_blocks(20, 2, random), types.Q5_1)
    write("iq4_nl", quantised_blocks(16, 1, random), types.IQ4_NL)
    write("q2_k", large_blocks(84, [80, 82], random), types.Q2_K)
    write("q3_k", large_blocks(110, [108], random), types.Q3_K)
    write("q4_k", large_blocks(144, [0, 2], random), types.Q4_K)
    write("q5_k", large_blocks(176, [0, 2], random), types.Q5_K)
    write("q6_k", large_blocks(210, [208], random), types.Q6_K)
    write("iq4_xs", large_blocks(136, [0], random), types.IQ4_XS)
    plain = np.concatenate([SCALES, random.normal(size=50).astype(np.float16)])
    write("f16", plain.astype(np.float16), types.F16)
    write("bf16", (random.normal(size=64).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.uint8),
          types.BF16)
    write("f32", random.normal(size=64).astype(np.float32), types.F32)


if __name__ == "__main__":
    main()
