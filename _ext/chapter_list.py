"""The directive ``chapter-list``: the chapters, each with the question it answers and the time it takes to read.

A chapter's first page opens with its question, in bold, and each of its pages says in its head how long it takes
(``**How long:** half an hour to read; …``). The list is made of these, in the order of ``_toc.yml``. A chapter without
a question, or a page whose time cannot be read, is a warning.
"""

import re
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from document_map import head, link, table

logger = logging.getLogger(__name__)
TITLE = re.compile(r"^# (\d.*)$", re.MULTILINE)
QUESTION = re.compile(r"\*\*([^*]+\?)\*\*")
TIME = re.compile(r"\*\*How long:\*\* ([^;.,]*?)(?: to read)?(?: with [^;.,]*)?[;.,]")
HOURS = {"a quarter of an hour": 15, "half an hour": 30, "three quarters of an hour": 45, "an hour": 60}
HOURS |= {"an hour and a half": 90, "two hours": 120}
TENS = {"ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
ONES = {"five": 5, "fifteen": 15}


def minutes(page: str) -> int | None:
    """How long the page says it takes to read; ``None`` where it does not say, or in words not known here."""
    said = TIME.search(page)
    if not said:
        return None
    words = said[1]
    if words in HOURS:
        return HOURS[words]
    parts = words.removesuffix(" minutes").split("-")
    known = [TENS.get(part) or ONES.get(part) or (int(part) if part.isdecimal() else None) for part in parts]
    return sum(known) if words.endswith(" minutes") and None not in known else None


def in_hours(total: int) -> str:
    """To the next half hour: nobody reads by the minute."""
    halves = -(-total // 30)
    whole, half = divmod(halves, 2)
    return f"{whole or ''}{'½' if half else ''}\N{NO-BREAK SPACE}{'hour' if halves <= 2 else 'hours'}"


class ChapterList(Directive):
    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        root = Path(env.srcdir)
        env.note_dependency(str(root / "_toc.yml"))
        toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
        rows = []
        for chapter in toc["chapters"]:
            first = Path(chapter["file"]).with_suffix("").as_posix()
            opening = head(root, first)
            title = TITLE.search(opening)
            if not title:  # a page of its own, without a number
                continue
            question = QUESTION.search(opening)
            if not question:
                logger.warning("%s does not open with its question in bold", first)
                continue
            total = sum(self.time(env, root, section["file"]) for section in chapter.get("sections", []))
            rows.append([link(first, title[1]), nodes.Text(" ".join(question[1].split())), nodes.Text(in_hours(total))])
            env.note_dependency(env.doc2path(first))
        return [table(rows, ["chapter", "the question it answers", "to read"])]

    def time(self, env: BuildEnvironment, root: Path, docname: str) -> int:
        """Minutes of one page, or 0 with a warning."""
        docname = Path(docname).with_suffix("").as_posix()
        env.note_dependency(env.doc2path(docname))
        time = minutes(head(root, docname))
        if time is None:
            logger.warning("%s does not say how long it takes to read, in words that are known here", docname)
        return time or 0


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("chapter-list", ChapterList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
