"""One measurement of llama.cpp, through the C interface of llama-cpp-python. It keeps all tokens."""

import ctypes
import time

import llama_cpp

from peer_measurement import parse_arguments, random_tokens, report

BLOCK = 512  # tokens of one llama_decode when reading


@llama_cpp.llama_log_callback
def no_log(level, text, user_data):
    pass


class Context:
    def __init__(self, arguments):
        llama_cpp.llama_log_set(no_log, ctypes.c_void_p(0))
        model_parameters = llama_cpp.llama_model_default_params()
        model_parameters.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(arguments.model.encode(), model_parameters)
        if not self.model:
            raise SystemExit(f"{arguments.model}: llama.cpp cannot load it")
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = arguments.depth + max(arguments.prompt, arguments.generate, BLOCK) + 64
        parameters.n_batch = parameters.n_ubatch = BLOCK
        parameters.n_threads = parameters.n_threads_batch = arguments.threads
        parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise SystemExit("llama.cpp cannot make a context")
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))

    def read(self, count, block):
        """Seconds for `count` random tokens, `block` a call."""
        tokens = (llama_cpp.llama_token * count)(*random_tokens(count, self.vocabulary))
        start = time.perf_counter()
        for i in range(0, count, block):
            n = min(block, count - i)
            part = ctypes.cast(ctypes.byref(tokens, i * ctypes.sizeof(llama_cpp.llama_token)),
                               ctypes.POINTER(llama_cpp.llama_token))
            if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(part, n)) != 0:
                raise SystemExit("llama_decode failed")
        llama_cpp.llama_synchronize(self.context)
        return time.perf_counter() - start

    def forget(self, depth):
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(self.context), -1, depth, -1)


def main():
    arguments = parse_arguments(__doc__)
    if arguments.state:
        raise SystemExit("llama.cpp keeps all tokens: leave --state out")
    context = Context(arguments)
    count, block = (arguments.prompt, BLOCK) if arguments.prompt else (arguments.generate, 1)
    context.read(64, BLOCK)  # the first pass reads the weights from disk
    context.read(2, 1)
    context.forget(0)
    if arguments.depth:
        context.read(arguments.depth, BLOCK)

    def seconds():
        context.forget(arguments.depth)
        return context.read(count, block)

    report(arguments, seconds)


if __name__ == "__main__":
    main()
