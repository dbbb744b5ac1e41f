"""Numbers computed on a page and used in the prose of another, so that nobody types them.

``glue("score", 6)`` in a notebook stores the number with the cell's outputs, and a Markdown page shows it with
``{glue:text}`../../notebooks/04-1-one-head.ipynb::score:d```. The build fails where the name is missing, and the test
that reruns the notebook compares the number. The format is MyST-NB's own; only IPython is needed to write it.
"""

from IPython.display import display

PREFIX = "application/papermill.record/"


def glue(name: str, value: object) -> None:
    """Store ``str(value)`` under ``name`` in the cell's outputs, unseen. Raises ``ValueError`` for an empty name."""
    if not name.strip():
        raise ValueError(f"a glued number needs a name, got {name!r}")
    display(
        {f"{PREFIX}text/plain": str(value)}, raw=True, metadata={"scrapbook": {"name": name, "mime_prefix": PREFIX}}
    )
