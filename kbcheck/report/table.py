"""Views as tables for a terminal or as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import tabulate as _tabulate
from tabulate import tabulate

from kbcheck.report import cell
from kbcheck.report.view import View

# Else each header costs two columns more than its words.
_tabulate.MIN_PADDING = 0

_CUT, _UNCUT = 12, 40  # the least width of a column that is cut; of one with products, where the table cannot fit
_COLORS = {"EXPOSED": "\x1b[31m", "exposed": "\x1b[31m", "undet.": "\x1b[33m", "fixed": "\x1b[32m"}


def render(view: View, *, width: int = 80, color: bool = False) -> str:
    """Return the view for a terminal of `width` characters; the widest text columns are cut to fit."""
    rows = [[cell.clean(text) for text in row] for row in view.rows]
    table = _table(_fit(view, rows, width), view, color).splitlines() if rows else ["nothing to show"]
    above, below = ([part for line in lines for part in _wrapped(line, width)] for lines in (view.above, view.below))
    lines = [*above, "", *table, *below]
    return "".join(f"{line}\n" for line in lines)


def markdown(view: View) -> str:
    """Return the view as Markdown."""
    rows = [[cell.markdown(text) for text in row] for row in view.rows]
    table = (
        tabulate(rows, headers=view.headers, tablefmt="pipe", disable_numparse=True, colalign=_align(view))
        if rows
        else "nothing to show"
    )
    below = [f"- {cell.markdown(line.strip())}" if line else "" for line in view.below]
    return "\n".join([*(cell.markdown(line) for line in view.above), "", table, "", *below]).rstrip() + "\n"


def plain(
    headers: tuple[str, ...], rows: Sequence[tuple[str, ...]], numbers: tuple[int, ...] = (), width: int = 80
) -> str:
    """Return a small table for a terminal."""
    view = View((), headers, tuple(rows), (), numbers)
    return _table(_fit(view, [[cell.clean(text) for text in row] for row in rows], width), view, color=False)


def _table(rows: list[list[str]], view: View, color: bool) -> str:
    if color:
        rows = [[f"{_COLORS[text]}{text}\x1b[0m" if text in _COLORS else text for text in row] for row in rows]
    text = tabulate(rows, headers=view.headers, tablefmt="simple", disable_numparse=True, colalign=_align(view))
    return "\n".join(line.rstrip() for line in text.splitlines())


def _align(view: View) -> tuple[str, ...]:
    return tuple("right" if index in view.numbers else "left" for index in range(len(view.headers)))


def _fit(view: View, rows: list[list[str]], width: int) -> list[list[str]]:
    """Cut the cells of the widest text columns until a row fits; names of hosts and articles are never cut first.

    Where it cannot fit (a long host), a product is still to be told from another.
    """
    widths = [max([len(view.headers[i]), *(len(row[i]) for row in rows)]) for i in range(len(view.headers))]
    floor = [max(len(header), _CUT) for header in view.headers]
    least = (w if i in (0, *view.numbers) else min(w, floor[i]) for i, w in enumerate(widths))
    if sum(least) + 2 * (len(widths) - 1) > width:
        floor = [_UNCUT if header == "product" else each for header, each in zip(view.headers, floor, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        flexible = [i for i in range(1, len(widths)) if i not in view.numbers and widths[i] > floor[i]]
        if not flexible:
            break
        widest = max(flexible, key=lambda i: (widths[i], i))
        widths[widest] -= 1
    return [[cell.shorten(text, widths[i]) for i, text in enumerate(row)] for row in rows]


def _wrapped(line: str, width: int) -> list[str]:
    """Return a line of text, cleaned, in lines of at most `width` where its words allow it."""
    line = cell.clean(line)
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
