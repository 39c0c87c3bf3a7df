#!/usr/bin/env python3
"""Compares `msrnn score` with the package rouge-score and with SQuAD's way of scoring, over random and hostile texts.

usage: tests/eval/compare_metrics.py PROGRAM [N] [--quick]

PROGRAM is build/release/apps/msrnn, N the number of texts a metric (20,000). Needs rouge-score 0.1.2 from PyPI; without
it nothing is compared (status 77).
Scores may differ by 1e-6; every code point is tried in every place where lower case and word ends depend on it. With
--quick only one in 16 of those that are letters without case, as most are.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import string
import subprocess
import sys
import tempfile
import unicodedata

SKIPPED = 77

try:
    from rouge_score import rouge_scorer
except ImportError as missing:
    print(f"skipped: {missing}; MSRNN_METRICS_PYTHON may name a Python that has rouge-score 0.1.2", file=sys.stderr)
    sys.exit(SKIPPED)

WORDS = "The a an quick brown fox jumps over dog's THE İstanbul ΟΔΟΣ ΣΑΣ naïve café don't 42 3.14 x_y ﬁn ſ K ß".split()
SPACES = [" ", "  ", "\t", "\n", "\u00a0", "\u2003", "\u200b", "\u0085", "\x1c", "-", "_", "", "\u0301", ", ", "…"]
PIECES = ["a", "A", "an", "the", "Σ", "ς", "σ", "İ", "I", "\u0307", "K", "_", "'", ".", ":", "\u00b7", "\u00ad", "0", "٣",
          "½", "Ⅷ", "ⓐ", "ª", "ʰ", "\u0345", "中", "😀", " ", "\u3000", "\u2028", "\x1f", "\x00", "\x0b", "\u0301", "B", "C"]


def normalised(text):
    """SQuAD 1.1: lower case, no punctuation, no articles, white space collapsed."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1(prediction, references):
    def one(reference):
        a, b = normalised(prediction), normalised(reference)
        same = sum((collections.Counter(a) & collections.Counter(b)).values())
        if same == 0:
            return 0.0
        precision, recall = same / len(a), same / len(b)
        return 2 * precision * recall / (precision + recall)

    return {"f1": max(map(one, references))}


SCORER = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)


def rouge(prediction, references):
    scores = [SCORER.score(reference, prediction) for reference in references]
    return {name: max(score[name].fmeasure for score in scores) for name in ("rouge1", "rouge2", "rougeL")}


def letter(text):
    found = re.search(r"\b[A-D]\b", text)
    return found.group() if found else None


def accuracy(prediction, references):
    return {"accuracy": float(letter(prediction) in map(letter, references))}


def random_text(rng, most):
    kind = rng.random()
    if kind < 0.5:
        return "".join(rng.choice(WORDS) + rng.choice(SPACES) for _ in range(rng.randrange(most)))
    if kind < 0.9:
        return "".join(rng.choice(PIECES) for _ in range(rng.randrange(most)))
    codes = (rng.choice((rng.randrange(0x80), rng.randrange(0x3000), rng.randrange(0x110000))) for _ in range(most))
    return "".join(chr(c) for c in codes if known(c))


def known(code):
    """Assigned in the Unicode that this Python knows."""
    return unicodedata.category(chr(code)) not in ("Cn", "Co", "Cs")


def random_cases(n):
    rng = random.Random(1)
    for i in range(n):
        most = rng.choice((2, 5, 20, 20, 60))
        references = [random_text(rng, most) for _ in range(rng.randrange(1, 5))]
        prediction = random_text(rng, most)
        if rng.random() < 0.3:  # much in common
            prediction = references[0][rng.randrange(len(references[0]) + 1):] + prediction
        yield prediction, references


def code_points(quick):
    for code in filter(known, range(0x110000)):
        if not quick or code % 16 == 0 or unicodedata.category(chr(code)) != "Lo":
            yield code


def every_code_point(codes, *templates):
    """Each in its places, scored against its own lower case, which Python says."""
    for code in codes:
        for template in templates:
            text = template.format(chr(code))
            yield text, [text.lower() + " z"]


def letter_cases(n):
    rng = random.Random(2)
    for _ in range(n):
        text = "".join(rng.choice(PIECES + ["D", "(", ")"]) for _ in range(rng.randrange(8)))
        yield text, [rng.choice("ABCD"), f"({rng.choice('ABCD')}) and more"]


def msrnn(program, metric, cases):
    with tempfile.TemporaryDirectory() as folder:
        predictions, references = (pathlib.Path(folder) / name for name in ("p.jsonl", "r.jsonl"))
        predictions.write_text("".join(json.dumps({"prediction": p}) + "\n" for p, _ in cases))
        references.write_text("".join(json.dumps({"answers": r, "doc_id": "all"}) + "\n" for _, r in cases))
        done = subprocess.run([program, "score", "--metric", metric, "--json", "--predictions", predictions,
                               "--references", references], capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr.decode())
        return json.loads(done.stdout)


def differences(program, metric, reference, cases, name):
    cases = list(cases)
    result = msrnn(program, metric, cases)
    wrong = []
    means = collections.Counter()
    for (prediction, references), found in zip(cases, result["predictions"]):
        expected = reference(prediction, references)
        means.update(expected)
        if any(abs(100 * value - found[key]) > 1e-4 for key, value in expected.items()):
            wrong.append(f"{prediction!r} {references!r}: expected {expected}, found {found}")
    product = 1.0
    for value in means.values():
        product *= 100 * value / len(cases)
    score = product ** (1 / len(means)) if means else 0.0
    if abs(score - result["score"]) > 1e-4:
        wrong.append(f"overall: expected {score}, found {result['score']}")
    print(f"{metric}, {name}: {len(cases)} predictions, {len(wrong)} differ; score {score:.4f}")
    for line in wrong[:5]:
        print("   ", line[:400])
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("n", type=int, nargs="?", default=20000, metavar="N")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    program, n, codes = arguments.program, arguments.n, list(code_points(arguments.quick))
    wrong = differences(program, "rouge", rouge, random_cases(n), "random")
    wrong += differences(program, "rouge", rouge, every_code_point(codes, "x{}y"), "every code point")
    wrong += differences(program, "f1", f1, random_cases(n), "random")
    wrong += differences(program, "f1", f1, every_code_point(codes, "a{}the", "b{}Σ", "{}Σ", "bΣ{}c"), "every code point")
    wrong += differences(program, "accuracy", accuracy, letter_cases(n), "random")
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
