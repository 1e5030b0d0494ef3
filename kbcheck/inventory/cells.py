"""The cells of an inventory row to what they tell of an installation.

Rules:
- An empty service pack means unknown, never "none".
- A row that cannot be read raises RowError; a cell that cannot be read is left out, with a message.
- What is read is a template: its host is "", its lines count from 0 (see model.Folded).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from kbcheck import product
from kbcheck.inventory.columns import Messages, Row
from kbcheck.model import Installation, Source

_HOTFIX = re.compile(r"(?:Q|KB)?(\d{5,7})(?:_\w+)?", re.IGNORECASE | re.ASCII)
# Version 5.5 (Build 2653.23: Service Pack 4)
_DIRECTORY = re.compile(
    r"version (\d+(?:\.\d+)*) ?\(build (\d+(?:\.\d+)*)(?:: ?(service pack [^)]*|sp ?\w+))?\)", re.IGNORECASE
)
_RELEASE_LEVEL = re.compile(r"(.*?)[ ,]*\b(?:sp|service pack) ?(\d{1,2}[a-z]?|\?+)(?!\w)\W*", re.IGNORECASE)
_LEVELS = re.compile(r"\b(?:sp|service pack) ?(\d{1,2}[a-z]?|\?+)(?!\w)", re.IGNORECASE)
# 5.0/5.5, 5.0 and 5.5; not: 5.5, 2653.23
_RELEASES = re.compile(
    r"(?<![\d.])(\d{1,2}\.\d{1,2}) ?(?:[/,;+& -]|and|or|to|und|oder|bis|et) ?(\d{1,2}\.\d{1,2})(?![\d.])", re.IGNORECASE
)
# Outlook 98 for Windows 95, Visual Basic 6.0 (Visual Studio 6.0): before the second
_BESIDE = re.compile(r"(?:\b(?:for|on|with|under|running)|\() ?$")
# no SP3, needs SP4, pre-SP4: before the service pack
_DENIED = re.compile(
    r"(?:\b(?:no|not|needs?|requires?|without|before|below|until|pre|missing|kein\w*|ohne|vor|unter)|<)\W*$",
    re.IGNORECASE,
)
# what may stand behind a service pack that is installed
_PACK_WORDS = re.compile(
    r"\b(?:build|version|edition|enterprise|standard|server|workstation|english|german|french|intel|alpha|x86|i386"
    r"|service pack|sp|\d[\d.]*[a-z]?)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    rf"(?:{_PACK_WORDS.pattern}|\b(?:hot ?fix(?:es)?|qfes?|srp|rollup|(?:q|kb)\d{{5,7}}|and|mit|with)\b"
    r"|\b(?:for|on|under|running|with) (?:microsoft )?windows(?: nt|95|98)?(?: server| workstation)?\b|\W|_)*+",
    re.IGNORECASE,
)
_LINKING = re.compile(r"^(?:for|of|von|auf) ", re.IGNORECASE)
_NT = re.compile(r"\b(?:win)?nt ?(?=\d)", re.IGNORECASE)  # NT4
_WINDOWS = re.compile(r"\bnt\b|winnt|2000|2k\b", re.IGNORECASE)
_BUILT = re.compile(r"(?<=\b\d)\.0+(?:\.\d+)+")  # 4.00.1381
_FILE = re.compile(r"([^= ][^=]*?) ?[= ] ?(\S+)")  # of a text with single blanks
# Version 5.5, v5.5, 05.5
_VERSION_WORD = re.compile(r"^(?:version|ver\.?|v\.?)?\s*0*(?=\d)", re.IGNORECASE)
_DOTTED = re.compile(r"(?:\d+\.){2,}\d+")
_TOKENS = re.compile(r"[;,|\s]+")
_PARTS = re.compile(r"[;|]|,(?=\s*\w[\w.$~-]*=)")
_COMMAS = re.compile(r"(?<![\w.,])\d{1,4}(?:,\d{1,4}){1,3}(?![\w.,])")
_LONGEST = 500  # characters of a cell, or of a file in it; a real one has some dozens
_TWO_FILES = re.compile(r" \d+(?:\.\d+){2,} ")  # a version in the name: nothing stands between two files
_NAMED = 3  # earlier values that a remark names
_LEVEL = ("product", "version", "service_pack", "build", "os")  # columns that tell the product and its level
_EXCHANGE = ("4.0", "5.0", "5.5", "6.0")


@dataclass(slots=True)
class Entry:
    """An installation while rows are merged into it; as a template its host is "" and its lines count from 0.

    Levels and builds have the file and the line that told them first.
    """

    line: str
    host: str = ""
    levels: dict[str, tuple[str, int]] = field(default_factory=dict)
    builds: dict[tuple[int, ...], tuple[str, int]] = field(default_factory=dict)
    foreign: dict[str, None] = field(default_factory=dict)
    hotfixes: dict[str, None] = field(default_factory=dict)
    files: dict[str, tuple[tuple[int, ...], str, str]] = field(default_factory=dict)  # build, text, name as written
    platform: dict[tuple[str, str | None], None] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    sources: list[tuple[str, Source, str]] = field(default_factory=list)

    def freeze(self, first_line: int = 0) -> Installation:
        """Return the template of an installation: lines counted from `first_line`, "" for its host's name."""
        return Installation(
            "",
            self.line,
            tuple(sorted(self.levels, key=product.level_key)),
            tuple(sorted(self.builds)),
            tuple(sorted(self.foreign)),
            tuple(sorted(self.hotfixes)),
            tuple(sorted((name, build, text) for name, (build, text, _) in self.files.items())),
            tuple(sorted(self.platform, key=str)),
            (),
            tuple(
                (column, Source(s.file, s.line - first_line, s.column), "" if text == self.host else text)
                for column, s, text in self.sources
            ),
        )

    def at(self, host: str, number: int) -> Entry:
        """Return a template's copy for one host, at the line where its row stands."""
        return Entry(
            self.line,
            host,
            {level: (file, line + number) for level, (file, line) in self.levels.items()},
            {build: (file, line + number) for build, (file, line) in self.builds.items()},
            dict(self.foreign),
            dict(self.hotfixes),
            dict(self.files),
            dict(self.platform),
            {},
            [(c, Source(s.file, s.line + number, s.column), t or host) for c, s, t in self.sources],
        )

    def copy(self) -> Entry:
        """Return a template that can be changed by itself."""
        return Entry(
            self.line,
            levels=dict(self.levels),
            builds=dict(self.builds),
            foreign=dict(self.foreign),
            platform=dict(self.platform),
            sources=list(self.sources),
        )

    def claims(self, other: Entry) -> Entry:
        """Return what `other` claims and this one does not, as of another row of this installation."""
        new = {hotfix: None for hotfix in other.hotfixes if hotfix not in self.hotfixes}
        sources = [each for each in other.sources if each[0] == "hotfixes" and _hotfix(each[2]) in new]
        return Entry(self.line, hotfixes=new, sources=sources)

    def add(self, other: Entry) -> Iterator[str]:
        """Take what another row says of the same installation; return remarks."""
        for level, where in other.levels.items():
            self.levels.setdefault(level, where)
        for told, where in other.builds.items():
            self.builds.setdefault(told, where)
        self.foreign |= other.foreign
        self.hotfixes |= other.hotfixes
        self.platform |= other.platform
        self.sources += other.sources
        for key, (build, text, written) in other.files.items():
            remark = self.add_file(key, build, text, written)
            if remark:
                yield remark

    def add_file(self, key: str, build: tuple[int, ...], text: str, written: str) -> str:
        """Take a file's version, of two the lower; return a remark where there are two."""
        previous = self.files.get(key)
        if previous is None or product.build_key(build) < product.build_key(previous[0]):
            self.files[key] = (build, text, written)
        if previous is None or previous[0] == build:
            return ""
        return f"{written} is given as {previous[1]} and as {text}; the lower one counts"


