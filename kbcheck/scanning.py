"""A scan: every installation of a fleet against every advisory that concerns it, joined by profile.

Rules:
- Profiles are judged, not hosts; hosts are joined to their profile at the end.
- The matrix is closed: each profile has exactly one verdict for each selected advisory.
- A scan takes the advisories that concern a product line of the fleet and have a known fix; `unfixed` adds the others,
  `articles` names them instead.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from kbcheck import matching, product
from kbcheck.model import ArticleKnowledge, Assessment, Fleet, HostRow, Installation, Profile
from kbcheck.store import Store


class SelectionError(ValueError):
    """What was asked for cannot be judged: an article that is not in the database, a product that no host has."""


def run(
    fleet: Fleet,
    store: Store,
    *,
    articles: Sequence[str] = (),
    products: Sequence[str] = (),
    unfixed: bool = False,
    now: datetime.datetime | None = None,
) -> Assessment:
    """Judge `fleet` against the advisories in `store`, store the scan, and return it with its number.

    Raises SelectionError when `articles` names one that is not in the database, or `products` one that no host has.
    """
    installations = _of_products(fleet.installations, products)
    lines = {each.product_line for each in installations}
    if store.count() == 0:
        raise SelectionError("the database holds no articles; import some with: kbcheck import PATH")
    store.settle()
    if articles:
        selected = list(store.known_of(articles))
        missing = sorted(set(articles) - {each.id for each in selected})
        if missing:
            raise SelectionError(f"not in the database: {', '.join(missing)}; import them first")
        others = 0
    else:
        selected = [
            known for known in store.known(lines, fixed=not unfixed) if unfixed or matching.fixable(known, lines)
        ]
        others = store.concerning(lines) - len(selected)
    moment = now if now is not None else datetime.datetime.now(datetime.UTC)
    assessment = assess(fleet, installations, selected, others, moment)
    number = store.save_scan(assessment)
    return Assessment(
        **{name: getattr(assessment, name) for name in assessment.__dataclass_fields__} | {"number": number}
    )


def assess(
    fleet: Fleet,
    installations: Sequence[Installation],
    selected: Sequence[ArticleKnowledge],
    others: int,
    now: datetime.datetime,
) -> Assessment:
    """Return the assessment of `installations`, which are all or some of `fleet`'s."""
    by_host: dict[str, list[Installation]] = {}
    for each in fleet.installations:
        by_host.setdefault(each.host.casefold(), []).append(each)
    profiles: dict[Profile, int] = {}
    hosts = []
    for each in installations:
        profile = matching.profile_of(each, by_host[each.host.casefold()])
        number = profiles.setdefault(profile, len(profiles))
        first = each.sources[0][1]
        hosts.append(HostRow(each.host, each.product_line, number, first.file, first.line, each.extra, each.sources))
    fleetwide = matching.Fleetwide(tuple(profiles))
    columns = [fleetwide.column(known) for known in selected]
    verdicts = tuple(zip(*columns, strict=True)) if columns else ((),) * len(profiles)
    assert all(len(row) == len(selected) for row in verdicts)
    return Assessment(
        created=now.isoformat(timespec="seconds"),
        inventories=fleet.inventories,
        refusals=fleet.refusals,
        remarks=fleet.remarks,
        articles={known.id: (known.title, known.date.isoformat(), known.kind.value) for known in selected},
        other_articles=others,
        profiles=tuple(profiles),
        hosts=tuple(hosts),
        verdicts=verdicts,
    )


def _of_products(installations: Sequence[Installation], products: Sequence[str]) -> Sequence[Installation]:
    if not products:
        return installations
    kept = [each for each in installations if any(product.selects(wanted, each.product_line) for wanted in products)]
    if not kept:
        have = ", ".join(sorted({each.product_line for each in installations}))
        raise SelectionError(f"no installation of {' or '.join(products)}; the inventory has {have}")
    return kept
