"""Assessments and articles as JSON documents, JSON Lines and CSV; the schemas ship in `kbcheck/schemas`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from kbcheck import knowledge, matching, product
from kbcheck.article import references
from kbcheck.model import (
    Affected,
    ArticleKnowledge,
    Assessment,
    Conflict,
    Correction,
    Evidence,
    FixedFile,
    Remedy,
    Status,
    Stored,
    Verdict,
)
from kbcheck.report import cell
from kbcheck.report.view import counts, remedy_text

COLUMNS = (
    "host",
    "product",
    "release",
    "service_pack",
    "build",
    "article",
    "title",
    "status",
    "reason",
    "first_fixed",
    "remedy",
    "inventory_line",
)


def dumps(document: Any) -> str:
    """Return a document as indented JSON text."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def line(document: Any) -> str:
    """Return a document as one line of JSON."""
    return json.dumps(document, ensure_ascii=False, separators=(", ", ": ")) + "\n"


# --- articles ---------------------------------------------------------------------------------------------------------


def article(stored: Stored, known: ArticleKnowledge) -> dict[str, Any]:
    """Return the `kbcheck.article/1` document."""
    facts, layout = stored.facts, stored.article
    return {
        "schema": "kbcheck.article/1",
        "id": facts.id,
        "date": facts.date.isoformat(),
        "category": layout.category,
        "title": facts.title,
        "product": layout.product,
        "prod_ver": layout.prod_ver,
        "oper_sys": layout.oper_sys,
        "keywords_header": layout.keywords_header,
        "trailer": {name: value for name, value, _ in layout.trailer},
        "keywords": layout.keywords,
        "query_words": layout.query_words,
        "applies_to": [{"level": i.level, "text": i.text, "line": i.line} for i in layout.applies_to],
        "sections": [{"heading": s.heading, "line": s.line} for s in layout.sections],
        "references": references(layout),
        "kind": facts.kind.value,
        "advisory": known.advisory,
        "affected": [_affected(each) for each in facts.affected],
        "fixed_files": [_fixed_file(row) for row in facts.fixed_files],
        "corrections": [correction(each) for known_line in known.lines for each in known_line.corrections],
        "first_fixed": knowledge.first_fixed(known),
        "conflicts": [_conflict(each) for each in known.conflicts],
        "setting": {"line": facts.setting.line, "text": facts.setting.text} if facts.setting is not None else None,
        "problems": [{"line": p.line, "message": p.message, "kind": p.kind} for p in stored.problems],
    }


def correction(each: Correction) -> dict[str, Any]:
    """Return one correction as JSON values."""
    return {
        "product_line": each.product_line,
        "level": each.level,
        "kind": each.kind.value,
        "method": each.method.value,
        "source": each.source,
        "line": each.line,
        "text": each.text,
        "files": [{"file": f.file, "version": f.version} for f in each.files],
        "released": each.released.isoformat() if each.released is not None else None,
        "requires": each.requires,
    }


def _affected(each: Affected) -> dict[str, Any]:
    return {"product_line": each.product_line, "level": each.level, "line": each.line}


def _fixed_file(row: FixedFile) -> dict[str, Any]:
    return {
        "component": row.component,
        "product": row.product,
        "file": row.file,
        "version": row.version,
        "platform": row.platform,
        "language": row.language,
        "date": row.date,
        "size": row.size,
        "line": row.line,
        "product_line": row.product_line,
    }


def _conflict(each: Conflict) -> dict[str, Any]:
    return {
        "product_line": each.product_line,
        "decided": each.decided,
        "reason": each.reason,
        "overruled": [correction(c) for c in each.overruled],
    }


# --- assessments ------------------------------------------------------------------------------------------------------


