"""A stored scan cut down to some articles and products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kbcheck import KbcheckError, product
from kbcheck.model import Assessment


class SelectionError(KbcheckError):
    """The scan did not judge what was asked for."""


def narrow(assessment: Assessment, articles: Sequence[str], products: Sequence[str]) -> Assessment:
    """Return the part of a scan that concerns `articles` and `products` (empty: all).

    Raises SelectionError when the scan did not judge one of them.
    """
    missing = [ident for ident in articles if ident not in assessment.articles]
    if missing:
        raise SelectionError(
            f"scan {assessment.number} did not judge {', '.join(missing)}: run kbcheck scan with --article"
        )
    if articles:
        assessment = replace(
            assessment,
            articles={ident: entry for ident, entry in assessment.articles.items() if ident in articles},
            verdicts=tuple(tuple(v for v in verdicts if v.article in articles) for verdicts in assessment.verdicts),
        )
    if products:
        hosts = assessment.hosts
        wanted = [any(product.selects(text, row.product_line) for text in products) for row in hosts.templates]
        rows = hosts.some([index for index, template in enumerate(hosts.which) if wanted[template]])
        if not rows:
            raise SelectionError(f"scan {assessment.number} has no installation of {' or '.join(products)}")
        kept = sorted({hosts.templates[template].profile for template in set(rows.which)})
        index = {old: new for new, old in enumerate(kept)}
        templates = [replace(row, profile=index.get(row.profile, 0)) for row in hosts.templates]
        assessment = replace(
            assessment,
            hosts=replace(rows, templates=templates),
            profiles=tuple(assessment.profiles[n] for n in kept),
            verdicts=tuple(assessment.verdicts[n] for n in kept),
        )
    return assessment
