"""One measurement of OpenVINO GenAI, which reads the GGUF file itself; with --state its cache eviction is on."""

import numpy
import openvino
import openvino_genai

from peer_measurement import parse_arguments, random_tokens, report

BLOCK = 512  # tokens of one step when reading
# It keeps the first and the last tokens whatever they are worth; the state asked for is what it chooses from, beside
# these. All are multiples of its blocks of 32 tokens.
FIRST, LAST, KV_BLOCK = 32, 128, 32
VOCABULARY = 32000  # no model that is compared has fewer tokens


def load(arguments):
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.max_num_batched_tokens = BLOCK
    scheduler.enable_prefix_caching = False
    if arguments.state:
        if arguments.state % KV_BLOCK != 0:
            raise SystemExit(f"--state: OpenVINO GenAI evicts blocks of {KV_BLOCK} tokens, found {arguments.state}")
        scheduler.use_cache_eviction = True
        scheduler.cache_eviction_config = openvino_genai.CacheEvictionConfig(
            FIRST, LAST, FIRST + LAST + arguments.state, openvino_genai.AggregationMode.NORM_SUM)
    try:
        return openvino_genai.LLMPipeline(arguments.model, "CPU", scheduler_config=scheduler,
                                          INFERENCE_NUM_THREADS=arguments.threads)
    except RuntimeError as error:
        raise SystemExit(f"{arguments.model}: OpenVINO GenAI cannot load it: {error}")


def generate(pipeline, n_prompt, n_new):
    """What it measured, in microseconds, of reading random tokens and writing others."""
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = n_new
    config.ignore_eos = True
    config.do_sample = False
    config.apply_chat_template = False
    tokens = numpy.array([random_tokens(n_prompt, VOCABULARY)], dtype=numpy.int64)
    return pipeline.generate(openvino.Tensor(tokens), config).perf_metrics.raw_metrics


def main():
    arguments = parse_arguments(__doc__)
    if arguments.prompt and arguments.depth:
        raise SystemExit("--prompt: OpenVINO GenAI reads from the start only, leave --depth out")
    pipeline = load(arguments)
    generate(pipeline, 64, 4)  # the first pass compiles

    def seconds():
        if arguments.prompt:
            return generate(pipeline, arguments.prompt, 1).m_times_to_first_token[0] / 1e6
        # An empty text has no next token: at depth 0 one is read. The first token written belongs to reading.
        measured = generate(pipeline, max(arguments.depth, 1), arguments.generate + 1)
        if len(measured.m_durations) != arguments.generate:
            raise SystemExit(f"expected {arguments.generate} tokens, OpenVINO GenAI timed {len(measured.m_durations)}")
        return sum(measured.m_durations) / 1e6

    report(arguments, seconds)


if __name__ == "__main__":
    main()
