"""A scan: every installation of a fleet against every advisory that concerns it, joined by profile.

Rules:
- Profiles are judged, not hosts; hosts are joined to their profile at the end.
- The matrix is closed: each profile has exactly one verdict for each selected advisory.
- A scan takes the advisories that concern a product line of the fleet and have a known fix; `unfixed` adds the others,
  `articles` names them instead.
- On a cluster, several files are read at the same time, and parts of the advisories judged. On one machine that gives
  nothing: handing the verdicts over takes as long as judging.
"""

from __future__ import annotations

import datetime
import functools
import pickle
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from kbcheck import SelectionError, inventory, matching, product
from kbcheck.model import ArticleKnowledge, Assessment, Column, Fleet, Folded, HostRow, Installation, Profile, Refusal
from kbcheck.store import Store
from kbcheck.workers import Lost, Workers, WorkersError

R = TypeVar("R")
_CLAIMS = 50  # remarks on hotfixes that no article is about
_PAIRS = 4_000_000  # profiles times advisories that a worker judges in one go, in some tenths of a second


def read(paths: Iterable[Path], workers: Workers) -> Fleet:
    """Read inventory files as inventory.read() does, several at the same time by workers."""
    every = list(paths)
    named = inventory.files(every) if workers.remote else []
    if len(named) < 2:
        return inventory.read(every)
    contents = ((name, path.read_bytes()) for name, path in named)
    return inventory.merge(_found(workers.map(_part, contents)))


def _part(file: tuple[str, bytes]) -> inventory.Rows:
    return inventory.part(*file)


def run(
    fleet: Fleet,
    store: Store,
    *,
    articles: Sequence[str] = (),
    products: Sequence[str] = (),
    unfixed: bool = False,
    now: datetime.datetime | None = None,
    workers: Workers | None = None,
) -> Assessment:
    """Judge `fleet` against the advisories in `store`, store the scan, and return it with its number.

    Raises SelectionError when `articles` names one that is not in the database, or `products` one that no host has.
    """
    lines = _lines(fleet, products)
    store.require_articles()
    store.settle()
    if articles:
        selected = list(store.known_of(articles))
        missing = sorted(set(articles) - {each.id for each in selected})
        if missing:
            raise SelectionError(f"not in the database: {', '.join(missing)}; import them first")
        for known in selected:
            judged(known)
        others = 0
    else:
        selected = [
            known
            for known in store.known(lines, fixed=not unfixed)
            if known.advisory and (unfixed or matching.fixable(known, lines))
        ]
        others = store.concerning(lines) - len(selected)
    moment = now if now is not None else datetime.datetime.now(datetime.UTC)
    unheard = (*_unheard(fleet, lines - store.affected(lines)), *_unheard_claims(fleet, lines, selected, store))
    fleet = replace(fleet, remarks=(*unheard, *fleet.remarks))
    assessment = assess(fleet, selected, others, moment, lines, workers)
    return replace(assessment, number=store.save_scan(assessment))


def judged(known: ArticleKnowledge) -> None:
    """Raise SelectionError when no host is judged by an article: a list, information, instructions."""
    if known.unjudged:
        raise SelectionError(
            f"{known.id} judges no host: {known.unjudged} ({known.kind.value}); what it says: kbcheck show {known.id}"
        )


def _unheard(fleet: Fleet, lines: Collection[str]) -> Iterator[Refusal]:
    """Return a remark for each product line about which no article is: a new product, or a slip in the inventory."""
    told = fleet.installations
    of = {n: each.product_line for n, each in enumerate(told.templates) if each.product_line in lines}
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for index, template in enumerate(told.which) if of else ():
        if template in of:
            first.setdefault(of[template], index)
            counts[of[template]] += 1
    for line in sorted(first):
        row = told[first[line]].sources[0][1]
        rows = "1 row names" if counts[line] == 1 else f"{counts[line]:,} rows name"
        yield Refusal(
            row.file, row.line, f"no article in the database is about {line}, which {rows}: nothing is known of it"
        )


def _unheard_claims(
    fleet: Fleet, lines: Collection[str], selected: Iterable[ArticleKnowledge], store: Store
) -> Iterator[Refusal]:
    """Return a remark on each hotfix that is claimed and of which no article is stored: it decides nothing."""
    told = fleet.installations
    claiming = [n for n, each in enumerate(told.templates) if each.hotfixes and each.product_line in lines]
    every = {hotfix for n in claiming for hotfix in told.templates[n].hotfixes}
    unheard = every - store.titles(every).keys()
    if unheard:
        unheard -= {each.hotfix for known in selected for line in known.lines for each in line.corrections}
    claims: dict[str, int] = {}
    first = told.first_of() if unheard else {}
    for number in claiming:
        for hotfix in unheard.intersection(told.templates[number].hotfixes) if number in first else ():
            claims[hotfix] = min(first[number], claims.get(hotfix, first[number]))
    lost = sorted(claims, key=lambda hotfix: (claims[hotfix], hotfix))
    for hotfix in lost[:_CLAIMS]:
        each = told[claims[hotfix]]
        row = next(source for column, source, _ in each.sources if column == "hotfixes")
        words = f"{each.host} claims {hotfix}, whose article is not in the database: nothing is concluded from it"
        yield Refusal(row.file, row.line, words, each.host)
    if len(lost) > _CLAIMS:
        row = told[claims[lost[_CLAIMS]]].sources[0][1]
        words = f"{len(lost) - _CLAIMS:,} more hotfixes are claimed from here on whose article is not in the database"
        yield Refusal(row.file, row.line, words)


