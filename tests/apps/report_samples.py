"""Results as the experiments write them, of numbers that look like theirs."""

import json
import math
import random

SIZES = [64, 128, 256, 512, 1024, 2048]
POLICIES = {"window": 60.0, "window+4": 3.1, "h2o": 2.4, "tova": 2.0}


def run(experiment, model="SmolLM2-135M-Instruct", **options):
    return {"run": {"experiment": experiment, "version": "0.1.0",
                    "model": {"name": model, "fingerprint": "8f31c6a0de2b7715", "device": "cpu"},
                    "data": [{"book": "3608", "bytes": 311204, "checksum": "51ab", "tokens": 71033},
                             {"book": "12991", "bytes": 402110, "checksum": "77cd", "tokens": 93870}],
                    "options": {"context": 4096, "positions": "absolute", **options}}}


def write(path, first, lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [first, *lines]))
    return path


def settings(policies=POLICIES):
    yield "full", None
    for policy in policies:
        for size in SIZES:
            yield policy, size


def key(policy, size):
    return policy if size is None else f"{policy}/{size}"


def setting(policy, size):
    return {"policy": policy} if size is None else {"policy": policy, "size": size}


def perplexity(policy, size):
    if size is None:
        return 22.96
    if policy == "baseline":
        return 22.96 * (1 + 95 / size)
    return 22.96 * (1 + POLICIES[policy] * (64 / size) ** 1.15 * 0.2)


def lm(path):
    lines = []
    for policy, size in [*settings({**POLICIES, "baseline": 0})]:
        for book in ("3608", "12991", ""):
            value = perplexity(policy, size) * (1.08 if book == "3608" else 0.97 if book else 1)
            line = {"key": f"summary/{key(policy, size)}" + (f"/{book}" if book else ""), **setting(policy, size)}
            if book:
                line["book"] = book
            line.update(parts=12, tokens=49140, bytes=211034, nll_sum=49140 * math.log(value), perplexity=value,
                        low=value * 0.955, high=value * 1.045,
                        bits_per_byte=math.log(value) * 49140 / math.log(2) / 211034)
            if policy != "full":
                line.update(above_full=value - 22.96, above_full_low=value * 0.98 - 22.96,
                            above_full_high=value * 1.02 - 22.96)
            lines.append(line)
    return write(path, run("lm"), lines)


def lm_stream(path):
    chance, lines = random.Random(3), []
    runs = [("tova", 512, mode) for mode in ("absolute", "in-cache", "compressed")] + [("window+4", 512, "in-cache")]
    for policy, size, mode in runs:
        for bin_ in range(68):
            value = 21 + chance.random() * 2 + (0.06 * bin_ if mode == "absolute" else 0) + (policy != "tova")
            lines.append({"key": f"summary/{policy}/{size}/{mode}/{bin_}", "policy": policy, "size": size,
                          "positions": mode, "bin": bin_, "first": 1024 * bin_, "parts": 9, "tokens": 9216,
                          "bytes": 40110, "nll_sum": 1.0, "perplexity": value, "low": value - 1, "high": value + 1,
                          "bits_per_byte": 1.1})
        lines.append({"key": f"summary/{policy}/{size}/{mode}", "policy": policy, "size": size, "positions": mode,
                      "parts": 9, "tokens": 626688, "bytes": 2727480, "nll_sum": 1.0, "perplexity": 22.0,
                      "low": 21.0, "high": 23.0, "bits_per_byte": 1.1})
    return write(path, run("lm-stream", stream=70000), lines)


def tasks(path):
    lines = []
    for task, metric, best in (("squality", "rouge", 15.2), ("qasper", "f1", 19.8)):
        for policy, size in settings({"window+4": 3.1, "h2o": 2.4, "tova": 2.0}):
            value = best if size is None else best * (1 - 0.12 * POLICIES[policy] * (64 / size) ** 0.8)
            line = {"key": f"summary/{task}/{key(policy, size)}", "task": task, **setting(policy, size),
                    "metric": metric, "questions": 260, "documents": 52, "score": value, "low": value - 1.1,
                    "high": value + 1.2}
            names = ("rouge1", "rouge2", "rougeL") if metric == "rouge" else ("f1",)
            lines.append({**line, **{name: value for name in names}})
    return write(path, run("tasks", layout="paper"), lines)


def stories(path):
    lines = []
    for policy, size in settings({"tova": 2.0, "window+4": 3.1}):
        shrink = 1 if size is None else 1 - 30 / (size + 60)
        estimate = lambda value: {"mean": value * shrink, "low": value * shrink * 0.93, "high": value * shrink * 1.07}
        lines.append({"key": f"summary/{key(policy, size)}", **setting(policy, size), "stories": 100,
                      "tokens": estimate(1566), "distinct_1": estimate(0.41), "distinct_2": estimate(0.78),
                      "distinct_3": estimate(0.91), "longest_loop": estimate(48), "longest_repeat": estimate(61),
                      "ended": estimate(0.72)})
    return write(path, run("stories", seeds=100), lines)


WORDS = ("The whale was white , and the sea was wide ; no man on deck had seen its like before . “ Call the captain , ” "
         "said Starbuck , and he went below . ").split(" ")


