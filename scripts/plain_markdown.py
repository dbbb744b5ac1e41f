"""Turn the MyST markup of a notebook's text into Markdown that Colab and any notebook viewer can show.

``Converter.convert`` rewrites roles (citations, references, glued numbers), directives (admonitions, figures,
displayed mathematics) and relative links, which become links into the published site. Code is left alone.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import normpath

FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,}|~{3,})(?:\{(?P<name>[\w:-]+)\})?[ \t]*(?P<rest>.*)$")
ROLE = re.compile(r"\{([a-z][\w:-]*)\}`([^`]+)`")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
LABEL = re.compile(r"^\(([\w:./-]+)\)=\s*\n+#+ +(.+)$", re.MULTILINE)
NAMED_TARGET = re.compile(r"^(.*?)\s*<(.+)>$", re.DOTALL)
FOLDED = ("dropdown", "toggle", "solution")
CODE = ("code", "code-block", "code-cell", "sourcecode")
DROPPED = ("bibliography", "tableofcontents", "contents", "only", "index", "glue", "raw")
BOXES = (
    "admonition",
    "note",
    "tip",
    "hint",
    "important",
    "warning",
    "caution",
    "attention",
    "danger",
    "error",
    "seealso",
)


@dataclass
class Converter:
    """What the markup of one page refers to: where the site is, and the book's citations, labels and numbers."""

    site: str  # ends in a slash
    page: str  # the notebook's path in the book, such as notebooks/04-1-one-head.ipynb
    citations: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # key: authors, year, address
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)  # label: page, title
    numbers: dict[str, str] = field(default_factory=dict)  # glued name: text

    def convert(self, text: str) -> str:
        return self.blocks(text.split("\n")).strip("\n")

    def blocks(self, lines: list[str]) -> str:
        """Directives are replaced one by one, code is copied, and the lines between go through ``inline``."""
        done: list[str] = []
        loose: list[str] = []
        lines = list(lines)
        while lines:
            line = lines.pop(0)
            opening = FENCE.match(line)
            if not opening:
                loose.append(line)
                continue
            body = take_body(lines, opening["fence"])
            done.append(self.inline("\n".join(loose)))
            loose = []
            if opening["name"]:
                done.append(self.directive(opening["name"], opening["rest"].strip(), body))
            else:
                done.append("\n".join([line, *body, opening["fence"]]))
        done.append(self.inline("\n".join(loose)))
        return "\n".join(part for part in done if part)

    def directive(self, name: str, argument: str, body: list[str]) -> str:
        options, body = split_options(body)
        if name in DROPPED or name.startswith("glue"):
            return ""
        if name in CODE:
            return "\n".join([f"```{argument}", *body, "```"])
        if name == "math":
            return "\n".join(["$$", *([argument] if argument else []), *body, "$$"])
        if name in ("figure", "image"):
            caption = self.blocks(body)
            return self.inline(f"![{options.get('alt', '')}]({argument})") + (f"\n\n*{caption}*" if caption else "")
        inner = self.blocks(body)
        if name in FOLDED:
            return f"<details><summary>{argument or name.capitalize()}</summary>\n\n{inner}\n\n</details>"
        title = argument if name == "admonition" else name.capitalize()
        if name in BOXES or name.startswith("exercise"):
            inner = inner if name == "admonition" or not argument else f"{argument}\n{inner}"
            return "\n".join(f"> {line}".rstrip() for line in [f"**{title}**", "", *inner.split("\n")])
        return "\n".join(part for part in (f"**{argument}**" if argument else "", inner) if part)

    def inline(self, text: str) -> str:
        """Labels and comments go; roles and relative links become plain Markdown. Code spans stay as they are."""
        text = re.sub(r"^\([\w:./-]+\)=\s*$\n?", "", text, flags=re.MULTILINE)
        text = re.sub(r"^(%.*|\+\+\+.*)$\n?", "", text, flags=re.MULTILINE)
        text = re.sub(r"(\$\$)[ \t]*\([\w:-]+\)[ \t]*$", r"\1", text, flags=re.MULTILINE)
        text = ROLE.sub(lambda match: self.role(match[1], match[2]), text)
        return LINK.sub(self.link, text)

    def role(self, name: str, content: str) -> str:
        if name.startswith("cite"):
            return self.cite(content, textual=name.endswith(":t"))
        if name.startswith("glue"):
            return self.numbers.get(content.rsplit("::", 1)[-1].split(":")[0].strip(), content)
        if name in ("math", "eq"):
            return f"${content}$" if name == "math" else "the equation above"
        if name in ("ref", "numref", "doc", "term"):
            return self.reference(name, content)
        return content

    def cite(self, keys: str, textual: bool) -> str:
        parts = []
        for key in (key.strip() for key in keys.split(",")):
            authors, year, address = self.citations.get(key, (key, "", ""))
            words = f"{authors} ({year})" if textual and year else ", ".join(filter(None, (authors, year)))
            parts.append(f"[{words}]({address})" if address else words)
        return ", ".join(parts) if textual else f"({'; '.join(parts)})"

    def reference(self, role: str, content: str) -> str:
        """A named reference keeps its words; a bare one takes the title of the section it points at."""
        named = NAMED_TARGET.match(content)
        words, target = (named[1], named[2]) if named else ("", content)
        if role == "term":
            return words or target
        if role == "doc":
            return f"[{words or target}]({self.address(target + '.md')})"
        page, title = self.labels.get(target, ("", target))
        words = words or title
        return f"[{words}]({self.site}{html_of(page)}#{target})" if page else words

    def link(self, match: re.Match) -> str:
        bang, words, target = match.groups()
        return f"{bang}[{words}]({self.address(target)})"

    def address(self, target: str) -> str:
        """Where a relative link of this page leads on the published site."""
        if re.match(r"[a-z]+:", target):
            return target
        path, _, anchor = target.partition("#")
        if not path:
            path = self.page
        elif path.startswith("/"):
            path = path.lstrip("/")
        else:
            path = normpath(f"{self.page.rsplit('/', 1)[0]}/{path}" if "/" in self.page else path)
        return self.site + html_of(path) + (f"#{anchor}" if anchor else "")


