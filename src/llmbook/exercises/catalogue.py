"""Which pages have exercises, and how ``check`` finds one by its name.

The pages' modules are imported when the first exercise is looked for, not before: ``from llmbook.exercises import
check`` costs little.
"""

import difflib
from importlib import import_module

from llmbook.exercises.exercise import Exercise
from llmbook.exercises.judging import judge

PAGES = (  # in reading order
    "three_eras",
    "counting",
    "charts",
    "for_you",
    "text_to_numbers",
    "long_distance",
    "labels_for_free",
    "words_and_pictures",
    "self_attention",
    "encoder_decoder",
    "position",
    "masked_words",
    "next_sentence",
    "next_word",
    "fewer_bits",
    "fewer_weights",
    "long_texts",
    "many_devices",
    "split_depth",
    "backwards",
    "memory_for_time",
    "one_head",
    "why_sqrt_dk",
    "many_heads",
    "properties",
    "the_parts",
    "the_whole",
    "training_loop",
    "translator",
    "todays_parts",
    "todays_llm",
    "real_heads",
    "circuits",
    "one_model",
    "search_then_answer",
    "models_that_act",
    "how_good",
    "scaling",
    "costs",
)


def check(name: str, answer: object = None) -> None:
    """Print one line about ``answer``. Raises ``ValueError``, listing near names, where there is no such exercise."""
    print(judge(find(name), answer))


def find(name: str) -> Exercise:
    """The exercise of this name. Raises ``ValueError``, listing near names, where there is none."""
    by_name = {exercise.name: exercise for exercise in all_exercises()}
    if name not in by_name:
        near = difflib.get_close_matches(str(name), by_name, n=3, cutoff=0.4) or sorted(by_name)
        raise ValueError(f"there is no exercise {name!r}; near names: {', '.join(near)}")
    return by_name[name]


def all_exercises() -> list[Exercise]:
    """Every exercise of the book, in order."""
    return [exercise for page in PAGES for exercise in exercises_of(page)]


def exercises_of(page: str) -> tuple[Exercise, ...]:
    """The exercises one page's module declares, in the order of the page."""
    return import_module(f"llmbook.exercises.{page}").EXERCISES
