"""Import: texts found, parsed, understood and stored in batches; what could not be read is counted with its reason.

Rules:
- Texts are parsed in chunks, by workers if there are any; what comes back is stored in the order of the input.
- Of two versions of an article in one input the later one wins, whichever was parsed first.
- What an older kbcheck read is read again from the stored texts, so that its rules do not outlive it.
- A text on which the workers die is rejected with that reason; the others of its chunk are read.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from kbcheck import advisory, article
from kbcheck.archive import Found, Item, PassedOver, Unreadable
from kbcheck.model import Problem
from kbcheck.store import Prepared, Store, prepare
from kbcheck.workers import Lost, Workers

BATCH = 2000
_CHUNK, _CHUNK_BYTES = 64, 1024 * 1024
_SHOWN = 10_000  # reasons that are kept; a summary prints a few
_NAMED = re.compile(r"(?:^|[/\\:])Q\d{5,6}\.txt$", re.IGNORECASE)  # to be an article, by its name
_IDENT = re.compile(rb"(?:\xef\xbb\xbf)?DOCUMENT:(Q\d{5,6})")


@dataclass(slots=True)
class Summary:
    """What an import did; `rejected` and `not_articles` are (name, reason), the first ones of each.

    `abridged`: texts that are not taken, because the article is stored whole.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    abridged: int = 0
    passed_over: int = 0
    bugs: int = 0
    fixes: int = 0
    problems: int = 0
    rejected_count: int = 0
    not_article_count: int = 0
    named_not_articles: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)
    not_articles: list[tuple[str, str]] = field(default_factory=list)

    @property
    def articles(self) -> int:
        """How many articles were read."""
        return self.new + self.updated + self.unchanged

    @property
    def unread(self) -> bool:
        """Whether something that was to be an article could not be read."""
        return self.rejected_count > 0 or self.named_not_articles > 0


