"""A stored scan cut down to some articles and products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kbcheck import product
from kbcheck.model import Assessment


def narrow(assessment: Assessment, articles: Sequence[str], products: Sequence[str]) -> Assessment:
    """Return the part of a scan that concerns `articles` and `products` (empty: all).

    Raises ValueError when the scan did not judge one of them.
    """
    missing = [ident for ident in articles if ident not in assessment.articles]
    if missing:
        raise ValueError(
            f"scan {assessment.number} did not judge {', '.join(missing)}: run kbcheck scan with --article"
        )
    if articles:
        assessment = replace(
            assessment,
            articles={ident: entry for ident, entry in assessment.articles.items() if ident in articles},
            verdicts=tuple(tuple(v for v in verdicts if v.article in articles) for verdicts in assessment.verdicts),
        )
    if products:
        hosts = tuple(
            row for row in assessment.hosts if any(product.selects(text, row.product_line) for text in products)
        )
        if not hosts:
            raise ValueError(f"scan {assessment.number} has no installation of {' or '.join(products)}")
        kept = sorted({row.profile for row in hosts})
        index = {old: new for new, old in enumerate(kept)}
        assessment = replace(
            assessment,
            hosts=tuple(replace(row, profile=index[row.profile]) for row in hosts),
            profiles=tuple(assessment.profiles[n] for n in kept),
            verdicts=tuple(assessment.verdicts[n] for n in kept),
        )
    return assessment
