"""What the drivers of all peers have in common: one measurement a process, printed as one JSON object."""

import argparse
import json
import random
import statistics


def parse_arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("model", help="GGUF file")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repeat", type=int, default=3, help="times that it is measured; the median counts")
    parser.add_argument("--prompt", type=int, default=0, help="tokens read")
    parser.add_argument("--generate", type=int, default=0, help="tokens written one by one, if none are read")
    parser.add_argument("--depth", type=int, default=0, help="tokens read before, not timed")
    parser.add_argument("--state", type=int, help="tokens kept by a peer that can forget; all if not given")
    arguments = parser.parse_args()
    if (arguments.prompt > 0) == (arguments.generate > 0):
        parser.error("expected either --prompt or --generate")
    return arguments


def random_tokens(count, vocabulary, seed=0):
    source = random.Random(seed)
    return [source.randrange(vocabulary) for _ in range(count)]


def report(arguments, seconds):
    """Calls seconds() as often as asked: one timed run each. The median becomes tokens a second."""
    tokens = arguments.prompt or arguments.generate
    speeds = [tokens / seconds() for _ in range(arguments.repeat)]
    print(json.dumps({"tokens_per_second": statistics.median(speeds)}))
