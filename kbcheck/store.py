"""The database: articles, what they state, scans; SQLite by default, PostgreSQL by URL. All of sqlalchemy is here.

Rules:
- Frozen dataclasses go in and out; rows stay here.
- A fact has a subject and a source: a correction is stored once for each article that states it, and replaced with it.
- Writing is one transaction a batch, begun with the write lock, so that two processes wait for each other and a killed
  one leaves whole articles and whole scans.
- Nothing is ordered or compared as text: levels and builds are compared in Python.
- The schema has a number; a newer database is refused, an older one upgraded step by step after a backup.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
import sqlite3
import sys
import time
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from kbcheck import KbcheckError, knowledge
from kbcheck.model import (
    Advisory,
    Affected,
    ArticleKnowledge,
    Assessment,
    Column,
    Correction,
    CorrectionKind,
    Decision,
    Evidence,
    Extra,
    Facts,
    FileVersion,
    FixedFile,
    Folded,
    HostOfScan,
    HostRow,
    Kind,
    Method,
    Problem,
    Profile,
    Reason,
    Refusal,
    Remedy,
    Source,
    Status,
    Stored,
    Verdict,
    folded,
)

SCHEMA = 4
BUSY_SECONDS = 60
_HOSTS = 8192  # host rows of a scan in one row
_LOCK = 241556  # on PostgreSQL one writer at a time, as on SQLite

_metadata = sa.MetaData()
_meta = sa.Table(
    "meta", _metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
_article = sa.Table(
    "article",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("date", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("layout", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("advisory", sa.Integer, index=True),  # None: its corrections changed, it must be weighed again
)
_decision = sa.Table(
    "decision",
    _metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("product_line", sa.Text, nullable=False, index=True),
    sa.Column("listed", sa.Integer, nullable=False),
    sa.Column("first_fixed", sa.Text),
    sa.Column("earliest", sa.Text),
    sa.Column("latest", sa.Text),
    sa.Column("rank", sa.Integer, nullable=False),
)
_affected = sa.Table(
    "affected",
    _metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("product_line", sa.Text, nullable=False, index=True),
    sa.Column("level", sa.Text),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
_fixed_file = sa.Table(
    "fixed_file",
    _metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("version", sa.Text),
    sa.Column("component", sa.Text),
    sa.Column("product", sa.Text),
    sa.Column("platform", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("date", sa.Text),
    sa.Column("size", sa.Text),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("product_line", sa.Text),
    sa.Column("build", sa.Text, nullable=False),
)
_correction = sa.Table(
    "correction",
    _metadata,
    sa.Column("source", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("subject", sa.Integer, nullable=False, index=True),
    sa.Column("product_line", sa.Text, nullable=False, index=True),
    sa.Column("level", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("released", sa.Text),
    sa.Column("block", sa.Integer, nullable=False),
)
_problem = sa.Table(
    "problem",
    _metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
_scan = sa.Table(
    "scan",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
_scan_profile = sa.Table(
    "scan_profile",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("profile", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("of_group", sa.Integer),  # None: a group of its own, with the number of the profile
)
# What host rows have in common; see model.Folded.
_scan_shape = sa.Table(
    "scan_shape",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("shape", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
_scan_extra = sa.Table(
    "scan_extra",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("extra", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
# Host rows, some thousands in each row here: their hosts as a list; lines, shapes and extras as little-endian numbers.
_scan_hosts = sa.Table(
    "scan_hosts",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("hosts", sa.Text, nullable=False),
    sa.Column("lines", sa.LargeBinary, nullable=False),
    sa.Column("shapes", sa.LargeBinary, nullable=False),
    sa.Column("extras", sa.LargeBinary, nullable=False),
)
# One row for each distinct verdict about an article: the groups of profiles that have it, and the profiles whose group
# has another; as ranges, "0-12 15".
_finding = sa.Table(
    "finding",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("article", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_fixed", sa.Text),
    sa.Column("detail", sa.Integer, nullable=False),
    sa.Column("of_groups", sa.Text, nullable=False),
    sa.Column("of_profiles", sa.Text, nullable=False),
)
# What a finding rests on, and the facts that it names by number.
_detail = sa.Table(
    "finding_detail",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("detail", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
_fact = sa.Table(
    "finding_fact",
    _metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("fact", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
_ROWS = (_article, _affected, _fixed_file, _correction, _problem, _decision)
_OF_ARTICLE = (
    (_affected, _affected.c.article),
    (_fixed_file, _fixed_file.c.article),
    (_correction, _correction.c.source),
    (_problem, _problem.c.article),
    (_decision, _decision.c.article),
)
# From schema n to n + 1; a copy of an SQLite database is made before the first step.
_STEPS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE article ADD COLUMN advisory INTEGER",
        "CREATE INDEX ix_article_advisory ON article (advisory)",
        "CREATE TABLE decision (article INTEGER NOT NULL, product_line TEXT NOT NULL, listed INTEGER NOT NULL, "
        "first_fixed TEXT, earliest TEXT, latest TEXT, rank INTEGER NOT NULL)",
        "CREATE INDEX ix_decision_article ON decision (article)",
        "CREATE INDEX ix_decision_product_line ON decision (product_line)",
    ),
    2: (
        "ALTER TABLE scan_profile ADD COLUMN of_group INTEGER",
        "ALTER TABLE scan_host RENAME TO old_host",
        "ALTER TABLE finding RENAME TO old_finding",
        "ALTER TABLE finding_detail RENAME TO old_detail",
        "DROP INDEX ix_scan_host_scan",
        "DROP INDEX ix_finding_scan",
        "DROP INDEX ix_finding_detail_scan",
    ),
    3: ("ALTER TABLE scan_hosts RENAME TO old_hosts", "DROP INDEX ix_scan_hosts_scan"),
}
# Words of 16 MiB of text are gathered before FTS5 writes them: an index made batch by batch then costs no more than
# one made at the end. https://sqlite.org/src/file/ext/fts5/fts5_config.c
_GATHER = "INSERT INTO article_search(article_search, rank) VALUES ('hashsize', 16777216)"


class StoreError(KbcheckError):
    """The database cannot be used: missing, locked, of another schema, not a database; the message says which."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An advisory as the rows that hold it, in the columns' order of each of `_ROWS`; see prepare()."""

    number: int
    id: str
    digest: str
    rows: tuple[list[tuple[Any, ...]], ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What storing a batch did; `kept`: articles that were stored before from the same bytes."""

    new: int
    updated: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found by search: a piece of its text around the words, marked with `[` and `]`."""

    id: str
    title: str
    date: str
    category: str
    snippet: str


class Store:
    """An open database. Use as a context manager; `create=False` refuses a database that does not exist."""

    def __init__(self, where: str, *, create: bool = True) -> None:
        self._engine = _engine(where, create=create)
        self.where = where
        self._sqlite = self._engine.dialect.name == "sqlite"
        try:
            self._prepare(create)
        except StoreError:
            self._engine.dispose()
            raise
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise StoreError(f"{self._shown}: {_reason(error)}") from error

    @property
    def _shown(self) -> str:
        return self._engine.url.render_as_string(hide_password=True) if "://" in self.where else self.where

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    # --- connections --------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError(f"{self._shown}: {_reason(error)}") from error

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect().execution_options(kbcheck_write=True) as connection, connection.begin():
                if not self._sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
        except DBAPIError as error:
            raise StoreError(f"{self._shown}: {_reason(error)}") from error

    def _prepare(self, create: bool) -> None:
        with self._reading() as connection:
            version = self._version(connection)
        if version is None:
            if not create:
                raise StoreError(f"{self._shown}: holds no knowledge base yet; make one with: kbcheck import PATH")
            with self._writing() as connection:
                if self._version(connection) is None:
                    _metadata.create_all(connection)
                    for statement in self._search_schema():
                        connection.exec_driver_sql(statement)
                    connection.execute(sa.insert(_meta), [{"key": "schema", "value": str(SCHEMA)}])
            return
        if version < SCHEMA:
            self._upgrade(version)
        if version > SCHEMA:
            raise StoreError(
                f"{self._shown}: made by a newer kbcheck (schema {version}, this one knows {SCHEMA}); update kbcheck"
            )

    def _upgrade(self, version: int) -> None:
        """Bring an older schema to this one, step by step in one transaction, after a copy of an SQLite file."""
        if self._sqlite and self._engine.url.database not in (None, ":memory:"):
            copy = f"{self._engine.url.database}.schema-{version}"
            if not Path(copy).exists():
                with self._engine.connect() as connection:
                    connection.connection.driver_connection.execute("VACUUM INTO ?", (copy,))  # type: ignore[union-attr]  # connected
                os.chmod(copy, 0o600)
        with self._writing() as connection:
            first = self._version(connection) or version
            for step in range(first, SCHEMA):
                for statement in _STEPS[step] if step != 3 or first == 3 else ():
                    connection.exec_driver_sql(statement)
                if step == 2:
                    _metadata.create_all(connection, [_scan_shape, _scan_extra, _scan_hosts, _finding, _detail, _fact])
                    self._fold_scans(connection)
                if step == 3 and first == 3:
                    _metadata.create_all(connection, [_scan_hosts])
                    self._pack_hosts(connection)
                if step == 3 and self._sqlite:
                    connection.exec_driver_sql(_GATHER)
                    # An import that was killed had left the search index for later.
                    if connection.execute(sa.delete(_meta).where(_meta.c.key == "search")).rowcount:
                        connection.exec_driver_sql("INSERT INTO article_search(article_search) VALUES ('rebuild')")
            connection.execute(sa.update(_meta).where(_meta.c.key == "schema").values(value=str(SCHEMA)))

    def _version(self, connection: sa.Connection) -> int | None:
        if not sa.inspect(connection).has_table("meta"):
            if sa.inspect(connection).has_table("article"):
                raise StoreError(f"{self._shown}: is a database, but not one of kbcheck's")
            return None
        value = connection.execute(sa.select(_meta.c.value).where(_meta.c.key == "schema")).scalar()
        if value is None:
            raise StoreError(f"{self._shown}: is a database, but not one of kbcheck's")
        if not value.isdecimal():
            raise StoreError(f"{self._shown}: is a database, but not one of kbcheck's")
        return int(value)

    def _search_schema(self) -> list[str]:
        if self._sqlite:
            return [
                "CREATE VIRTUAL TABLE article_search USING fts5(id, title, text, content='article', "
                "content_rowid='number', tokenize=\"unicode61 remove_diacritics 2\")",
                _GATHER,
            ]
        return [
            "ALTER TABLE article ADD COLUMN search tsvector GENERATED ALWAYS AS "
            "(setweight(to_tsvector('simple', id || ' ' || title), 'A') || to_tsvector('simple', left(text, "
            "200000))) STORED",
            "CREATE INDEX article_search ON article USING gin (search)",
        ]

    # --- articles -----------------------------------------------------------------------------------------------------

    def digests(self) -> dict[str, str]:
        """Return article id -> digest of the bytes it was read from."""
        with self._reading() as connection:
            return {row.id: row.digest for row in connection.execute(sa.select(_article.c.id, _article.c.digest))}

    def replace(self, advisories: Iterable[Advisory | Prepared], *, keep: bool = False) -> Replaced:
        """Store `advisories` in one transaction, each instead of what was known of its article before.

        `keep`: leave an article alone that is stored from the same bytes, perhaps by another process a moment ago. What
        they say about other articles is weighed by settle().
        """
        prepared = (each if isinstance(each, Prepared) else prepare(each) for each in advisories)
        latest = {each.number: each for each in prepared}
        with self._writing() as connection:
            stored = sa.select(_article.c.number, _article.c.digest)
            known = {
                row.number: row.digest
                for part in _parts(list(latest))
                for row in connection.execute(stored.where(_article.c.number.in_(part)))
            }
            same = [number for number, digest in known.items() if keep and latest[number].digest == digest]
            for number in same:
                del latest[number], known[number]
            if not latest:
                return Replaced(0, 0, len(same))
            numbers = list(latest)
            if known:
                self._mark(connection, sorted(known))
                self._forget(connection, sorted(known))
            self._insert(connection, latest.values())
            self._mark(connection, numbers)
        return Replaced(len(latest) - len(known), len(known), len(same))

    def _mark(self, connection: sa.Connection, sources: Sequence[int]) -> None:
        """Mark what must be weighed again: articles about which others speak, where one of `sources` has a part."""
        by_others = sa.select(_correction.c.subject).where(_correction.c.subject != _correction.c.source)
        for part in _parts(sources):
            of_others = by_others.where(_correction.c.source.in_(part))
            spoken_of = by_others.where(_correction.c.subject.in_(part))
            changed = _article.c.number.in_(of_others) | _article.c.number.in_(spoken_of)
            connection.execute(sa.update(_article).where(changed).values(advisory=None))

    def settle(self) -> int:
        """Weigh what changed since it was last weighed, and store what was decided; return how many articles."""
        total = 0
        while True:
            with self._reading() as connection:
                query = sa.select(_article.c.number).where(_article.c.advisory.is_(None)).limit(5000)
                numbers = list(connection.execute(query).scalars())
            if not numbers:
                return total
            with self._writing() as connection:
                rows, flags = [], []
                for facts in self._facts(connection, numbers):
                    number = _number(facts.id)
                    flags.append({"of": number, "advisory": int(knowledge.is_advisory(facts))})
                    rows += _decisions(number, facts)
                for part in _parts(numbers):
                    connection.execute(sa.delete(_decision).where(_decision.c.article.in_(part)))
                self._bulk(connection, _decision, rows)
                update = sa.update(_article).where(_article.c.number == sa.bindparam("of"))
                connection.execute(update.values(advisory=sa.bindparam("advisory")), flags)
            total += len(flags)

    def _forget(self, connection: sa.Connection, numbers: Sequence[int]) -> None:
        for part in _parts(numbers):
            if self._sqlite:
                connection.exec_driver_sql(
                    "INSERT INTO article_search(article_search, rowid, id, title, text) "
                    "SELECT 'delete', number, id, title, text FROM article WHERE number = ?",
                    [(number,) for number in part],
                )
            for table, column in _OF_ARTICLE:
                connection.execute(sa.delete(table).where(column.in_(part)))
            connection.execute(sa.delete(_article).where(_article.c.number.in_(part)))

    def _insert(self, connection: sa.Connection, advisories: Collection[Prepared]) -> None:
        for position, table in enumerate(_ROWS):
            self._bulk(connection, table, [row for each in advisories for row in each.rows[position]])
        if self._sqlite:
            names = [column.name for column in _article.c]
            columns = [names.index(name) for name in ("number", "id", "title", "text")]
            connection.exec_driver_sql(
                "INSERT INTO article_search(rowid, id, title, text) VALUES (?, ?, ?, ?)",
                [tuple(row[column] for column in columns) for each in advisories for row in each.rows[0]],
            )

    def _bulk(self, connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert `rows`, in the order of the table's columns: by the driver's executemany, or COPY on PostgreSQL.

        The driver's own cursor takes rows as they come, which SQLAlchemy would gather in a list.
        """
        names = ", ".join(column.name for column in table.c)
        cursor: Any = connection.connection.cursor()
        try:
            if self._sqlite:
                marks = ", ".join("?" * len(table.c))
                statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  # names of our own tables
                cursor.executemany(statement, rows)
                cursor.close()
                return
            with cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    # PostgreSQL's text holds no NUL
                    copy.write_row([v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row])
        except connection.dialect.loaded_dbapi.Error as error:  # the driver's own: this passes SQLAlchemy by
            raise StoreError(f"{self._shown}: {' '.join(str(error).split())}") from error

    def count(self) -> int:
        """Return the number of articles."""
        with self._reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(_article)).scalar_one()

    def article(self, ident: str) -> Stored | None:
        """Return one stored article, None when it is not in the database."""
        return next(self.articles([ident]), None)

    def articles(self, idents: Iterable[str] | None = None) -> Iterator[Stored]:
        """Return stored articles in order of number: those of `idents`, or all of them."""
        wanted = None if idents is None else sorted({_number(i) for i in idents if re.fullmatch(r"Q\d{1,9}", i)})
        with self._reading() as connection:
            if wanted is None:
                wanted = list(connection.execute(sa.select(_article.c.number).order_by(_article.c.number)).scalars())
            for part in _parts(wanted):
                yield from self._stored(connection, part)

    def _stored(self, connection: sa.Connection, numbers: Sequence[int]) -> Iterator[Stored]:
        facts = {_number(each.id): each for each in self._facts(connection, numbers)}
        problems = _grouped(connection, _problem, _problem.c.article, numbers)
        query = sa.select(_article).where(_article.c.number.in_(numbers)).order_by(_article.c.number)
        for row in connection.execute(query):
            yield Stored(
                facts=facts[row.number],
                category=row.category,
                layout=json.loads(row.layout),
                text=row.text,
                problems=tuple(Problem(r.line, r.message, r.kind) for r in problems.get(row.number, ())),
            )

    def facts(self, ident: str) -> Facts | None:
        """Return the facts about one article, None when it is not in the database."""
        with self._reading() as connection:
            return next(self._facts(connection, [_number(ident)]), None)

    def all_facts(self) -> Iterator[Facts]:
        """Return the facts about every article, by number."""
        with self._reading() as connection:
            numbers = list(connection.execute(sa.select(_article.c.number).order_by(_article.c.number)).scalars())
            yield from self._facts(connection, numbers)

    def known(self, lines: Iterable[str], *, fixed: bool) -> Iterator[ArticleKnowledge]:
        """Return the advisories that affect one of `lines`, by number, as they were weighed (see settle).

        `fixed`: only those of which some correction is known, in whatever line.
        """
        mine = sa.select(_decision.c.article).where(_decision.c.product_line.in_(list(lines)), _decision.c.listed == 1)
        query = sa.select(_article.c.number).where(_article.c.advisory == 1, _article.c.number.in_(mine))
        if fixed:
            some = sa.select(_decision.c.article).where(_decision.c.first_fixed.is_not(None))
            query = query.where(_article.c.number.in_(some))
        yield from self._known(query)

    def known_of(self, idents: Iterable[str]) -> Iterator[ArticleKnowledge]:
        """Return the articles `idents` that are in the database, advisories or not, by number, as they were weighed."""
        yield from self._known(sa.select(_article.c.number).where(_article.c.number.in_(map(_number, idents))))

    def concerning(self, lines: Iterable[str]) -> int:
        """Return how many articles, advisories or not, affect one of `lines`."""
        mine = sa.select(_decision.c.article).where(_decision.c.product_line.in_(list(lines)), _decision.c.listed == 1)
        with self._reading() as connection:
            query = sa.select(sa.func.count()).select_from(_article).where(_article.c.number.in_(mine))
            return connection.execute(query).scalar_one()

    def _known(self, query: sa.Select[Any]) -> Iterator[ArticleKnowledge]:
        with self._reading() as connection:
            numbers = list(connection.execute(query.order_by(_article.c.number)).scalars())
            for part in _parts(numbers):
                decided = _grouped(connection, _decision, _decision.c.article, part)
                flags = sa.select(_article.c.number, _article.c.advisory).where(_article.c.number.in_(part))
                advisory = {row.number: bool(row.advisory) for row in connection.execute(flags)}
                for facts in self._facts(connection, part):
                    number = _number(facts.id)
                    decisions = [
                        Decision(r.product_line, bool(r.listed), r.first_fixed, r.earliest, r.latest, r.rank)
                        for r in decided.get(number, ())
                    ]
                    yield knowledge.recall(facts, decisions, advisory[number])

    def _facts(self, connection: sa.Connection, numbers: Sequence[int]) -> Iterator[Facts]:
        heads = sa.select(_article.c.number, _article.c.id, _article.c.title, _article.c.date, _article.c.kind)
        for part in _parts(numbers):
            affected = _grouped(connection, _affected, _affected.c.article, part)
            files = _grouped(connection, _fixed_file, _fixed_file.c.article, part)
            corrections = _grouped(connection, _correction, _correction.c.subject, part, _correction.c.source)
            for row in connection.execute(heads.where(_article.c.number.in_(part)).order_by(_article.c.number)):
                yield Facts(
                    row.id,
                    row.title,
                    datetime.date.fromisoformat(row.date),
                    Kind(row.kind),
                    tuple(_to_affected(r) for r in affected.get(row.number, ())),
                    tuple(_to_file(r) for r in files.get(row.number, ())),
                    tuple(_to_correction(r) for r in corrections.get(row.number, ())),
                )

    def stated_by(self, ident: str) -> tuple[Correction, ...]:
        """Return what the article `ident` states about others (the members of a list), in its order."""
        with self._reading() as connection:
            query = sa.select(_correction).where(
                _correction.c.source == _number(ident), _correction.c.subject != _number(ident)
            )
            return tuple(_to_correction(row) for row in connection.execute(query.order_by(_correction.c.position)))

    def titles(self, idents: Iterable[str]) -> dict[str, str]:
        """Return id -> title of those of `idents` that are in the database."""
        found: dict[str, str] = {}
        with self._reading() as connection:
            for part in _parts(sorted({_number(i) for i in idents})):
                query = sa.select(_article.c.id, _article.c.title).where(_article.c.number.in_(part))
                found.update((row.id, row.title) for row in connection.execute(query))
        return found

    def problem_counts(self) -> list[tuple[str, int, str]]:
        """Return (kind, number of problems, an article that has one), the most frequent first."""
        with self._reading() as connection:
            query = (
                sa.select(_problem.c.kind, sa.func.count().label("n"), sa.func.min(_problem.c.article).label("first"))
                .group_by(_problem.c.kind)
                .order_by(sa.desc("n"), _problem.c.kind)
            )
            return [(row.kind, row.n, f"Q{row.first}") for row in connection.execute(query)]

    def problem_articles(self) -> set[str]:
        """Return the ids of the articles that have a problem."""
        with self._reading() as connection:
            return {f"Q{number}" for number in connection.execute(sa.select(_problem.c.article).distinct()).scalars()}

    def search(self, words: str, limit: int = 20) -> list[Hit]:
        """Return the articles that hold all of `words`, the best first; any text is a valid query."""
        terms = re.findall(r"\w+", words, re.UNICODE)[:32]
        if not terms:
            return []
        with self._reading() as connection:
            if self._sqlite:
                query = (
                    "SELECT a.id, a.title, a.date, a.category, snippet(article_search, 2, '[', ']', ' ... ', 14) AS "
                    "snippet FROM article_search "
                    "JOIN article a ON a.number = article_search.rowid WHERE article_search MATCH ? ORDER BY "
                    "bm25(article_search, 8.0, 6.0, 1.0), a.number LIMIT ?"
                )
                match = " ".join(f'"{term}"' for term in terms)
                rows = connection.exec_driver_sql(query, (match, limit)).all()
            else:
                statement = sa.text(
                    "SELECT id, title, date, category, ts_headline('simple', left(text, 60000), q, "
                    "'StartSel=[, StopSel=], MaxWords=18, MinWords=8') AS snippet "
                    "FROM article, plainto_tsquery('simple', :words) q WHERE search @@ q ORDER BY ts_rank(search, "
                    "q) DESC, number LIMIT :limit"
                )
                rows = list(connection.execute(statement, {"words": " ".join(terms), "limit": limit}).all())
        return [Hit(row.id, row.title, row.date, row.category, " ".join(row.snippet.split())) for row in rows]

    # --- scans --------------------------------------------------------------------------------------------------------

    def save_scan(self, assessment: Assessment) -> int:
        """Store a scan whole, in one transaction; return its number."""
        with self._writing() as connection:
            document = {
                "inventories": assessment.inventories,
                "refusals": [[r.file, r.line, r.message] for r in assessment.refusals],
                "remarks": [[r.file, r.line, r.message] for r in assessment.remarks],
                "articles": {ident: list(entry) for ident, entry in assessment.articles.items()},
                "other_articles": assessment.other_articles,
            }
            result = connection.execute(sa.insert(_scan).values(created=assessment.created, document=_json(document)))
            assert result.inserted_primary_key is not None
            number = int(result.inserted_primary_key[0])
            profiles = (
                (number, n, _json(_plain(profile)), group)
                for n, (profile, group) in enumerate(zip(assessment.profiles, assessment.groups, strict=True))
            )
            self._bulk(connection, _scan_profile, profiles)
            self._save_hosts(connection, number, assessment.hosts)
            self._save_findings(connection, number, assessment)
        return number

    def _save_hosts(self, connection: sa.Connection, number: int, hosts: Folded[HostRow]) -> None:
        self._bulk(connection, _scan_shape, ((number, n, _json(_shape(row))) for n, row in enumerate(hosts.templates)))
        self._bulk(connection, _scan_extra, ((number, n, _json(extra)) for n, extra in enumerate(hosts.extras)))
        numbers = (hosts.lines, hosts.which, hosts.extra_of)
        places = (slice(first, first + _HOSTS) for first in range(0, len(hosts), _HOSTS))
        parts = (
            (number, part.start, _json(list(hosts.names[part])), *(_packed(column[part]) for column in numbers))
            for part in places
        )
        self._bulk(connection, _scan_hosts, parts)

    def _save_findings(self, connection: sa.Connection, number: int, assessment: Assessment) -> None:
        details = _Details()
        rows = []
        for column in assessment.columns:
            found: dict[int, tuple[Verdict, list[int], list[int]]] = {}  # what is equal is mostly one object
            for group, verdict in enumerate(column.of_group):
                found.setdefault(id(verdict), (verdict, [], []))[1].append(group)
            for profile, verdict in column.apart.items():
                found.setdefault(id(verdict), (verdict, [], []))[2].append(profile)
            for verdict, groups, apart in found.values():
                head = (number, _number(verdict.article), verdict.status.value, verdict.reason.value)
                own = (details.number(verdict), _ranges(groups), _ranges(sorted(apart)))
                rows.append((*head, verdict.first_fixed, *own))
        self._bulk(connection, _finding, rows)
        self._save_details(connection, number, details)

    def _save_details(self, connection: sa.Connection, number: int, details: _Details) -> None:
        self._bulk(connection, _detail, ((number, n, text) for n, text in enumerate(details.documents)))
        self._bulk(connection, _fact, ((number, n, text) for text, n in details.facts.items()))

    def load_scan(self, number: int | None = None) -> Assessment | None:
        """Return a stored scan, the newest without a number; None when there is none."""
        with self._reading() as connection:
            row = self._scan_row(connection, number)
            if row is None:
                return None
            number = row.id
            document = json.loads(row.document)
            told = sa.select(_scan_profile).where(_scan_profile.c.scan == number).order_by(_scan_profile.c.profile)
            profiles, groups = [], []
            for r in connection.execute(told):
                profiles.append(_from_plain(Profile, json.loads(r.document)))
                groups.append(r.profile if r.of_group is None else r.of_group)
            facts = [_thaw(json.loads(text)) for text in self._documents(connection, _fact, number)]
            details = [_to_detail(json.loads(text), facts) for text in self._documents(connection, _detail, number)]
            found: dict[str, tuple[list[Verdict], dict[int, Verdict]]] = {}
            for ident in document["articles"]:
                found[ident] = ([None] * (max(groups, default=-1) + 1), {})  # type: ignore[list-item]  # each is set below
            for r in connection.execute(sa.select(_finding).where(_finding.c.scan == number)):
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
            refusals=tuple(Refusal(*each) for each in document["refusals"]),
            remarks=tuple(Refusal(*each) for each in document["remarks"]),
            articles={ident: (title, date, kind) for ident, (title, date, kind) in document["articles"].items()},
            other_articles=document["other_articles"],
            profiles=tuple(profiles),
            groups=tuple(groups),
            hosts=hosts,
            columns=tuple(Column(tuple(of_group), apart) for of_group, apart in found.values()),
            number=number,
        )

    def host_of_scan(self, host: str, number: int | None = None) -> HostOfScan | None:
        """Return one host of a stored scan, by its name in any case; None when there is no such scan."""
        key = host.casefold()
        with self._reading() as connection:
            row = self._scan_row(connection, number)
            if row is None:
                return None
            c = _scan_hosts.c
            every = sa.select(c.first, c.hosts).where(c.scan == row.id).order_by(c.first)
            # The database finds the few parts that may have it; all are read where none does, or its case is no ASCII.
            having = every.where(sa.func.lower(c.hosts).contains(_json(key), autoescape=True))
            found: dict[int, list[int]] = {}
            near: set[str] = set()
            for parts in (having, every) if host.isascii() else (every,):
                for first, text in connection.execute(parts) if not found else ():
                    names = json.loads(text)
                    for n, name in enumerate(folded(names)):
                        if name == key:
                            found.setdefault(first, []).append(n)
                        elif name.startswith(key[:3]):
                            near.add(names[n])
            rows = [each for first, places in found.items() for each in self._rows(connection, row.id, first, places)]
            profiles = self._some(connection, _scan_profile, row.id, {each.profile for each in rows})
        told = tuple((each, _from_plain(Profile, profiles[each.profile])) for each in rows)
        return HostOfScan(row.id, told, () if found else tuple(sorted(near)[:5]))

    def _rows(self, connection: sa.Connection, number: int, first: int, places: Sequence[int]) -> Iterator[HostRow]:
        """Return host rows: those at `places` of the part that begins with row `first`."""
        part = sa.select(_scan_hosts).where(_scan_hosts.c.scan == number, _scan_hosts.c.first == first)
        row = connection.execute(part).one()
        names = json.loads(row.hosts)
        lines, shapes, extras = (_unpacked(each) for each in (row.lines, row.shapes, row.extras))
        templates = self._some(connection, _scan_shape, number, {shapes[n] for n in places})
        told = self._some(connection, _scan_extra, number, {extras[n] for n in places})
        for n in places:
            yield _to_shape(templates[shapes[n]]).at(names[n], lines[n], _to_extra(told[extras[n]]))

    def _scan_row(self, connection: sa.Connection, number: int | None) -> Any:
        newest = sa.select(sa.func.max(_scan.c.id)).scalar_subquery()
        return connection.execute(
            sa.select(_scan).where(_scan.c.id == (number if number is not None else newest))
        ).first()

    def _documents(self, connection: sa.Connection, table: sa.Table, number: int) -> Iterable[str]:
        """Return the documents of one scan in `table`, in their order."""
        order = table.c[1]
        return connection.execute(sa.select(table.c.document).where(table.c.scan == number).order_by(order)).scalars()

    def _some(self, connection: sa.Connection, table: sa.Table, number: int, wanted: Collection[int]) -> dict[int, Any]:
        query = sa.select(table.c[1], table.c.document).where(table.c.scan == number, table.c[1].in_(wanted))
        return {n: json.loads(text) for n, text in connection.execute(query)}

    def _hosts(self, connection: sa.Connection, number: int) -> Folded[HostRow]:
        templates = [_to_shape(json.loads(text)) for text in self._documents(connection, _scan_shape, number)]
        extras = [_to_extra(json.loads(text)) for text in self._documents(connection, _scan_extra, number)]
        which, lines, extra_of = array("I"), array("I"), array("I")
        names: list[str] = []
        for part in connection.execute(
            sa.select(_scan_hosts).where(_scan_hosts.c.scan == number).order_by(_scan_hosts.c.first)
        ):
            names += json.loads(part.hosts)
            lines.extend(_unpacked(part.lines))
            which.extend(_unpacked(part.shapes))
            extra_of.extend(_unpacked(part.extras))
        return Folded(templates, which, names, lines, extra_of, extras)

    def _pack_hosts(self, connection: sa.Connection) -> None:
        """Bring the host rows of schema 3, which has all numbers as lists, to this one."""
        rows = connection.execute(sa.text("SELECT scan, first, hosts, lines, shapes, extras FROM old_hosts")).all()
        packed = ((*row[:3], *(_packed(json.loads(text)) for text in row[3:])) for row in rows)
        self._bulk(connection, _scan_hosts, packed)
        connection.exec_driver_sql("DROP TABLE old_hosts")

    def _fold_scans(self, connection: sa.Connection) -> None:
        """Bring the scans of schema 2, which has a row for each host's facts and for each verdict, to this one."""
        old_hosts = sa.text("SELECT * FROM old_host WHERE scan = :scan ORDER BY position")
        old_details = sa.text("SELECT detail, document FROM old_detail WHERE scan = :scan")
        old_findings = sa.text("SELECT * FROM old_finding WHERE scan = :scan ORDER BY profile")
        for scan in connection.execute(sa.select(_scan.c.id)).scalars().all():
            templates: dict[HostRow, int] = {}
            extras: dict[Extra, int] = {}
            which, names, lines, extra_of = [], [], [], []
            for r in connection.execute(old_hosts, {"scan": scan}):
                told = json.loads(r.extra)
                sources = [[c, file, n - r.line, t, "" if w == r.host else w] for c, file, n, t, w in told["sources"]]
                template = _to_shape([r.product_line, r.profile, r.file, sources])
                which.append(templates.setdefault(template, len(templates)))
                names.append(r.host)
                lines.append(r.line)
                extra_of.append(extras.setdefault(_to_extra(told["extra"]), len(extras)))
            self._save_hosts(connection, scan, Folded(list(templates), which, names, lines, extra_of, list(extras)))
            details = _Details()
            numbers = {}
            for n, text in connection.execute(old_details, {"scan": scan}):
                old = json.loads(text)
                evidence = old["evidence"]
                facts = ([_json(fact) for fact in each] for each in (evidence["demands"], old["remedies"]))
                numbers[n] = details.of(*(evidence[name] for name in ("rule", "fields", "missing", "notes")), *facts)
            findings: dict[tuple[Any, ...], list[int]] = {}
            for r in connection.execute(old_findings, {"scan": scan}):
                head = (scan, r.article, r.status, r.reason, r.first_fixed, numbers[r.detail])
                findings.setdefault(head, []).append(r.profile)
            self._bulk(connection, _finding, ((*head, _ranges(profiles), "") for head, profiles in findings.items()))
            self._save_details(connection, scan, details)
        for table in ("old_host", "old_detail", "old_finding"):
            connection.exec_driver_sql(f"DROP TABLE {table}")


# --- engines ----------------------------------------------------------------------------------------------------------


def _engine(where: str, *, create: bool) -> sa.Engine:
    if "://" in where:
        try:
            url = sa.make_url(where)
            if url.drivername in ("postgresql", "postgres"):
                url = url.set(drivername="postgresql+psycopg")
            if url.get_backend_name() == "sqlite":
                return _sqlite_engine(url.database or ":memory:", create=create)
            return sa.create_engine(url)
        except (SQLAlchemyError, ImportError) as error:
            hint = " (install kbcheck[postgres])" if isinstance(error, ImportError) else ""
            raise StoreError(f"database URL: {error}{hint}") from error
    return _sqlite_engine(where, create=create)


def _sqlite_engine(path: str, *, create: bool) -> sa.Engine:
    if path != ":memory:":
        file = Path(path)
        if not file.exists():
            if not create:
                raise StoreError(f"{path}: no such database; make one with: kbcheck import PATH")
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
            except OSError as error:
                raise StoreError(f"{path}: cannot make the database: {error.strerror}") from error
        elif file.is_dir():
            raise StoreError(f"{path}: is a folder, not a database file")
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=path),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        poolclass=sa.pool.StaticPool if path == ":memory:" else None,
    )

    # The driver's own transaction handling begins too late and with the wrong lock: two writers would read the same
    # state and one would lose its update. https://docs.sqlalchemy.org/en/21/dialects/sqlite.html
    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        _patiently(cursor, "PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA wal_autocheckpoint=8192")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("kbcheck_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _patiently(cursor: Any, statement: str) -> None:
    """Execute a statement for which SQLite does not wait by itself while another process makes the database."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _reason(error: SQLAlchemyError) -> str:
    """Return the driver's reason in the words of a user."""
    text = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
    if "not a database" in text:
        return "is not a database"
    if isinstance(error, OperationalError) and "locked" in text:
        return f"is locked by another process (waited {BUSY_SECONDS} s)"
    return " ".join(text.split())


# --- rows and nouns ---------------------------------------------------------------------------------------------------


def _number(ident: str) -> int:
    return int(ident[1:])


def _parts(numbers: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _grouped(
    connection: sa.Connection, table: sa.Table, key: sa.Column[Any], numbers: Sequence[int], *order: sa.Column[Any]
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    place = list(table.c).index(key)
    last = (table.c.position,) if "position" in table.c else ()
    query = sa.select(table).where(key.in_(numbers)).order_by(key, *order, *last)
    for row in connection.execute(query):
        found.setdefault(row[place], []).append(row)
    return found


def prepare(advisory: Advisory) -> Prepared:
    """Return `advisory` as rows; needs no database, so that any process can do it.

    It is weighed by its own word; where other articles speak about it, settle() weighs it again.
    """
    article = advisory.article
    facts = knowledge.gather([advisory])[0]
    number = _number(article.id)
    layout = {
        "product": article.product,
        "prod_ver": article.prod_ver,
        "oper_sys": article.oper_sys,
        "keywords_header": article.keywords_header,
        "trailer": {name: value for name, value, _ in article.trailer},
        "keywords": article.keywords,
        "query_words": article.query_words,
        "applies_to": [{"level": i.level, "text": i.text, "line": i.line} for i in article.applies_to],
        "sections": [{"heading": s.heading, "line": s.line} for s in article.sections],
        "references": article.references,
    }
    head = (
        *(number, article.id, article.digest, article.date.isoformat(), article.category, advisory.kind.value),
        *(article.title, _json(layout), article.text, int(knowledge.is_advisory(facts))),
    )
    affected = [(number, n, a.product_line, a.level, a.line, a.text) for n, a in enumerate(advisory.affected)]
    files = [
        (
            *(number, n, f.file, f.version, f.component, f.product, f.platform, f.language, f.date, f.size, f.line),
            *(f.product_line, ".".join(map(str, f.build))),
        )
        for n, f in enumerate(advisory.fixed_files)
    ]
    corrections = [
        (
            *(number, n, _number(c.subject), c.product_line, c.level, c.kind.value, c.method.value, c.line, c.text),
            _json([[f.file, f.version, f.build] for f in c.files]) if c.files else "[]",
            c.released.isoformat() if c.released is not None else None,
            c.order,
        )
        for n, c in enumerate(advisory.corrections)
    ]
    problems = [(number, n, p.line, p.kind, p.message) for n, p in enumerate(advisory.problems)]
    rows = ([head], affected, files, corrections, problems, _decisions(number, facts))
    return Prepared(number, article.id, article.digest, rows)


def _decisions(number: int, facts: Facts) -> list[tuple[Any, ...]]:
    return [
        (number, d.product_line, int(d.listed), d.first_fixed, d.earliest, d.latest, d.rank)
        for d in knowledge.decide(facts)
    ]


def _shape(row: HostRow) -> list[Any]:
    sources = [[column, s.file, s.line, s.column, text] for column, s, text in row.sources]
    return [row.product_line, row.profile, row.file, sources]


def _to_shape(document: Any) -> HostRow:
    product_line, profile, file, sources = document
    told = tuple((column, Source(of, line, title), text) for column, of, line, title, text in sources)
    return HostRow("", product_line, profile, file, 0, (), told)


def _to_extra(document: Any) -> Extra:
    return tuple((title, cell) for title, cell in document)


def _packed(numbers: Sequence[int]) -> bytes:
    return _little(array("I", numbers)).tobytes()


def _unpacked(data: bytes) -> array[int]:
    found = array("I")
    found.frombytes(data)
    return _little(found)


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _ranges(numbers: Iterable[int]) -> str:
    """Return rising numbers as ranges: "0-12 15"."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return " ".join(f"{start}-{end}" if end > start else str(start) for start, end in ranges)


def _from_ranges(text: str) -> Iterator[int]:
    for part in text.split():
        start, _, end = part.partition("-")
        yield from range(int(start), int(end or start) + 1)


class _Details:
    """What verdicts rest on, as documents: each different one once, and once each fact that they name by number."""

    def __init__(self) -> None:
        self.documents: dict[str, int] = {}
        self.facts: dict[str, int] = {}
        self._seen: dict[int, str] = {}

    def number(self, verdict: Verdict) -> int:
        """Return the number of the verdict's document."""
        found = verdict.evidence
        facts = ([self._text(fact) for fact in each] for each in (found.demands, verdict.remedies))
        return self.of(found.rule, found.fields, found.missing, found.notes, *facts)

    def of(self, rule: int, fields: Any, missing: Any, notes: Any, demands: list[str], remedies: list[str]) -> int:
        """Return the number of a document; `demands` and `remedies` are facts as JSON texts."""
        numbers = ([self.facts.setdefault(text, len(self.facts)) for text in each] for each in (demands, remedies))
        return self.documents.setdefault(_json([rule, fields, missing, notes, *numbers]), len(self.documents))

    def _text(self, fact: object) -> str:
        """Return a fact as JSON; verdicts share the objects, so that each is written once."""
        text = self._seen.get(id(fact))
        if text is None:
            text = self._seen[id(fact)] = _json(_plain(fact))
        return text


def _to_detail(document: Any, facts: Sequence[Any]) -> tuple[Evidence, tuple[Remedy, ...]]:
    rule, fields, missing, notes, demands, remedies = document
    told = tuple(facts[number] for number in demands)
    evidence = Evidence(rule, told, tuple(fields), tuple(missing), tuple(notes))
    return evidence, tuple(facts[number] for number in remedies)


def _to_affected(row: Any) -> Affected:
    return Affected(*row[2:])


def _to_file(row: Any) -> FixedFile:
    build = tuple(int(part) for part in row[-1].split(".")) if row[-1] else ()
    return FixedFile(*(*row[2:-1], build))


def _to_correction(row: Any) -> Correction:
    source, _, subject, product_line, level, kind, method, line, text, files, released, block = row
    return Correction(
        f"Q{subject}",
        product_line,
        level,
        CorrectionKind(kind),
        Method(method),
        f"Q{source}",
        line,
        text,
        tuple(FileVersion(file, version, tuple(build)) for file, version, build in json.loads(files))
        if files != "[]"
        else (),
        datetime.date.fromisoformat(released) if released is not None else None,
        block,
    )


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_NOUNS: dict[str, type] = {
    noun.__name__: noun for noun in (Affected, Correction, FixedFile, FileVersion, Evidence, Remedy, Profile)
}
_FIELDS = {noun: [field.name for field in dataclasses.fields(noun)] for noun in _NOUNS.values()}
_ENUMS = {"kind": CorrectionKind, "method": Method}


def _plain(noun: Any) -> Any:
    """Return a frozen dataclass as JSON values, its type under "is"."""
    names = _FIELDS.get(type(noun))
    if names is not None:
        return {"is": type(noun).__name__} | {name: _plain(getattr(noun, name)) for name in names}
    if isinstance(noun, tuple | list):
        return [_plain(each) for each in noun]
    return noun.isoformat() if isinstance(noun, datetime.date) else noun


def _from_plain(noun: Any, value: Any) -> Any:
    fields = {}
    for name, each in value.items():
        if name == "is":
            continue
        if name in _ENUMS and noun is Correction:
            each = _ENUMS[name](each)
        elif name == "released" and each is not None:
            each = datetime.date.fromisoformat(each)
        fields[name] = _thaw(each)
    return noun(**fields)


def _thaw(value: Any) -> Any:
    if isinstance(value, dict):
        return _from_plain(_NOUNS[value["is"]], value)
    return tuple(_thaw(each) for each in value) if isinstance(value, list) else value
