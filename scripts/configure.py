"""Write the configuration the build reads: _config.yml, with the site's and the repository's addresses if given.

    python scripts/configure.py [--site-url URL] [--repository-url URL] --output _build/config.yml

A fork publishes under its own addresses, so the publishing workflow names them; _config.yml is their one other place.
The file is written only when it changes, so that an unchanged configuration rebuilds nothing.
"""

import argparse
import os
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def with_addresses(config: dict, site_url: str, repository_url: str) -> dict:
    """Set ``html.baseurl`` and ``repository.url``, where given."""
    if site_url:
        config.setdefault("html", {})["baseurl"] = site_url.rstrip("/") + "/"
    if repository_url:
        config.setdefault("repository", {})["url"] = repository_url.rstrip("/")
    return config


def seen_from(config: dict, folder: Path) -> dict:
    """Jupyter Book looks for local extensions beside the configuration it reads: point them back to the root."""
    extensions = config.get("sphinx", {}).get("local_extensions", {})
    for name, path in extensions.items():
        extensions[name] = os.path.relpath(ROOT / path, folder)
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site-url", default="")
    parser.add_argument("--repository-url", default="")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config = with_addresses(config, arguments.site_url, arguments.repository_url)
    text = yaml.safe_dump(seen_from(config, arguments.output.resolve().parent), sort_keys=False, allow_unicode=True)
    if not arguments.output.exists() or arguments.output.read_text(encoding="utf-8") != text:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
