"""Why a verdict is what it is: the criteria one by one, each with the article's words and the host's facts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kbcheck import matching, product
from kbcheck.model import (
    HOTFIX_ONLY,
    ArticleKnowledge,
    Correction,
    CorrectionKind,
    HostRow,
    LineKnowledge,
    Method,
    Problem,
    Profile,
    Reason,
    Refusal,
    Remedy,
    Status,
    Verdict,
)
from kbcheck.report import cell
from kbcheck.report.data import verdict_document
from kbcheck.report.view import DEADLOCK, host_option, remedy_text

_METHODS = {
    Method.OVERRIDE: "settled by hand",
    Method.SENTENCE: "the article",
    Method.FIX_LIST: "the fix list",
    Method.ROLLUP: "the rollup",
    Method.KEYWORD: "the keyword",
    Method.FILE_TABLE: "the file table",
    Method.INCLUDED: "the article",
}
_REASONS = {
    "product-not-listed": "the article is about another product",
    "release-not-listed": "the article is about another release of the product",
    "conflicting-evidence": "the host's own data contradict each other, and it matters",
    "fixed-by-file-version": "the file that holds the fault is at or past the corrected version",
    "branch-unclear": "the build is past the corrected one, but what holds the correction is not clear for it",
    "files-missing": "the hotfix consists of several files, and not all are reported",
    "sources-disagree": "sources disagree on where it is corrected, and it matters for this level",
    "fixed-by-service-pack": "the level is at or past the first correction",
    "service-pack-unnamed": 'the article says only "the latest service pack", and this level may be it or not',
    "file-too-old": "the file that holds the fault is older than the corrected version",
    "fixed-by-hotfix": "the hotfix is installed, by the inventory's word",
    "hotfix-build-unknown": "the hotfix grew over time, and which state of it is installed is not told",
    "fixed-by-build-order": "no article names a service pack, but the corrected build is before this level's",
    "fixed-by-other-product": "the correction came with another product of this host",
    "fix-available": "a correction exists, and this host does not have it",
    "hotfix-only": "only a hotfix corrects it, and none is reported",
    "no-fix-known": "no correction is known",
    "level-unknown": "the service pack is not known, and it matters",
    "level-not-listed": "the article lists other levels only, and nothing else decides",
}


_Fact = tuple[str, str]  # what was read, and where


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question: its answer in a word, what was read and what follows."""

    name: str
    answer: str
    facts: tuple[_Fact, ...]
    follows: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict and what it is about; `heard` is what was said of the host's rows, `then` the scan's own answer.

    `unclear` is what was not understood of the article; `whole`: nothing is left out or cut, however much there is.
    """

    row: HostRow
    profile: Profile
    known: ArticleKnowledge
    verdict: Verdict
    heard: Sequence[Refusal] = ()
    then: Status | None = None
    unclear: Sequence[Problem] = ()
    whole: bool = False

    def most(self, number: int, few: int) -> int:
        """Return how many of `number` things are shown: all, or `few`, so that at least two are left out."""
        return number if self.whole or number <= few + 1 else few

    def few(self, facts: Sequence[_Fact], most: int, what: str) -> list[_Fact]:
        """Return the first facts, and how many more there are."""
        shown = self.most(len(facts), most)
        more = [(f"and {len(facts) - shown} more {what} (-v)", "")] if len(facts) > shown else []
        return [*facts[:shown], *more]

    def quote(self, words: str) -> str:
        """Return an article's words in one line."""
        words = " ".join(words.split())
        return words if self.whole else cell.shorten(words, 170)

    def said(self, correction: Correction) -> _Fact:
        """Return what a correction says, and where."""
        what = correction.level or {
            CorrectionKind.UNNAMED: "the latest service pack",
            CorrectionKind.HOTFIX: "a hotfix",
        }.get(correction.kind, "")
        words = f'{_METHODS[correction.method]}: {what}, "{self.quote(correction.text)}"'
        return words, cell.cited(correction.source, correction.line)


def criteria(asked: Explanation) -> tuple[Criterion, ...]:
    """Return the questions in the order of the rules, up to what matters for this line."""
    line = asked.known.line(asked.profile.product_line)
    if line is None or not line.listed:
        return (_listed(asked, line),)
    every = (
        _listed(asked, line),
        _level(asked, line),
        _corrected(asked, line),
        _files(asked, line),
        _claims(asked, line),
        _elsewhere(asked, line),
    )
    return tuple(each for each in every if each is not None)