def html_of(path: str) -> str:
    return re.sub(r"\.(md|ipynb)$", ".html", path)


def take_body(lines: list[str], fence: str) -> list[str]:
    """Remove and return the lines up to the fence that closes this block."""
    body: list[str] = []
    while lines:
        line = lines.pop(0)
        if re.fullmatch(rf"{re.escape(fence)}{re.escape(fence[0])}*\s*", line):
            break
        body.append(line)
    return body


def split_options(body: list[str]) -> tuple[dict[str, str], list[str]]:
    """The ``:key: value`` lines at the head of a directive, and what follows them."""
    options: dict[str, str] = {}
    for place, line in enumerate(body):
        option = re.match(r"^:([\w-]+):\s*(.*)$", line)
        if not option:
            return options, body[place:]
        options[option[1]] = option[2]
    return options, []


def labels_in(text: str, page: str) -> dict[str, tuple[str, str]]:
    """The labels that stand before a heading in this page, with the heading's words."""
    return {label: (page, title.strip()) for label, title in LABEL.findall(text)}


def citations_in(bibliography: Path) -> dict[str, tuple[str, str, str]]:
    """Authors, year and address of every entry of a BibTeX file."""
    from pybtex.database import parse_file

    return {key: describe(entry) for key, entry in parse_file(str(bibliography)).entries.items()}


def describe(entry) -> tuple[str, str, str]:
    names = [" ".join(person.last_names) or str(person) for person in entry.persons.get("author", [])]
    names = [name.strip("{}") for name in names] or [entry.fields.get("title", entry.key).strip("{}")]
    authors = names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} et al."
    fields = entry.fields
    address = fields.get("url", "")
    if doi := fields.get("doi"):
        address = f"https://doi.org/{doi}"
    elif "arxiv" in fields.get("archiveprefix", "").lower() and fields.get("eprint"):
        address = f"https://arxiv.org/abs/{fields['eprint']}"
    return authors, fields.get("year", ""), address