def assess(
    fleet: Fleet,
    selected: Sequence[ArticleKnowledge],
    others: int,
    now: datetime.datetime,
    lines: Collection[str] | None = None,
    workers: Workers | None = None,
) -> Assessment:
    """Return the assessment of the installations of `fleet` whose product line is among `lines` (None: all)."""
    profiles, hosts = _profiles(fleet, lines)
    spoken = matching.spoken_of({profile.product_line for profile in profiles}, selected)
    fleetwide = matching.Fleetwide(profiles, spoken)
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
        columns=_columns(fleetwide, profiles, spoken, selected, workers),
    )


def _columns(
    fleetwide: matching.Fleetwide,
    profiles: Sequence[Profile],
    spoken: Collection[str],
    selected: Sequence[ArticleKnowledge],
    workers: Workers | None,
) -> tuple[Column, ...]:
    size = max(_PAIRS // max(len(profiles), 1), 1)
    if workers is None or not workers.remote or len(selected) <= size:
        return tuple(fleetwide.column(known) for known in selected)
    packed = zlib.compress(pickle.dumps((profiles, spoken)), 1)
    chunks = ((packed, selected[first : first + size]) for first in range(0, len(selected), size))
    return tuple(column for columns in _found(workers.map(_judge, chunks)) for column in columns)


def _judge(task: tuple[bytes, Sequence[ArticleKnowledge]]) -> list[Column]:
    """Judge some advisories; the part of a scan that workers do."""
    packed, selected = task
    fleetwide = _fleetwide(packed)
    return [fleetwide.column(known) for known in selected]


@functools.lru_cache(maxsize=2)
def _fleetwide(packed: bytes) -> matching.Fleetwide:
    return matching.Fleetwide(*pickle.loads(zlib.decompress(packed)))  # noqa: S301  # what the program itself packed


def _found(results: Iterable[tuple[Any, R | Lost]]) -> Iterator[R]:
    """Return the results of workers, all of them: a scan is whole or is not."""
    for _, result in results:
        if isinstance(result, Lost):
            raise WorkersError(f"a part of the scan could not be done: {result.reason}")
        yield result


def _profiles(fleet: Fleet, lines: Collection[str] | None) -> tuple[tuple[Profile, ...], Folded[HostRow]]:
    """Return the distinct profiles, and each installation with the number of its own."""
    told = fleet.installations
    chosen: Sequence[int] = range(len(told))
    if lines is not None and not fleet.product_lines() <= set(lines):
        wanted = [template.product_line in lines for template in told.templates]
        chosen = [index for index, template in enumerate(told.which) if wanted[template]]
    hosts = told if len(chosen) == len(told) else told.some(chosen)
    rows = _Rows(told)
    keys = _keys(told, fleet.together, chosen) if fleet.together else hosts.which
    which = array("I", map(rows.__getitem__, keys))
    folded = Folded(rows.found, which, hosts.names, hosts.lines, hosts.extra_of, hosts.extras, hosts.distinct)
    return tuple(rows.profiles), folded


Key = int | tuple[int, ...]  # an installation's template; where its host has several, then those that matter beside it


def _keys(told: Folded[Installation], together: Mapping[int, Sequence[int]], chosen: Iterable[int]) -> Iterator[Key]:
    matters = [matching.matters_beside(template.product_line) for template in told.templates]
    near: dict[int, tuple[int, ...]] = {}  # of each host with several, by its list of installations
    for index in chosen:
        places = together.get(index)
        if places is None:
            yield told.which[index]
            continue
        if id(places) not in near:
            near[id(places)] = tuple(each for each in map(told.which.__getitem__, places) if matters[each])
        yield (told.which[index], *near[id(places)])


class _Rows(dict[Key, int]):
    """The number of the host row (as a template) for each key; asked for a new one, it makes it and its profile."""

    def __init__(self, told: Folded[Installation]) -> None:
        super().__init__()
        self.found: list[HostRow] = []
        self.profiles: dict[Profile, int] = {}
        self._told = told.templates

    def __missing__(self, key: Key) -> int:
        first, *together = key if isinstance(key, tuple) else (key,)
        each = self._told[first]
        profile = matching.profile_of(each, [self._told[other] for other in together])
        place = self.profiles.setdefault(profile, len(self.profiles))
        number = self[key] = len(self.found)
        self.found.append(HostRow("", each.product_line, place, each.sources[0][1].file, 0, (), each.sources))
        return number


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
