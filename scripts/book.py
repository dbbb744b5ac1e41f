"""Run ``jupyter-book`` with these arguments, without the second it takes to compile what the book has no use for.

    python scripts/book.py build . --path-output . --config _build/config.yml

To check addresses in a configuration, jsonschema imports ``rfc3987_syntax`` where it is installed (JupyterLab brings
it), and that compiles 38 grammars, each time. Without it jsonschema checks everything else.
"""

import sys

sys.modules["rfc3987_syntax"] = None  # an import of it raises ImportError

from jupyter_book.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