class RowError(ValueError):
    """A row that cannot be read."""


def long_form(row: Row) -> Row:
    """Return a row of a long form as the `files` or `hotfixes` cell that it adds."""
    if "file_version" in row:
        file, version = row.get("file", ("", ""))[0], row["file_version"][0]
        if not file or not version:
            raise RowError("expected a file name and its version")
        row["files"] = (f"{file}={version}", row["file_version"][1])
    elif not row.get("hotfixes", ("", ""))[0]:
        raise RowError("expected a hotfix number")
    return {column: row[column] for column in ("hotfixes", "files") if column in row}


def template(name: str, row: Row) -> tuple[Entry, Messages]:
    """Return the template of what a row says, with messages."""
    told = {column: row[column] for column in _LEVEL if column in row}
    if "host" in row:
        told["host"] = ("", row["host"][1])
    guessed = (
        "" if all(row.get(column, ("", ""))[0] for column in ("product", "version")) else row.get("files", ("",))[0]
    )
    entry, messages = _installation(name, tuple(told.items()), guessed)
    entry = entry.copy()
    messages += tuple(details(entry, name, row))
    if "file" in row and row["file"][0] and row.get("file_version", ("", ""))[0]:
        file = (f"{row['file'][0]}={row['file_version'][0]}", row["file_version"][1])
        messages += tuple(details(entry, name, {"files": file}))
    return entry, messages


