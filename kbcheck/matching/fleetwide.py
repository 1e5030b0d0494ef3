"""All profiles of a fleet against one article at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from kbcheck import product
from kbcheck.matching.demands import Files, prepared
from kbcheck.matching.host import candidate_levels
from kbcheck.matching.verdict import Levels, at_levels, not_listed, serviced_beside
from kbcheck.model import ArticleKnowledge, Column, LineKnowledge, Profile, Verdict

Beside = tuple[tuple[str, str | None], ...]


def spoken_of(lines: Collection[str], articles: Iterable[ArticleKnowledge]) -> set[str]:
    """Return those of `lines` about which one of `articles` says something, or about another release of them."""
    named = {line.product_line for known in articles for line in known.lines}
    products = {product.line(name).product for name in named}
    return {name for name in lines if name in named or product.line(name).product in products}


class Fleetwide:
    """Profiles grouped by what a verdict can depend on, so that each article is judged once for each such thing.

    A group shares the product line, the levels that the host's data speak for, and what runs beside it; its profiles
    differ in files and hotfixes, of which an article names few. Lines that are not in `spoken` (see spoken_of; None:
    all are), a host's other programs, share one group. `groups` has the group of each profile. Law: column() gives what
    assess() gives for each profile.
    """

    def __init__(self, profiles: Sequence[Profile], spoken: Collection[str] | None = None) -> None:
        self._profiles = tuple(profiles)
        numbers: dict[tuple[str, Levels, Beside], int] = {}
        self._members: list[list[int]] = []
        self._told: dict[tuple[str, str], list[tuple[int, tuple[int, ...] | None]]] = {}  # profile, build of a file
        self._splits: dict[tuple[int, frozenset[str]], list[_Alike]] = {}
        groups = []
        for number, profile in enumerate(self._profiles):
            standing: tuple[str, Levels, Beside] = ("", (), ())
            if spoken is None or profile.product_line in spoken:
                standing = (profile.product_line, candidate_levels(profile), profile.beside)
            group = numbers.setdefault(standing, len(numbers))
            if group == len(self._members):
                self._members.append([])
            self._members[group].append(number)
            groups.append(group)
            for name, build in (
                *((name, build) for name, build, _ in profile.files),
                *zip(profile.hotfixes, repeat(None)),
            ):
                self._told.setdefault((profile.product_line, name), []).append((number, build))
        self.groups = tuple(groups)
        self._of_line: dict[str, dict[Levels, list[int]]] = {}
        for (line, levels, _), group in numbers.items():
            self._of_line.setdefault(line, {}).setdefault(levels, []).append(group)

    def column(self, known: ArticleKnowledge) -> Column:
        """Return the verdicts about one article; what is equal is mostly one object."""
        of_group: list[Verdict] = [None] * len(self._members)  # type: ignore[list-item]  # each is set below
        apart: dict[int, Verdict] = {}
        unlisted = []
        fixed = {line.product_line for line in known.lines if line.first_fixed is not None}
        for name, by_levels in self._of_line.items():
            line = known.line(name)
            if line is None or not line.listed:
                unlisted.append(name)
                continue
            beside = fixed if serviced_beside(line) else frozenset()
            self._judge(known, line, by_levels, beside, of_group, apart)
        for name, verdict in zip(unlisted, not_listed(known, unlisted), strict=True):
            for groups in self._of_line[name].values():
                for group in groups:
                    of_group[group] = verdict
        return Column(tuple(of_group), apart)

    def _judge(
        self,
        known: ArticleKnowledge,
        line: LineKnowledge,
        by_levels: Mapping[Levels, Sequence[int]],
        beside: Collection[str],
        of_group: list[Verdict],
        apart: dict[int, Verdict],
    ) -> None:
        """Judge the groups of one line, by level; in what runs beside they differ, of which only `beside` matters."""
        demanded = prepared(line)
        told = frozenset(
            name for name in (*demanded.wanted, *demanded.claims) if (line.product_line, name) in self._told
        )
        for levels, groups in by_levels.items():
            shared: dict[tuple[object, ...], Verdict] = {}
            for group in groups:
                near: Beside = ()
                if beside:
                    near = tuple(
                        each
                        for each in self._profiles[self._members[group][0]].beside
                        if each[0] in beside or product.line(each[0]).platform
                    )
                for alike in self._split(group, told):
                    key = (near, demanded.key_of(alike.files), alike.hotfixes)
                    verdict = shared.get(key)
                    if verdict is None:
                        verdict = shared[key] = at_levels(self._profiles[alike.members[0]], levels, known, line)
                    if of_group[group] is None:
                        of_group[group] = verdict
                    elif verdict is not of_group[group]:
                        apart.update(dict.fromkeys(alike.members, verdict))

    def _split(self, group: int, names: frozenset[str]) -> list[_Alike]:
        """Return the profiles of a group by what they tell of files and hotfixes; those that tell none first."""
        found = self._splits.get((group, names))
        if found is None:
            members = self._members[group]
            of = self._profiles[members[0]].product_line
            telling: dict[int, tuple[list[tuple[str, tuple[int, ...]]], list[str]]] = {}
            inside = set(members if names else ())
            for name in sorted(names):
                for number, build in self._told[of, name]:
                    if number in inside:
                        files, hotfixes = telling.setdefault(number, ([], []))
                        if build is None:
                            hotfixes.append(name)
                        else:
                            files.append((name, build))
            by_key: dict[tuple[Files, tuple[str, ...]], list[int]] = {}
            if len(telling) < len(members):
                by_key[(), ()] = [number for number in members if number not in telling]
            for number in sorted(telling):
                files, hotfixes = telling[number]
                by_key.setdefault((tuple(files), tuple(hotfixes)), []).append(number)
            found = self._splits[group, names] = [_Alike(*key, tuple(alike)) for key, alike in by_key.items()]
        return found


@dataclass(frozen=True, slots=True)
class _Alike:
    """Profiles of one group that tell the same of some files and hotfixes."""

    files: Files
    hotfixes: tuple[str, ...]
    members: tuple[int, ...]
