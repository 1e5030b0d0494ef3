"""Articles as rows: what each states, what was decided about each fault, search.

Rules:
- Frozen dataclasses go in and out; rows stay here.
- An article is replaced whole, with its part of the search index, in one transaction.
- Who speaks about others marks them; settle() weighs again what is marked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kbcheck import __version__, knowledge
from kbcheck.article import ArticleError, is_cut, is_whole, restore
from kbcheck.model import Advisory, ArticleKnowledge, Correction, Decision, Facts, Problem, Stored
from kbcheck.store import schema
from kbcheck.store.database import Database, StoreError, parts
from kbcheck.store.rows import Prepared, correction_of, decision_rows, facts_of, number_of, prepare

_BOUND = 5000  # what one statement binds of what a user gave


@dataclass(frozen=True, slots=True)
class Replaced:
    """What storing a batch did.

    `kept`: how many articles were stored before from the same bytes; `partial`: the digests of
    texts that were not taken, being cut off or abridged where a better one is stored.
    """

    new: int
    updated: int
    kept: int = 0
    partial: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found by search: a piece of its text around the words, marked with `[` and `]`."""

    id: str
    title: str
    date: str
    category: str
    snippet: str


class Articles(Database):
    """What is stored of articles, and what was decided about each fault."""

    def digests(self) -> dict[str, str]:
        """Return article id -> digest of the bytes it was read from."""
        with self.reading() as connection:
            return {
                row.id: row.digest
                for row in connection.execute(sa.select(schema.article.c.id, schema.article.c.digest))
            }

    @property
    def read_by_older(self) -> bool:
        """Whether what is stored of the articles was read by an older kbcheck, whose rules may have read less."""
        with self.reading() as connection:
            query = sa.select(schema.meta.c.value).where(schema.meta.c.key == "reader")
            reader = connection.execute(query).scalar() or "0"
        # A release has the numbers of what came before it (0.2.0rc1).
        return reader != __version__ and _release(reader) <= _release(__version__)

    def read_by_this(self) -> None:
        """Note that all articles were read by this kbcheck."""
        with self.writing() as connection:
            self._read_by_this(connection)

    def _read_by_this(self, connection: sa.Connection) -> None:
        connection.execute(sa.delete(schema.meta).where(schema.meta.c.key == "reader"))
        connection.execute(sa.insert(schema.meta), [{"key": "reader", "value": __version__}])

    def texts(self) -> Iterator[tuple[str, str, tuple[Problem, ...]]]:
        """Return the text and digest of each article, and the problems of its layout, to be read again (see restore).

        Each part is read at once, so that what was read can be stored meanwhile.
        """
        c = schema.article.c
        with self.reading() as connection:
            numbers = _every(connection)
        for part in parts(numbers):
            with self.reading() as connection:
                problems = _grouped(connection, schema.problem, schema.problem.c.article, part)
                rows = connection.execute(sa.select(c.number, c.text, c.digest).where(c.number.in_(part))).all()
            for number, text, digest in rows:
                told = (Problem(r.line, r.message, r.kind) for r in problems.get(number, ()) if r.kind == "layout")
                yield text, digest, tuple(told)

    def replace(
        self, advisories: Iterable[Advisory | Prepared], *, keep: bool = False, again: bool = False
    ) -> Replaced:
        """Store `advisories` in one transaction, each instead of what was known of its article before.

        A whole text is not replaced by one that is cut off or abridged, nor any by one that is cut off. `keep`: leave
        an article alone that is stored from the same bytes, perhaps by another process a moment ago; `again`: leave
        those alone that are not. What they say about other articles is weighed by settle().
        """
        prepared = (each if isinstance(each, Prepared) else prepare(each) for each in advisories)
        latest: dict[int, Prepared] = {}
        partial: list[str] = []
        for each in prepared:
            before = latest.get(each.number)
            if before is not None and ((before.whole and not each.whole) or (each.cut and not before.cut)):
                partial.append(each.digest)
            else:
                latest[each.number] = each
        with self.writing() as connection:
            stored = sa.select(schema.article.c.number, schema.article.c.digest)
            known = {
                row.number: row.digest
                for part in parts(list(latest))
                for row in connection.execute(stored.where(schema.article.c.number.in_(part)))
            }
            same = {number for number, digest in known.items() if latest[number].digest == digest}
            kept = (same if keep else set()) | (latest.keys() - same if again else set())
            others = [latest[number] for number in known if number not in same and not latest[number].whole]
            worse = self._better(connection, others) - kept
            partial += (latest[number].digest for number in worse)
            for number in kept | worse:
                del latest[number]
                known.pop(number, None)
            if not latest:
                return Replaced(0, 0, len(kept), tuple(partial))
            numbers = list(latest)
            if known:
                self._mark(connection, sorted(known))
                self._forget(connection, sorted(known))
            self._insert(connection, latest.values())
            self._mark(connection, numbers)
        return Replaced(len(latest) - len(known), len(known), len(kept), tuple(partial))

    def _better(self, connection: sa.Connection, others: Iterable[Prepared]) -> set[int]:
        """Return those whose stored text is whole, or not cut off where the other is."""
        c = schema.article.c
        cut = {each.number: each.cut for each in others}
        found: set[int] = set()
        for part in parts(list(cut)):
            rows = connection.execute(sa.select(c.number, c.text).where(c.number.in_(part)))
            found.update(number for number, text in rows if is_whole(text) or (cut[number] and not is_cut(text)))
        return found

    def _mark(self, connection: sa.Connection, sources: Sequence[int]) -> None:
        """Mark what must be weighed again: articles about which others speak, where one of `sources` has a part."""
        by_others = sa.select(schema.correction.c.subject).where(
            schema.correction.c.subject != schema.correction.c.source
        )
        for part in parts(sources):
            of_others = by_others.where(schema.correction.c.source.in_(part))
            spoken_of = by_others.where(schema.correction.c.subject.in_(part))
            changed = schema.article.c.number.in_(of_others) | schema.article.c.number.in_(spoken_of)
            connection.execute(sa.update(schema.article).where(changed).values(advisory=None))

    def settle(self) -> int:
        """Weigh what changed since it was last weighed, and store what was decided; return how many articles."""
        total = 0
        while True:
            with self.reading() as connection:
                query = sa.select(schema.article.c.number).where(schema.article.c.advisory.is_(None)).limit(5000)
                numbers = list(connection.execute(query).scalars())
            if not numbers:
                return total
            with self.writing() as connection:
                rows, flags = [], []
                for facts in self._facts(connection, numbers):
                    number = number_of(facts.id)
                    flags.append({"of": number, "advisory": int(knowledge.is_advisory(facts))})
                    rows += decision_rows(number, facts)
                for part in parts(numbers):
                    connection.execute(sa.delete(schema.decision).where(schema.decision.c.article.in_(part)))
                self.bulk(connection, schema.decision, rows)
                update = sa.update(schema.article).where(schema.article.c.number == sa.bindparam("of"))
                connection.execute(update.values(advisory=sa.bindparam("advisory")), flags)
            total += len(flags)

    def _forget(self, connection: sa.Connection, numbers: Sequence[int]) -> None:
        for part in parts(numbers):
            if self.sqlite:
                connection.exec_driver_sql(
                    "INSERT INTO article_search(article_search, rowid, id, title, text) "
                    "SELECT 'delete', number, id, title, text FROM article WHERE number = ?",
                    [(number,) for number in part],
                )
            for table, column in schema.OF_ARTICLE:
                connection.execute(sa.delete(table).where(column.in_(part)))
            connection.execute(sa.delete(schema.article).where(schema.article.c.number.in_(part)))

    def _insert(self, connection: sa.Connection, advisories: Collection[Prepared]) -> None:
        for position, table in enumerate(schema.ROWS):
            self.bulk(connection, table, [row for each in advisories for row in each.rows[position]])
        if self.sqlite:
            names = [column.name for column in schema.article.c]
            columns = [names.index(name) for name in ("number", "id", "title", "text")]
            connection.exec_driver_sql(
                "INSERT INTO article_search(rowid, id, title, text) VALUES (?, ?, ?, ?)",
                [tuple(row[column] for column in columns) for each in advisories for row in each.rows[0]],
            )

    def count(self) -> int:
        """Return the number of articles."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(schema.article)).scalar_one()

    def require_articles(self) -> None:
        """Raise StoreError where there are no articles: what is found among none would be no answer."""
        if not self.count():
            raise StoreError("the database holds no articles; import some with: kbcheck import PATH")

    def article(self, ident: str) -> Stored | None:
        """Return one stored article, None when it is not in the database."""
        return next(self.articles([ident]), None)

    def articles(self, idents: Iterable[str] | None = None) -> Iterator[Stored]:
        """Return stored articles in order of number: those of `idents`, or all of them."""
        wanted = None if idents is None else sorted({number_of(i) for i in idents if re.fullmatch(r"Q\d{1,9}", i)})
        with self.reading() as connection:
            if wanted is None:
                wanted = _every(connection)
            for part in parts(wanted):
                yield from self._stored(connection, part)

    def _stored(self, connection: sa.Connection, numbers: Sequence[int]) -> Iterator[Stored]:
        facts = {number_of(each.id): each for each in self._facts(connection, numbers)}
        problems = _grouped(connection, schema.problem, schema.problem.c.article, numbers)
        query = sa.select(schema.article).where(schema.article.c.number.in_(numbers)).order_by(schema.article.c.number)
        for row in connection.execute(query):
            try:
                article = restore(row.text, row.digest)
            except ArticleError as error:
                raise StoreError(f"{self.shown}: the text of {row.id} is damaged: {error}") from error
            yield Stored(
                facts=facts[row.number],
                article=article,
                problems=tuple(Problem(r.line, r.message, r.kind) for r in problems.get(row.number, ())),
            )

    def facts(self, ident: str) -> Facts | None:
        """Return the facts about one article, None when it is not in the database."""
        with self.reading() as connection:
            return next(self._facts(connection, [number_of(ident)]), None)

    def known(self, lines: Iterable[str], *, fixed: bool) -> Iterator[ArticleKnowledge]:
        """Return the advisories that affect one of `lines`, by number, as they were weighed (see settle).

        `fixed`: only those of which some correction is known, in whatever line.
        """
        c = schema.article.c
        open_ = c.advisory.is_(None)  # another process stored something about it after settle()
        query = sa.select(c.number).where(sa.or_(c.advisory == 1, open_))
        if fixed:
            some = sa.select(schema.decision.c.article).where(schema.decision.c.first_fixed.is_not(None))
            query = query.where(sa.or_(open_, c.number.in_(some)))
        of = schema.affected.c
        numbers: set[int] = set()
        with self.reading() as connection:
            for part in self._held(lines):
                affecting = sa.select(of.article).where(of.product_line.in_(part))
                numbers.update(connection.execute(query.where(c.number.in_(affecting))).scalars())
            yield from self._known(connection, sorted(numbers))

    def known_of(self, idents: Iterable[str]) -> Iterator[ArticleKnowledge]:
        """Return the articles `idents` that are in the database, advisories or not, by number, as they were weighed."""
        c = schema.article.c
        numbers: list[int] = []
        with self.reading() as connection:
            for part in parts(sorted({number_of(ident) for ident in idents}), _BOUND):
                numbers += connection.execute(sa.select(c.number).where(c.number.in_(part))).scalars()
            yield from self._known(connection, sorted(numbers))

    def product_lines(self) -> set[str]:
        """Return every product line that some article affects."""
        with self.reading() as connection:
            return set(connection.execute(sa.select(schema.affected.c.product_line).distinct()).scalars())

    def categories(self) -> set[str]:
        """Return the categories of the articles."""
        with self.reading() as connection:
            return set(connection.execute(sa.select(schema.article.c.category).distinct()).scalars())

    def affected(self, lines: Iterable[str]) -> set[str]:
        """Return those of `lines` that some article, advisory or not, affects."""
        column = schema.affected.c.product_line
        found: set[str] = set()
        with self.reading() as connection:
            for part in self._held(lines):
                found.update(connection.execute(sa.select(column).where(column.in_(part)).distinct()).scalars())
        return found

    def concerning(self, lines: Iterable[str]) -> int:
        """Return how many articles, advisories or not, affect one of `lines`."""
        c = schema.affected.c
        found: set[int] = set()
        with self.reading() as connection:
            for part in self._held(lines):
                found.update(connection.execute(sa.select(c.article).where(c.product_line.in_(part))).scalars())
        return len(found)

    def _held(self, lines: Iterable[str]) -> Iterator[Sequence[str]]:
        """Return in parts those of `lines` that the database can hold: PostgreSQL's text holds no NUL."""
        return parts([line for line in lines if self.sqlite or "\0" not in line], _BOUND)

    def _known(self, connection: sa.Connection, numbers: Sequence[int]) -> Iterator[ArticleKnowledge]:
        for part in parts(numbers):
            decided = _grouped(connection, schema.decision, schema.decision.c.article, part)
            flags = sa.select(schema.article.c.number, schema.article.c.advisory).where(
                schema.article.c.number.in_(part)
            )
            advisory = {row.number: row.advisory for row in connection.execute(flags)}
            for facts in self._facts(connection, part):
                number = number_of(facts.id)
                if advisory[number] is None:
                    yield knowledge.weigh(facts)
                    continue
                decisions = [
                    Decision(r.product_line, bool(r.listed), r.first_fixed, r.earliest, r.latest, r.rank)
                    for r in decided.get(number, ())
                ]
                yield knowledge.recall(facts, decisions, bool(advisory[number]))

    def _facts(self, connection: sa.Connection, numbers: Sequence[int]) -> Iterator[Facts]:
        heads = sa.select(
            schema.article.c.number,
            schema.article.c.id,
            schema.article.c.title,
            schema.article.c.date,
            schema.article.c.kind,
            schema.article.c.setting,
        )
        for part in parts(numbers):
            affected = _grouped(connection, schema.affected, schema.affected.c.article, part)
            files = _grouped(connection, schema.fixed_file, schema.fixed_file.c.article, part)
            corrections = _grouped(
                connection, schema.correction, schema.correction.c.subject, part, schema.correction.c.source
            )
            for row in connection.execute(
                heads.where(schema.article.c.number.in_(part)).order_by(schema.article.c.number)
            ):
                yield facts_of(
                    row,
                    affected.get(row.number, ()),
                    files.get(row.number, ()),
                    corrections.get(row.number, ()),
                )

    def stated_by(self, ident: str) -> tuple[Correction, ...]:
        """Return what the article `ident` states about others (the members of a list), in its order."""
        with self.reading() as connection:
            query = sa.select(schema.correction).where(
                schema.correction.c.source == number_of(ident), schema.correction.c.subject != number_of(ident)
            )
            return tuple(correction_of(row) for row in connection.execute(query.order_by(schema.correction.c.position)))

    def titles(self, idents: Iterable[str]) -> dict[str, str]:
        """Return id -> title of those of `idents` that are in the database."""
        found: dict[str, str] = {}
        with self.reading() as connection:
            for part in parts(sorted({number_of(i) for i in idents})):
                query = sa.select(schema.article.c.id, schema.article.c.title).where(schema.article.c.number.in_(part))
                found.update((row.id, row.title) for row in connection.execute(query))
        return found

    def problem_articles(self) -> set[str]:
        """Return the ids of the articles that have a problem."""
        with self.reading() as connection:
            return {
                f"Q{number}" for number in connection.execute(sa.select(schema.problem.c.article).distinct()).scalars()
            }

    def search(self, words: str, limit: int = 20) -> list[Hit]:
        """Return the articles that hold all of `words`, the best first; any text is a valid query."""
        terms = re.findall(r"\w+", words, re.UNICODE)[:32]
        if not terms:
            return []
        with self.reading() as connection:
            if self.sqlite:
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


def _every(connection: sa.Connection) -> list[int]:
    """Return the numbers of all articles, rising."""
    number = schema.article.c.number
    return list(connection.execute(sa.select(number).order_by(number)).scalars())


def _grouped(
    connection: sa.Connection, table: sa.Table, key: sa.Column[Any], numbers: Sequence[int], *order: sa.Column[Any]
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    place = list(table.c).index(key)
    last = (table.c.position,) if "position" in table.c else ()
    query = sa.select(table).where(key.in_(numbers)).order_by(key, *order, *last)
    for row in connection.execute(query).all():
        found.setdefault(row[place], []).append(row)
    return found


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version for comparing: `0.2.0` and `0.2.0rc1` as (0, 2, 0)."""
    return tuple(map(int, re.findall(r"\d+", re.match(r"[\d.]*", version)[0])))  # type: ignore[index]  # it matches
