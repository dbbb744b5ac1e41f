"""The book's own models, trained beforehand by the recipes and stored in the package: ``load_stored("gpt-speeches")``.

``make models`` trains what is missing or was changed. A recipe is added by writing it and naming it in ``RECIPES``; a
*run* is an experiment too long for a page, of which only the numbers are stored, by its name in ``RUNS``.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from torch import nn

from llmbook.pretrained.contamination import contamination
from llmbook.pretrained.date_translator import DATES
from llmbook.pretrained.families import three_families
from llmbook.pretrained.few_labels import ablation
from llmbook.pretrained.fewer_bits import fewer_bits
from llmbook.pretrained.fewer_weights import (
    fewer_weights,
    fewer_weights_smollm2,
    fewer_weights_speed,
    healing_slower,
    students,
    students_slower,
)
from llmbook.pretrained.how_good import how_good
from llmbook.pretrained.induction import one_or_two
from llmbook.pretrained.lengths import play_all, read_all
from llmbook.pretrained.long_texts import long_texts
from llmbook.pretrained.look_up import three_ways
from llmbook.pretrained.masked_words import all_players
from llmbook.pretrained.next_word import next_word
from llmbook.pretrained.one_model import read_eras, write_texts
from llmbook.pretrained.parts_removed import parts_removed
from llmbook.pretrained.pipeline_traces import pipeline_traces
from llmbook.pretrained.readers import READERS
from llmbook.pretrained.recipe import STORED, Recipe, set_weights
from llmbook.pretrained.scaling import ninth, scaling, variations
from llmbook.pretrained.search_then_answer import search_then_answer
from llmbook.pretrained.sentence_pairs import sentence_pairs
from llmbook.pretrained.small_states import small_states
from llmbook.pretrained.speech_bert import BERT_SPEECHES
from llmbook.pretrained.speech_gpt import GPT_CHARACTERS, GPT_SPEECHES, byte_pairs_run
from llmbook.pretrained.three_objectives import three_objectives
from llmbook.pretrained.tool_tasks import models_that_act
from llmbook.pretrained.vector_index import vector_index

RECIPES = {recipe.name: recipe for recipe in (*READERS, GPT_SPEECHES, GPT_CHARACTERS, BERT_SPEECHES, DATES)}
RUNS: dict[str, Callable[[Callable[[Recipe], nn.Module]], dict[str, Any]]] = {
    "byte-pairs": byte_pairs_run,
    "labels-for-free": ablation,  # given a function that trains, or opens, the model of a recipe
    "three-ways": three_ways,
    "one-or-two-layers": one_or_two,
    "positions-in-games": play_all,
    "positions-in-text": read_all,
    "three-families": three_families,
    "parts-removed": parts_removed,
    "three-objectives": three_objectives,
    "masked-words": all_players,
    "sentence-pairs": sentence_pairs,
    "next-word": next_word,
    "fewer-bits": fewer_bits,
    "pipeline-traces": pipeline_traces,
    "fewer-weights": fewer_weights,
    "fewer-weights-smollm2": fewer_weights_smollm2,
    "fewer-weights-speed": fewer_weights_speed,
    "healing-slower": healing_slower,
    "students": students,
    "students-slower": students_slower,
    "long-texts": long_texts,
    "small-states": small_states,
    "four-tasks-eras": read_eras,
    "four-tasks-texts": write_texts,
    "search-then-answer": search_then_answer,
    "vector-index": vector_index,
    "models-that-act": models_that_act,
    "contamination": contamination,
    "how-good": how_good,
    "scaling": scaling,
    "scaling-ninth": ninth,
    "scaling-variations": variations,
}
OPENED = {  # by a run, which is made again when one of them was
    "labels-for-free": {recipe.name for recipe in READERS},
    "next-word": {GPT_SPEECHES.name},
    "fewer-weights": {GPT_SPEECHES.name},
    "fewer-weights-speed": {GPT_SPEECHES.name},
    "healing-slower": {GPT_SPEECHES.name},
    "students": {GPT_SPEECHES.name},
    "students-slower": {GPT_SPEECHES.name},
    "contamination": {GPT_SPEECHES.name},
}


def find_recipe(name: str) -> Recipe:
    """Raises ``ValueError``, naming those there are, for a name that is not among them."""
    if name not in RECIPES:
        raise ValueError(f"the stored models are {', '.join(RECIPES)}; got {name!r}")
    return RECIPES[name]


def load_stored(name: str, folder: Path = STORED) -> nn.Module:
    """The stored model in float32, ready to be used. Raises ``ValueError`` as ``find_recipe``."""
    model = find_recipe(name).make()
    set_weights(model, folder / f"{name}.safetensors")
    return model.eval().requires_grad_(False)


def stored_tokenizer(name: str) -> Any:
    """The tokenizer of a stored model; of the translator both, its source's first. Raises as ``find_recipe``."""
    return find_recipe(name).tokenizer()


@cache
def read_stored(name: str, folder: Path = STORED) -> dict[str, Any]:
    """The card of a stored model, or the numbers of a stored run. Raises ``ValueError`` for a name without either."""
    if name not in (*RECIPES, *RUNS):
        raise ValueError(f"stored are {', '.join((*RECIPES, *RUNS))}; got {name!r}")
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
