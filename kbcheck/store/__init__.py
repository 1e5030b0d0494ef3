"""The database: articles, what they state, scans; SQLite by default, PostgreSQL by URL. All of sqlalchemy is here.

`Store` is the face; behind it stand the tables (schema), connections (database), articles with their rows, and scans.
An older database is upgraded here, step by step in one transaction after a copy of an SQLite file; a newer one is
refused.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from kbcheck.model import Extra, Folded, HostRow
from kbcheck.store import schema
from kbcheck.store.articles import Articles, Hit, Replaced
from kbcheck.store.database import StoreError, reason, to_json
from kbcheck.store.rows import Prepared, prepare
from kbcheck.store.scans import Details, Scans, packed, ranges, to_extra, to_shape

__all__ = ["Hit", "Prepared", "Replaced", "Store", "StoreError", "prepare"]


class Store(Articles, Scans):
    """An open database. Use as a context manager; `create=False` refuses a database that does not exist."""

    def __init__(self, where: str, *, create: bool = True) -> None:
        super().__init__(where, create=create)
        try:
            self._prepare(create)
        except StoreError:
            self.engine.dispose()
            raise
        except SQLAlchemyError as error:
            self.engine.dispose()
            raise StoreError(f"{self.shown}: {reason(error)}") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def _prepare(self, create: bool) -> None:
        with self.reading() as connection:
            version = self._version(connection)
        if version is None:
            if not create:
                raise StoreError(f"{self.shown}: holds no knowledge base yet; make one with: kbcheck import PATH")
            self.keep_log()
            with self.writing() as connection:
                if self._version(connection) is None:
                    schema.metadata.create_all(connection)
                    for statement in schema.BESIDE[self.engine.dialect.name]:
                        connection.exec_driver_sql(statement)
                    connection.execute(sa.insert(schema.meta), [{"key": "schema", "value": str(schema.VERSION)}])
                    self._read_by_this(connection)
            return
        if version > schema.VERSION:
            raise StoreError(
                f"{self.shown}: made by a newer kbcheck (schema {version}, this one knows {schema.VERSION}); "
                "update kbcheck"
            )
        self.keep_log()
        if version < schema.VERSION:
            if "mode" in self.engine.url.query:
                raise StoreError(
                    f"{self.shown}: made by an older kbcheck, and its folder is read-only: copy the file elsewhere"
                )
            self._upgrade(version)

    def _upgrade(self, version: int) -> None:
        """Bring an older schema to this one, step by step in one transaction, after a copy of an SQLite file."""
        if self.sqlite and self.engine.url.database not in (None, ":memory:"):
            copy = f"{self.engine.url.database}.schema-{version}"
            if not Path(copy).exists():
                part = f"{copy}.part"  # until it is whole
                Path(part).unlink(missing_ok=True)
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                with self.engine.connect() as connection:
                    connection.connection.driver_connection.execute("VACUUM INTO ?", (part,))  # type: ignore[union-attr]  # connected
                os.replace(part, copy)
        with self.writing() as connection:
            first = self._version(connection) or version
            for step in range(first, schema.VERSION):
                for statement in schema.STEPS[step] if step != 3 or first == 3 else ():
                    connection.exec_driver_sql(statement)
                if step == 2:
                    schema.metadata.create_all(connection, schema.OF_SCAN)
                    self._fold_scans(connection)
                if step == 3 and first == 3:
                    schema.metadata.create_all(connection, [schema.scan_hosts])
                    self._pack_hosts(connection)
                if step == 4 and self.sqlite:
                    connection.exec_driver_sql(schema.MERGE)
                    connection.exec_driver_sql(schema.GATHER)
                # An import that was killed had left the search index for later.
                stale = sa.delete(schema.meta).where(schema.meta.c.key == "search")
                if step == 3 and self.sqlite and connection.execute(stale).rowcount:
                    connection.exec_driver_sql("INSERT INTO article_search(article_search) VALUES ('rebuild')")
            connection.execute(
                sa.update(schema.meta).where(schema.meta.c.key == "schema").values(value=str(schema.VERSION))
            )

    def _version(self, connection: sa.Connection) -> int | None:
        """Return the schema of this database, None for an empty one. Raises StoreError for that of another program.

        An SQLite file belongs to one program; on a PostgreSQL server tables of others may stand beside ours.
        """
        inspector = sa.inspect(connection)
        names = inspector.get_table_names()  # asked first: another process may be making them all
        if "meta" not in names and not inspector.has_table("meta"):
            if names and (self.sqlite or not schema.metadata.tables.keys().isdisjoint(names)):
                raise StoreError(f"{self.shown}: is a database, but not one of kbcheck's")
            return None
        value = connection.execute(sa.select(schema.meta.c.value).where(schema.meta.c.key == "schema")).scalar()
        if value is None or not value.isdecimal() or int(value) < 1:
            raise StoreError(f"{self.shown}: is a database, but not one of kbcheck's")
        return int(value)

    def _pack_hosts(self, connection: sa.Connection) -> None:
        """Bring the host rows of schema 3, which has all numbers as lists, to this one."""
        rows = connection.execute(sa.text("SELECT scan, first, hosts, lines, shapes, extras FROM old_hosts")).all()
        self.bulk(
            connection,
            schema.scan_hosts,
            ((*row[:3], *(packed(json.loads(text)) for text in row[3:])) for row in rows),
        )
        connection.exec_driver_sql("DROP TABLE old_hosts")

    def _fold_scans(self, connection: sa.Connection) -> None:
        """Bring the scans of schema 2, which has a row for each host's facts and for each verdict, to this one."""
        old_hosts = sa.text("SELECT * FROM old_host WHERE scan = :scan ORDER BY position")
        old_details = sa.text("SELECT detail, document FROM old_detail WHERE scan = :scan")
        old_findings = sa.text("SELECT * FROM old_finding WHERE scan = :scan ORDER BY profile")
        for scan in connection.execute(sa.select(schema.scan.c.id)).scalars().all():
            templates: dict[HostRow, int] = {}
            extras: dict[Extra, int] = {}
            which, names, lines, extra_of = [], [], [], []
            for r in connection.execute(old_hosts, {"scan": scan}):
                told = json.loads(r.extra)
                sources = [[c, file, n - r.line, t, "" if w == r.host else w] for c, file, n, t, w in told["sources"]]
                template = to_shape([r.product_line, r.profile, r.file, sources])
                which.append(templates.setdefault(template, len(templates)))
                names.append(r.host)
                lines.append(r.line)
                extra_of.append(extras.setdefault(to_extra(told["extra"]), len(extras)))
            self._save_hosts(connection, scan, Folded(list(templates), which, names, lines, extra_of, list(extras)))
            details = Details()
            numbers = {}
            for n, text in connection.execute(old_details, {"scan": scan}):
                old = json.loads(text)
                evidence = old["evidence"]
                facts = (
                    tuple(details.fact(to_json(fact)) for fact in each)
                    for each in (evidence["demands"], old["remedies"])
                )
                said = (tuple(evidence[name]) for name in ("fields", "missing", "notes"))
                numbers[n] = details.of(evidence["rule"], *said, *facts)
            findings: dict[tuple[Any, ...], list[int]] = {}
            for r in connection.execute(old_findings, {"scan": scan}):
                head = (scan, r.article, r.status, r.reason, r.first_fixed, numbers[r.detail])
                findings.setdefault(head, []).append(r.profile)
            self.bulk(
                connection, schema.finding, ((*head, ranges(profiles), "") for head, profiles in findings.items())
            )
            self._save_details(connection, scan, details)
        for table in ("old_host", "old_detail", "old_finding"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
