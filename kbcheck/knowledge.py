"""What fixes what: from everything that all articles say about one fault, the first correction for each product line.

Rules:
- Ranks of a statement, strongest first: an override; the article's own sentence naming a service pack; a fix list; a
  keyword; "the latest service pack" and a supported hotfix; nothing. The strongest rank decides.
- Within the deciding rank the earliest level is the first correction; what lies between the earliest and the latest is
  in dispute (matching.py, rule 5).
- What is overruled is kept, with the reason, as a Conflict.
- The order in which articles were imported changes nothing: results are sorted by what they say.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from kbcheck import product
from kbcheck.model import (
    HOTFIX_ONLY,
    UNSPECIFIED,
    Advisory,
    Affected,
    ArticleKnowledge,
    Conflict,
    Correction,
    CorrectionKind,
    Facts,
    Kind,
    LineKnowledge,
    Method,
)

_LAST = 9


def gather(advisories: Iterable[Advisory]) -> list[Facts]:
    """Return the facts about each of `advisories`, with the corrections that any of them states about it."""
    every = list(advisories)
    about: dict[str, list[Correction]] = defaultdict(list)
    for advisory in every:
        for correction in advisory.corrections:
            about[correction.subject].append(correction)
    return [
        Facts(
            a.article.id, a.article.title, a.article.date, a.kind, a.affected, a.fixed_files, tuple(about[a.article.id])
        )
        for a in every
    ]


def weigh(facts: Facts) -> ArticleKnowledge:
    """Return what `facts` amount to: for each product line the first correction, and who disagrees."""
    corrections = sorted(set(facts.corrections), key=_order)
    listed: dict[str, list[Affected]] = {}
    for each in facts.affected:
        listed.setdefault(each.product_line, []).append(each)
    names = list(listed)
    names += sorted({c.product_line for c in corrections} - set(names))
    lines = []
    conflicts: list[Conflict] = []
    for name in names:
        own = tuple(c for c in corrections if c.product_line == name)
        lines.append(_line(name, tuple(listed.get(name, ())), own, facts, conflicts))
    return ArticleKnowledge(
        facts.id, facts.title, facts.date, facts.kind, is_advisory(facts), tuple(lines), tuple(conflicts)
    )


def is_advisory(facts: Facts) -> bool:
    """Whether the article reports a fault: it says so, or a correction or a fixed file speaks about it."""
    if facts.kind is Kind.FIX_LIST:
        return False
    if facts.kind is Kind.BUG or facts.fixed_files:
        return True
    return any(not (c.kind is CorrectionKind.RELEASE and c.source == facts.id) for c in facts.corrections)


def first_fixed(known: ArticleKnowledge) -> dict[str, str | None]:
    """Return line -> first correction, for each affected server line and each line that a correction names."""
    return {
        line.product_line: line.first_fixed
        for line in known.lines
        if line.corrections or (line.listed and product.line(line.product_line).server)
    }


def _line(
    name: str,
    affected: tuple[Affected, ...],
    corrections: tuple[Correction, ...],
    facts: Facts,
    conflicts: list[Conflict],
) -> LineKnowledge:
    listed = bool(affected)
    ranks = [_rank(correction, listed) for correction in corrections]
    best = min(ranks, default=_LAST)
    deciding = tuple(c for c, rank in zip(corrections, ranks, strict=True) if rank == best and best < _LAST)
    levels = sorted({c.level for c in deciding if c.level is not None}, key=product.level_key)
    fixed: str | None
    if levels:
        fixed = levels[0]
    elif any(c.kind is CorrectionKind.UNNAMED for c in deciding):
        fixed = UNSPECIFIED
    else:
        fixed = HOTFIX_ONLY if deciding else None
    if fixed is not None:
        conflicts.extend(_conflicts(name, fixed, levels, best, list(zip(corrections, ranks, strict=True))))
    named = {a.level for a in affected}
    return LineKnowledge(
        product_line=name,
        listed=listed,
        affected=affected,
        levels=()
        if None in named
        else tuple(sorted((level for level in named if level is not None), key=product.level_key)),
        first_fixed=fixed,
        earliest=levels[0] if levels else None,
        latest=levels[-1] if levels else None,
        deciding=deciding,
        corrections=corrections,
        fixed_files=tuple(row for row in facts.fixed_files if row.product_line == name and row.build),
    )


def _rank(correction: Correction, listed: bool) -> int:
    """Return the worth of a statement, 0 the strongest; _LAST for one that says nothing about this line."""
    if correction.method is Method.OVERRIDE:
        return 0
    if correction.kind is CorrectionKind.UNNAMED:
        return 5
    if correction.kind is CorrectionKind.HOTFIX:
        return 6
    if correction.kind is CorrectionKind.RELEASE and correction.method is Method.KEYWORD:
        # kbsms200fix names the release that has the fix; on an article about that very release it is a tag
        return _LAST if listed else 4
    if correction.method is Method.SENTENCE:
        return 1
    return 2 if correction.method is Method.FIX_LIST else 3


def _order(correction: Correction) -> tuple[object, ...]:
    level = product.level_key(correction.level) if correction.level is not None else (-1, "")
    return (
        correction.product_line,
        level,
        correction.method.value,
        correction.kind.value,
        correction.source,
        correction.line,
        correction.text,
        correction.order,
        correction.released is not None and correction.released.isoformat(),
        str(correction.files),
    )


def _conflicts(
    name: str, fixed: str, levels: list[str], best: int, ranked: list[tuple[Correction, int]]
) -> Iterable[Conflict]:
    """Return what the deciding rank overrules, and what it disputes itself."""
    if len(levels) > 1:
        yield Conflict(
            name,
            fixed,
            tuple(c for c, rank in ranked if rank == best and c.level != fixed),
            f"equally good sources name {' and '.join(levels)}: the earliest is taken, what lies between stays open",
        )
    overruled = [c for c, rank in ranked if best < rank < 5 and c.level is not None and c.level not in levels]
    overruled += [
        c for c, rank in ranked if best < rank and c.kind is CorrectionKind.HOTFIX and _later_hotfix(c, fixed)
    ]
    if overruled:
        decider = {0: "an override", 1: "the article's own sentence", 2: "a fix list", 3: "a keyword"}.get(
            best, "the strongest source"
        )
        yield Conflict(name, fixed, tuple(overruled), f"{decider} decides: {fixed}")


def _later_hotfix(correction: Correction, fixed: str) -> bool:
    """Whether a keyword says "hotfix after that service pack": preSP5fix where SP4 has the fix."""
    match = re.search(r"presp(\d)", correction.text.lower()) if correction.method is Method.KEYWORD else None
    return (
        match is not None and fixed.startswith("SP") and fixed[2:3].isdigit() and int(match.group(1)) > int(fixed[2:3])
    )
