"""One article as a page: the structured advisory, its own text with the facts marked, lists of articles."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from kbcheck import knowledge, product
from kbcheck.article import references
from kbcheck.model import ArticleKnowledge, Correction, CorrectionKind, LineKnowledge, Method, Stored
from kbcheck.report import cell

_METHODS = {
    Method.OVERRIDE: "settled by hand",
    Method.SENTENCE: "own sentence",
    Method.FIX_LIST: "fix list",
    Method.ROLLUP: "rollup",
    Method.KEYWORD: "keyword",
    Method.FILE_TABLE: "file table",
    Method.INCLUDED: "included level",
}


def page(
    stored: Stored,
    known: ArticleKnowledge,
    listed: Sequence[Correction],
    titles: Mapping[str, str],
    *,
    width: int = 80,
    whole: bool = False,
) -> str:
    """Return the advisory in a screen: affected, corrected, files, what it lists, what disagrees.

    `listed` is what the article states about others; `titles` names those of its references that are known; `whole`:
    however much there is.
    """
    facts = stored.facts
    lines = _head(stored, width, whole=whole)
    kind = facts.kind.value + (f"; not judged: {known.unjudged}" if known.unjudged else "")
    _add(lines, "kind", kind, width)
    for line in known.lines:
        if line.listed:
            levels = f" {', '.join(line.levels)}" if line.levels else f" (no level named: {_unnamed(line)})"
            where = ", ".join(dict.fromkeys(str(a.line) for a in line.affected))
            _add(lines, "affects", f"{line.product_line}{levels}", width, f"line {where}")
    shown = knowledge.first_fixed(known)
    for line in known.lines:
        if line.product_line in shown:
            _corrected(lines, line, width, whole)
    files = []
    for row in facts.fixed_files:
        extra = ", ".join(part for part in (row.component, row.platform, row.language) if part)
        words = f"{row.file} {row.version or '(no version)'}{f' ({extra})' if extra else ''}"
        files.append(("file", words, f"line {row.line}"))
    _some(lines, files, None if whole else 12, "more files", width)
    if facts.setting is not None:
        words = f'the correction takes effect only after it: "{facts.setting.text}"'
        _add(lines, "setting", words, width, f"line {facts.setting.line}")
    for conflict in known.conflicts:
        said = "; ".join(
            f"{_METHODS[c.method]} {cell.cited(c.source, c.line)} says {c.level or 'hotfix'}"
            for c in conflict.overruled
        )
        _add(lines, "disagrees", f"{conflict.product_line}: {said}. {conflict.reason}", width)
    unclear = [("unclear", problem.message, f"line {problem.line}") for problem in stored.problems]
    _some(lines, unclear, None if whole else 5, "more", width)
    if listed:
        lines += _members(listed, width, whole)
    if whole or not listed:
        named = references(stored.article)
        cited = [("see also", f"{ident} {titles.get(ident, '(not in the database)')}", "") for ident in named]
        _some(lines, cited, None if whole else 6, "more", width)
    return _text(lines)


def _unnamed(line: LineKnowledge) -> str:
    """Return what a product line that is listed without a level stands for."""
    if line.first_fixed is None:
        return "every one"
    return "its release has the correction" if line.first_fixed == product.RTM else "all before the correction"


def summary(stored: Stored, known: ArticleKnowledge, width: int = 80) -> str:
    """Return what the article is and the first correction of each product line."""
    lines = _head(stored, width)
    for name, level in knowledge.first_fixed(known).items():
        _add(lines, "corrected", f"{name} {level}" if level is not None else f"{name}: no correction known", width)
    return _text(lines)


def _head(stored: Stored, width: int, *, whole: bool = False) -> list[str]:
    """Return id, title and day in a line; `whole`: in more, where the title would be cut."""
    facts = stored.facts
    day = f"{facts.date.day} {facts.date:%B %Y}, {stored.article.category}"
    if whole and len(facts.title) > max(width - len(day) - 12, 30):
        return [*textwrap.wrap(f"{facts.id}  {facts.title}", width, subsequent_indent=" " * 9), day.rjust(width)]
    title = cell.shorten(facts.title, max(width - len(day) - 12, 30))
    return [f"{facts.id}  {title}".ljust(width - len(day) - 1) + " " + day]


def _text(lines: Sequence[str]) -> str:
    return "".join(cell.clean(line).rstrip() + "\n" for line in lines)


def _corrected(lines: list[str], line: LineKnowledge, width: int, whole: bool) -> None:
    if line.first_fixed is None:
        _add(lines, "corrected", f"{line.product_line}: no correction known", width)
        return
    by: dict[str, list[str]] = defaultdict(list)
    for each in line.deciding:
        by[_METHODS[each.method]].append(cell.cited(each.source, each.line))
    sources = ", ".join(f"{method} {' '.join(dict.fromkeys(places))}" for method, places in by.items())
    _add(lines, "corrected", f"{line.product_line} {line.first_fixed}", width, sources)
    others = [
        c
        for c in line.corrections
        if c not in line.deciding and c.kind is not CorrectionKind.HOTFIX and c.level == line.first_fixed
    ]
    if others:
        also = ", ".join(dict.fromkeys(f"{_METHODS[c.method]} {cell.cited(c.source, c.line)}" for c in others))
        _add(lines, "", f"also said by {also}", width)
    for each in line.corrections:
        if each.method is Method.ROLLUP:
            most = len(each.files) if whole else 3
            files = ", ".join(f"{f.file} {f.version}" for f in each.files[:most])
            more = f" and {len(each.files) - most} more" if len(each.files) > most else ""
            words = f"{files}{more} or later" if files else "its files are not named"
            when = each.released.isoformat() if each.released else "undated"
            _add(lines, "hotfix", words, width, f"{each.source}, {when}")
    for level in dict.fromkeys(each.requires for each in line.corrections if each.requires):
        where = " ".join(dict.fromkeys(cell.cited(c.source, c.line) for c in line.corrections if c.requires == level))
        _add(lines, "requires", f"{line.product_line} {level} before the hotfix is installed", width, where)


def _members(listed: Sequence[Correction], width: int, whole: bool) -> list[str]:
    """Return what a fix list or rollup holds, block by block."""
    blocks: dict[tuple[str, ...], list[Correction]] = defaultdict(list)
    for each in listed:
        when = each.released.isoformat() if each.released else ""
        files = "; ".join(f"{f.file} {f.version}" for f in each.files)
        blocks[each.product_line, each.level or "hotfix", when, files].append(each)
    lines = [""]
    for (name, level, when, files), members in blocks.items():
        lines.append(
            f"lists {len(members)} articles as corrected: {name} {level}{f', released {when}' if when else ''}"
        )
        if files:
            lines.extend(textwrap.wrap(f"files: {files}", width, initial_indent="  ", subsequent_indent="         "))
        told = (f"  {' '.join(each.text.split())}" for each in members)
        lines.extend(told if whole else (cell.shorten(words, width) for words in told))
    return lines


def annotated(stored: Stored, known: ArticleKnowledge) -> str:
    """Return the article's own text, each recognised fact marked in the margin of its line."""
    marks: dict[int, list[str]] = defaultdict(list)
    for each in stored.facts.affected:
        marks[each.line].append(f"affects {each.product_line}{f' {each.level}' if each.level else ''}")
    for line in known.lines:
        for correction in line.corrections:
            if correction.source == stored.facts.id:
                marks[correction.line].append(
                    f"{correction.method.value}: {line.product_line} {correction.level or correction.kind.value}"
                )
    for row in stored.facts.fixed_files:
        marks[row.line].append(f"file{f' of {row.product_line}' if row.product_line else ''}")
    if stored.facts.setting is not None:
        marks[stored.facts.setting.line].append("must be set by hand")
    for problem in stored.problems:
        marks[problem.line].append(f"unclear: {problem.kind}")
    result = []
    for number, words in enumerate(stored.article.lines, start=1):
        notes = cell.clean("; ".join(dict.fromkeys(marks.get(number, ()))))
        result.append(
            f"{number:>5} {'>' if notes else ' '} {cell.clean(words).rstrip()}"
            + (f"\n        {'^ ' + notes}" if notes else "")
        )
    return "\n".join(result) + "\n"