def verdict_text(asked: Explanation, width: int = 80) -> str:
    """Return the verdict and its reason for a terminal."""
    profile, known, verdict = asked.profile, asked.known, asked.verdict
    answer = {
        Status.EXPOSED: "EXPOSED to",
        Status.FIXED: "FIXED for",
        Status.NOT_APPLICABLE: "NOT AFFECTED by",
        Status.UNDETERMINED: "UNDETERMINED for",
    }[verdict.status]
    lines = textwrap.wrap(f"{asked.row.host} is {answer} {known.id}  {known.title}", width, subsequent_indent="  ")
    lines += textwrap.wrap(
        f"{profile.product_line}, {matching.level_text(profile)}: {_REASONS[verdict.reason.value]}"
        f" ({verdict.reason.value}, rule {verdict.evidence.rule})",
        width,
    )
    return "".join(cell.clean(each) + "\n" for each in lines)


def text(asked: Explanation, width: int = 80) -> str:
    """Return the whole explanation for a terminal."""
    row, profile, known, verdict = asked.row, asked.profile, asked.known, asked.verdict
    lines: list[str] = []
    questions = criteria(asked)
    column = max(6, *(len(each.answer) for each in questions))
    for number, criterion in enumerate(questions, start=1):
        lines.append("")
        head = f"{number} {criterion.name:<9} {criterion.answer:<{column}} "
        for fact, where in criterion.facts or (("", ""),):
            lines.extend(_wrapped(head, fact, where, width))
            head = " " * len(head)
        if criterion.follows:
            lines.extend(_wrapped(head, "-> " + criterion.follows, "", width))
    lines.append("")
    for note in verdict.evidence.notes:
        lines.extend(textwrap.wrap(f"Note: {note}", width, subsequent_indent="      "))
    if asked.then is not None and asked.then is not verdict.status:
        lines.append(f"Note: the scan said {asked.then.value}; what was imported since then changed it")
    if verdict.status is not Status.NOT_APPLICABLE:
        open_points = [(f"{each.message}", f"{known.id}:{each.line}") for each in asked.unclear]
        for point, where in asked.few(open_points, 3, "points"):
            told = f"Not understood: {where} {point}" if where else f"  {point}"
            lines.extend(textwrap.wrap(told, width, subsequent_indent="                "))
    for each in asked.heard:
        lines.extend(textwrap.wrap(f"Note: {each}", width, subsequent_indent="      "))
    for conflict in known.conflicts:
        if conflict.product_line == profile.product_line:
            said = "; ".join(
                f"{_METHODS[c.method]} {cell.cited(c.source, c.line)} says {c.level or 'a hotfix'}"
                for c in conflict.overruled
            )
            lines.extend(
                textwrap.wrap(f"Overruled: {said} ({conflict.reason})", width, subsequent_indent="           ")
            )
    steps = [_remedy(each, row.product_line) for each in verdict.remedies]
    todo = " or ".join(steps if asked.whole else steps[:3])
    if len(steps) > 3 and not asked.whole:
        todo += f" (and {len(steps) - 3} more ways: -v)"
    if verdict.status is Status.EXPOSED:
        todo = todo or _without_remedy(asked)
        lines.extend(textwrap.wrap(f"To do: {todo}", width, subsequent_indent="       "))
    elif verdict.status is Status.UNDETERMINED and todo:
        lines.extend(textwrap.wrap(f"If it is exposed: {todo}", width, subsequent_indent="                  "))
    open_ = verdict.evidence.missing
    if verdict.reason is Reason.CONFLICTING_EVIDENCE:
        open_ = (*open_, *(f"files:{name}" for name, _ in matching.older_files(profile)))
    if open_:
        lines.extend(
            textwrap.wrap(
                f"Would decide it: {', '.join(map(_field, open_))}",
                width,
                subsequent_indent="                 ",
            )
        )
    if known.id == DEADLOCK and verdict.status is not Status.NOT_APPLICABLE:
        used = (
            "a file version"
            if any(name.startswith("files:") for name in verdict.evidence.fields)
            else "the server's level"
        )
        lines.extend(
            textwrap.wrap(
                f"Judged by {used}. The Emsmdb32.dll that matters is the one that the calling program loads.", width
            )
        )
        if verdict.status is Status.EXPOSED:
            lines.append(f"See it happen: kbcheck simulate {host_option(row.host)}")
    lines.append(f"The article: kbcheck show {known.id} --annotated")
    return verdict_text(asked, width) + "".join(cell.clean(each) + "\n" for each in lines)