@dataclass(frozen=True, slots=True)
class Understood:
    """One article, ready to be stored, and what the summary counts of it."""

    prepared: Prepared
    bug: bool
    fix: bool
    problems: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a text was not read; `article`: it begins like one."""

    reason: str
    article: bool


def run(
    items: Iterable[Item],
    store: Store,
    progress: Callable[[float, int], None] = lambda done, count: None,
    workers: Workers | None = None,
) -> Summary:
    """Store the articles among `items`; unchanged ones are told by their digest and not parsed again.

    `progress` is called with the share of the input read and the number of articles so far. Each batch is one
    transaction: an interrupted import leaves the batches before it whole.
    """
    workers = workers or Workers()
    reader = _Import(store, progress)
    for chunk, results in workers.map(understand, reader.chunks(items)):
        for found, result in zip(chunk, _each(chunk, results, workers), strict=True):
            reader.arrived(found, result)
    reader.flush()
    store.settle()
    return reader.summary


def renew(
    store: Store,
    progress: Callable[[float, int], None] = lambda done, count: None,
    workers: Workers | None = None,
) -> int:
    """Read all stored texts again if an older kbcheck read them; return how many articles were.

    An article that cannot be read now keeps what was read before.
    """
    if not store.read_by_older:
        return 0
    workers = workers or Workers()
    total, count, batch = store.count(), 0, list[Prepared]()
    for chunk, results in workers.map(_again, _some(store.texts())):
        if isinstance(results, Lost):
            alone = (workers.alone(_again, [text]) for text in chunk)
            results = [one for each in alone if not isinstance(each, Lost) for one in each]
        batch += results
        count += len(results)
        if len(batch) >= BATCH:
            store.replace(batch, again=True)
            batch = []
        progress(count / total, count)
    store.replace(batch, again=True)
    store.settle()
    store.read_by_this()
    return count


Text = tuple[str, str, tuple[Problem, ...]]  # see Store.texts


def _some(texts: Iterable[Text]) -> Iterator[list[Text]]:
    """Return texts some at a time."""
    every = iter(texts)
    while chunk := list(islice(every, _CHUNK)):
        yield chunk


def _again(texts: Sequence[Text]) -> list[Prepared]:
    """Read some stored texts; the part of a renewal that workers do."""
    found = []
    for text in texts:
        with suppress(article.ArticleError):
            found.append(prepare(advisory.extract(article.restore(*text))))
    return found


def understand(texts: Sequence[Found | Unreadable]) -> list[Understood | Refused]:
    """Parse some texts; the part of an import that workers do."""
    return [_understand(each.data) if isinstance(each, Found) else Refused(each.reason, article=True) for each in texts]


def _understand(data: bytes) -> Understood | Refused:
    try:
        read = advisory.extract(article.parse(data))
    except article.ArticleError as error:
        return Refused(str(error), data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"DOCUMENT:"))
    fix = read.kind == "bug" and any(correction.subject == read.article.id for correction in read.corrections)
    return Understood(prepare(read), read.kind == "bug", fix, len(read.problems))


def _each(
    chunk: Sequence[Found | Unreadable], results: list[Understood | Refused] | Lost, workers: Workers
) -> Iterable[Understood | Refused]:
    """Return one result for each text; those of a chunk that was lost are tried one by one."""
    if not isinstance(results, Lost):
        yield from results
        return
    for found in chunk:
        one = workers.alone(understand, [found])
        yield Refused(one.reason, article=True) if isinstance(one, Lost) else one[0]


class _Import:
    """What is known while texts are under way: the digests stored, the articles that are being parsed."""

    def __init__(self, store: Store, progress: Callable[[float, int], None]) -> None:
        self.summary = Summary()
        self._store, self._progress = store, progress
        self._known = store.digests()
        self._digests = set(self._known.values())
        self._stored = bool(self._known)  # what comes twice in a first import is told when it is parsed
        self._under_way: Counter[bytes] = Counter()
        self._batch: list[tuple[str, Understood]] = []  # the name of each text, and what was read

    def chunks(self, items: Iterable[Item]) -> Iterator[list[Found | Unreadable]]:
        """Return the texts that must be parsed or rejected, some at a time; count the others."""
        chunk: list[Found | Unreadable] = []
        size = 0
        for item in chain.from_iterable(map(_articles, items)):
            if isinstance(item, PassedOver):
                self.summary.passed_over += 1
                continue
            if isinstance(item, Found):
                ident = _ident(item.data)
                if (
                    self._stored
                    and not self._under_way[ident]
                    and hashlib.sha256(item.data).hexdigest() in self._digests
                ):
                    self.summary.unchanged += 1
                    self._progress(item.done, self.summary.articles + len(self._batch))
                    continue
                self._under_way[ident] += 1
                size += len(item.data)
            chunk.append(item)
            if len(chunk) >= _CHUNK or size >= _CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def arrived(self, found: Found | Unreadable, result: Understood | Refused) -> None:
        """Take the result of one text, in the order of the input."""
        summary = self.summary
        if isinstance(found, Unreadable):
            _reject(summary, found.name, found.reason)
            return
        self._under_way[_ident(found.data)] -= 1
        if isinstance(result, Refused):
            if result.article:
                _reject(summary, found.name, result.reason)
            else:
                summary.not_article_count += 1
                summary.named_not_articles += found.named or _NAMED.search(found.name) is not None
                if len(summary.not_articles) < _SHOWN:
                    summary.not_articles.append((found.name, result.reason))
            return
        prepared = result.prepared
        if prepared.digest in self._digests:
            summary.unchanged += 1
            return
        self._digests.discard(self._known.get(prepared.id, ""))
        self._known[prepared.id] = prepared.digest
        self._digests.add(prepared.digest)
        self._batch.append((found.name, result))
        if len(self._batch) >= BATCH:
            self.flush()
        self._progress(found.done, summary.articles + len(self._batch))

    def flush(self) -> None:
        """Store what has arrived."""
        if self._batch:
            done = self._store.replace([result.prepared for _, result in self._batch], keep=True)
            of = {result.prepared.digest: (name, result) for name, result in self._batch}
            self.summary.new += done.new
            self.summary.unchanged += done.kept
            taken = [result for _, result in self._batch if result.prepared.digest not in done.partial]
            self.summary.bugs += sum(result.bug for result in taken)
            self.summary.fixes += sum(result.fix for result in taken)
            self.summary.problems += sum(result.problems for result in taken)
            for digest in done.partial:
                name, result = of[digest]
                ident = result.prepared.id
                self._digests.discard(digest)
                if result.prepared.cut:
                    _reject(self.summary, name, f"{ident} is stored, and this text is cut off: not taken")
                else:
                    self.summary.abridged += 1
            # The same article twice in one batch counts as new, then updated.
            self.summary.updated += len(self._batch) - done.new - done.kept - len(done.partial)
            self._batch.clear()


def _articles(item: Item) -> Sequence[Item]:
    """Return the articles of a file that holds several one behind the other, each by itself; else what there is."""
    parts = article.split(item.data) if isinstance(item, Found) else []
    if not isinstance(item, Found) or len(parts) == 1:
        return [item]
    return [
        replace(item, name=f"{item.name} (article {number})", data=data) for number, data in enumerate(parts, start=1)
    ]


def _ident(data: bytes) -> bytes:
    match = _IDENT.match(data)
    return match.group(1) if match else b""


def _reject(summary: Summary, name: str, reason: str) -> None:
    summary.rejected_count += 1
    if len(summary.rejected) < _SHOWN:
        summary.rejected.append((name, reason))
