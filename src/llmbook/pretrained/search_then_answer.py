"""Search, then answer (page 6.2): MiniLM's ranks of passages, SmolLM2's answers and quotations.

Source: Lewis et al. (2020). Left out: training either model for it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from llmbook.data.passages import Fact, facts, passages
from llmbook.inference.generation import generate
from llmbook.models.causal_lm import CausalLM
from llmbook.pretrained.minilm import embed, load_minilm
from llmbook.pretrained.recipe import Recipe
from llmbook.pretrained.smollm2 import chat, load_smollm2
from llmbook.pretrained.tokenizer import PretrainedTokenizer

CHOSEN = (100, 75)  # size and stride
TOP = 3  # passages that are read
ANSWER = ("Answer the question with a few words.", "The answer is")  # what is asked for, and how the answer begins
QUOTE = ("Copy the sentence of the text that answers the question.", 'The text says: "')
Scores = Float[Tensor, "questions passages"]


def words_of(text: str) -> list[str]:
    """Its words and numbers, in small letters."""
    return re.findall(r"\w+(?:[.,]\d+)*", text.lower())


def by_words(questions: Sequence[str], texts: Sequence[str]) -> Scores:
    """BM25, as the library ``bm25s`` computes it."""
    import bm25s  # pyright: ignore[reportMissingTypeStubs]

    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index([words_of(text) for text in texts], show_progress=False)
    return torch.stack([torch.from_numpy(index.get_scores(words_of(question))) for question in questions])


def ranks_of(scores: Scores) -> Int[Tensor, "questions passages"]:
    """The rank of each passage, 1 for the best; of equal scores the earlier passage comes first."""
    return scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1) + 1


def first_hits(scores: Scores, asked: Sequence[Fact], held: Sequence[str]) -> list[int]:
    """For each question the best rank of a passage that holds the fact whole; 0 where none does."""
    holds = torch.tensor([[fact.quotation in text for text in held] for fact in asked])
    best = ranks_of(scores).masked_fill(~holds, len(held) + 1).amin(dim=1)
    return best.masked_fill(best > len(held), 0).tolist()


def questions() -> list[str]:
    """What SmolLM2 is asked, of the facts for testing: of every second one the question in other words."""
    return [fact.other_words if n % 2 else fact.same_words for n, fact in enumerate(facts("test"))]


def prompt(task: tuple[str, str], question: str, texts: Sequence[str]) -> str:
    """SmolLM2's prompt: what to do, what was found, and the question; then the first words of the answer."""
    return chat("\n\n".join([task[0], *(f"Text: {text}" for text in texts), f"Question: {question}"])) + task[1]


def say(model: CausalLM, tokenizer: PretrainedTokenizer, words: str, most: int) -> str:
    """The likeliest continuation, id by id."""
    end = tokenizer.encode("<|im_end|>")[0]
    ids = torch.tensor([tokenizer.encode(words)])
    said = generate(model, ids, most, eos=end)[0, ids.shape[1] :].tolist()
    return tokenizer.decode([i for i in said if i != end]).strip()


def shown(scores: Scores, held: Sequence[str]) -> list[dict[str, list[int]]]:
    """The passages that SmolLM2 reads: none, those with the best scores, one with the fact, and one with another."""
    found = scores.topk(TOP).indices.tolist()
    rows: list[dict[str, list[int]]] = []
    gold = [next(i for i, text in enumerate(held) if fact.quotation in text) for fact in facts("test")]
    for n, fact in enumerate(facts("test")):
        wrong = next(i for i in gold[n + 1 :] + gold if fact.quotation not in held[i])
        rows.append({"nothing": [], "found": found[n], "gold": [gold[n]], "wrong": [wrong]})
    return rows


def answers(texts: dict[str, list[str]], question: str, model: CausalLM, tokenizer: PretrainedTokenizer) -> list[str]:
    """What SmolLM2 says when it is shown one thing or another; last, what it quotes from the passage with the fact."""
    said = [say(model, tokenizer, prompt(ANSWER, question, some), 24) for some in texts.values()]
    return [*said, say(model, tokenizer, prompt(QUOTE, question, texts["gold"]), 40).split('"')[0]]


def search_then_answer(_: Callable[[Recipe], nn.Module]) -> dict[str, Any]:
    """The run "search-then-answer"."""
    minilm = load_minilm()
    both = [*(fact.same_words for fact in facts()), *(fact.other_words for fact in facts())]
    held = passages(*CHOSEN)
    vectors = embed(*minilm, held).T
    ranks = {f"{CHOSEN[0]} {CHOSEN[1]}": first_hits(embed(*minilm, both) @ vectors, facts() * 2, held)}
    read = shown(embed(*minilm, questions()) @ vectors, held)
    model = load_smollm2()
    texts = [{name: [held[i] for i in some] for name, some in row.items()} for row in read]
    said = [answers(some, question, *model) for some, question in zip(texts, questions(), strict=True)]
    return {"ranks": ranks, "shown": read, "answers": said}