def document(asked: Explanation) -> dict[str, Any]:
    """Return the `kbcheck.explanation/1` document."""
    row, profile, known, verdict = asked.row, asked.profile, asked.known, asked.verdict
    return {
        "schema": "kbcheck.explanation/1",
        "host": row.host,
        "product_line": profile.product_line,
        "level": matching.level_text(profile),
        "title": known.title,
        "meaning": _REASONS[verdict.reason.value],
        **verdict_document(verdict),
        "criteria": [
            {
                "question": c.name,
                "answer": c.answer,
                "facts": [{"text": t, "where": w} for t, w in c.facts],
                "follows": c.follows,
            }
            for c in criteria(replace(asked, whole=True))
        ],
        "unclear": [{"line": p.line, "message": p.message} for p in asked.unclear],
        "remarks": [{"name": r.file, "line": r.line, "message": r.message} for r in asked.heard],
        "scanned": asked.then.value if asked.then is not None else None,
    }


# --- criteria ---------------------------------------------------------------------------------------------------------


def _listed(asked: Explanation, line: LineKnowledge | None) -> Criterion:
    row, known = asked.row, asked.known
    listed = line is not None and line.listed
    affected = (
        line.affected if line is not None and listed else tuple(each.affected[0] for each in known.lines if each.listed)
    )
    named = list(dict.fromkeys((f'the article: "{asked.quote(a.text)}"', f"{known.id}:{a.line}") for a in affected))
    facts = asked.few(named, 4, "products")
    return Criterion(
        "listed", "yes" if listed else "no", (*facts, _host(row, ("product", "version"), asked.profile.product_line))
    )


def _level(asked: Explanation, line: LineKnowledge) -> Criterion:
    row, profile = asked.row, asked.profile
    levels = [level for level in matching.candidate_levels(profile) if level is not None]
    answer = " or ".join(levels) or "?"
    told = {column for column, _, _ in row.sources}
    facts = []
    if "service_pack" in told:
        facts.append(_host(row, ("service_pack",), ""))
    elif profile.levels:  # in the words of another column: "Version 5.5 (Build 2653.23: Service Pack 4)"
        facts.append(_host(row, ("product", "version"), ""))
    elif "build" not in told:
        facts.append(_host(row, ("service_pack",), "no service pack is told"))
    of = product.line(profile.product_line)
    for build in profile.builds:
        level = product.level_of_build(of, build)
        known = of.level(level) if level is not None else None
        shown = product.dotted(build)
        meaning = f"is {level}" if level is not None else "tells no service pack of this product"
        facts.append((f"the host:    build {shown} {meaning}", _where(row, ("build", "version"))))
        if known is not None and known.build:
            facts.append((f"builds:      {level} begins with {product.dotted(known.build)}", known.source or ""))
    versions = {name: text for name, _, text in profile.files}
    for name, level in matching.older_files(profile):
        words = f"the host:    {name} {versions[name]} is {level}'s, not what these levels bring"
        facts.append((words, _where(row, (f"files:{name}",), versions[name])))
    follows = ""
    if line.levels:
        follows = f"the article lists {', '.join(line.levels)}"
    elif line.affected:
        follows = "the article names no level: all before the correction are affected"
    return Criterion("level", answer, tuple(facts), follows)


