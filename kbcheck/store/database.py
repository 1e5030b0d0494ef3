"""Connections, transactions and bulk writing: SQLite by default, PostgreSQL by URL.

Rules:
- Writing is one transaction a batch, begun with the write lock, so that two processes wait for each other and a killed
  one leaves whole articles and whole scans.
- Nothing is changed in a file before it is known to be a database of ours, or empty.
- The database's own words reach the user as a StoreError, without a password.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from kbcheck import KbcheckError

P = TypeVar("P")
BUSY_SECONDS = 60
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LOCK = 241556  # on PostgreSQL one writer at a time, as on SQLite


class StoreError(KbcheckError):
    """The database cannot be used: missing, locked, of another schema, not a database; the message says which."""


class Database:
    """Connections to one database.

    `where` is a file, `:memory:` or a URL; `create=False` refuses a file that is not there.
    """

    def __init__(self, where: str, *, create: bool = True) -> None:
        self.engine = _engine(where, create=create)
        self.where = where
        self.sqlite = self.engine.dialect.name == "sqlite"

    @property
    def shown(self) -> str:
        """The place as messages name it, without a password, which a URL's query may hold too."""
        return self.engine.url.set(query={}).render_as_string() if "://" in self.where else self.where

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Connect, to one state of the database whatever others store; what it refuses is a StoreError."""
        # SQLite's transactions are so by themselves.
        options = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        try:
            with self.engine.connect().execution_options(**options) as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError(f"{self.shown}: {reason(error)}") from error

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Begin a transaction with the write lock: whole at the end, or nothing of it."""
        try:
            with self.engine.connect().execution_options(kbcheck_begin="IMMEDIATE") as connection, connection.begin():
                if not self.sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
        except DBAPIError as error:
            raise StoreError(f"{self.shown}: {reason(error)}") from error

    def keep_log(self) -> None:
        """Have an SQLite file read by some while another writes. It stays so: only for a database that is ours."""
        if self.sqlite and "mode" not in self.engine.url.query:
            with self.engine.connect().execution_options(kbcheck_begin=None) as connection:
                _patiently(connection, "PRAGMA journal_mode=WAL")

    def bulk(self, connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert `rows`, in the order of the table's columns: by the driver's executemany, or COPY on PostgreSQL.

        The driver's own cursor takes rows as they come, which SQLAlchemy would gather in a list.
        """
        names = ", ".join(column.name for column in table.c)
        cursor: Any = connection.connection.cursor()
        try:
            if self.sqlite:
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
            raise StoreError(f"{self.shown}: {' '.join(str(error).split())}") from error


def parts(every: Sequence[P], size: int = 500) -> Iterator[Sequence[P]]:
    """Return `every` in parts that one statement can bind."""
    for start in range(0, len(every), size):
        yield every[start : start + size]


# --- engines ----------------------------------------------------------------------------------------------------------


def _engine(where: str, *, create: bool) -> sa.Engine:
    if "://" in where:
        try:
            url = sa.make_url(where)
            if url.drivername in ("postgresql", "postgres"):
                url = url.set(drivername="postgresql+psycopg")
            if url.get_backend_name() == "sqlite":
                return _sqlite_engine(url.database or ":memory:", create=create)
            if url.get_backend_name() != "postgresql":
                raise StoreError(f"database URL: {url.get_backend_name()} is not supported: expected postgresql://...")
            return sa.create_engine(url)
        except ValueError as error:  # its words are a part of the URL, which may be one of the password
            raise StoreError("database URL: expected postgresql://USER@HOST:PORT/NAME") from error
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
    url = sa.URL.create("sqlite", database=path)
    file = Path(path).resolve()
    sealed = not create and path != ":memory:" and not os.access(file.parent, os.W_OK)
    if sealed:
        # SQLite cannot make its files beside it. Where others have made them, it reads what these say.
        shared = any(Path(f"{file}{end}").exists() for end in ("-wal", "-shm"))
        query = {"uri": "true", "mode": "ro", "immutable": "0" if shared else "1"}
        url = sa.URL.create("sqlite", database=file.as_uri(), query=query)
    engine = sa.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        poolclass=sa.pool.StaticPool if path == ":memory:" else None,
    )

    # The driver's own transaction handling begins too late and with the wrong lock: two writers would read the same
    # state and one would lose its update. https://docs.sqlalchemy.org/en/21/dialects/sqlite.html
    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        if sealed:
            return
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.execute("PRAGMA wal_autocheckpoint=8192")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        how = connection.get_execution_options().get("kbcheck_begin", "DEFERRED")
        if how is not None:
            connection.exec_driver_sql(f"BEGIN {how}")

    return engine


def _patiently(connection: sa.Connection, statement: str) -> None:
    """Execute a statement for which SQLite does not wait by itself while another process makes the database."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.exec_driver_sql(statement)
        except OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def reason(error: SQLAlchemyError) -> str:
    """Return the driver's reason in the words of a user."""
    text = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
    if "not a database" in text:
        return "is not a database"
    if isinstance(error, OperationalError) and "locked" in text:
        return f"is locked by another process (waited {BUSY_SECONDS} s)"
    return " ".join(text.split())
