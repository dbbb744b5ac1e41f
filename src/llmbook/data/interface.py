"""Interface strings of JupyterLab in English and Chinese, from its language pack.

An English string is in one part only (see ``parts``). Left out: plurals, and strings that are the same in both.
"""

from functools import cache
from importlib.resources import files

from llmbook.data.parts import Part, check_part, part_of


def interface_strings(part: Part | None = None) -> list[tuple[str, str]]:
    """(English, Chinese) strings of JupyterLab's interface, each English string once, placeholders kept.

    Raises ``ValueError`` for a part that does not exist.
    """
    check_part(part)
    return [pair for pair in all_interface_strings() if part in (None, part_of(pair[0]))]


@cache
def all_interface_strings() -> list[tuple[str, str]]:
    from babel.messages.mofile import read_mo

    found: dict[str, str] = {}
    folder = files("jupyterlab_language_pack_zh_CN") / "locale/zh_CN/LC_MESSAGES"
    catalogues = [path for path in folder.iterdir() if path.name.endswith(".mo")]
    for path in sorted(catalogues, key=lambda path: path.name):
        with path.open("rb") as file:
            messages = list(read_mo(file))
        for message in messages:
            english, chinese = message.id, message.string
            if not (isinstance(english, str) and isinstance(chinese, str)):  # tuples, where there is a plural
                continue
            if english.strip() and chinese.strip() and english != chinese:
                found.setdefault(english.strip(), chinese.strip())
    return sorted(found.items())
