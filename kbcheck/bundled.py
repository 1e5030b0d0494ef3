"""The articles and the inventory that come with kbcheck: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path


def folder(name: str) -> Path:
    """Return the folder `advisories` or `inventory`.

    Raises FileNotFoundError when neither place holds it.
    """
    package = Path(__file__).resolve().parent
    for place in (package / "bundled", package.parent):
        if (place / name).is_dir():
            return place / name
    raise FileNotFoundError(2, "the bundled files are not installed", name)
