"""The commands about articles: show, list, search."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kbcheck.cli import options, streams
from kbcheck.cli.application import OK, USAGE, CommandError

if TYPE_CHECKING:
    from kbcheck.model import ArticleKnowledge

_UNCUT = 10**6  # columns that no row needs
_MOST_WORDS = 32  # that the store looks for


def show(
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="Article, such as Q241556.")],
    annotated: Annotated[
        bool, typer.Option("--annotated", help="The article's own text, each recognised fact marked.")
    ] = False,
    format_: Annotated[options.PageFormat, typer.Option("--format", help="Format.")] = options.PageFormat.TEXT,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print the structured advisory of one article, or what a fix list holds.

    Examples: kbcheck show Q241556 | kbcheck show Q268886 | kbcheck show Q241556 --annotated
    """
    from kbcheck import knowledge
    from kbcheck.article import references
    from kbcheck.report import article as writer
    from kbcheck.report import data

    ident = options.ids([article])[0]
    if annotated and format_ is options.PageFormat.JSON:
        raise CommandError("--annotated is for text: expected it without --format json", USAGE)
    with options.open_store(db) as store:
        stored = store.article(ident)
        if stored is None:
            raise CommandError(f"{ident} is not in the database; import it first")
        listed = store.stated_by(ident)
        titles = store.titles(references(stored.article))
    known = knowledge.weigh(stored.facts)
    if format_ is options.PageFormat.JSON:
        streams.write_data([data.dumps(data.article(stored, known))], output)
    elif annotated:
        streams.write([writer.annotated(stored, known)], output)
    else:
        if quiet:
            text = writer.summary(stored, known, streams.width())
        else:
            text = writer.page(stored, known, listed, titles, width=streams.width(), whole=verbose)
        streams.write([text], output)
    return OK


def list_(
    product: Annotated[
        str | None,
        typer.Option(
            "--product", help='Articles that affect this product line, such as "Exchange Server 5.5".', metavar="NAME"
        ),
    ] = None,
    fixed_in: Annotated[
        str | None,
        typer.Option("--fixed-in", help='First corrected at this level: SP4, "hotfix only", none.', metavar="LEVEL"),
    ] = None,
    category: Annotated[
        str | None, typer.Option("--category", help="The archive's category, such as exchange.", metavar="NAME")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="bug, feature, howto, info, fix-list, problem, unknown.", metavar="KIND"),
    ] = None,
    problems: Annotated[bool, typer.Option("--problems", help="What the parser refused to guess.")] = False,
    format_: Annotated[options.ListFormat, typer.Option("--format", help="Format.")] = options.ListFormat.TABLE,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Numbers = False,
    verbose: options.Uncut = False,
) -> int:
    """List articles; `--format jsonl` without a filter exports the whole knowledge base.

    Examples: kbcheck list --product "Exchange Server 5.5" --fixed-in SP4 | kbcheck list --format jsonl -o kb.jsonl
    """
    from kbcheck import knowledge
    from kbcheck import product as products
    from kbcheck.model import Kind
    from kbcheck.report import article as writer
    from kbcheck.report import data, table, view

    if kind is not None and kind not in set(Kind):
        raise CommandError(f"--kind {kind}: expected {', '.join(Kind)}", USAGE)
    level = _level(fixed_in) if fixed_in is not None else None
    with options.open_store(db) as store:
        store.require_articles()
        wanted = None
        if product is not None:
            wanted = {name for name in store.product_lines() if products.selects(product, name)}
            if not wanted:
                raise CommandError(f"--product {product}: no article in the database is about it", USAGE)
        categories = store.categories() if category is not None else set()
        if category is not None and category not in categories:
            raise CommandError(f"--category {category}: expected {', '.join(sorted(categories))}", USAGE)
        troubled = store.problem_articles() if problems else set()

        def chosen() -> Iterator[tuple[Any, ArticleKnowledge]]:
            for stored in store.articles(troubled if problems else None):
                if (category is not None and stored.article.category != category) or (
                    kind is not None and stored.facts.kind != kind
                ):
                    continue
                known = knowledge.weigh(stored.facts)
                if wanted is not None and not any(each.listed and each.product_line in wanted for each in known.lines):
                    continue
                if level is not None:
                    fixed = {name: first or "none" for name, first in knowledge.first_fixed(known).items()}
                    if not any(first == level and (wanted is None or name in wanted) for name, first in fixed.items()):
                        continue
                yield stored, known

        if format_ is options.ListFormat.JSONL:
            streams.write_data((data.line(data.article(stored, known)) for stored, known in chosen()), output)
            return OK
        if quiet:
            streams.write([f"{known.id}\n" for _, known in chosen()], output)
            return OK
        width = _UNCUT if verbose else streams.width()
        if problems:
            rows = [
                (p.kind, stored.facts.id, str(p.line), p.message) for stored, _ in chosen() for p in stored.problems
            ]
            first = {name: ident for name, ident, _, _ in reversed(rows)}
            counts = sorted(Counter(row[0] for row in rows).items(), key=lambda pair: (-pair[1], pair[0]))
            tally = [f"{count:>6,}  {name} (for example {first[name]})" for name, count in counts]
            body = (
                table.plain(("kind", "article", "line", "what was not understood"), sorted(rows), (2,), width)
                if rows
                else "no problems"
            )
            streams.write(["\n".join([*tally, *([""] if tally else []), body, ""])], output)
            return OK
        headers, listed = writer.listing([known for _, known in chosen()], wanted)
    streams.write(
        [
            table.plain(headers, listed, (), width) + f"\n{view.plural(len(listed), 'article')}\n"
            if listed
            else "no article matches\n"
        ],
        output,
    )
    return OK


