"""The meaning of a KB text: `Article` in, `Advisory` out; the only room that knows KB wording, keywords and tables.

Rules:
- Every fact keeps the line and the words that it was read from; what stays unclear is a Problem, never a guess.
- An article speaks about itself (sentences, keywords, file tables) or lists others (fix lists, rollups).
- Nothing is weighed here: contradicting statements stand side by side (knowledge.py decides).
"""

from __future__ import annotations

import re
from dataclasses import replace

from kbcheck import product
from kbcheck.advisory import affected as applies
from kbcheck.advisory import lists, packages, prose, settings, statements, tables
from kbcheck.model import (
    Advisory,
    Affected,
    Article,
    Correction,
    CorrectionKind,
    FileVersion,
    FixedFile,
    Kind,
    Method,
    Problem,
)

__all__ = ["extract"]

_ISSUE_KINDS = {"kbbug": Kind.BUG, "kbprb": Kind.PROBLEM, "kbhowto": Kind.HOWTO, "kbinfo": Kind.INFO}
_TITLE_KINDS = {
    "BUG": Kind.BUG,
    "FIX": Kind.BUG,
    "PATCH": Kind.BUG,
    "PRB": Kind.PROBLEM,
    "HOWTO": Kind.HOWTO,
    "HOW TO": Kind.HOWTO,
    "INFO": Kind.INFO,
    "FAQ": Kind.INFO,
}


def extract(article: Article) -> Advisory:
    """Return what `article` means."""
    listed = applies.read(article)
    problems = list(article.problems)
    every = tuple(dict.fromkeys(a.product_line for a in listed))
    servers = tuple(name for name in every if product.line(name).server)
    body = prose.Body(article)
    rows, table_problems = tables.read(article, body, servers or (every if len(every) == 1 else ()), every)
    problems += table_problems
    titled = lists.is_list(article)
    of_list: list[Problem] = []
    corrections = lists.read(article, listed, of_list) if titled else []
    if corrections or (titled and not lists.reports(article)):
        kind = Kind.FIX_LIST
        problems += of_list
    else:
        findings = statements.read(article, body, listed, rows)
        rows = _of_package(rows, findings.confirmed)
        corrections = [*findings.corrections, *_of_tables(article, rows, findings, servers)]
        corrections += packages.read(article, body, corrections, servers or every)
        problems += findings.problems
        kind = _kind(article, findings.features, findings.bug)
        listed = _affected(listed, findings, corrections)
    setting = settings.read(article, body) if corrections and kind is not Kind.FIX_LIST else None
    return Advisory(article, kind, listed, tuple(rows), tuple(corrections), tuple(problems), setting)


def _of_package(rows: list[FixedFile], confirmed: tuple[Affected, ...]) -> list[FixedFile]:
    """Return a table's rows, judging no server where they are another product's package.

    So they are where a file of theirs fits no server and the fault is confirmed in something else only: the files of
    Outlook 98's hotfix, some of which are numbered like Exchange Server's.
    """
    of_server = [row.product_line is not None and product.line(row.product_line).server for row in rows]
    foreign = any(row.version is not None and not server for row, server in zip(rows, of_server, strict=True))
    if not foreign or not confirmed or any(product.line(each.product_line).server for each in confirmed):
        return rows
    return [
        replace(row, product_line=None, build=()) if server else row
        for row, server in zip(rows, of_server, strict=True)
    ]


def _of_tables(
    article: Article, rows: list[FixedFile], findings: statements.Findings, servers: tuple[str, ...]
) -> list[Correction]:
    """Return one hotfix correction for each product line that the file tables judge.

    Files of a server that has no service packs of its own, and that are numbered like its platform, judge that too
    where its service pack is said to correct the fault: Internet Information Services 5.0 and Windows 2000. The files
    of its platform judge such a server of `servers`, those that the article lists; and its own judge the platform,
    where they stand below that one's name.
    """
    found: list[Correction] = []
    if not rows:
        return found
    own = dict.fromkeys(row.product_line for row in rows if row.product_line is not None and row.build)
    bare = {name for name in (*own, *servers) if {level.name for level in product.line(name).levels} == {product.RTM}}
    shared = dict.fromkeys(
        each.product_line
        for each in findings.corrections
        if each.kind is CorrectionKind.SERVICE_PACK and product.line(each.product_line).platform
    ) | dict.fromkeys(name for name in servers if name in bare and product.line(name).on in own)
    below = [
        (on, row)
        for row in rows
        if row.product and (on := product.line(row.product_line or "").on) and on in prose.scope_of(row.product)
    ]
    shared |= dict.fromkeys(on for on, _ in below)
    for name in (*own, *(each for each in shared if each not in own)):
        if name in own:
            files = [row for row in rows if row.product_line == name]
        else:
            numbered = product.line(product.line(name).on or name).numbered or None
            near = bare if product.line(name).platform else {product.line(name).on}
            files = [row for row in rows if row.product_line in near and row.build[:3] == numbered]
            files += [row for on, row in below if on == name and row not in files]
        if not files:
            continue
        found.append(
            Correction(
                article.id,
                name,
                None,
                CorrectionKind.HOTFIX,
                Method.FILE_TABLE,
                article.id,
                files[0].line,
                article.lines[files[0].line - 1].strip(),
                tuple(FileVersion(row.file, row.version, row.build) for row in files),
                requires=findings.required.get(name),
            )
        )
    return found


def _affected(
    listed: tuple[Affected, ...], findings: statements.Findings, own: list[Correction]
) -> tuple[Affected, ...]:
    """Return the applies-to lines, then what only STATUS confirms, then the lines that a correction names.

    It confirms lines, and service packs of a line that is listed with others alone.
    """
    found = list(listed)
    known = {a.product_line for a in found}
    told = {(a.product_line, a.level) for a in found}
    for each in findings.levels:
        if each.product_line in known and not told & {(each.product_line, None), (each.product_line, each.level)}:
            told.add((each.product_line, each.level))
            found.append(each)
    for each in findings.confirmed:
        if each.product_line not in known:
            known.add(each.product_line)
            found.append(each)
    for correction in own:
        if correction.product_line not in known and correction.method is Method.SENTENCE:
            known.add(correction.product_line)
            found.append(Affected(correction.product_line, None, correction.line, correction.text))
    return tuple(found)


def _kind(article: Article, feature: bool, confirmed: bool) -> Kind:
    """Return the kind: what the text confirms, then its class, its title, its layout.

    An article that confirms a fault, or is titled so, is about that fault, whatever its class.
    """
    tagged = "kbfea" in map(str.lower, article.keywords)
    if tagged or (feature and (confirmed or not re.match(r"(?:\w+: )?how ?to\b", article.title, re.IGNORECASE))):
        return Kind.FEATURE
    match = re.match(r"(BUG|FIX|PATCH|PRB|HOW ?TO|INFO|FAQ)\b ?:", article.title, re.IGNORECASE)
    titled = match.group(1).upper() if match is not None else ""
    if confirmed or titled in ("BUG", "FIX"):
        return Kind.BUG
    issue = article.trailer_value("Issue type").lower().split()
    for token, kind in _ISSUE_KINDS.items():
        if token in issue:
            return kind
    if titled:
        return _TITLE_KINDS[titled]
    if re.match(r"(?:\w+: )?how to\b", article.title, re.IGNORECASE):
        return Kind.HOWTO
    return Kind.PROBLEM if any(each.heading == "SYMPTOMS" for each in article.sections) else Kind.UNKNOWN
