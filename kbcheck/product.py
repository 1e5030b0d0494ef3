"""What can be installed, and in which order: product lines, levels, builds; the data is `products.toml`.

Rules:
- A product line is a product in one release, named canonically: "Exchange Server 5.5". Lines have no order.
- Levels are ordered within one line: RTM < SP1 < ... < SP6 < SP6a. Nothing is compared as text.
- Builds are tuples of integers; trailing zeros do not count.
- A product that `products.toml` does not know still has a line, named from its own words: "Word for MS-DOS 5.5".
"""

from __future__ import annotations

import datetime
import difflib
import functools
import importlib.resources
import re
import tomllib
from dataclasses import dataclass, field
from itertools import zip_longest

RTM = "RTM"

_LEVEL = re.compile(r"(?:sp|service\s*pack)?\s*(\d{1,2})(?:\.0)?\s*([a-z]?)", re.IGNORECASE | re.ASCII)
_NO_LEVEL = frozenset(
    ("rtm", "gold", "none", "no service pack", "sp0", "service pack 0", "0", "release", "original release")
)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a line, with what is known of it: build, day of release, key files; each with its source article.

    `includes`: (other line, its level, source) where this level holds all that the other one corrects.
    """

    name: str
    build: tuple[int, ...] = ()
    released: datetime.date | None = None
    source: str | None = None
    released_source: str | None = None
    requires: str | None = None
    requires_source: str | None = None
    files: tuple[tuple[str, tuple[int, ...]], ...] = ()
    files_source: str | None = None
    includes: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A product line.

    `scheme` is "branch" where a build's third number (and fourth, if levels tell one) tells its branch, else "plain".
    `platform`: server products run on it. `renamed`: levels that articles name and that this line has under another
    name. `on`: the platform's line with which alone it runs. `numbered`: what the versions of its files begin with,
    whatever their service pack, a fourth number being the lowest; () where that is not one build.
    """

    name: str
    product: str
    release: str
    server: bool = False
    scheme: str = "plain"
    levels: tuple[Level, ...] = ()
    obtain: str | None = None
    short: str = ""
    platform: bool = False
    renamed: dict[str, str] = field(default_factory=dict, compare=False)
    on: str | None = None
    numbered: tuple[int, ...] = ()

    def level(self, name: str) -> Level | None:
        """Return the level called `name`, None when it is not known."""
        for level in self.levels:
            if level.name == name:
                return level
        return None


@dataclass(frozen=True, slots=True)
class Mention:
    """A product named in running text: offsets into the folded text, and its lines (none when no release is named)."""

    start: int
    end: int
    product: str
    lines: tuple[str, ...]
    component: bool = False


@dataclass(frozen=True, slots=True)
class _Catalog:
    lines: dict[str, Line]
    releases: dict[str, dict[str, str]]  # product -> release spelling -> line name
    names: dict[str, tuple[str, bool]]  # folded alias -> product, is a component
    keywords: dict[str, str]  # folded keyword prefix -> line name
    open: frozenset[str]  # products of which any release is a line
    pattern: re.Pattern[str]


@functools.lru_cache(maxsize=4096)
def line(name: str) -> Line:
    """Return the line called `name`; an unknown name is a line of which nothing more is known."""
    known = _catalog().lines.get(name)
    return known if known is not None else Line(name, name, "", short=name)


def lines() -> tuple[Line, ...]:
    """Return all known lines in the order of `products.toml`."""
    return tuple(_catalog().lines.values())


def line_of_keyword(prefix: str) -> str | None:
    """Return the line whose fix keywords begin with `prefix` (case ignored)."""
    return _catalog().keywords.get(prefix.lower())


# --- levels and builds ------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def level_key(level: str) -> tuple[int, str]:
    """Return what orders levels of one line: RTM (0, ""), SP6a (6, "a")."""
    if level == RTM:
        return (0, "")
    match = re.fullmatch(r"SP(\d+)([a-z]?)", level)
    if match is None:
        raise ValueError(f"no level: {level!r}")
    return (int(match.group(1)), match.group(2))


def parse_level(text: str) -> str | None:
    """Return the level that `text` names (`4`, `SP4`, `Service Pack 6a`, `RTM`), None when it names none."""
    folded = " ".join(text.lower().split())
    if folded in _NO_LEVEL:
        return RTM
    match = _LEVEL.fullmatch(folded)
    if match is None:
        return None
    number = int(match.group(1))
    return f"SP{number}{match.group(2)}" if number else RTM


def build_key(build: tuple[int, ...]) -> tuple[int, ...]:
    """Return `build` without trailing zeros, so that 5.5.2650 and 5.5.2650.0 are equal."""
    end = len(build)
    while end and build[end - 1] == 0:
        end -= 1
    return build[:end]


