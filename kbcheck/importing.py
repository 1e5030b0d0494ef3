"""Import: texts found, parsed, understood and stored in batches; what could not be read is counted with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kbcheck import advisory, article
from kbcheck.archive import Found, Item, PassedOver, Unreadable
from kbcheck.model import Advisory
from kbcheck.store import Store

BATCH = 2000
_SHOWN = 20


@dataclass(slots=True)
class Summary:
    """What an import did; `rejected` and `not_articles` are (name, reason), the first ones of each."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
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


def run(
    items: Iterable[Item], store: Store, progress: Callable[[float, int], None] = lambda done, count: None
) -> Summary:
    """Store the articles among `items`; unchanged ones are told by their digest and not parsed again.

    `progress` is called with the share of the input read and the number of articles so far. Each batch is one
    transaction: an interrupted import leaves the batches before it whole.
    """
    summary = Summary()
    known = store.digests()
    digests = set(known.values())
    batch: list[Advisory] = []
    for item in items:
        if isinstance(item, PassedOver):
            summary.passed_over += 1
        elif isinstance(item, Unreadable):
            _reject(summary, item.name, item.reason)
        else:
            if hashlib.sha256(item.data).hexdigest() in digests:
                summary.unchanged += 1
            else:
                read = _read(item, summary)
                if read is not None:
                    batch.append(read)
                    # What it replaces is known no more: of two versions in one input the later one wins, every time.
                    digests.discard(known.get(read.article.id, ""))
                    known[read.article.id] = read.article.digest
                    digests.add(read.article.digest)
            progress(item.done, summary.articles + len(batch))
        if len(batch) >= BATCH:
            _store(batch, store, summary)
    _store(batch, store, summary)
    store.settle()
    return summary


def _read(item: Found, summary: Summary) -> Advisory | None:
    try:
        read = advisory.extract(article.parse(item.data))
    except article.ArticleError as error:
        if item.data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"DOCUMENT:"):
            _reject(summary, item.name, str(error))
        else:
            summary.not_article_count += 1
            summary.named_not_articles += item.named
            if len(summary.not_articles) < _SHOWN:
                summary.not_articles.append((item.name, str(error)))
        return None
    summary.bugs += read.kind == "bug"
    summary.fixes += any(c.subject == read.article.id for c in read.corrections)
    summary.problems += len(read.problems)
    return read


def _reject(summary: Summary, name: str, reason: str) -> None:
    summary.rejected_count += 1
    if len(summary.rejected) < _SHOWN:
        summary.rejected.append((name, reason))


def _store(batch: list[Advisory], store: Store, summary: Summary) -> None:
    if batch:
        done = store.replace(batch)
        # The same article twice in one batch counts as new, then updated.
        summary.new += done.new
        summary.updated += done.updated + len(batch) - done.new - done.updated
        batch.clear()