def listing(
    rows: Sequence[ArticleKnowledge], lines: Collection[str] | None
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headers and rows of a list of articles; with `lines`, only what concerns these product lines."""
    table: list[tuple[str, ...]] = []
    for known in rows:
        fixed = {name: level for name, level in knowledge.first_fixed(known).items() if level is not None}
        told = {name: level for name, level in fixed.items() if lines is None or name in lines}
        if lines is not None and len(lines) == 1:
            words = next(iter(told.values()), "-")
        else:
            words = "; ".join(f"{product.line(name).short} {level}" for name, level in told.items()) or "-"
        table.append((known.id, known.date.isoformat(), known.kind.value, known.title, words))
    return ("article", "date", "kind", "title", "first corrected in"), table


def _some(lines: list[str], entries: Sequence[tuple[str, str, str]], most: int | None, more: str, width: int) -> None:
    """Add the first entries (label, words, where), all without `most`, and how many more there are."""
    for label, words, where in entries[:most]:
        _add(lines, label, words, width, where)
    if most is not None and len(entries) > most:
        _add(lines, "", f"and {len(entries) - most} {more} (-v)", width)


def _add(lines: list[str], label: str, words: str, width: int, where: str = "") -> None:
    wrapped = textwrap.wrap(words, max(width - 13, 30)) or [""]
    lines.append(f"{label:<12} {wrapped[0]}")
    lines.extend(" " * 13 + each for each in wrapped[1:])
    if where:
        room = width - len(lines[-1]) - len(where)
        if room >= 2:
            lines[-1] = lines[-1] + " " * room + where
        else:
            lines.extend(" " * 15 + each for each in textwrap.wrap(where, max(width - 15, 30)))