@functools.lru_cache(maxsize=4096)
def _installation(name: str, told: tuple[tuple[str, tuple[str, str]], ...], files: str) -> tuple[Entry, Messages]:
    """Return what cells say but for hotfixes and files, which many rows have in common; not to be changed.

    `files` are those that may tell the product.
    """
    row = {column: (" ".join(text.split()), title) for column, (text, title) in told}
    messages: list[tuple[bool, str]] = []
    levels: list[str] = []
    for column in _LEVEL:
        if len(row.get(column, ("", ""))[0]) > _LONGEST:
            raise RowError(f"{row[column][1]} of more than {_LONGEST} characters")
    product_text = row.get("product", ("", ""))[0]
    version_text, version_title = row.get("version", ("", "version"))
    build_text, build_title = row.get("build", ("", "build"))
    product_text, version_text, build_text = map(_points, (product_text, version_text, build_text))
    worded = _VERSION_WORD.sub("", version_text)
    directory = _DIRECTORY.fullmatch(version_text)
    version_text = version_text if directory else worded
    if directory:
        version_text = directory.group(1)
        build_text = build_text or directory.group(2)
        if directory.group(3):
            levels.append(_level(directory.group(3), version_title))
        product_text = product_text or "Exchange Server"
    named = f"{product_text} {version_text}"
    pack_text, pack_title = row.get("service_pack", ("", ""))
    product_text, version_text, pack_text = (
        product.service_packs(text, named) for text in (product_text, version_text, pack_text)
    )
    product_text = _without_level(product_text, "product", levels, messages)
    version_text = _without_level(version_text, version_title, levels, messages).strip()
    if pack_text:
        levels.append(_level(pack_text, pack_title))
    line = _line(product_text, version_text, build_text, files, messages)
    levels = [product.line(line).renamed.get(level, level) for level in levels]
    if len(set(levels)) > 1:
        messages.append((False, f"{' and '.join(dict.fromkeys(levels))} are told: both are kept"))
    if not build_text and _DOTTED.fullmatch(version_text):
        build_text, build_title = version_text, version_title
    entry = Entry(line, levels=dict.fromkeys(levels, (name, 0)))
    if build_text:
        build = product.line_build(product.line(line), build_text)
        if build:
            entry.builds[build] = (name, 0)
        elif product.parse_build(build_text):
            entry.foreign[build_text] = None
            messages.append((False, f'{build_title} "{_clip(build_text)}" is no build of {line}'))
        else:
            expected = "expected a number such as 2653.23; the cell is left out"
            messages.append((True, f'{build_title} "{_clip(build_text)}": {expected}'))
    remark = disagreement(line, entry.levels, entry.builds)
    if remark:
        messages.append((False, remark))
    known = {each.name for each in product.line(line).levels}
    for level in entry.levels:
        if known and level not in known:
            later = all(product.level_key(level) > product.level_key(each) for each in known)
            counted = "as later than all known ones" if later else "by its number"
            remark = f"no such service pack is known; it counts {counted}"
            messages.append((False, f"{line} {level}: {remark}"))
    for column in ("host", *_LEVEL):
        if column in row and (row[column][0] or column == "host"):
            entry.sources.append((column, Source(name, 0, row[column][1]), row[column][0]))
    os_text, os_title = row.get("os", ("", ""))
    if os_text:
        packs: list[str] = []
        try:
            system = _without_level(os_text, os_title, packs, messages)
        except RowError as error:
            messages.append((False, f"{error}; it is not read"))
            return entry, tuple(messages)
        system = product.find_line(_NT.sub("NT ", _BUILT.sub(".0", system)))
        if product.line(system).levels:
            entry.platform.setdefault((system, packs[0] if packs else None))
        elif _WINDOWS.search(os_text):
            messages.append(
                (False, f'{os_title} "{_clip(os_text)}": expected such as Windows NT 4.0 SP6a; it is not read')
            )
    return entry, tuple(messages)


