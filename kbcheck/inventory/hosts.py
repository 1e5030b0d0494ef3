"""Rows to a fleet: those of one host and product line are merged, and what they contradict each other in is told."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from operator import lt

from kbcheck import product
from kbcheck.inventory import cells
from kbcheck.inventory.columns import Messages
from kbcheck.inventory.rows import Rows
from kbcheck.inventory.text import InventoryError
from kbcheck.model import Fleet, Folded, Installation, Sources, folded


def fleet(rows: Rows) -> Fleet:
    """Return everything that was read, the rows of one host and product line merged.

    Raises InventoryError when nothing is an installation.
    """
    hosts = _Hosts(rows)
    dropped: list[int] = []
    for key, indexes in hosts.groups.items():
        hosts.groups[key] = hosts.merge_rows(indexes)
        dropped += set(indexes) - set(hosts.groups[key])
    hosts.add_details()
    hosts.share_claims()
    if not rows.names:
        why = f"; first refused: {rows.refusals[0]}" if rows.refusals else ""
        raise InventoryError(f"no installation in {', '.join(name for name, _, _ in rows.inventories)}{why}")
    installations = hosts.installations()
    dropped.sort()
    if dropped:
        gone = set(dropped)
        installations = installations.some([n for n in range(len(rows.names)) if n not in gone])
    together = {}
    for indexes in hosts.groups.values():
        if len(indexes) > 1:
            places = [index - bisect(dropped, index) for index in indexes]
            together.update(dict.fromkeys(places, places))
    order = {name: index for index, (name, _, _) in enumerate(rows.inventories)}
    refusals, remarks = (
        tuple(sorted(said, key=lambda each: (order.get(each.file, 0), each.line)))
        for said in (rows.refusals, rows.remarks)
    )
    return Fleet(installations, together, refusals, remarks, tuple(rows.inventories))


class _Hosts:
    """The rows of each host that has several, or that a long form names, while they are merged.

    `groups` has their indexes under the host's name, in small letters where a long form may ask for it; `distinct` is
    the number of all hosts.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._merged: dict[int, cells.Entry] = {}
        self.groups: dict[str, list[int]] = {}
        wanted = {host.casefold() for host, _, _ in rows.additions}
        keys = folded(rows.names) if wanted or not _of_one_case(rows.names) else rows.names
        # Many inventories are sorted, which tells the same without a set of all names.
        rising = all(map(lt, keys, islice(keys, 1, None)))
        self.distinct = len(keys) if rising else len(set(keys))
        if self.distinct < len(keys):
            wanted |= {key for key, number in Counter(keys).items() if number > 1}
        for index, key in enumerate(keys) if wanted else ():
            if key in wanted:
                self.groups.setdefault(key, []).append(index)

    def merge_rows(self, indexes: list[int]) -> list[int]:
        """Merge the rows of one host that tell of one product line into the first; return the first of each."""
        rows = self._rows
        first: dict[str, int] = {}
        for index in indexes:
            told = rows.templates[rows.which[index]]
            into = first.setdefault(told.line, index)
            if into != index:
                file = told.sources[0][1].file
                entry = self._merge(into, told, file, rows.lines[index], rows.names[index])
                entry.extra = dict(rows.extras[rows.extra_of[index]]) | entry.extra
        return list(first.values())

    def add_details(self) -> None:
        """Add the rows of long forms to the installations of their hosts."""
        rows = self._rows
        known: dict[tuple[int, str], tuple[cells.Entry, Messages]] = {}
        for host, line, detail in rows.additions:
            name, row = rows.details[detail]
            indexes = self.groups.get(host.casefold(), [])
            if not indexes:
                rows.say(name, line, ((True, f"host {host!r}: no row gives it a product and a version"),), host)
            for index in indexes:
                of = rows.templates[rows.which[index]].line
                if (detail, of) not in known:
                    entry = cells.Entry(of)
                    known[detail, of] = (entry, tuple(cells.details(entry, name, row)))
                entry, messages = known[detail, of]
                if index == indexes[0]:
                    rows.say(name, line, messages, host)
                self._merge(index, entry, name, line, rows.names[index])

    def share_claims(self) -> None:
        """Give what runs on one platform alone the hotfixes that the platform's row claims.

        An article on both Windows NT 4.0 and Internet Information Server 4.0 has one hotfix, installed on Windows.
        """
        rows = self._rows
        alone = any(product.line(entry.line).on is not None for entry in rows.templates)
        shared: dict[tuple[int, int, int], int] = {}
        for indexes in self.groups.values() if alone else ():
            places = {self._entry(index).line: index for index in indexes}
            for index in indexes:
                place = places.get(product.line(self._entry(index).line).on or "")
                if place is None:
                    continue
                if self._merged.keys().isdisjoint((index, place)):
                    # Hosts whose rows are alike, and as far apart, become alike.
                    key = (rows.which[index], rows.which[place], rows.lines[place] - rows.lines[index])
                    if key not in shared:
                        shared[key] = self._with_claims(*key)
                    rows.which[index] = shared[key]
                    continue
                claims = self._entry(index).claims(self._entry(place))
                if claims.hotfixes:
                    line = 0 if place in self._merged else rows.lines[place]  # a merged entry has those of its file
                    self._merge(index, claims, "", line, rows.names[index])

    def _with_claims(self, number: int, platform: int, distance: int) -> int:
        """Return the template that has the claims of another too, whose row stands `distance` lines below."""
        templates = self._rows.templates
        claims = templates[number].claims(templates[platform])
        if not claims.hotfixes:
            return number
        entry = templates[number].at("", 0)
        list(entry.add(claims.at("", distance)))
        templates.append(entry)
        return len(templates) - 1

    def _entry(self, index: int) -> cells.Entry:
        return self._merged.get(index) or self._rows.templates[self._rows.which[index]]

    def _merge(self, index: int, told: cells.Entry, name: str, line: int, host: str) -> cells.Entry:
        """Add what a row says to an installation, and tell where the two contradict each other."""
        rows = self._rows
        entry = self._merged.get(index)
        if entry is None:
            entry = self._merged[index] = rows.templates[rows.which[index]].at(rows.names[index], rows.lines[index])
            entry.extra = dict(rows.extras[rows.extra_of[index]])
        new = told.at(host, line)
        remarks = []

        def place(file: str, line: int) -> str:
            return f"line {line}" if file == name else f"{file}:{line}"

        other = len(entry.levels) - sum(level in entry.levels for level in new.levels)
        if new.levels and other:
            before = (f"{level} ({place(*where)})" for level, where in entry.levels.items() if level not in new.levels)
            words = f"{', '.join(new.levels)} here, {cells.few(before, other)} before"
            remarks.append(f"{entry.host}, {entry.line}: {words}: both are kept")
        for system, level in new.platform:
            last = next((told for of, told in reversed(entry.platform) if of == system and told is not None), level)
            if level is not None and last != level:
                words = f"{system} {level} here, {last} before: its level is left open"
                remarks.append(f"{entry.host}, {entry.line}: {words}")
        if entry.builds and not new.builds.keys() <= entry.builds.keys():
            before = (f"{product.dotted(build)} ({place(*where)})" for build, where in entry.builds.items())
            here = ", ".join(map(product.dotted, new.builds))
            words = f"build {here} here, {cells.few(before, len(entry.builds))} before"
            remarks.append(f"{entry.host}, {entry.line}: {words}: both are kept")
        # Only what is new can end an agreement; where there is a remark, it is told already.
        known = new.levels.keys() <= entry.levels.keys() and new.builds.keys() <= entry.builds.keys()
        agreed = not known and not remarks and not cells.disagreement(entry.line, entry.levels, entry.builds)
        remarks += [f"{entry.host}: {remark}" for remark in entry.add(new)]
        remark = cells.disagreement(entry.line, entry.levels, entry.builds) if agreed and not remarks else ""
        if remark:
            remarks.append(f"{entry.host}, {entry.line}: {remark}")
        rows.say(name, line, tuple((False, remark) for remark in remarks), host)
        return entry

    def installations(self) -> Folded[Installation]:
        """Return all rows as installations, the merged ones where the first of theirs stood."""
        rows = self._rows
        templates = [entry.freeze() for entry in rows.templates]
        numbers: dict[tuple[Installation, Sources], int] = {}
        for index, entry in self._merged.items():
            frozen = entry.freeze(rows.lines[index])
            number = numbers.setdefault((frozen, frozen.sources), len(templates))
            if number == len(templates):
                templates.append(frozen)
            rows.which[index] = number
            rows.extra_of[index] = rows.extra_number(tuple(entry.extra.items()))
        return Folded(templates, rows.which, rows.names, rows.lines, rows.extra_of, rows.extras, self.distinct)


def _of_one_case(names: Sequence[str]) -> bool:
    """Whether names are equal only where they are the same in any case: plain letters, all small or all capital."""
    text = "".join(names)
    return text.isascii() and (text.upper() == text or text.lower() == text)
