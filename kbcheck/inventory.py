"""Inventory files (CSV) to installations, each fact with its file, line and column.

Rules:
- Column names are matched without case, blanks, `-`, `_` and `.`; the usual aliases work; unknown columns are kept.
- An empty service pack means unknown, never "none".
- A row that cannot be read is refused with its line, a cell that cannot be read is refused and the row goes on without
  it; neither is ever silent.
- Rows of one host and product line are merged; what they contradict each other in is kept side by side.
- The long forms (`host,file,file_version` and `host,hotfix`) add to the installations of the host.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kbcheck import product
from kbcheck.model import Fleet, Installation, Refusal, Source


class InventoryError(ValueError):
    """The file is no inventory at all (no header, no host column, no rows); the message names it."""


_ALIASES = {
    "host": "host hostname computername computer server servername node nodename name machine machinename netbiosname"
    " dnshostname cn system systemname device fqdn",
    "product": "product productname application applicationname software softwarename app",
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
_HOTFIX = re.compile(r"(?:Q|KB)?(\d{5,7})(?:_\w+)?", re.IGNORECASE)
# Version 5.5 (Build 2653.23: Service Pack 4)
_DIRECTORY = re.compile(
    r"version (\d+(?:\.\d+)*) ?\(build (\d+(?:\.\d+)*)(?:: ?(service pack [^)]*|sp ?\w+))?\)", re.IGNORECASE
)
_RELEASE_LEVEL = re.compile(r"(.*?)[ ,]*\b(?:sp|service pack) ?(\d{1,2}[a-z]?|\?+)(?!\w)\W*", re.IGNORECASE)
_FILE = re.compile(r"([^=\s;|][^=;|]*?)\s*[= ]\s*(\S+)")
_EXCHANGE = ("4.0", "5.0", "5.5", "6.0")


@dataclass(slots=True)
class _Entry:
    """An installation while rows are merged into it."""

    host: str
    line: str
    levels: dict[str, int] = field(default_factory=dict)
    builds: dict[tuple[int, ...], int] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    hotfixes: dict[str, None] = field(default_factory=dict)
    files: dict[str, tuple[tuple[int, ...], str]] = field(default_factory=dict)
    platform: dict[tuple[str, str | None], None] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    sources: list[tuple[str, Source, str]] = field(default_factory=list)
    first_line: int = 0

    def freeze(self) -> Installation:
        return Installation(
            self.host,
            self.line,
            tuple(sorted(self.levels, key=product.level_key)),
            tuple(sorted(self.builds)),
            tuple(sorted(self.foreign)),
            tuple(sorted(self.hotfixes)),
            tuple(sorted((name, build, text) for name, (build, text) in self.files.items())),
            tuple(sorted(self.platform, key=str)),
            tuple(self.extra.items()),
            tuple(self.sources),
        )


class _RowError(ValueError):
    """A row that cannot be read."""


def read(paths: Iterable[Path]) -> Fleet:
    """Read inventory files (a folder stands for the `.csv` files in it, by name).

    Raises InventoryError when a file is no inventory, or nothing in them is an installation; OSError as open() does.
    """
    reader = _Reader()
    for path in _files(paths):
        reader.file(path.name, path.read_bytes())
    return reader.fleet()


def read_bytes(name: str, data: bytes) -> Fleet:
    """Read one inventory from memory; see read()."""
    reader = _Reader()
    reader.file(name, data)
    return reader.fleet()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in (".csv", ".tsv", ".txt"))
            if not inside:
                raise InventoryError(f"{path}: a folder without .csv files")
            yield from inside
        else:
            yield path


class _Reader:
    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], _Entry] = {}
        self.hosts: dict[str, list[_Entry]] = {}
        self.refusals: list[Refusal] = []
        self.remarks: list[Refusal] = []
        self.inventories: list[tuple[str, str, int]] = []
        self.additions: list[tuple[str, str, int, dict[str, tuple[str, str]]]] = []

    def file(self, name: str, data: bytes) -> None:
        rows = _rows(name, data)
        header_line, header = next(rows, (0, []))
        columns = [_COLUMNS.get(re.sub(r"[\s\-_.]", "", cell).casefold(), "") for cell in header]
        if "host" not in columns:
            raise InventoryError(
                f"{name}:{header_line}: no host column among {', '.join(ascii(c)[1:-1] for c in header[:12])}; "
                'expected a header such as "host,product,version,service_pack"'
            )
        known = set(columns)
        long_form = not known & {"product", "version", "service_pack", "build", "files"} and bool(
            known & {"file_version", "hotfixes"}
        )
        if not long_form and not known & {"version", "service_pack", "build", "files", "product"}:
            raise InventoryError(
                f"{name}:{header_line}: no column tells a version; expected one of version, service_pack, build, files"
            )
        count = 0
        for number, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            row: dict[str, tuple[str, str]] = {}
            extra: dict[str, str] = {}
            for position, cell in enumerate(cells):
                text = cell.strip()
                column = columns[position] if position < len(columns) else ""
                title = header[position].strip() if position < len(header) else f"column {position + 1}"
                if column and column not in row:
                    row[column] = (text, title)
                elif text:
                    extra[title] = text
            try:
                if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                    raise _RowError(f"{len(cells)} cells under {len(header)} columns")
                if long_form:
                    self._long(name, number, row)
                else:
                    self._row(name, number, row, extra)
            except _RowError as refused:
                self.refusals.append(Refusal(name, number, str(refused)))
        self.inventories.append((name, hashlib.sha256(data).hexdigest(), count))

    def fleet(self) -> Fleet:
        for host, name, number, row in self.additions:
            entries = self.hosts.get(host.casefold())
            if not entries:
                self.refusals.append(Refusal(name, number, f"host {host!r}: no row gives it a product and a version"))
                continue
            for entry in entries:
                self._details(entry, name, number, row)
        installations = tuple(entry.freeze() for entry in self.entries.values())
        if not installations:
            why = f"; first refused: {_show(self.refusals[0])}" if self.refusals else ""
            raise InventoryError(f"no installation in {', '.join(name for name, _, _ in self.inventories)}{why}")
        order = {name: index for index, (name, _, _) in enumerate(self.inventories)}
        self.refusals.sort(key=lambda each: (order.get(each.file, 0), each.line))
        return Fleet(installations, tuple(self.refusals), tuple(self.remarks), tuple(self.inventories))

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _long(self, name: str, number: int, row: dict[str, tuple[str, str]]) -> None:
        host = row.get("host", ("", ""))[0]
        if not host:
            raise _RowError("no host name")
        if "file_version" in row:
            file, version = row.get("file", ("", ""))[0], row["file_version"][0]
            if not file or not version:
                raise _RowError("expected a file name and its version")
            row["files"] = (f"{file}={version}", row["file_version"][1])
        elif not row.get("hotfixes", ("", ""))[0]:
            raise _RowError("expected a hotfix number")
        self.additions.append((host, name, number, row))

    def _row(self, name: str, number: int, row: dict[str, tuple[str, str]], extra: dict[str, str]) -> None:
        host = row.get("host", ("", ""))[0]
        if not host:
            raise _RowError("no host name")
        if len(host) > 255:
            raise _RowError("host name of more than 255 characters")
        levels: list[str] = []
        product_text = row.get("product", ("", ""))[0]
        version_text, version_title = row.get("version", ("", "version"))
        build_text, build_title = row.get("build", ("", "build"))
        worded = re.sub(r"^version\s+(?=\d)", "", version_text, flags=re.IGNORECASE)
        directory = _DIRECTORY.fullmatch(version_text)
        version_text = version_text if directory else worded
        if directory:
            version_text = directory.group(1)
            build_text = build_text or directory.group(2)
            if directory.group(3):
                levels.append(self._level(directory.group(3), version_title))
            product_text = product_text or "Exchange Server"
        for text, title in ((product_text, "product"), (version_text, version_title)):
            match = _RELEASE_LEVEL.fullmatch(text)
            if match:
                levels.append(self._level(f"SP{match.group(2)}", title))
        product_text = (_RELEASE_LEVEL.fullmatch(product_text) or [product_text, product_text])[1]
        version_text = (_RELEASE_LEVEL.fullmatch(version_text) or [version_text, version_text])[1].strip()
        if row.get("service_pack", ("", ""))[0]:
            levels.append(self._level(*row["service_pack"]))
        line = self._line(name, number, product_text, version_text, build_text, row.get("files", ("", ""))[0])
        if re.fullmatch(r"(?:\d+\.){2,}\d+", version_text) and not build_text:
            build_text, build_title = version_text, version_title
        key = (host.casefold(), line)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = _Entry(host, line, first_line=number)
            self.hosts.setdefault(host.casefold(), []).append(entry)
        else:
            self._contradiction(entry, name, number, levels, build_text)
        for level in levels:
            entry.levels.setdefault(level, number)
        if build_text:
            build = product.line_build(product.line(line), build_text)
            if build:
                entry.builds.setdefault(build, number)
            elif product.parse_build(build_text):
                entry.foreign.setdefault(build_text, number)
                self.remarks.append(Refusal(name, number, f'{build_title} "{_clip(build_text)}" is no build of {line}'))
            else:
                self.refusals.append(
                    Refusal(
                        name,
                        number,
                        f'{build_title} "{_clip(build_text)}": expected a number such as 2653.23; the cell is left out',
                    )
                )
        known = {each.name for each in product.line(line).levels}
        for level in levels:
            if known and level not in known:
                self.remarks.append(
                    Refusal(
                        name,
                        number,
                        f"{line} {level}: no such service pack is known; counted as later than all known ones",
                    )
                )
        for column in ("host", "product", "version", "service_pack", "build", "os"):
            if column in row and row[column][0]:
                entry.sources.append((column, Source(name, number, row[column][1]), row[column][0]))
        os_text = row.get("os", ("", ""))[0]
        if os_text:
            match = _RELEASE_LEVEL.fullmatch(os_text)
            system = product.find_line(match.group(1) if match else os_text)
            if product.line(system).levels:
                entry.platform.setdefault((system, product.parse_level(match.group(2)) if match else None))
        for column in ("os", "site", "tags"):
            if row.get(column, ("", ""))[0]:
                entry.extra.setdefault(column, row[column][0])
        for title, text in extra.items():
            entry.extra.setdefault(title, text)
        if "file_version" in row and "file" in row and row["file"][0]:
            row = {**row, "files": (f"{row['file'][0]}={row['file_version'][0]}", row["file_version"][1])}
        self._details(entry, name, number, row)

    def _details(self, entry: _Entry, name: str, number: int, row: dict[str, tuple[str, str]]) -> None:
        """Add hotfixes and files to an installation."""
        hotfixes, title = row.get("hotfixes", ("", ""))
        for token in re.split(r"[;,|\s]+", hotfixes):
            match = _HOTFIX.fullmatch(token)
            if match:
                entry.hotfixes.setdefault(f"Q{match.group(1)}")
                entry.sources.append(("hotfixes", Source(name, number, title), token))
            elif token:
                self.refusals.append(
                    Refusal(
                        name,
                        number,
                        f'{title} "{_clip(token)}": expected an article number such as Q241556; it is left out',
                    )
                )
        files, title = row.get("files", ("", ""))
        of = product.line(entry.line)
        for part in re.split(r"[;|]|,(?=\s*\w[\w.$~-]*=)", files):
            if not part.strip():
                continue
            match = _FILE.fullmatch(part.strip())
            build = product.parse_build(match.group(2)) if match else ()
            if match is None or not build:
                self.refusals.append(
                    Refusal(
                        name,
                        number,
                        f'{title} "{_clip(part.strip())}": expected name=version; it is left out',
                    )
                )
                continue
            key = match.group(1).strip().rsplit("\\", 1)[-1].casefold()
            build = product.line_build(of, match.group(2)) or build
            previous = entry.files.get(key)
            if previous is not None and previous[0] != build:
                self.remarks.append(
                    Refusal(
                        name,
                        number,
                        f"{entry.host}: {match.group(1)} is given as {previous[1]} and as {match.group(2)}; the "
                        f"lower one counts",
                    )
                )
            if previous is None or product.build_key(build) < product.build_key(previous[0]):
                entry.files[key] = (build, match.group(2))
            entry.sources.append((f"files:{key}", Source(name, number, title), part.strip()))

    def _level(self, text: str, title: str) -> str:
        level = product.parse_level(text)
        if level is None:
            raise _RowError(f'{title} "{_clip(text)}": expected a number, "RTM" or nothing')
        return level

    def _line(self, name: str, number: int, product_text: str, version: str, build: str, files: str) -> str:
        """Return the product line; build and file versions tell it where product or version are not given."""
        release = version
        if re.fullmatch(r"\d+\.\d+\.\d+(?:\.\d+)*", version):
            release = ".".join(version.split(".")[:2])
        if product_text:
            line = product.find_line(product_text, release)
            if product.line(line).levels or release:
                return line
            found = self._by_build(build or version, product.known_product(product_text)) or self._by_files(files)
            if found:
                return found
            if product.known_product(product_text) is None:
                return line
            raise _RowError(
                f'product "{_clip(product_text)}": expected a release with it, in version (such as 5.5) or build'
            )
        found = self._by_build(build, None) or self._by_files(files)
        if found is None and release in _EXCHANGE:
            found = product.find_line("Exchange Server", release)
        if found is None:
            raise _RowError(
                "no product, and neither version nor build tells it: expected for example Exchange Server, 5.5"
            )
        self.remarks.append(Refusal(name, number, f"no product given: taken as {found}"))
        return found

    def _by_build(self, build: str, wanted: str | None) -> str | None:
        fits = [
            each.name
            for each in product.lines()
            if each.scheme == "branch"
            and (wanted is None or each.product == wanted)
            and product.level_of_build(each, product.line_build(each, build)) is not None
        ]
        return fits[0] if len(fits) == 1 else None

    def _by_files(self, files: str) -> str | None:
        found = {
            self._by_build(match.group(2), None)
            for match in map(_FILE.fullmatch, (p.strip() for p in files.split(";")))
            if match
        }
        found.discard(None)
        return found.pop() if len(found) == 1 else None

    def _contradiction(self, entry: _Entry, name: str, number: int, levels: Sequence[str], build: str) -> None:
        other = [f"{level} (line {line})" for level, line in entry.levels.items() if levels and level not in levels]
        if other:
            self.remarks.append(
                Refusal(
                    name,
                    number,
                    f"{entry.host}, {entry.line}: {', '.join(levels)} here, {', '.join(other)} before: both are kept",
                )
            )
        own = product.line_build(product.line(entry.line), build) if build else ()
        if own and entry.builds and own not in entry.builds:
            before = ", ".join(f"{'.'.join(map(str, b))} (line {line})" for b, line in entry.builds.items())
            self.remarks.append(
                Refusal(name, number, f"{entry.host}, {entry.line}: build {build} here, {before} before: both are kept")
            )


def _show(refusal: Refusal) -> str:
    return f"{refusal.file}:{refusal.line}: {refusal.message}"


def _clip(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


# --- text -------------------------------------------------------------------------------------------------------------


def _rows(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Return (line of the row's begin, cells), the header first."""
    text = _decode(data)
    sample = next((line for line in text.splitlines() if line.strip()), "")
    if not sample:
        raise InventoryError(f"{name}: empty inventory")
    delimiter = max(",;\t", key=sample.count)
    csv.field_size_limit(16 * 1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    started = 0
    headed = False
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InventoryError(f"{name}:{reader.line_num}: {error}") from error
        begin, started = started + 1, reader.line_num
        if headed or any(cell.strip() for cell in cells):
            headed = True
            yield begin, cells


def _decode(data: bytes) -> str:
    """Return the text: by byte-order mark, else UTF-16 by its zero bytes, else UTF-8, else windows-1252."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(codec, "replace")
    if b"\0" in data[:2]:
        return data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