def memory(path, tokens=420, layers=12):
    chance, lines = random.Random(5), []
    pieces = [" " + WORDS[i % len(WORDS)] if i % 37 else "\n" for i in range(tokens)]
    lines.append({"key": "text/3608/0", "tokens": tokens, "pieces": pieces})
    for policy in ("tova", "window+4", "h2o"):
        for size in (64, 128):
            lanes = 3 if policy == "h2o" else 1
            dropped = [[drops(chance, policy, size, tokens) for _ in range(lanes)] for _ in range(layers)]
            lines.append({"key": f"{policy}/{size}/3608/0", "policy": policy, "size": size, "text": "3608/0",
                          "tokens": tokens, "recent_share": 0.75, "dropped_at": dropped})
    tags = {tag: 300 - 9 * i for i, tag in enumerate(["POS", "”", ".", "NNP", "NN", "CD", "JJ", "VB", "IN", "DT"])}
    for policy, size in settings({"tova": 2.0, "window+4": 3.1, "h2o": 2.4}):
        line = {"key": f"summary/{key(policy, size)}", **setting(policy, size), "texts": 31}
        share = None if size is None else 1.0 if policy == "window" else 0.62 + 0.03 * math.log2(size / 64)
        for name in ("recent_share", "recent_share_end", "first_token_kept"):
            line[name] = {"mean": share} if share is None else {"mean": share, "low": share - 0.02, "high": share + 0.02}
        line["survival"] = {"mean": size or 1900}
        line["attention_lost"] = {"mean": 0 if size is None else 6 / size, "low": 5 / (size or 1), "high": 7 / (size or 1)}
        if size is not None:
            line["survival_by_tag"] = {tag: {"tokens": 40, "steps": steps * size / 256} for tag, steps in tags.items()}
        lines.append(line)
    return write(path, run("memory"), lines)


def drops(chance, policy, size, tokens):
    """Steps that drop each token: one a step once the state is full."""
    at, alive = [-1] * tokens, []
    for step in range(tokens):
        alive.append(step)
        if len(alive) > size:
            if policy == "window+4":
                victim = alive[4]
            else:
                victim = min(alive[1:], key=lambda token: (0.5 if token % 7 == 0 else 1) * (step - token) * -1 * chance.random())
            alive.remove(victim)
            at[victim] = step
    return at


def judge(path, size=512, win=0.10, loss=0.19):
    share = lambda value: {"count": round(81 * value), "of": 81, "mean": value, "low": max(0, value - 0.06),
                           "high": value + 0.07}
    first = run("judge")
    del first["run"]["model"]
    first["run"]["data"] = {"a": {"model": "8f31", "state": f"tova/{size}", "stories": "aa"},
                            "b": {"model": "8f31", "state": "full", "stories": "bb"}}
    summary = {"key": "summary", "pairs": 100, "identical": 19, "unclear": 1, "judged": 81, "win": share(win),
               "tie": share(1 - win - loss), "loss": share(loss), "agreement": share(0.66),
               "first_chosen": share(0.58), "prompt_tokens": 512000, "completion_tokens": 4100, "cost": 1.6}
    return write(path, first, [{"key": "pair/0/1", "prompt": 0, "seed": 1, "outcome": "tie"}, summary])


def retrieval(path):
    lines, summaries = [], []
    cells = [(policy, size) for policy, size in settings({"window+4": 3.1, "tova": 2.0}) if size in (None, 256, 512)]
    for task in ("passkey", "needle"):
        for policy, size in cells:
            for layout in ("after", "before"):
                for length in (512, 1024, 2048):
                    row = f"{task}/{key(policy, size)}/{layout}/{length}"
                    for depth in (0, 0.25, 0.5, 0.75, 1):
                        reach = 1 if size is None else min(1, size / (length * (1 - depth) + 1))
                        lines += [{"key": f"{row}/{depth}/{trial}", "task": task, **setting(policy, size),
                                   "layout": layout, "length": length, "depth": depth, "trial": trial,
                                   "correct": True} for trial in range(2)]
                        summaries.append({"key": f"summary/{row}/{depth}", "trials": 2, "accuracy": reach,
                                          "low": reach * 0.9, "high": min(1, reach * 1.1), "fact_kept": reach * 0.8})
                    summaries.append({"key": f"summary/{row}", "trials": 10, "accuracy": 0.5, "low": 0.3, "high": 0.7,
                                      "fact_kept": 0.4})
    return write(path, run("retrieval"), lines + summaries)


def throughput(path):
    lines = [{"key": "machine", "read_bandwidth": 1.9e10, "seconds_per_token": 0.002}]
    for policy, size, batch, speed in (("full", None, 8, 61.0), ("tova", 2048, 17, 104.0), ("tova", 1024, 35, 190.0),
                                       ("tova", 512, 64, 290.0), ("tova", 256, 64, 300.5), ("tova", 8192, 0, None)):
        lines.append({"key": f"summary/{key(policy, size)}", **setting(policy, size),
                      "state_bytes": 23592960, "scratch_bytes": 1000, "batch": batch, "sequences": 64, "tokens": 4096,
                      "seconds": None if speed is None else 262144 / speed, "tokens_per_second": speed,
                      "predicted_tokens_per_second": speed and speed * 1.18, "relative": speed and speed / 61,
                      "predicted_relative": speed and speed / 60})
    return write(path, run("throughput"), lines)


def every(folder):
    files = [make(folder / f"{make.__name__}.jsonl") for make in (lm, lm_stream, tasks, stories)]
    files += [judge(folder / f"judge{size}.jsonl", size, win, loss)
              for size, win, loss in ((256, 0.06, 0.47), (512, 0.10, 0.19), (1024, 0.05, 0.06))]
    return files + [make(folder / f"{make.__name__}.jsonl") for make in (throughput, memory, retrieval)]