def _without_level(text: str, title: str, levels: list[str], messages: list[tuple[bool, str]]) -> str:
    """Return a cell's text without the service pack that it names, which is added to `levels`.

    Raises RowError where it names several products, releases or service packs, or says more of one than that it is
    there ("SP4 planned"): what the row tells is not known then.
    """
    folded = product.fold(text)
    named: dict[str, None] = {}
    pack = _LEVELS.search(folded)
    for each in product.mentions(folded):
        beside = named and _BESIDE.search(folded, 0, each.start)
        if each.lines and (not beside or (pack is not None and each.start < pack.start())):
            named |= dict.fromkeys(each.lines)
    numbers = _RELEASES.search(text)
    if len(named) > 1 or (numbers is not None and numbers.group(1) != numbers.group(2)):
        raise RowError(f'{title} "{_clip(text)}": expected one product and release in a row')
    match = _RELEASE_LEVEL.fullmatch(text)
    told = [each for each in _LEVELS.finditer(text) if "?" not in each.group(1)]
    packs = {product.parse_level(each.group(1)) for each in told}
    if len(packs) > 1:
        raise RowError(f'{title} "{_clip(text)}": expected one service pack in a row')
    if match is not None and not told:
        levels.append(_level(f"SP{match.group(2)}", title))
    if not told:
        return text if match is None else match.group(1)
    before, behind = text[: told[0].start()].rstrip(" ,(-"), text[told[-1].end() :].strip(" )")
    if _DENIED.search(before) or (before and not _HARMLESS.fullmatch(behind)):
        raise RowError(f'{title} "{_clip(text)}": expected a service pack that is installed, and no more said of it')
    levels.append(_level(told[0].group(1), title))
    if not before:  # Service Pack 4 for SNA Server
        return _LINKING.sub("", behind)
    if re.search(r"\w", _PACK_WORDS.sub("", behind)):
        messages.append((False, f'{title}: "{_clip(behind)}" behind the service pack is not read'))
    return before


def _points(text: str) -> str:
    """Return `text` with points in a number that a spreadsheet wrote with commas: `5,5`, `2653,23`."""
    return _COMMAS.sub(lambda match: match.group().replace(",", "."), text)


def disagreement(line: str, levels: Iterable[str], builds: Iterable[tuple[int, ...]]) -> str:
    """Return a remark when what is told as service pack and what is told as build are different levels."""
    of = product.line(line)
    by_build = {build: product.level_of_build(of, build) for build in builds}
    told = set(levels)
    other = [
        f"build {product.dotted(build)} is {level}" for build, level in by_build.items() if level and {level} != told
    ]
    if not told or not other:
        return ""
    return f"{' and '.join(sorted(told))} is told, but {few(other, len(other))}: both are kept"


def _hotfix(token: str) -> str:
    match = _HOTFIX.fullmatch(token)
    return f"Q{match.group(1)}" if match else ""


def few(texts: Iterable[str], number: int) -> str:
    """Return the first of `number` texts for a remark, and how many more there are."""
    more = f" and {number - _NAMED} more" if number > _NAMED else ""
    return f"{', '.join(islice(texts, _NAMED))}{more}"


