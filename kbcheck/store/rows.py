"""An advisory as the rows that hold it, and back; needs no database, so that any process can do it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kbcheck import knowledge
from kbcheck.article import is_whole
from kbcheck.model import (
    Advisory,
    Affected,
    Correction,
    CorrectionKind,
    Facts,
    FileVersion,
    FixedFile,
    Kind,
    Method,
    Setting,
)
from kbcheck.product import dotted
from kbcheck.store.database import to_json


@dataclass(frozen=True, slots=True)
class Prepared:
    """An advisory as the rows that hold it, in the columns' order of each of `schema.ROWS`; see prepare()."""

    number: int
    id: str
    digest: str
    whole: bool
    cut: bool
    rows: tuple[list[tuple[Any, ...]], ...]


_KINDS = {each.value: each for each in CorrectionKind}  # quicker than CorrectionKind(value), which is asked often
_METHODS = {each.value: each for each in Method}


def number_of(ident: str) -> int:
    """Return the number in an article's id."""
    return int(ident[1:])


def prepare(advisory: Advisory) -> Prepared:
    """Return `advisory` as rows.

    It is weighed by its own word; where other articles speak about it, settle() weighs it again.
    """
    article = advisory.article
    facts = knowledge.gather([advisory])[0]
    number = number_of(article.id)
    head = (
        *(number, article.id, article.digest, article.date.isoformat(), article.category, advisory.kind.value),
        *(article.title, article.text, int(knowledge.is_advisory(facts))),
        to_json([facts.setting.line, facts.setting.text]) if facts.setting is not None else None,
    )
    affected = [(number, n, a.product_line, a.level, a.line, a.text) for n, a in enumerate(advisory.affected)]
    files = [
        (
            *(number, n, f.file, f.version, f.component, f.product, f.platform, f.language, f.date, f.size, f.line),
            *(f.product_line, dotted(f.build)),
        )
        for n, f in enumerate(advisory.fixed_files)
    ]
    corrections = [
        (
            *(number, n, number_of(c.subject), c.product_line, c.level, c.kind.value, c.method.value, c.line, c.text),
            to_json([[f.file, f.version, f.build] for f in c.files]) if c.files else "[]",
            c.released.isoformat() if c.released is not None else None,
            c.order,
            c.requires,
        )
        for n, c in enumerate(advisory.corrections)
    ]
    problems = [(number, n, p.line, p.kind, p.message) for n, p in enumerate(advisory.problems)]
    rows = ([head], affected, files, corrections, problems, decision_rows(number, facts))
    cut = any(problem.kind == "cut-off" for problem in advisory.problems)
    return Prepared(number, article.id, article.digest, is_whole(article.text), cut, rows)


def decision_rows(number: int, facts: Facts) -> list[tuple[Any, ...]]:
    """Return what is decided about each product line of an article."""
    return [
        (number, d.product_line, int(d.listed), d.first_fixed, d.earliest, d.latest, d.rank)
        for d in knowledge.decide(facts)
    ]


def facts_of(row: Any, affected: Iterable[Any], files: Iterable[Any], corrections: Iterable[Any]) -> Facts:
    """Return the facts about one article from its row and those of the other tables that are about it."""
    return Facts(
        row.id,
        row.title,
        datetime.date.fromisoformat(row.date),
        Kind(row.kind),
        tuple(Affected(*each[2:]) for each in affected),
        tuple(map(_file_of, files)),
        tuple(map(correction_of, corrections)),
        Setting(*json.loads(row.setting)) if row.setting is not None else None,
    )


def _file_of(row: Any) -> FixedFile:
    build = tuple(int(part) for part in row[-1].split(".")) if row[-1] else ()
    return FixedFile(*(*row[2:-1], build))


def correction_of(row: Any) -> Correction:
    """Return what a row of `correction` states."""
    source, _, subject, product_line, level, kind, method, line, text, files, released, block, requires = row
    return Correction(
        f"Q{subject}",
        product_line,
        level,
        _KINDS[kind],
        _METHODS[method],
        f"Q{source}",
        line,
        text,
        tuple(FileVersion(file, version, tuple(build)) for file, version, build in json.loads(files))
        if files != "[]"
        else (),
        datetime.date.fromisoformat(released) if released is not None else None,
        block,
        requires,
    )
