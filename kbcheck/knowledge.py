"""What fixes what: from everything that all articles say about one fault, the first correction for each product line.

Rules:
- Ranks of a statement, strongest first: an override (`overrides.toml`, settled by people); the article's own sentence
  naming a service pack; a fix list; a keyword; a service pack that includes another product's; "the latest service
  pack"; a supported hotfix; nothing. The strongest rank decides.
- Within the deciding rank the earliest level is the first correction; what lies between the earliest and the latest is
  in dispute (matching/verdict.py, rule 5).
- What is overruled is kept, with the reason, as a Conflict.
- The order in which articles were imported changes nothing: results are sorted by what they say.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

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
    Decision,
    Facts,
    FixedFile,
    Kind,
    LineKnowledge,
    Method,
)

_LAST = 9
_FREQUENT = frozenset(("the", "and", "with", "for", "when", "from", "not", "fix", "bug", "micr", "xadm", "xcon"))


def gather(advisories: Iterable[Advisory]) -> list[Facts]:
    """Return the facts about each of `advisories`, with the corrections that any of them states about it."""
    every = list(advisories)
    about: dict[str, list[Correction]] = defaultdict(list)
    for advisory in every:
        for correction in advisory.corrections:
            about[correction.subject].append(correction)
    return [
        Facts(
            a.article.id,
            a.article.title,
            a.article.date,
            a.kind,
            a.affected,
            a.fixed_files,
            tuple(about[a.article.id]),
            a.setting,
        )
        for a in every
    ]


def weigh(facts: Facts) -> ArticleKnowledge:
    """Return what `facts` amount to: for each product line the first correction, and who disagrees."""
    lines: list[LineKnowledge] = []
    conflicts: list[Conflict] = []
    for name, listed, own in _by_line(facts):
        decision, ranks = _decide(name, listed, own)
        ranked = list(zip(own, ranks, strict=True))
        deciding = tuple(c for c, rank in ranked if rank == decision.rank < _LAST)
        conflicts += _conflicts(decision, deciding, ranked)
        lines.append(_line_knowledge(decision, listed, own, deciding, facts))
    for each in facts.corrections:
        if _misprinted(each, facts):
            reason = "the list gives the title of another article: its number may be a misprint, and makes no advisory"
            decided = next((line.first_fixed for line in lines if line.product_line == each.product_line), None)
            conflicts.append(Conflict(each.product_line, decided or "nothing", (each,), reason))
    advisory = is_advisory(facts)
    return ArticleKnowledge(
        facts.id, facts.title, facts.date, facts.kind, advisory, tuple(lines), tuple(conflicts), facts.setting
    )


def decide(facts: Facts) -> tuple[Decision, ...]:
    """Return only what weighing decides, for storing; recall() makes the knowledge of it again without weighing.

    A line about which no correction speaks has no decision.
    """
    if not facts.corrections and facts.id not in _overrides():
        return ()
    return tuple(_decide(name, listed, own)[0] for name, listed, own in _by_line(facts) if own)


def recall(facts: Facts, decided: Iterable[Decision], advisory: bool) -> ArticleKnowledge:
    """Return the knowledge that weighing `facts` gave before, its conflicts left out."""
    by_name = {each.product_line: each for each in decided}
    lines = []
    for name, listed, own in _by_line(facts):
        each = by_name.get(name) or _decide(name, listed, own)[0]
        beside = _Beside.of(own)
        deciding = tuple(c for c in own if _rank(c, beside, listed) == each.rank and each.rank < _LAST)
        lines.append(_line_knowledge(each, listed, own, deciding, facts))
    return ArticleKnowledge(facts.id, facts.title, facts.date, facts.kind, advisory, tuple(lines), (), facts.setting)


def _by_line(facts: Facts) -> Iterable[tuple[str, tuple[Affected, ...], tuple[Correction, ...]]]:
    """Return each product line with its affected facts and the corrections about it, included ones added."""
    corrections: Collection[Correction] = {*facts.corrections, *_overrides().get(facts.id, ())}
    if len(corrections) > 1:
        corrections = sorted(corrections, key=_order)
    listed: dict[str, list[Affected]] = {}
    for each in facts.affected:
        listed.setdefault(each.product_line, []).append(each)
    by_name: dict[str, list[Correction]] = {name: [] for name in listed}
    for correction in corrections:
        by_name.setdefault(correction.product_line, []).append(correction)
    for name, own in by_name.items():
        included = _included(name, by_name, listed) if name in listed else ()
        yield name, tuple(listed.get(name, ())), (*own, *included)


def _about(facts: Facts) -> list[Correction]:
    """Return the corrections that show an article to be an advisory: not those of lists that mean another.

    So they do where the list's product is none that is affected, and its title shares no word with the article's: the
    number is a misprint.
    """
    return [c for c in facts.corrections if not _misprinted(c, facts)]


def _misprinted(correction: Correction, facts: Facts) -> bool:
    if correction.method is not Method.FIX_LIST or any(
        a.product_line == correction.product_line for a in facts.affected
    ):
        return False
    named = _words(correction.text)
    return len(named) > 2 and named.isdisjoint(_words(facts.title))


def _words(title: str) -> set[str]:
    """Return the begins of the words of a title: `Microsoft` and `micro` are one."""
    return {word[:4].lower() for word in re.findall(r"[A-Za-z]{3,}", title)} - _FREQUENT


def _included(
    name: str, by_name: dict[str, list[Correction]], listed: dict[str, list[Affected]]
) -> tuple[Correction, ...]:
    """Return what a line's service packs correct because they include another line's, in the words that decide there.

    So are Terminal Server Edition and Windows NT 4.0, Visual Basic 6.0 and Visual Studio 6.0. What runs on one platform
    alone (IIS 4.0 on Windows NT 4.0) is corrected by its rollups too.
    """
    rollups = [each for each in by_name.get(product.line(name).on or "", ()) if each.method is Method.ROLLUP]
    own = {each.source for each in by_name[name] if each.method is Method.ROLLUP} if rollups else set()
    found = {
        f"{each.source} {each.order}": replace(each, product_line=name, requires=None)
        for each in rollups
        if each.source not in own
    }
    for level in product.line(name).levels if len(by_name) > 1 else ():
        if level.includes is None:
            continue
        other, upto, _ = level.includes
        ranked = [
            (each, _rank(each, _Beside(), listed.get(other, ())))
            for each in by_name.get(other, ())
            if each.kind in (CorrectionKind.SERVICE_PACK, CorrectionKind.UNNAMED)
        ]
        best = min((rank for _, rank in ranked), default=_LAST)
        for each, rank in ranked:
            if each.kind is CorrectionKind.UNNAMED and rank == best:
                found.setdefault(each.source, replace(each, product_line=name, method=Method.INCLUDED))
            if each.kind is not CorrectionKind.SERVICE_PACK or each.level is None:
                continue
            if rank <= min(best, _RANKS[Method.KEYWORD]) and product.level_key(each.level) <= product.level_key(upto):
                held = replace(each, product_line=name, level=level.name, method=Method.INCLUDED)
                found.setdefault(f"{each.source} {each.level}", held)
    return tuple(found.values())


@functools.cache
def _overrides() -> dict[str, tuple[Correction, ...]]:
    """Return the corrections that people settled, by article."""
    text = importlib.resources.files("kbcheck").joinpath("overrides.toml").read_text(encoding="utf-8")
    found: dict[str, list[Correction]] = {}
    for entry in tomllib.loads(text).get("override", ()):
        kind = CorrectionKind.HOTFIX if entry["level"] == HOTFIX_ONLY else CorrectionKind.SERVICE_PACK
        level = None if kind is CorrectionKind.HOTFIX else entry["level"]
        article = entry["article"]
        found.setdefault(article, []).append(
            Correction(article, entry["product_line"], level, kind, Method.OVERRIDE, article, 0, entry["reason"])
        )
    return {article: tuple(entries) for article, entries in found.items()}


def is_advisory(facts: Facts) -> bool:
    """Whether the article reports a fault: it says so, or a correction or a fixed file speaks about it.

    Information and instructions report none because of what they say of service packs and updates in passing: a list,
    a keyword, but for a level that is listed (see _rank), or a sentence beside its files must speak.
    """
    if facts.kind is Kind.FIX_LIST:
        return False
    if facts.kind is Kind.BUG:
        return True
    if facts.kind in (Kind.INFO, Kind.HOWTO):
        listed = {(a.product_line, a.level) for a in facts.affected}
        before = {(c.product_line, c.before) for c in facts.corrections if c.kind is CorrectionKind.HOTFIX}
        told = [
            c
            for c in _about(facts)
            if c.kind is not CorrectionKind.RELEASE
            # preSP5fix of what is no fault; SP2 of what describes SP2
            and not (c.method is Method.KEYWORD and (c.level is None or (c.product_line, c.level) in listed - before))
        ]
        methods = {c.method for c in told}
        return bool(methods - {Method.SENTENCE, Method.FILE_TABLE}) or (
            Method.SENTENCE in methods and bool(facts.fixed_files)
        )
    if facts.fixed_files:
        return True
    return any(not (c.kind is CorrectionKind.RELEASE and c.source == facts.id) for c in _about(facts))


def first_fixed(known: ArticleKnowledge) -> dict[str, str | None]:
    """Return line -> first correction, for each affected server line and each line that a correction names."""
    return {
        line.product_line: line.first_fixed
        for line in known.lines
        if line.corrections or (line.listed and product.line(line.product_line).server)
    }


def _decide(name: str, listed: Sequence[Affected], corrections: Sequence[Correction]) -> tuple[Decision, list[int]]:
    """Return what the strongest of `corrections` say together, and the rank of each."""
    if not corrections:
        return Decision(name, bool(listed), None, None, None, _LAST), []
    beside = _Beside.of(corrections)
    ranks = [_rank(correction, beside, listed) for correction in corrections]
    best = min(ranks)
    deciding = [c for c, rank in zip(corrections, ranks, strict=True) if rank == best < _LAST]
    levels = sorted({c.level for c in deciding if c.level is not None}, key=product.level_key)
    if levels:
        return Decision(name, bool(listed), levels[0], levels[0], levels[-1], best), ranks
    unnamed = any(c.kind is CorrectionKind.UNNAMED for c in deciding)
    fixed = UNSPECIFIED if unnamed else HOTFIX_ONLY if deciding else None
    return Decision(name, bool(listed), fixed, None, None, best), ranks


def _line_knowledge(
    decision: Decision,
    affected: tuple[Affected, ...],
    corrections: tuple[Correction, ...],
    deciding: tuple[Correction, ...],
    facts: Facts,
) -> LineKnowledge:
    named = {a.level for a in affected}
    levels = () if None in named else sorted(filter(None, named), key=product.level_key)
    return LineKnowledge(
        product_line=decision.product_line,
        listed=decision.listed,
        affected=affected,
        levels=tuple(levels),
        first_fixed=decision.first_fixed,
        earliest=decision.earliest,
        latest=decision.latest,
        deciding=deciding,
        corrections=corrections,
        fixed_files=_rows(decision.product_line, corrections, facts),
        rank=decision.rank,
        subject=facts.id,
    )


def _rows(name: str, corrections: Iterable[Correction], facts: Facts) -> tuple[FixedFile, ...]:
    """Return the rows of the article's own tables that judge a line: its own, and those that a correction gives it."""
    if not facts.fixed_files:
        return ()
    given = {
        (each.file, each.version)
        for c in corrections
        if c.method is Method.FILE_TABLE and c.source == facts.id
        for each in c.files
    }
    return tuple(
        row for row in facts.fixed_files if row.build and (row.product_line == name or (row.file, row.version) in given)
    )


