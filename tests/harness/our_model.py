"""The book's Llama behind lm-eval's interface, and what lm-eval finds: ``make harness`` writes harness.json.

Nothing is shared with our own scorer but the model and its tokenizer: each answer is read behind its whole prompt here,
without a cache. ``generate_until`` is greedy. Nothing is fetched: the tasks read the book's own questions.
"""

from pathlib import Path

import torch
from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from llmbook.inference import generate
from llmbook.pretrained import load_smollm2
from llmbook.pretrained.recipe import STORED, write_json

HERE = Path(__file__).parent
QUESTIONS = 12  # the first of the test
MOST_NEW = 6  # tokens of a written answer
TASKS = ("book_choices", "book_written")


class OurModel(LM):
    """SmolLM2 by our own ``Llama``."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.tokenizer = load_smollm2()

    @torch.no_grad()
    def loglikelihood(self, requests, disable_tqdm: bool = False):
        found = []
        for context, continuation in (request.args for request in requests):
            ids = torch.tensor(self.tokenizer.encode(context + continuation))
            start = len(self.tokenizer.encode(context))
            log_p = self.model(ids[None, :-1])[0, start - 1 :].log_softmax(dim=-1)
            each = log_p.gather(-1, ids[start:, None])
            found.append((each.sum().item(), bool((log_p.argmax(dim=-1) == ids[start:]).all())))
        return found

    def loglikelihood_rolling(self, requests, disable_tqdm: bool = False):
        raise ValueError("no task here asks for the likelihood of a whole text")

    def generate_until(self, requests, disable_tqdm: bool = False):
        found = []
        for context, options in (request.args for request in requests):
            ids = torch.tensor([self.tokenizer.encode(context)])
            text = self.tokenizer.decode(generate(self.model, ids, MOST_NEW)[0, ids.shape[1] :].tolist())
            for end in options["until"]:
                text = text.split(end)[0]
            found.append(text)
        return found


def main() -> None:
    done = simple_evaluate(
        model=OurModel(),
        tasks=list(TASKS),
        task_manager=TaskManager(include_path=str(HERE / "tasks"), include_defaults=False),
        limit=QUESTIONS,
        bootstrap_iters=0,
        log_samples=True,
    )
    choices, written = (sorted(done["samples"][task], key=lambda sample: sample["doc_id"]) for task in TASKS)
    content = {
        "lm-eval": done["lm_eval_version"],
        "acc": done["results"]["book_choices"]["acc,none"],
        "acc_norm": done["results"]["book_choices"]["acc_norm,none"],
        "log-likelihoods": [[round(answer[0][0], 5) for answer in sample["resps"]] for sample in choices],
        "exact_match": done["results"]["book_written"]["exact_match,none"],
        "written": [sample["resps"][0][0] for sample in written],
    }
    write_json(STORED / "harness.json", content)


if __name__ == "__main__":
    main()
