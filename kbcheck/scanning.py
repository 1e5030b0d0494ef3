"""A scan: every installation of a fleet against every advisory that concerns it, joined by profile.

Rules:
- Profiles are judged, not hosts; hosts are joined to their profile at the end.
- The matrix is closed: each profile has exactly one verdict for each selected advisory.
- A scan takes the advisories that concern a product line of the fleet and have a known fix; `unfixed` adds the others,
  `articles` names them instead.
"""

from __future__ import annotations

import datetime
from array import array
from collections.abc import Collection, Sequence
from dataclasses import replace

from kbcheck import KbcheckError, matching, product
from kbcheck.model import ArticleKnowledge, Assessment, Fleet, Folded, HostRow, Profile
from kbcheck.store import Store


class SelectionError(KbcheckError):
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
    lines = _lines(fleet, products)
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
    assessment = assess(fleet, selected, others, moment, lines)
    return replace(assessment, number=store.save_scan(assessment))


def assess(
    fleet: Fleet,
    selected: Sequence[ArticleKnowledge],
    others: int,
    now: datetime.datetime,
    lines: Collection[str] | None = None,
) -> Assessment:
    """Return the assessment of the installations of `fleet` whose product line is among `lines` (None: all)."""
    profiles, hosts = _profiles(fleet, lines)
    fleetwide = matching.Fleetwide(profiles)
    return Assessment(
        created=now.isoformat(timespec="seconds"),
        inventories=fleet.inventories,
        refusals=fleet.refusals,
        remarks=fleet.remarks,
        articles={known.id: (known.title, known.date.isoformat(), known.kind.value) for known in selected},
        other_articles=others,
        profiles=profiles,
        groups=fleetwide.groups,
        hosts=hosts,
        columns=tuple(fleetwide.column(known) for known in selected),
    )


def _profiles(fleet: Fleet, lines: Collection[str] | None) -> tuple[tuple[Profile, ...], Folded[HostRow]]:
    """Return the distinct profiles, and each installation with the number of its own."""
    told = fleet.installations
    chosen: Sequence[int] = range(len(told))
    if lines is not None and not fleet.product_lines() <= set(lines):
        wanted = [template.product_line in lines for template in told.templates]
        chosen = [index for index, template in enumerate(told.which) if wanted[template]]
    profiles: dict[Profile, int] = {}
    rows: list[HostRow] = []
    numbers: dict[tuple[int, ...], int] = {}  # the template, and those of all installations of the host -> host row
    which = array("I")
    for index in chosen:
        template = told.which[index]
        key: tuple[int, ...] = (template,)
        if index in fleet.together:
            key = (template, *(told.which[other] for other in fleet.together[index]))
        number = numbers.get(key)
        if number is None:
            each = told.templates[template]
            profile = matching.profile_of(each, [told.templates[other] for other in key[1:]])
            place = profiles.setdefault(profile, len(profiles))
            number = numbers[key] = len(rows)
            rows.append(HostRow("", each.product_line, place, each.sources[0][1].file, 0, (), each.sources))
        which.append(number)
    hosts = told if len(chosen) == len(told) else told.some(chosen)
    return tuple(profiles), Folded(rows, which, hosts.names, hosts.lines, hosts.extra_of, hosts.extras, hosts.distinct)


def _lines(fleet: Fleet, products: Sequence[str]) -> set[str]:
    """Return the product lines of `fleet`, those that `products` select if there are any."""
    lines = fleet.product_lines()
    if not products:
        return lines
    chosen = {line for line in lines if any(product.selects(wanted, line) for wanted in products)}
    if not chosen:
        raise SelectionError(
            f"no installation of {' or '.join(products)}; the inventory has {', '.join(sorted(lines))}"
        )
    return chosen
