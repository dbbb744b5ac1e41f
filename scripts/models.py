"""Train the book's own models and runs into the package: what is missing, and what no longer fits its recipe.

A run that is cut goes on where it was: its state is kept under _build/models. With names, only these.
"""

import argparse
import time
from pathlib import Path

from torch import nn

from llmbook.pretrained.own_models import OPENED, RECIPES, RUNS, load_stored
from llmbook.pretrained.recipe import STORED, Recipe, is_stored, store, train_by, write_json

STATES = Path(__file__).parents[1] / "_build/models"


def model_of(recipe: Recipe) -> nn.Module:
    """The stored model of a recipe, or one trained now (or before, in a run that was cut)."""
    if recipe.name in RECIPES:
        return load_stored(recipe.name)
    return train_by(recipe, checkpoint=STATES / f"{recipe.name}.pt")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join((*RECIPES, *RUNS))}; none: all")
    names = parser.parse_args().names or [*RECIPES, *RUNS]
    changed: set[str] = set()

    for name in (name for name in names if name in RECIPES):
        recipe = RECIPES[name]
        if is_stored(recipe, STORED):
            print(f"{name}: as its recipe says")
            continue
        card = store(recipe, STORED, checkpoint=STATES / f"{name}.pt")
        changed.add(name)
        print(f"{name}: {card['held_out']} nats held out, {card['bytes']:,} bytes, {card['seconds']} s", flush=True)

    for name in (name for name in names if name in RUNS):
        path = STORED / f"{name}.json"
        if path.exists() and not changed & OPENED.get(name, set()):
            print(f"{name}: is there; remove {path.name} to run it again")
            continue
        start = time.perf_counter()
        write_json(path, RUNS[name](model_of))
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