def _level(text: str) -> str:
    """Return the first correction that a user asks for as `first_fixed` has it, "none" for no correction."""
    from kbcheck.model import HOTFIX_ONLY, UNSPECIFIED
    from kbcheck.product import parse_level

    named = {each.lower(): each for each in (HOTFIX_ONLY, UNSPECIFIED, "none")}
    level = named.get(text.strip().lower()) or parse_level(text)
    if level is None:
        raise CommandError(f"--fixed-in {text}: expected a level such as SP4, RTM, {', '.join(named.values())}", USAGE)
    return level


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="Words that must all occur.")],
    limit: Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1000)] = 10,
    format_: Annotated[options.ListFormat, typer.Option("--format", help="Format.")] = options.ListFormat.TABLE,
    output: options.Output = None,
    db: options.Database = None,
    quiet: options.Numbers = False,
    verbose: options.Uncut = False,
) -> int:
    """Search the articles' texts; the best matches first, each with the words in their place.

    Example: kbcheck search OpenMsgStore deadlock
    """
    from kbcheck.report import data
    from kbcheck.report.cell import clean, shorten

    several = len(re.findall(r"\w+", " ".join(words)))
    if several > _MOST_WORDS:
        raise CommandError(f"search: {several} words; expected {_MOST_WORDS} at most", USAGE)
    with options.open_store(db) as store:
        store.require_articles()
        hits = store.search(" ".join(words), limit + 1)
    more = len(hits) > limit
    del hits[limit:]
    if format_ is options.ListFormat.JSONL:
        streams.write_data(
            (
                data.line(
                    {
                        "schema": "kbcheck.hit/1",
                        "id": h.id,
                        "title": h.title,
                        "date": h.date,
                        "category": h.category,
                        "snippet": h.snippet,
                    }
                )
                for h in hits
            ),
            output,
        )
        return OK
    if quiet:
        streams.write([f"{hit.id}\n" for hit in hits], output)
        return OK
    width = _UNCUT if verbose else streams.width()
    lines = []
    for hit in hits:
        lines.append(shorten(clean(f"{hit.id}  {hit.title}"), width))
        lines.append(shorten(clean(f"         {hit.snippet}"), width))
    streams.write(["".join(f"{text}\n" for text in lines) or "nothing found\n"], output)
    if more:
        streams.say(f"... there are more: --limit {min(limit * 10, 1000)}" if limit < 1000 else "... there are more")
    return OK