def _corrected(asked: Explanation, line: LineKnowledge) -> Criterion:
    facts: list[_Fact] = []
    named = [c for c in dict.fromkeys((*line.deciding, *line.corrections)) if c.kind is not CorrectionKind.HOTFIX]
    shown = [c for c in named if not _is_tag(c, line)]
    most = asked.most(len(shown), 6)
    for correction in shown[:most]:
        facts.append(asked.said(correction))
        level = product.line(line.product_line).level(correction.level) if correction.level is not None else None
        if correction.method is Method.INCLUDED and level is not None and level.includes is not None:
            other, upto, source = level.includes
            facts.append((f"included:    {level.name} of {line.product_line} holds {other} {upto}", source))
    if len(shown) > most:
        facts.append((f"and {len(shown) - most} more sources (-v)", ""))
    answer = {None: "no", "hotfix only": "hotfix", "SP (unspecified)": "SP ?"}.get(
        line.first_fixed, line.first_fixed or "no"
    )
    follows = ""
    levels = [level for level in matching.candidate_levels(asked.profile) if level is not None]
    if line.earliest is not None and len(levels) == 1:
        reached = product.level_key(levels[0]) >= product.level_key(line.earliest)
        whole = line.latest is None or product.level_key(levels[0]) >= product.level_key(line.latest)
        place, so = ("at or past", "corrected" if whole else "open") if reached else ("before", "not corrected")
        if whole and levels[0] in line.levels and levels[0] != line.latest:
            so = "in dispute: the article lists it, not corrected"
        follows = f"{levels[0]} is {place} {line.earliest}: {so} by its level"
        if line.latest != line.earliest:
            follows += f" (sources name {line.earliest} and {line.latest})"
    elif line.first_fixed is None:
        facts.append(("no article in the database names a correction for this product line", ""))
    if line.first_fixed is None:
        for elsewhere in asked.known.lines:
            told = [c for c in elsewhere.deciding if elsewhere.first_fixed is not None]
            facts += asked.few(
                [(f"in {elsewhere.product_line}: {asked.said(c)[0]}", asked.said(c)[1]) for c in told], 2, "sources"
            )
    if not facts:
        facts.append(("no article in the database names a service pack that corrects it", ""))
    return Criterion("corrected", answer, tuple(facts), follows)


def _is_tag(correction: Correction, line: LineKnowledge) -> bool:
    """Whether it is the keyword of a release (kbsms200fix), which on a line that is affected decides nothing."""
    return line.listed and correction.method is Method.KEYWORD and correction.kind is CorrectionKind.RELEASE


def _files(asked: Explanation, line: LineKnowledge) -> Criterion | None:
    """Return what the article and the host say of files; those that the host reports stand first, and all of them."""
    row, profile = asked.row, asked.profile
    wanted: dict[str, list[tuple[str, str, str]]] = {}
    for fixed in line.fixed_files:
        wanted.setdefault(product.file_key(fixed.file), []).append(
            (fixed.file, fixed.version or "", f"{line.subject}:{fixed.line}")
        )
    for correction in line.corrections:
        if correction.method is Method.ROLLUP:
            for each in correction.files:
                wanted.setdefault(product.file_key(each.file), []).append(
                    (each.file, each.version or "", cell.cited(correction.source, correction.line))
                )
    if not wanted:
        return None
    told = {name: version for name, _, version in profile.files}
    facts: list[_Fact] = []
    best = "?"
    ordered = sorted(wanted.items(), key=lambda item: item[0] not in told)
    shown = asked.most(len(wanted), max(sum(name in told for name in wanted), 8))
    for name, entries in ordered[:shown]:
        # Each version once: a table may have a row for Intel and one for Alpha, and rows for several service packs.
        places: dict[tuple[str, str], str] = {}
        for file, version, where in entries:
            places.setdefault((file, version), where)
        versions = [(f"{file} {version} or later corrects it", where) for (file, version), where in places.items()]
        facts += asked.few(versions, 3, "versions")
        if name in told:
            of = product.line(profile.product_line)
            have = product.line_build(of, told[name]) or product.parse_build(told[name])
            builds = [product.line_build(of, v) or product.parse_build(v) for _, v, _ in entries]
            low = min((build for build in builds if product.comparable(build, have)), default=())
            if not low:
                answer = f"of another release than {entries[0][1]}: it does not count"
                best = "other" if best == "?" else best
            elif product.build_key(have) < product.build_key(low):
                answer = best = "older"
            else:
                answer = "at or past it"
                best = "newer" if best in ("?", "other") else best
            where = _where(row, (f"files:{name}",), told[name])
            facts.append((f"the host:    {entries[0][0]} {told[name]}: {answer}", where))
        else:
            facts.append((f"the host:    no version is given for {entries[0][0]}", ""))
    if len(wanted) > shown:
        facts.append((f"and {len(wanted) - shown} more files (-v)", ""))
    decided = {Reason.FILE_TOO_OLD: "older", Reason.FIXED_BY_FILE_VERSION: "newer"}
    return Criterion("files", decided.get(asked.verdict.reason, best), tuple(facts))


