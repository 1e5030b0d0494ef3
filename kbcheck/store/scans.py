"""Scans as rows: profiles, hosts joined to them, findings by group of profiles.

Rules:
- A scan keeps the verdicts and the evidence of its day, whatever is imported later; it is stored whole or not at all.
- What many rows share is stored once: what hosts have in common, what verdicts rest on, the facts that they name.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from kbcheck.model import (
    LONGEST_NAME,
    Affected,
    Assessment,
    Column,
    Correction,
    CorrectionKind,
    Evidence,
    Extra,
    FileVersion,
    FixedFile,
    Folded,
    HostOfScan,
    HostRow,
    Method,
    Profile,
    Reason,
    Refusal,
    Remedy,
    Source,
    Status,
    Verdict,
    folded,
    heard_of,
)
from kbcheck.store import schema
from kbcheck.store.database import Database, parts, to_json

_HOSTS = 8192  # host rows of a scan in one row


@dataclasses.dataclass(frozen=True, slots=True)
class ScanHead:
    """A stored scan: its number, ISO time, inventories (name, number of rows), and how many articles it judged."""

    number: int
    created: str
    inventories: tuple[tuple[str, int], ...]
    articles: int


class Scans(Database):
    """Stored scans."""

    def save_scan(self, assessment: Assessment) -> int:
        """Store a scan whole, in one transaction; return its number."""
        with self.writing() as connection:
            document = {
                "inventories": assessment.inventories,
                "refusals": [dataclasses.astuple(each) for each in assessment.refusals],
                "remarks": [dataclasses.astuple(each) for each in assessment.remarks],
                "articles": {ident: list(entry) for ident, entry in assessment.articles.items()},
                "other_articles": assessment.other_articles,
            }
            result = connection.execute(
                sa.insert(schema.scan).values(created=assessment.created, document=to_json(document))
            )
            assert result.inserted_primary_key is not None
            number = int(result.inserted_primary_key[0])
            profiles = (
                (number, n, _to_json(profile), group)
                for n, (profile, group) in enumerate(zip(assessment.profiles, assessment.groups, strict=True))
            )
            self.bulk(connection, schema.scan_profile, profiles)
            self._save_hosts(connection, number, assessment.hosts)
            self._save_findings(connection, number, assessment)
        return number

    def _save_hosts(self, connection: sa.Connection, number: int, hosts: Folded[HostRow]) -> None:
        self.bulk(
            connection,
            schema.scan_shape,
            ((number, n, to_json(_shape(row))) for n, row in enumerate(hosts.templates)),
        )
        self.bulk(connection, schema.scan_extra, ((number, n, to_json(extra)) for n, extra in enumerate(hosts.extras)))
        numbers = (hosts.lines, hosts.which, hosts.extra_of)
        places = (slice(first, first + _HOSTS) for first in range(0, len(hosts), _HOSTS))
        parts = (
            (number, part.start, to_json(list(hosts.names[part])), *(packed(column[part]) for column in numbers))
            for part in places
        )
        self.bulk(connection, schema.scan_hosts, parts)

    def _save_findings(self, connection: sa.Connection, number: int, assessment: Assessment) -> None:
        details = Details()
        rows = []
        for column in assessment.columns:
            found: dict[int, tuple[Verdict, list[int], list[int]]] = {}  # what is equal is mostly one object
            for apart, verdicts in ((False, enumerate(column.of_group)), (True, column.apart.items())):
                for which, verdict in verdicts:
                    entry = found.get(id(verdict))
                    if entry is None:
                        entry = found[id(verdict)] = (verdict, [], [])
                    (entry[2] if apart else entry[1]).append(which)
            for verdict, groups, profiles in found.values():
                head = (number, int(verdict.article[1:]), verdict.status.value, verdict.reason.value)
                own = (details.number(verdict), _often(tuple(groups)), ranges(sorted(profiles)) if profiles else "")
                rows.append((*head, verdict.first_fixed, *own))
        self.bulk(connection, schema.finding, rows)
        self._save_details(connection, number, details)

    def _save_details(self, connection: sa.Connection, number: int, details: Details) -> None:
        self.bulk(connection, schema.detail, ((number, n, text) for n, text in enumerate(details.documents)))
        self.bulk(connection, schema.fact, ((number, n, text) for text, n in details.facts.items()))

    def load_scan(self, number: int | None = None) -> Assessment | None:
        """Return a stored scan, the newest without a number; None when there is none."""
        with self.reading() as connection:
            row = self._scan_row(connection, number)
            if row is None:
                return None
            number = row.id
            document = json.loads(row.document)
            told = (
                sa.select(schema.scan_profile)
                .where(schema.scan_profile.c.scan == number)
                .order_by(schema.scan_profile.c.profile)
            )
            profiles, groups = [], []
            for r in connection.execute(told):
                profiles.append(_thaw(json.loads(r.document)))
                groups.append(r.profile if r.of_group is None else r.of_group)
            facts = [_thaw(json.loads(text)) for text in self._documents(connection, schema.fact, number)]
            details = [
                _to_detail(json.loads(text), facts) for text in self._documents(connection, schema.detail, number)
            ]
            found: dict[str, tuple[list[Verdict], dict[int, Verdict]]] = {}
            for ident in document["articles"]:
                found[ident] = ([None] * (max(groups, default=-1) + 1), {})  # type: ignore[list-item]  # each is set below
            for r in connection.execute(sa.select(schema.finding).where(schema.finding.c.scan == number)):
                ident = f"Q{r.article}"
                evidence, remedies = details[r.detail]
                verdict = Verdict(ident, Status(r.status), Reason(r.reason), evidence, r.first_fixed, remedies)
                of_group, apart = found[ident]
                for group in _from_ranges(r.of_groups):
                    of_group[group] = verdict
                apart.update(dict.fromkeys(_from_ranges(r.of_profiles), verdict))
            hosts = self._hosts(connection, number)
        return Assessment(
            created=row.created,
            inventories=tuple((name, digest, rows) for name, digest, rows in document["inventories"]),
            refusals=_refusals(document["refusals"]),
            remarks=_refusals(document["remarks"]),
            articles={ident: (title, date, kind) for ident, (title, date, kind) in document["articles"].items()},
            other_articles=document["other_articles"],
            profiles=tuple(profiles),
            groups=tuple(groups),
            hosts=hosts,
            columns=tuple(Column(tuple(of_group), apart) for of_group, apart in found.values()),
            number=number,
        )

    def scans(self) -> list[ScanHead]:
        """Return what scans are stored, the newest first."""
        with self.reading() as connection:
            found = []
            for row in connection.execute(sa.select(schema.scan).order_by(schema.scan.c.id.desc())):
                document = json.loads(row.document)
                inventories = tuple((name, rows) for name, _, rows in document["inventories"])
                found.append(ScanHead(row.id, row.created, inventories, len(document["articles"])))
            return found

    def host_of_scan(self, host: str, number: int | None = None) -> HostOfScan | None:
        """Return one host of a stored scan, by its name in any case; None when there is no such scan."""
        key = host.casefold()
        with self.reading() as connection:
            row = self._scan_row(connection, number)
            if row is None:
                return None
            c = schema.scan_hosts.c
            every = sa.select(c.first, c.hosts).where(c.scan == row.id).order_by(c.first)
            # The database finds the few parts that may have it; all are read where none does, or its case is no ASCII.
            having = every.where(sa.func.lower(c.hosts).contains(to_json(key), autoescape=True))
            found: dict[int, list[int]] = {}
            near: set[str] = set()
            asked = (having, every) if host.isascii() and len(key) <= LONGEST_NAME else (every,)
            for query in asked:
                for first, text in connection.execute(query) if not found else ():
                    names = json.loads(text)
                    for n, name in enumerate(folded(names)):
                        if name == key:
                            found.setdefault(first, []).append(n)
                        elif name.startswith(key[:3]):
                            near.add(names[n])
            rows = [each for first, places in found.items() for each in self._rows(connection, row.id, first, places)]
            profiles = self._some(connection, schema.scan_profile, row.id, {each.profile for each in rows})
        told = tuple((each, _thaw(profiles[each.profile])) for each in rows)
        said = json.loads(row.document)
        heard = heard_of(host, rows, _refusals(said["refusals"] + said["remarks"]))
        return HostOfScan(row.id, told, () if found else tuple(sorted(near)[:5]), heard)

    def status(self, number: int, article: str, profile: int) -> Status | None:
        """Return what a scan said of a profile and an article; None when it did not judge the article."""
        group_of = sa.select(schema.scan_profile.c.of_group).where(
            schema.scan_profile.c.scan == number, schema.scan_profile.c.profile == profile
        )
        findings = sa.select(schema.finding).where(
            schema.finding.c.scan == number, schema.finding.c.article == int(article[1:])
        )
        with self.reading() as connection:
            group = connection.execute(group_of).scalar()
            rows = connection.execute(findings).all()
        group = profile if group is None else group
        apart = (row.status for row in rows if profile in _from_ranges(row.of_profiles))
        of_group = (row.status for row in rows if group in _from_ranges(row.of_groups))
        found = next(chain(apart, of_group), None)
        return Status(found) if found is not None else None

    def _rows(self, connection: sa.Connection, number: int, first: int, places: Sequence[int]) -> Iterator[HostRow]:
        """Return host rows: those at `places` of the part that begins with row `first`."""
        part = sa.select(schema.scan_hosts).where(
            schema.scan_hosts.c.scan == number, schema.scan_hosts.c.first == first
        )
        row = connection.execute(part).one()
        names = json.loads(row.hosts)
        lines, shapes, extras = (_unpacked(each) for each in (row.lines, row.shapes, row.extras))
        templates = self._some(connection, schema.scan_shape, number, {shapes[n] for n in places})
        told = self._some(connection, schema.scan_extra, number, {extras[n] for n in places})
        for n in places:
            yield to_shape(templates[shapes[n]]).at(names[n], lines[n], to_extra(told[extras[n]]))

    def _scan_row(self, connection: sa.Connection, number: int | None) -> Any:
        newest = sa.select(sa.func.max(schema.scan.c.id)).scalar_subquery()
        return connection.execute(
            sa.select(schema.scan).where(schema.scan.c.id == (number if number is not None else newest))
        ).first()

    def _documents(self, connection: sa.Connection, table: sa.Table, number: int) -> Iterable[str]:
        """Return the documents of one scan in `table`, in their order."""
        order = table.c[1]
        return connection.execute(sa.select(table.c.document).where(table.c.scan == number).order_by(order)).scalars()

    def _some(self, connection: sa.Connection, table: sa.Table, number: int, wanted: Collection[int]) -> dict[int, Any]:
        query = sa.select(table.c[1], table.c.document).where(table.c.scan == number)
        rows = (row for part in parts(list(wanted)) for row in connection.execute(query.where(table.c[1].in_(part))))
        return {n: json.loads(text) for n, text in rows}

    def _hosts(self, connection: sa.Connection, number: int) -> Folded[HostRow]:
        templates = [to_shape(json.loads(text)) for text in self._documents(connection, schema.scan_shape, number)]
        extras = [to_extra(json.loads(text)) for text in self._documents(connection, schema.scan_extra, number)]
        which, lines, extra_of = array("I"), array("I"), array("I")
        names: list[str] = []
        for part in connection.execute(
            sa.select(schema.scan_hosts).where(schema.scan_hosts.c.scan == number).order_by(schema.scan_hosts.c.first)
        ):
            names += json.loads(part.hosts)
            lines.extend(_unpacked(part.lines))
            which.extend(_unpacked(part.shapes))
            extra_of.extend(_unpacked(part.extras))
        return Folded(templates, which, names, lines, extra_of, extras)


# --- rows and nouns ---------------------------------------------------------------------------------------------------


def _shape(row: HostRow) -> list[Any]:
    sources = [[column, s.file, s.line, s.column, text] for column, s, text in row.sources]
    return [row.product_line, row.profile, row.file, sources]


def to_shape(document: Any) -> HostRow:
    """Return what host rows have in common, a row without host and line."""
    product_line, profile, file, sources = document
    told = tuple((column, Source(of, line, title), text) for column, of, line, title, text in sources)
    return HostRow("", product_line, profile, file, 0, (), told)


def _refusals(entries: Iterable[Any]) -> tuple[Refusal, ...]:
    """Return what was said of rows; schema 5 has no host with it."""
    return tuple(Refusal(*each[:4]) for each in entries)


def to_extra(document: Any) -> Extra:
    """Return what is kept beside a row."""
    return tuple((title, cell) for title, cell in document)


def packed(numbers: Sequence[int]) -> bytes:
    """Return numbers as bytes, little-endian on every machine."""
    return _little(array("I", numbers)).tobytes()


def _unpacked(data: bytes) -> array[int]:
    found = array("I")
    found.frombytes(data)
    return _little(found)


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def ranges(numbers: Iterable[int]) -> str:
    """Return rising numbers as ranges: "0-12 15"."""
    told = []
    start = end = -2  # of a range that is none
    for number in numbers:
        if number != end + 1:
            told.append(f"{start}-{end}" if end > start else str(start))
            start = number
        end = number
    told.append(f"{start}-{end}" if end > start else str(start))
    return " ".join(told[1:])


_often = functools.lru_cache(maxsize=4096)(ranges)  # many verdicts are those of the same groups


def _from_ranges(text: str) -> Iterator[int]:
    for part in text.split():
        start, _, end = part.partition("-")
        yield from range(int(start), int(end or start) + 1)


class Details:
    """What verdicts rest on, as documents: each different one once, and once each fact that they name by number."""

    def __init__(self) -> None:
        self.facts: dict[str, int] = {}
        self._seen: dict[int, int] = {}
        self._numbers: dict[tuple[object, ...], int] = {}

    @property
    def documents(self) -> Iterable[str]:
        """The documents, in the order of their numbers."""
        return map(to_json, self._numbers)

    def number(self, verdict: Verdict) -> int:
        """Return the number of the verdict's document."""
        found = verdict.evidence
        demands, remedies = (tuple([self._fact(fact) for fact in each]) for each in (found.demands, verdict.remedies))
        return self.of(found.rule, found.fields, found.missing, found.notes, demands, remedies)

    def of(self, *document: object) -> int:
        """Return the number of a document: rule, fields, missing, notes, the numbers of demands and of remedies."""
        return self._numbers.setdefault(document, len(self._numbers))

    def fact(self, text: str) -> int:
        """Return the number of a fact as JSON."""
        return self.facts.setdefault(text, len(self.facts))

    def _fact(self, fact: object) -> int:
        """Return the number of a fact; verdicts share the objects, so that each is written once."""
        number = self._seen.get(id(fact))
        if number is None:
            number = self._seen[id(fact)] = self.fact(_to_json(fact))
        return number


