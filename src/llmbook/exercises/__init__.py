"""Exercises that answer: ``check("4.1-causal", my_answer)`` says whether it is right, and if not, what went wrong.

An exercise knows the right answer from the library (never from the page's own solution) and a tuple of typical
mistakes, each as the wrong answer it leads to and the sentence that helps. What agrees with the right answer is right,
unless it is a typed number and a mistake is nearer; what agrees with a mistake is told that mistake's sentence; of
anything else it is said where it differs.

Read in this order: ``exercise`` says what an exercise and a mistake are, ``running`` how a reader's function is tried,
``comparing`` when two results are the same, ``hints`` what would mend a wrong one, ``judging`` how these make one line,
``catalogue`` which pages there are and how ``check`` finds an exercise, ``on_page`` what a page needs to judge one by
itself. Then comes a module a page, named after its notebook (``one_head`` for ``04-1-one-head``): a section an
exercise, with the right answer, the mistakes and the declaration.

Left out: partial marks, and any judgement of style.
"""

from llmbook.exercises.catalogue import check
from llmbook.exercises.exercise import Exercise, Mistake

__all__ = ["Exercise", "Mistake", "check"]