def _claims(asked: Explanation, line: LineKnowledge) -> Criterion | None:
    row, profile = asked.row, asked.profile
    hotfixes = [c for c in line.corrections if c.kind is CorrectionKind.HOTFIX and c.method is not Method.FILE_TABLE]
    sources = {c.hotfix for c in hotfixes} | {line.subject}
    claimed = [each for each in profile.hotfixes if each in sources]
    if not hotfixes and not claimed:
        return None
    facts = asked.few([asked.said(c) for c in hotfixes], 3, "sources")
    if claimed:
        facts.append((f"the host:    claims {', '.join(claimed)}", _where(row, ("hotfixes",))))
    else:
        facts.append(
            ("the host:    claims none of these hotfixes", _where(row, ("hotfixes",)) if profile.hotfixes else "")
        )
    return Criterion("hotfix", "claimed" if claimed else "no", tuple(facts))


def _elsewhere(asked: Explanation, line: LineKnowledge) -> Criterion | None:
    row, profile = asked.row, asked.profile
    others = matching.elsewhere(asked.known, line, dict(profile.beside)) if matching.serviced_beside(line) else ()
    if not others:
        return None
    facts: list[_Fact] = []
    beside = dict(profile.beside)
    for other in others:
        facts += asked.few([asked.said(c) for c in other.deciding], 2, "sources")
        if other.product_line in beside:
            facts.append(
                (
                    f"the host:    runs {other.product_line}, {beside[other.product_line] or 'service pack not told'}",
                    _where(row, ("os",)),
                )
            )
        else:
            facts.append((f"the host:    is not known to run {other.product_line}", ""))
    return Criterion("elsewhere", others[0].first_fixed or "?", tuple(facts))


# --- words ------------------------------------------------------------------------------------------------------------


def _host(row: HostRow, columns: Sequence[str], otherwise: str) -> tuple[str, str]:
    told = [text for column, _, text in row.sources if column in columns]
    return f"the host:    {' '.join(dict.fromkeys(told)) or otherwise}", _where(row, columns)


def _where(row: HostRow, columns: Sequence[str], words: str = "") -> str:
    """Return file:line and the columns, as the inventory names them; those of cells that hold `words`."""
    found: dict[tuple[str, int], list[str]] = {}
    for column, source, text in row.sources:
        if column in columns and words in text:
            found.setdefault((source.file, source.line), []).append(source.column)
    return "; ".join(f"{file}:{line} {', '.join(dict.fromkeys(names))}" for (file, line), names in found.items())


def _without_remedy(asked: Explanation) -> str:
    """Return what is left to do where no correction is known for the host's own product."""
    own = asked.profile.product_line
    if asked.verdict.first_fixed == HOTFIX_ONLY:
        return f"the hotfix for {own} was made for earlier service packs, and no other is known"
    fixed = [f"{o.product_line} {o.first_fixed}" for o in asked.known.lines if o.first_fixed is not None]
    others = f"; it is corrected in {', '.join(fixed)}" if fixed else ""
    return f"no correction is known for {own}{others}; the article may have a workaround"


def _field(name: str) -> str:
    return f"the version of {name[6:]}" if name.startswith("files:") else name


def _remedy(remedy: Remedy, own: str) -> str:
    if remedy.level is not None:
        of = product.line(remedy.product_line)
        if remedy.level == product.RTM:
            return f"move to {remedy.product_line}"
        level = of.level(remedy.level)
        obtain = f" ({remedy.source})" if remedy.source else ""
        first = ""
        if level is not None and level.requires:
            first = f", which needs {level.requires} first ({level.requires_source})"
        return f"install {remedy.product_line} {remedy.level}{obtain}{first}"
    if remedy.files:
        return f"install {remedy_text(remedy, own)}"
    other = "" if remedy.product_line == own else f"{product.line(remedy.product_line).short} "
    needs = f", needs {other}{remedy.requires} first" if remedy.requires is not None else ""
    return f"the hotfix of {remedy.source}{needs}"


def _wrapped(head: str, fact: str, where: str, width: int) -> list[str]:
    """Return a fact beside its head, the place where it stands at the right edge of its last line or on its own."""
    blank = " " * len(head)
    lines = textwrap.wrap(fact, max(width - len(head), 24)) or [""]
    result = [head + lines[0], *(blank + each for each in lines[1:])]
    if where:
        if len(result[-1]) + 2 + len(where) <= width:
            result[-1] = result[-1].ljust(width - len(where)) + where
        else:
            result.append(where.rjust(width))
    return result