def _to_detail(document: Any, facts: Sequence[Any]) -> tuple[Evidence, tuple[Remedy, ...]]:
    rule, fields, missing, notes, demands, remedies = document
    told = tuple(facts[number] for number in demands)
    evidence = Evidence(rule, told, tuple(fields), tuple(missing), tuple(notes))
    return evidence, tuple(facts[number] for number in remedies)


_NOUNS: dict[str, type] = {
    noun.__name__: noun for noun in (Affected, Correction, FixedFile, FileVersion, Evidence, Remedy, Profile)
}
_FIELDS = {noun: [field.name for field in dataclasses.fields(noun)] for noun in _NOUNS.values()}
_VALUES = {noun: attrgetter(*names) for noun, names in _FIELDS.items()}
_ENUMS = {"kind": CorrectionKind, "method": Method}


def _plain(noun: Any) -> Any:
    """Return a frozen dataclass as a list: `=` and its type, then its values; asked by the encoder."""
    values = _VALUES.get(type(noun))
    return noun.isoformat() if values is None else ("=" + type(noun).__name__, *values(noun))


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def _thaw(value: Any) -> Any:
    """Return what _to_json wrote; schema 5 has a dataclass as an object, its type under "is"."""
    if isinstance(value, dict):
        noun = _NOUNS[value["is"]]
        return _noun(noun, [value[name] for name in _FIELDS[noun]])
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], str) and value[0][:1] == "=" and value[0][1:] in _NOUNS:
        return _noun(_NOUNS[value[0][1:]], value[1:])
    return tuple(map(_thaw, value))


def _noun(noun: Any, values: Sequence[Any]) -> Any:
    fields = dict(zip(_FIELDS[noun], map(_thaw, values), strict=False))  # an older scan lacks the last ones
    if noun is Correction:
        for name, enum in _ENUMS.items():
            fields[name] = enum(fields[name])
        if fields["released"] is not None:
            fields["released"] = datetime.date.fromisoformat(fields["released"])
    return noun(**fields)