def assessment(document: Assessment, statuses: Sequence[Status]) -> dict[str, Any]:
    """Return the `kbcheck.assessment/1` document; `verdicts` are those of `statuses`, by profile."""
    total = counts(document)
    return {
        "schema": "kbcheck.assessment/1",
        "scan": document.number,
        "created": document.created,
        "summary": {
            "hosts": document.hosts.host_count,
            "installations": len(document.hosts),
            "profiles": len(document.profiles),
            "advisories": len(document.articles),
            "other_articles": document.other_articles,
            "refused": len(document.refusals),
            **{status.value: total[status] for status in Status},
        },
        "inventory": [
            {
                "name": name,
                "sha256": digest,
                "rows": rows,
                "rejected": [{"line": r.line, "message": r.message} for r in document.refusals if r.file == name],
            }
            for name, digest, rows in document.inventories
        ],
        "remarks": [{"name": r.file, "line": r.line, "message": r.message} for r in document.remarks],
        "articles": [
            {"id": ident, "title": title, "date": date, "kind": kind}
            for ident, (title, date, kind) in document.articles.items()
        ],
        "profiles": [
            {
                "profile": number,
                "product_line": p.product_line,
                "levels": [level for level in matching.candidate_levels(p) if level is not None],
                "builds": [product.dotted(build) for build in p.builds],
                "hotfixes": list(p.hotfixes),
                "files": [{"file": name, "version": text} for name, _, text in p.files],
                "beside": [{"product_line": name, "level": level} for name, level in p.beside],
            }
            for number, p in enumerate(document.profiles)
        ],
        "hosts": [
            {
                "host": row.host,
                "product_line": row.product_line,
                "profile": row.profile,
                "inventory": row.file,
                "line": row.line,
                "extra": dict(row.extra),
            }
            for row in document.hosts
        ],
        "verdicts": [
            {"profile": number, **verdict_document(verdict)}
            for number in range(len(document.profiles))
            for verdict in document.verdicts(number)
            if verdict.status in statuses
        ],
    }


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return one verdict with its evidence as JSON values."""
    return {
        "article": verdict.article,
        "status": verdict.status.value,
        "reason": verdict.reason.value,
        "first_fixed": verdict.first_fixed,
        "remedies": [_remedy(each) for each in verdict.remedies],
        "evidence": evidence(verdict),
    }


def _remedy(each: Remedy) -> dict[str, Any]:
    return {
        "product_line": each.product_line,
        "level": each.level,
        "source": each.source,
        "files": [{"file": f.file, "version": f.version} for f in each.files],
        "requires": each.requires,
    }


def evidence(verdict: Verdict) -> dict[str, Any]:
    """Return what a verdict rests on as JSON values."""
    found: Evidence = verdict.evidence
    demands = []
    for demand in found.demands:
        if isinstance(demand, Correction):
            demands.append({"fact": "correction", **correction(demand)})
        elif isinstance(demand, FixedFile):
            demands.append({"fact": "fixed-file", "source": verdict.article, **_fixed_file(demand)})
        else:
            demands.append({"fact": "affected", "source": verdict.article, **_affected(demand), "text": demand.text})
    return {
        "rule": found.rule,
        "article": demands,
        "host": list(found.fields),
        "missing": list(found.missing),
        "notes": list(found.notes),
    }


def rows(document: Assessment, statuses: Sequence[Status], *, with_evidence: bool) -> Iterator[dict[str, Any]]:
    """Return one record for each installation and advisory whose status is among `statuses`."""
    kept: dict[int, list[dict[str, Any]]] = {}
    for row in document.hosts:
        if row.profile not in kept:
            if len(kept) >= _KEPT:
                kept.clear()
            kept[row.profile] = list(_parts(document, row.profile, statuses, with_evidence=with_evidence))
        place = f"{row.file}:{row.line}"
        for part in kept[row.profile]:
            yield part | {"host": row.host, "inventory_line": place}


_KEPT = 200  # profiles whose records are kept while hosts are written


def _parts(
    document: Assessment, number: int, statuses: Sequence[Status], *, with_evidence: bool
) -> Iterator[dict[str, Any]]:
    """Return the records of one profile, with what differs from host to host left empty."""
    profile = document.profiles[number]
    of = product.line(profile.product_line)
    levels = [level for level in matching.candidate_levels(profile) if level is not None]
    for verdict in document.verdicts(number):
        if verdict.status not in statuses:
            continue
        part: dict[str, Any] = {
            "host": "",
            "product": of.product,
            "release": _release(profile.product_line, of),
            "service_pack": " or ".join(levels) or None,
            "build": " or ".join(map(product.dotted, profile.builds)) or None,
            "article": verdict.article,
            "title": document.articles[verdict.article][0],
            "status": verdict.status.value,
            "reason": verdict.reason.value,
            "first_fixed": verdict.first_fixed,
            "remedy": "; ".join(remedy_text(remedy, profile.product_line) for remedy in verdict.remedies),
            "inventory_line": "",
        }
        if with_evidence:
            part["evidence"] = evidence(verdict)
        yield part


def _release(name: str, of: product.Line) -> str:
    return of.release or name.removeprefix(of.product).strip()


def csv_lines(document: Assessment, statuses: Sequence[Status]) -> Iterator[str]:
    """Return the CSV text, header first, line by line; no cell begins like a formula."""
    yield ",".join(COLUMNS) + "\r\n"
    for record in rows(document, statuses, with_evidence=False):
        buffer = io.StringIO()
        csv.writer(buffer).writerow(
            [cell.spreadsheet(str(record[column]) if record[column] is not None else "") for column in COLUMNS]
        )
        yield buffer.getvalue()


def json_lines(document: Assessment, statuses: Sequence[Status]) -> Iterator[str]:
    """Return JSON Lines, one record for each pair, with its evidence."""
    for record in rows(document, statuses, with_evidence=True):
        yield line({"schema": "kbcheck.finding/1", **record})
