"""The applies-to block as product lines and levels.

Rules:
- `product[,] version(s) LIST[, suffix]`; `5.5 SP1`, `5.5SP1`, `5.5 Service Packs 1, 2, 3` (all of 5.5), `4.0 (all SP)`.
- Beside listed service packs the bare release means RTM; alone it names no level.
- `the operating system:`, `the hardware:` and what stands below `on platform(s):` say where the product ran: they are
  not affected. What stands below `used with:` without such a label is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from kbcheck import product
from kbcheck.model import Affected, Article

_ENVIRONMENT = re.compile(r"the (?:operating system|hardware|platform)s?:", re.IGNORECASE)
_VERSIONS = re.compile(r"^(.*?),? versions? (.*)$", re.IGNORECASE)
_TAIL = re.compile(r",? ?(?:used with|on platform\(s\)|included with|on the following platforms?):?$", re.IGNORECASE)
_AFTER_NAME = re.compile(
    r"sp\d|(?:sp|service|all|and|or|server|workstation|enterprise|standard|professional|advanced|terminal|beta|editions?"
    r"|learning|control creation|japanese|german|french|english|korean|chinese|family)\b|[^a-z]"
)
# Internet Explorer versions 4.01, 5 for Windows NT 4.0: it is the same release on each
_RUNS_ON = re.compile(
    r"^(.*? versions? \d.*?) for Windows (?:95|98(?: Second Edition)?|NT(?: \d\.\d+)?|2000|Me|XP|3\.\d+)$",
    re.IGNORECASE,
)
_RELEASE = re.compile(r"\d[\w.]*(?: Beta(?: \d)?)?", re.IGNORECASE)
# A number in the list is a release, known or not; behind one of these words stands something else.
_NUMBER = re.compile(r"(?<![\w.])\d{1,2}\.\d[\da-z]*(?![\w.]*\w)")
_BESIDE = re.compile(r" (?:running|used|included|on|with|when|under|for) ")
_PACKS = re.compile(r"(?:service packs?|sp) ?(\d{1,2}[a-z]?)", re.IGNORECASE)


def read(article: Article) -> tuple[Affected, ...]:
    """Return the affected lines and levels of the applies-to block, in order."""
    found: list[Affected] = []
    platform_below = -1
    for item in article.applies_to:
        if platform_below >= 0 and item.level > platform_below:
            continue
        heads_platforms, named = _item(item.text)
        platform_below = item.level if heads_platforms else -1
        found += [Affected(name, level, item.line, item.text) for name, level in named]
    return tuple(_levels(found) if any(each.level is not None for each in found) else found)


def lines_of(words: str) -> tuple[tuple[str, str | None], ...]:
    """Return the (line, level) pairs that an item of the block names: `Word for MS-DOS, versions 5.0, 5.5`."""
    return _item(words)[1]


@functools.lru_cache(maxsize=4096)
def _item(words: str) -> tuple[bool, tuple[tuple[str, str | None], ...]]:
    """Return whether platforms stand below, and the (line, level) pairs that an item names.

    A few hundred items make up nearly all articles.
    """
    heads_platforms = re.search(r"on platform\(s\):\s*$", words) is not None
    return heads_platforms, () if _ENVIRONMENT.match(words) else tuple(dict.fromkeys(_read(words)))


def _read(words: str) -> Iterable[tuple[str, str | None]]:
    # Real items end at 250 characters.
    text = _TAIL.sub("", words[:1000].strip())
    text = re.sub(r"^\*EDITOR Please do not choose this product\*", "", text)
    text = _RUNS_ON.sub(r"\1", text)
    folded = product.fold(text)
    mentioned = [m for m in product.mentions(folded) if m.start == 0]
    if not mentioned:
        yield from _unknown(text)
        return
    mention = mentioned[0]
    following = folded[mention.end :].lstrip()
    if following and not _AFTER_NAME.match(following) and not (mention.lines and following == "for windows"):
        # Exchange Server Resource Kit, Word for MS-DOS: a product of its own; not Word 97 for Windows
        yield from _unknown(text)
        return
    if (
        "terminal server edition" in folded
        and product.line(mention.lines[0] if mention.lines else "").product == "Windows NT"
    ):
        yield from _listed("Windows NT Server 4.0, Terminal Server Edition", folded[mention.start :])
        return
    rest = folded[mention.start :]
    yield from _named(mention, rest)


def _named(mention: product.Mention, rest: str) -> Iterable[tuple[str, str | None]]:
    """Walk the version list: a release opens a line; `SPn`, or a bare number after `Service Packs`, is a level."""
    spellings = product.spellings(mention.product)
    beside = _BESIDE.search(rest, mention.end - mention.start)
    told = _NUMBER.findall(rest[: beside.start()] if beside else rest)
    written = sorted({*filter(None, spellings), *told}, key=len, reverse=True)
    releases = "|".join(map(re.escape, written)) or "(?!)"
    pattern = re.compile(
        rf"(?<![\w.])(?:({releases})(?=\.?(?: |$)|sp|[;:)])"
        r"|(?:sp|service packs?) ?(\d{1,2}[a-z]?)(?![\w.])|(\d)(?![\w.])|(all sp))"
    )
    tokens = pattern.finditer(re.sub(r"(?<=\d)sp(?=\d)", " sp", rest))
    current: str | None = None
    many = False
    yielded = False
    for token in tokens:
        release, pack, bare, every = token.groups()
        if many and release is not None and re.fullmatch(r"\d", release):
            release, bare = None, release
        if release is not None:
            current, many = product.released(mention.product, release), False
            yielded = True
            yield current, None
        elif (pack or (bare and many)) and current is None and mention.lines:
            current = mention.lines[0]
        if pack is not None and current is not None:
            many = "packs" in token.group(0)
            yielded = True
            yield current, f"SP{pack}"
        elif bare is not None and many and current is not None:
            yield current, f"SP{bare}"
        elif every is not None and current is not None:
            for level in product.line(current).levels:
                yield current, level.name
    if not yielded:
        for name in mention.lines:
            yield name, None
        if not mention.lines:
            yield mention.product, None


def _listed(name: str, rest: str) -> Iterable[tuple[str, str | None]]:
    packs = [match.group(1) for match in _PACKS.finditer(rest)]
    # not: 4.0 SP4, 4.0 SP5, Terminal Server Edition
    if not packs or re.search(r"4\.0(?! ?(?:sp|service)| terminal server edition (?:sp|service))", rest):
        yield name, None
    for pack in packs:
        if product.line(name).level(f"SP{pack}"):
            yield name, f"SP{pack}"


def _unknown(text: str) -> Iterable[tuple[str, str | None]]:
    """`Microsoft Word for MS-DOS, versions 5.0, 5.5` -> Word for MS-DOS 5.0, Word for MS-DOS 5.5."""
    match = _VERSIONS.match(text)
    name = product.plain(match.group(1) if match else text)
    if not name:  # an item without words, above others
        return
    releases = [part.strip() for part in match.group(2).split(",")] if match else []
    kept = [part for part in releases if _RELEASE.match(part)]
    for release in dict.fromkeys(kept):
        split = re.match(r"(\S+) (?:SP|Service Pack) ?([0-9][A-Za-z]?)(?!\w)", release)
        if split:
            yield f"{name} {split.group(1)}", f"SP{split.group(2).lower()}"
        else:
            yield f"{name} {release}", None
    if not kept:
        yield name, None


def _levels(found: list[Affected]) -> list[Affected]:
    """Settle the bare releases: beside listed levels of the same product they mean RTM, in `5.5 SP3` nothing."""
    heads = {a.text: re.split(r",? versions? | \d", a.text[:1000])[0] for a in found}
    with_levels = {(a.product_line, heads[a.text]) for a in found if a.level is not None}
    result = []
    for each in found:
        if each.level is None and (each.product_line, heads[each.text]) in with_levels:
            if not _bare(each):
                continue
            each = Affected(each.product_line, product.RTM, each.line, each.text)
        result.append(each)
    return list(dict.fromkeys(result))


def _bare(each: Affected) -> bool:
    """Whether the item names the release itself, not only its service packs ("5.5, 5.5 SP1", not "5.5 SP1")."""
    release = product.line(each.product_line).release or each.product_line.rsplit(" ", 1)[-1]
    return not release[0].isdigit() or re.search(rf"(?<![\w.]){re.escape(release)}(?=,|;|\s*$)", each.text) is not None