_RANKS = {Method.SENTENCE: 1, Method.FIX_LIST: 2, Method.KEYWORD: 3, Method.INCLUDED: 4}


class _Beside(NamedTuple):
    """What others say about a statement's line: whether one names a service pack, and hotfixes before which (SP3)."""

    packs: bool = False
    before: frozenset[str | None] = frozenset()

    @classmethod
    def of(cls, corrections: Sequence[Correction]) -> _Beside:
        """Return what `corrections` say."""
        packs = any(c.kind is CorrectionKind.SERVICE_PACK for c in corrections)
        return cls(packs, frozenset(c.before for c in corrections if c.kind is CorrectionKind.HOTFIX))


def _rank(correction: Correction, beside: _Beside, listed: Sequence[Affected]) -> int:
    """Return the worth of a statement, 0 the strongest, _LAST for none.

    On a line that is affected, a release that "has the fix" is worth less than a named service pack of it, and a
    keyword for the release (kbsms200fix), or for a level that the article lists as affected, is a tag; not beside a
    keyword for a hotfix before that level (preSP3fix SP3fix).
    """
    if correction.method is Method.OVERRIDE:
        return 0
    if correction.kind is CorrectionKind.UNNAMED:
        return 5
    if correction.kind is CorrectionKind.HOTFIX:
        return 6
    inferred = correction.method in (Method.KEYWORD, Method.INCLUDED) and correction.level not in beside.before
    tagged = inferred and any(each.level == correction.level for each in listed)
    if tagged and correction.kind is CorrectionKind.SERVICE_PACK:
        return _LAST
    if correction.kind is CorrectionKind.RELEASE and listed:
        if correction.method is Method.KEYWORD:
            return _LAST
        if beside.packs:
            return 4
    return _RANKS.get(correction.method, _LAST)


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
        correction.released.isoformat() if correction.released is not None else "",
        str(correction.files) if correction.files else "",
        correction.requires or "",
    )


def _conflicts(
    decision: Decision, deciding: Sequence[Correction], ranked: Sequence[tuple[Correction, int]]
) -> Iterable[Conflict]:
    """Return what the deciding rank overrules, and what it disputes itself."""
    name, fixed, best = decision.product_line, decision.first_fixed, decision.rank
    tags = tuple(c for c, rank in ranked if rank == _LAST and c.kind is CorrectionKind.SERVICE_PACK)
    if tags and all(c.level != fixed for c in tags):
        reason = "the article lists that level as affected: the keyword is taken for its tag"
        yield Conflict(name, fixed or "nothing", tags, reason)
    if fixed is None:
        return
    levels = sorted({c.level for c in deciding if c.level is not None}, key=product.level_key)
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
    if correction.before is None or not fixed[2:3].isdigit():
        return False
    return product.level_key(correction.before) > product.level_key(fixed)
