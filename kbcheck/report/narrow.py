"""A stored scan cut down to some articles and products."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from kbcheck import SelectionError, product
from kbcheck.model import Assessment, Column, Status


def narrow(assessment: Assessment, articles: Sequence[str], products: Sequence[str]) -> Assessment:
    """Return the part of a scan that concerns `articles` and `products` (empty: all).

    Raises SelectionError when the scan did not judge one of them.
    """
    missing = [ident for ident in articles if ident not in assessment.articles]
    if missing:
        raise SelectionError(
            f"scan {assessment.number} did not judge {', '.join(missing)}: run kbcheck scan with --article"
        )
    if articles or products:
        assessment = replace(assessment, other_articles=0)  # how many there are of what remains is not known
    if articles:
        assessment = _some(assessment, articles)
    if products:
        hosts = assessment.hosts
        wanted = [any(product.selects(text, row.product_line) for text in products) for row in hosts.templates]
        rows = hosts.some([index for index, template in enumerate(hosts.which) if wanted[template]])
        if not rows:
            raise SelectionError(f"scan {assessment.number} has no installation of {' or '.join(products)}")
        kept = sorted({hosts.templates[template].profile for template in set(rows.which)})
        index = {old: new for new, old in enumerate(kept)}
        groups = sorted({assessment.groups[n] for n in kept})
        group_index = {old: new for new, old in enumerate(groups)}
        templates = [replace(row, profile=index.get(row.profile, 0)) for row in hosts.templates]
        assessment = replace(
            assessment,
            hosts=replace(rows, templates=templates),
            profiles=tuple(assessment.profiles[n] for n in kept),
            groups=tuple(group_index[assessment.groups[n]] for n in kept),
            columns=tuple(
                Column(
                    tuple(column.of_group[n] for n in groups),
                    {index[n]: verdict for n, verdict in column.apart.items() if n in index},
                )
                for column in assessment.columns
            ),
        )
        if not articles:
            concerned = [
                ident
                for column, ident in zip(assessment.columns, assessment.articles, strict=True)
                if any(v.status is not Status.NOT_APPLICABLE for v in (*column.of_group, *column.apart.values()))
            ]
            assessment = _some(assessment, concerned or list(assessment.articles))
    return assessment


def _some(assessment: Assessment, articles: Collection[str]) -> Assessment:
    pairs = zip(assessment.columns, assessment.articles, strict=True)
    return replace(
        assessment,
        articles={ident: entry for ident, entry in assessment.articles.items() if ident in articles},
        columns=tuple(column for column, ident in pairs if ident in articles),
    )
