"""One measurement of Hugging Face transformers; with --state kvpress drops tokens by TOVA, when reading and after
each token written."""

import contextlib
import copy
import os
import pathlib
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TQDM_DISABLE"] = "1"

import torch
import transformers

from peer_measurement import parse_arguments, random_tokens, report


def load(arguments):
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    file = pathlib.Path(arguments.model).resolve()
    # The weights are expanded when they are read; its own bfloat16 is the fastest type it has here.
    return transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.bfloat16, attn_implementation="sdpa").eval()


def tova(state, n_prompt):
    """Reads n_prompt tokens at once and keeps at most `state` of them; as many after every token written."""
    from kvpress import DecodingPress, PrefillDecodingPress, TOVAPress
    when_reading = TOVAPress(compression_ratio=max(0.0, 1 - state / n_prompt))
    when_writing = DecodingPress(TOVAPress(), compression_interval=1, target_size=state, hidden_states_buffer_size=0)
    return PrefillDecodingPress(when_reading, when_writing)


class Text:
    """A model and the keys and values of what it has read."""

    def __init__(self, model):
        self.model = model
        self.cache = transformers.DynamicCache()
        self.length = 0

    def read(self, tokens):
        """Seconds for tokens that go through the model at once."""
        positions = torch.arange(self.length, self.length + len(tokens))
        tokens = torch.tensor([tokens])
        start = time.perf_counter()
        self.model(tokens, past_key_values=self.cache, cache_position=positions, position_ids=positions[None],
                   logits_to_keep=1)
        seconds = time.perf_counter() - start
        self.length += tokens.shape[1]
        return seconds

    def expect(self, state):
        """What is kept is what was asked for."""
        kept = self.cache.layers[0].keys.shape[2]
        expected = min(state or self.length, self.length)
        if kept != expected:
            raise SystemExit(f"expected {expected} tokens kept, found {kept}")


def main():
    arguments = parse_arguments(__doc__)
    if arguments.prompt and arguments.depth:
        raise SystemExit("--prompt: this reads from the start only, leave --depth out")
    model = load(arguments)
    # An empty text has no next token: at depth 0 one is read.
    first = random_tokens(arguments.prompt or max(arguments.depth, 1), model.config.vocab_size)
    written = random_tokens(arguments.generate, model.config.vocab_size, seed=1)
    press = tova(arguments.state, len(first)) if arguments.state else None
    with torch.inference_mode(), press(model) if press else contextlib.nullcontext():
        Text(model).read(first[:64])  # the first pass prepares memory
        start = Text(model)
        if not arguments.prompt:
            start.read(first)

        def seconds():
            text = copy.copy(start)
            text.cache = copy.deepcopy(start.cache)
            passed = text.read(first) if arguments.prompt else sum(text.read([token]) for token in written)
            text.expect(arguments.state)
            return passed

        report(arguments, seconds)


if __name__ == "__main__":
    main()