def details(entry: Entry, name: str, row: Row) -> Iterator[tuple[bool, str]]:
    """Add hotfixes and files to an entry; return messages."""
    hotfixes, title = row.get("hotfixes", ("", ""))
    for token in _TOKENS.split(hotfixes) if hotfixes else ():
        hotfix = _hotfix(token)
        if hotfix:
            entry.hotfixes.setdefault(hotfix)
            entry.sources.append(("hotfixes", Source(name, 0, title), token))
        elif token:
            yield True, f'{title} "{_clip(token)}": expected an article number such as Q241556; it is left out'
    files, title = row.get("files", ("", ""))
    of = product.line(entry.line)
    for part in _PARTS.split(files) if files else ():
        if not part.strip():
            continue
        match = _file(part)
        build = product.parse_build(match.group(2)) if match else ()
        if match is None or not build or _TWO_FILES.search(match.group(1)):
            yield True, f'{title} "{_clip(part.strip())}": expected name=version; it is left out'
            continue
        key = product.file_key(match.group(1))
        build = product.line_build(of, match.group(2)) or build
        remark = entry.add_file(key, build, match.group(2), match.group(1))
        if remark:
            yield False, remark
        entry.sources.append((f"files:{key}", Source(name, 0, title), part.strip()))


def _level(text: str, title: str) -> str:
    level = product.parse_level(text)
    if level is None:
        raise RowError(f'{title} "{_clip(text)}": expected a number, "RTM" or nothing')
    return level


def _line(product_text: str, version: str, build: str, files: str, messages: list[tuple[bool, str]]) -> str:
    """Return the product line; build and file versions tell it where product or version are not given."""
    release = version
    if re.fullmatch(r"\d+\.\d+\.\d+(?:\.\d+)*", version):
        release = ".".join(version.split(".")[:2])
    name, blank, number = product_text.rpartition(" ")
    product_text = f"{name}{blank}{_pointed(name, number)}"
    release = _pointed(product_text, release)
    if product_text:
        meant = product.near(product_text)
        if meant is not None:
            raise RowError(f'product "{_clip(product_text)}": no such product is known; expected {meant}?')
        line = product.find_line(product_text, release)
        of = product.line(line)
        if release and not of.levels:
            known = product.no_release(product_text, release)
            if known:
                raise RowError(
                    f'version "{_clip(version)}": {known[0]} has no such release; expected {", ".join(known[1:])}'
                )
        if release and not product.names_release(line, release):
            messages.append(
                (False, f'version "{_clip(version)}" is not that of "{_clip(product_text)}": taken as {line}')
            )
        if of.levels or of.release or release:
            return line
        found = _by_build(build or version, product.known_product(product_text)) or _by_files(files)
        if found:
            return found
        if product.known_product(product_text) is None:
            return line
        raise RowError(
            f'product "{_clip(product_text)}": expected a release with it, in version (such as 5.5) or build'
        )
    found = _by_build(build, None) or _by_files(files)
    if found is None and release in _EXCHANGE:
        found = product.find_line("Exchange Server", release)
    if found is None:
        raise RowError("no product, and neither version nor build tells it: expected for example Exchange Server, 5.5")
    messages.append((False, f"no product given: taken as {found}"))
    return found


def _pointed(name: str, release: str) -> str:
    """Return a release of a product as articles write it: 7, as a spreadsheet writes 7.0, is 7.0."""
    spelled = product.spellings(product.known_product(name) or "")
    return f"{release}.0" if release.isdigit() and release not in spelled and f"{release}.0" in spelled else release


def _by_build(build: str, wanted: str | None) -> str | None:
    fits = [
        each.name
        for each in product.lines()
        if each.scheme == "branch"
        and (wanted is None or each.product == wanted)
        and product.level_of_build(each, product.line_build(each, build)) is not None
    ]
    return fits[0] if len(fits) == 1 else None


def _by_files(files: str) -> str | None:
    found = {_by_build(match.group(2), None) for match in map(_file, _PARTS.split(files)) if match}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _file(text: str) -> re.Match[str] | None:
    """Match a file's name and version: `Store.exe=5.5.2653.23`, or with blanks for the `=`."""
    return _FILE.fullmatch(" ".join(text.split())) if len(text) <= _LONGEST else None


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
