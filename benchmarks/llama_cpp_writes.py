"""SmolLM2 in llama.cpp: from a prompt, greedily. Run by a Python that has ``llama-cpp-python``.

    python benchmarks/llama_cpp_writes.py FILE THREADS NEW ID ...

Says "ready", and for each line that it reads the seconds for NEW tokens. The prompt was read before, all but its end.
"""

import itertools
import sys
import time

import llama_cpp


def main(file: str, threads: str, new: str, *prompt: str) -> None:
    n, ids = int(threads), [int(one) for one in prompt]
    model = llama_cpp.Llama(file, n_ctx=256, n_threads=n, n_threads_batch=n, verbose=False)

    def write() -> None:  # what it has read of the same prompt it keeps
        for _ in itertools.islice(model.generate(ids, temp=0.0, repeat_penalty=1.0), int(new)):
            pass

    write()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        write()
        print(time.perf_counter() - start, flush=True)


main(*sys.argv[1:])