def comparable(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one version tells of another whether it is older: both of one release (5.5.x), or both bare numbers."""
    return one[:1] == other[:1] != () or len(one) == len(other) == 1


@functools.lru_cache(maxsize=4096)
def parse_build(text: str) -> tuple[int, ...]:
    """Return the integers of a dotted version, () when `text` is none (at most six numbers of at most nine digits)."""
    stripped = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}", stripped):
        return ()
    return tuple(int(part) for part in stripped.split("."))


def dotted(build: tuple[int, ...]) -> str:
    """Return a build as it is written, the reverse of parse_build()."""
    return ".".join(map(str, build))


def level_of_build(of: Line, build: tuple[int, ...]) -> str | None:
    """Return the highest level whose build is not above `build`, by as many numbers as the level's has, or None.

    2.0.1493 alone may be SP2, SP3 or SP4 of SMS 2.0, whose builds begin with 2.0.1493.2000, .3000, .4000.
    """
    if of.scheme != "branch" or len(build) < 3:
        return None
    found: Level | None = None
    for level in of.levels:
        if not level.build or level.build[:2] != build[:2]:
            continue
        if level.build <= build[: len(level.build)]:
            found = level
        elif level.build[:3] == build[:3] and (found is None or found.build[:3] != build[:3]):
            return None
    return found.name if found is not None else None


def line_build(of: Line, text: str) -> tuple[int, ...]:
    """Return `text` as a build of the line, leading parts that it leaves out added; () when it does not fit the line.

    `2653.23` and `5.5.2653.23` are both (5, 5, 2653, 23) for Exchange Server 5.5; `6.0.2656.20` and `5.5.23.2650` do
    not fit.
    """
    build = parse_build(text.replace(":", "."))
    if not build:
        return ()
    known = [level.build for level in of.levels if level.build]
    if of.scheme != "branch" or not known:
        return build
    head, first, last = known[0][:2], known[0][2], known[-1][2]
    if len(build) <= 2 and first - 200 <= build[0] <= last + 50:
        build = head + build
    if build[:2] != head or len(build) < 3:
        return ()
    # Beta builds before the release and hotfixes after the last level belong to the line; 5.5.23.2650 does not.
    return build if first - 200 <= build[2] <= last + 50 else ()


def file_build(of: Line, text: str) -> tuple[int, ...]:
    """Return the version of a file of the line as line_build() does; () for fewer than three numbers.

    `1.2`, `4.00` or `786` in a table is the product's own release, or a part that nothing tells: it judges no file.
    Neither does `1.2.0.0` of a release 1.2.
    """
    build = line_build(of, text)
    return build if len(build) >= 3 and build_key(build) != build_key(parse_build(of.release)) else ()


def known_level(of: Line, level: str) -> str | None:
    """Return a level of the line by the name that the line has for it; None when it has none."""
    level = of.renamed.get(level, level)
    return level if of.level(level) is not None else None


def file_key(text: str) -> str:
    """Return the name by which a file is compared: `%WinDir%\\System32\\Ism.dll` is ism.dll."""
    return text.strip().replace("/", "\\").rpartition("\\")[2].casefold()


def newest_level(of: Line, day: datetime.date) -> str | None:
    """Return the newest service pack of the line that was released by `day`; None when no release date tells."""
    found = None
    for level in of.levels:
        if level.released is not None and level.released <= day:
            found = level.name
    return found


# --- names ------------------------------------------------------------------------------------------------------------

# Word 97 Service Release 1 (SR-1); not: Windows 95 OEM Service Release 2; SR-1 Enterprise Update, which has no level
_SERVICE_RELEASE = re.compile(r"(?:\bservice releases? |\bsr(?: ?- ?)?)(?=\d)(?!\d enterprise)", re.IGNORECASE)
_OFFICE = re.compile(r"\b(?:office|word|outlook|excel|powerpoint|access|frontpage)\b")
# Each alternative begins with its own character, which makes it quick; that a word begins there is looked at after.
_DROPPED = re.compile(
    r"u(?<=\bu)(?:\.s\.|s\b\.?)|m(?<=\bm)(?:icrosoft|s(?!-))\b\.?|v(?<=\bv)ersions?\b\.?|r(?<=\br)elease\b\.?"
    r"|\((?:r|tm|c|sms)\)|®"
)


_EDITION = re.compile(
    r"(?: (?:learning|professional|enterprise|standard|control creation|editions?|\d\d-bit|for windows))*"
)


@functools.lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Return `text` in lower case with single blanks, without commas and the words that carry no meaning in a name.

    A service release of Office, SR-1, is its service pack: sp1.
    """
    lower = text.lower()
    if "sr" in lower or "service r" in lower:
        lower = service_packs(lower, lower)
    if "- bit" in lower:
        lower = lower.replace("- bit", "-bit")  # 32- bit, where a line was wrapped once
    return " ".join(_DROPPED.sub(" ", lower).replace(",", " ").split())


def service_packs(text: str, named: str) -> str:
    """Return `text` with the service releases of Office, or of a part of it, as service packs: SR-1 is SP1.

    `named` tells the product; Windows 95 OEM Service Release 2 is none.
    """
    named = named.lower()
    return text if "oem" in named or not _OFFICE.search(named) else _SERVICE_RELEASE.sub("sp", text)


@functools.lru_cache(maxsize=4096)
def named_lines(folded: str) -> tuple[str, ...]:
    """Return the lines that a folded text names with their release, each once."""
    return tuple(dict.fromkeys(name for mention in mentions(folded) for name in mention.lines))


def find_line(product: str, release: str = "") -> str:
    """Return the name of the line that an inventory's product and version name, made from its words if unknown.

    The release may stand in either text.
    """
    for mention in mentions(fold(f"{product} {release}")):
        if mention.start == 0 and mention.lines:
            return mention.lines[0]
    folded = fold(product)
    for mention in mentions(folded):
        if mention.start == 0 and not mention.lines and release and _EDITION.fullmatch(folded, mention.end):
            return released(mention.product, release.lower())
    name = plain(product)
    return f"{name} {release}".strip() if release and release.lower() not in name.lower().split() else name


def released(product: str, release: str) -> str:
    """Return the line of a known product's release as it is written: 1.10 is 1.1 where only that is known."""
    known = _catalog().releases.get(product, {})
    shorter = release[:-1] if re.fullmatch(r"\d+\.\d0", release) else release
    return known.get(release) or known.get(shorter) or f"{product} {release}"


def plain(text: str) -> str:
    """Return the name of an unknown product without what says nothing: `Microsoft Excel 97 for Windows` is Excel 97."""
    name = " ".join(re.sub(r"^(?:the )?microsoft\s+", "", text.strip(), flags=re.IGNORECASE).split()).strip(" ,")
    return re.sub(r"(?<=\d) for windows$", "", name, flags=re.IGNORECASE)


def known_product(text: str) -> str | None:
    """Return the canonical product that `text` begins with, None when it is not known."""
    found = [mention for mention in mentions(fold(text)) if mention.start == 0]
    if not found:
        return None
    return line(found[0].lines[0]).product if found[0].lines else found[0].product


@functools.lru_cache(maxsize=4096)
def near(text: str) -> str | None:
    """Return the known product that `text` nearly names, mistyped; None when it names one, or none even nearly."""
    folded = fold(text)
    for mention in mentions(folded):
        if mention.start == 0 and (mention.lines or _EDITION.fullmatch(folded, mention.end)):
            return None
    folded = re.sub(r"[\s\d.]+$", "", folded)
    if folded in _catalog().names:  # a release that is not known is no slip
        return None
    for name in difflib.get_close_matches(folded, _catalog().names, 3, 0.85):
        pairs = list(zip_longest(folded.split(), name.split(), fillvalue=""))
        if all(difflib.SequenceMatcher(None, one, other).ratio() >= 0.8 for one, other in pairs):
            return _catalog().names[name][0]
    return None


@functools.lru_cache(maxsize=4096)
def no_release(text: str, release: str) -> tuple[str, ...]:
    """Return the server product that `text` names and its releases, where `release` can be none of its family.

    A release above all that are known may be a newer one, which is nothing to be refused.
    """
    name = known_product(text)
    if name is None or name in _catalog().open:
        return ()
    own = [each for each in lines() if each.product == name and each.server]
    spelled = spellings(name)
    numbers = [build for build in map(parse_build, spelled) if build and build[0] < 100]
    if not own or not numbers or release.lower() in spelled:
        return ()
    asked = parse_build(release)
    if asked and (asked > max(numbers) or not all(part < 100 for part in asked)):
        return ()
    return (name, *sorted({each.release for each in own}, key=parse_build))


def names_release(name: str, release: str) -> bool:
    """Whether an inventory's `release` may stand beside the line `name`: it is its release, or none that is known."""
    of = line(name)
    known = spellings(of.product)
    written = known.get(release.lower())
    return written is None or written == name or not of.release


def selects(wanted: str, name: str) -> bool:
    """Whether a user who asks for `wanted`, a product with or without a release, means the line `name`."""
    folded = fold(wanted)
    found = [mention for mention in mentions(folded) if mention.start == 0]
    if found and found[0].lines:
        return name in found[0].lines
    if found and found[0].end == len(folded) and not re.search(r" \d+\.\d+$", folded):
        return line(name).product == found[0].product
    return find_line(wanted) == name


@functools.lru_cache(maxsize=16384)
def mentions(folded: str) -> tuple[Mention, ...]:
    """Return the products that `folded` (see fold) names, from left to right, the longest name at each place."""
    catalog = _catalog()
    found = []
    for match in catalog.pattern.finditer(folded):
        product, component = catalog.names[match.group(1)]
        releases = catalog.releases[product]
        names: dict[str, None] = {}
        if match.group(2):
            for token in re.split(
                r" (?:and |or |& |(?:sp|service pack) ?\d[a-z]?(?: (?:and |or |& )?|$))*", match.group(2).strip()
            ):
                if token in releases:
                    names.setdefault(releases[token])
                elif product in catalog.open and re.fullmatch(r"\d{1,2}\.\d[\da-z]*", token):
                    names.setdefault(f"{product} {token}")
        if not names and "" in releases:
            names.setdefault(releases[""])
        own = match.group(1).rsplit(" ", 1)[-1]
        if not names and own in releases:
            names.setdefault(releases[own])
        found.append(Mention(match.start(), match.end(), product, tuple(names), component))
    return tuple(found)


def spellings(product: str) -> dict[str, str]:
    """Return how releases of `product` are written, folded, and the line that each names."""
    return _catalog().releases.get(product, {})


@functools.cache
def _catalog() -> _Catalog:
    text = importlib.resources.files("kbcheck").joinpath("products.toml").read_text(encoding="utf-8")
    lines_: dict[str, Line] = {}
    releases: dict[str, dict[str, str]] = {}
    names: dict[str, tuple[str, bool]] = {}
    keywords: dict[str, str] = {}
    any_release: set[str] = set()
    for product in tomllib.loads(text)["product"]:
        name = product["name"]
        spellings = releases.setdefault(name, {})
        if product.get("any_release", False):
            any_release.add(name)
        for alias in (name, *product.get("aliases", ())):
            names.setdefault(fold(alias), (name, False))
        for alias in product.get("components", ()):
            names.setdefault(fold(alias), (name, True))
        for release in product.get("release", ()):
            line_name = release.get("line", f"{name} {release['release']}")
            for spelling in (release["release"], *release.get("aliases", ())):
                spellings.setdefault(spelling.lower(), line_name)
            for prefix in release.get("keywords", ()):
                keywords[prefix.lower()] = line_name
            lines_.setdefault(
                line_name,
                Line(
                    line_name,
                    product.get("family", name),
                    release["release"],
                    product.get("server", False),
                    release.get("scheme", "plain"),
                    tuple(_level(level) for level in release.get("levels", ())),
                    release.get("obtain"),
                    release.get("short", f"{product.get('short', name)} {release['release']}".strip()),
                    product.get("platform", False),
                    release.get("renamed", {}),
                    release.get("on"),
                    parse_build(release.get("numbered", "")),
                ),
            )
    every = sorted(names, key=len, reverse=True)
    release_pattern = "|".join(sorted({re.escape(s) for r in releases.values() for s in r if s}, key=len, reverse=True))
    # exchange server 4.0 5.0 and 5.5; the name and each release end at a blank, a bracket or the end
    pattern = re.compile(
        rf"(?<![a-z0-9.\-])({'|'.join(re.escape(name) for name in every)})(?![a-z0-9\-+#])"
        rf"((?: (?:and |or |& )?(?:{release_pattern}|\d{{1,2}}\.\d[\da-z]*)(?![a-z0-9.]*[a-z0-9])"
        rf"(?: (?:sp|service pack) ?\d[a-z]?(?= (?:and |or |& )?\d+\.\d))?)*)"
    )
    return _Catalog(lines_, releases, names, keywords, frozenset(any_release), pattern)


def _level(data: dict[str, object]) -> Level:
    files = data.get("files", {})
    released = data.get("released")
    assert isinstance(files, dict)
    assert released is None or isinstance(released, datetime.date)

    def text(key: str) -> str | None:
        value = data.get(key)
        return None if value is None else str(value)

    return Level(
        name=str(data["level"]),
        build=parse_build(str(data.get("build", ""))),
        released=released,
        source=text("source"),
        released_source=text("released_source"),
        requires=text("requires"),
        requires_source=text("requires_source"),
        files=tuple((name, parse_build(version)) for name, version in files.items()),
        files_source=text("files_source"),
        includes=tuple(data["includes"]) if "includes" in data else None,  # type: ignore[arg-type]  # three strings
    )
