"""Which column of an inventory file holds what: names are matched without case, blanks, `-`, `_` and `.`."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter

from kbcheck.inventory.text import InventoryError
from kbcheck.model import LONGEST_NAME, Extra

_ALIASES = {
    "host": "host hostname computername computer server servername node nodename name machine machinename netbiosname"
    " dnshostname cn system systemname device fqdn csname pscomputername",
    "product": "product productname application applicationname software softwarename app produkt produktname",
    "version": "version productversion versionnumber serialnumber release exchangeversion admindisplayversion"
    " displayversion",
    "service_pack": "servicepack sp csdversion splevel servicepacklevel spversion patchlevel",
    "build": "build buildnumber buildno",
    "hotfixes": "hotfixes hotfix hotfixid hotfixids kb kbs kbid qfe qfes patch patches updates installedupdates",
    "files": "files fileversions filelist",
    "file": "file filename",
    "file_version": "fileversion",
    "os": "os operatingsystem osname platform",
    "site": "site sitename location",
    "tags": "tags tag labels notes",
}
_COLUMNS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}

_TELLING = [alias for alias, name in _COLUMNS.items() if name not in ("host", "site", "tags")]
_NOTHING = frozenset(("-", "--", "n/a", "na", "null", "unknown", "not known", "(null)", "#n/a"))

Row = dict[str, tuple[str, str]]  # column -> (text, the column's name as written)
Messages = tuple[tuple[bool, str], ...]  # (of a refusal, else of a remark; text)


class Columns:
    """Where the columns of a file stand.

    `telling` are the places of those that tell an installation, `kept` of those that are kept for reports (the
    operating system is both); `long_form`: its rows add to installations that others tell.
    """

    def __init__(self, name: str, line: int, header: list[str]) -> None:
        self.width = len(header)
        self.titles = [cell.strip() for cell in header]
        self.places: dict[str, int] = {}
        self._second: list[tuple[int, str]] = []
        for place, cell in enumerate(header):
            column = _COLUMNS.get(_plain(cell))
            if column is not None and self.places.setdefault(column, place) != place:
                self._second.append((place, column))
        if "host" not in self.places:
            raise InventoryError(
                f"{name}:{line}: no host column among {', '.join(ascii(c)[1:-1][:40] for c in header[:12])}; "
                'expected a header such as "host,product,version,service_pack"'
            )
        known = set(self.places)
        self.long_form = not known & {"product", "version", "service_pack", "build", "files"} and bool(
            known & {"file_version", "hotfixes"}
        )
        if not self.long_form and not known & {"version", "service_pack", "build", "files", "product"}:
            raise InventoryError(
                f"{name}:{line}: no column tells a version; expected one of version, service_pack, build, files"
            )
        kept = [(self.places[column], column) for column in ("os", "site", "tags") if column in self.places]
        used = set(self.places.values())
        others = [(n, title) for n, title in enumerate(self.titles) if n not in used]
        doubled = {place for place, _ in self._second}
        self._others = [(n, title) for n, title in others[:100] if n not in doubled]
        twice = {title for title, number in Counter(title for _, title in (*kept, *others)).items() if number > 1}
        self._kept = [*kept, *((n, f"{title} (column {n + 1})" if title in twice else title) for n, title in others)]
        for place, title, column in self._near() if "product" not in known and not self.long_form else ():
            if column == "product" and not re.search(
                r"(?:id|no|key|code)$", _plain(title)
            ):  # without it all rows would be taken for Exchange Server
                raise InventoryError(f'{name}:{line}: column {place + 1}, "{title}", is not known: expected product?')
        self.host = itemgetter(self.places["host"])
        self.telling = [place for column, place in self.places.items() if column not in ("host", "site", "tags")]
        self.kept = [place for place, _ in self._kept]

    def remarks(self) -> Messages:
        """Return a remark for each column that is kept only: one before it holds the same, or its name is mistyped."""
        second = []
        for place, column in self._second:
            first = self.places[column] + 1
            second.append(
                (False, f'column {place + 1}, "{self.titles[place]}", is not read: {column} is in column {first}')
            )
        near = [
            (False, f'column {place + 1}, "{title}", is not known: expected {column}?')
            for place, title, column in self._near()
        ]
        return tuple(second + near)

    def _near(self) -> Iterator[tuple[int, str, str]]:
        """Return the place and title of each column that is not known, and the name that it nearly has."""
        for place, title in self._others:
            found = difflib.get_close_matches(_plain(title), _TELLING, 1, 0.85)
            if found:
                yield place, title, _COLUMNS[found[0]]

    def fit(self, rows: list[list[str]]) -> bool:
        """Whether each row has as many cells as the header, and a host."""
        if set(map(len, rows)) != {self.width}:
            return False
        hosts = list(map(str.strip, map(self.host, rows)))
        return all(hosts) and len(max(hosts, key=len)) <= LONGEST_NAME

    def row(self, cells: list[str]) -> Row:
        """Return the cells of the known columns."""
        return {column: (_told(cells[place].strip()), self.titles[place]) for column, place in self.places.items()}

    def beside(self, cells: list[str]) -> Extra:
        """Return what is kept for reports."""
        found = {title: cells[place].strip() for place, title in self._kept if cells[place].strip()}
        return tuple(found.items())


def _plain(title: str) -> str:
    return re.sub(r"[\s\-_.]", "", title).casefold()


def _told(text: str) -> str:
    """Return a cell, empty where it only says that nothing is known."""
    return "" if text.casefold() in _NOTHING else text
