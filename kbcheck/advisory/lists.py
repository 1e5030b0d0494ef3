"""Articles that list many others as corrected: fix lists of service packs, hotfix rollups, lists inside readme texts.

Rules:
- A list article says so in its title. Its entries are lines that begin with an article id, inside a region: from a
  heading that names a service pack (or the list) to the next heading that is about something else.
- What an article cites for further reading ("For additional information ... see:") is no entry, nor are other lists.
- A rollup's blocks ("Fixes Released on July 19, 2000") hold their own file versions; those decide, not the table of
  current versions. Blocks are counted from the oldest.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kbcheck import product
from kbcheck.advisory import prose, tables, wording
from kbcheck.article import CANONICAL_HEADINGS, is_rule
from kbcheck.model import Affected, Article, Correction, CorrectionKind, FileVersion, Method, Problem

# XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 1 / SNA Server 3.0 Service Pack 4 Fix List
# FIXLIST.TXT for SMS 1.1 Service Pack 1 / XGEN: README.TXT: Microsoft Exchange 4.0 U.S. Service Pack 2
_FIX_LIST = re.compile(
    r"\blist of (?:all )?(?:fixed )?(?:bugs|fixes|problems|issues|updates|bug fixes)\b(?!.*\bconfirmed\b)"
    r"|\bfix ?lists?\b|\bbugs fixed\b|\bfixes in\b"
    r"|\breadme\b.*(?:\bservice pack\b|\bsp ?\d)|(?:\bservice pack\b|\bsp ?\d).*\breadme\b|\bproblems (?:solved|fixed"
    r"|corrected)\b",
    re.IGNORECASE,
)
# XADM: Exchange Server 5.5 Post-SP3 Emsmdb32.dll Fixes Available / XADM: New CDONTS Fixes Available / ... SP4 HRP
_ROLLUP = re.compile(
    r"\bpost-?(?:sp|service pack)[ -]?\d\w*\b.*\b(?:fixes|hotfix|update)|\bfixes (?:now )?available\b"
    r"|\bhotfix (?:bundle|rollup)|\brollup\b|\b[hs]rp\b|\bhotfixes combined\b|\bclient hotfix\b"
    r"|\bpost-windows nt\b.*\bpackage\b"
    r"|\bpost.?service release fixes\b|\bgroup of hotfixes\b",
    re.IGNORECASE,
)
# A title without any of these is neither's; most titles have none.
_TITLE_WORDS = ("fix", "list", "readme", "problems", "post", "rollup", "hrp", "srp")
_ENTRY = re.compile(r"\s{0,8}(?:[-|*\u2022\u00b7]\s*)?(Q\d{5,6})\b(?!\.\w{3})[\s:|\u00a0-]*(.*)", re.IGNORECASE)
_PACK = re.compile(r"\b(?:service packs?|sp)(?: ?#)? ?(\d)([a-z])?(?:\.0)?(?:/\d?[a-z]?)?\b", re.IGNORECASE)
_LIST_TITLE = re.compile(
    r"^(?:[A-Z]{2,5}: ?)?(?:list of (?:bugs|fixes|problems)|how to obtain|.*\bfix ?list\b"
    r"|.*\breadme(?:\.(?:txt|wri|doc))? file)",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"\b(?:for (?:more|additional|further|general|related) (?:information|details)|please (?:see|refer)"
    r"|see the following|(?:information|instructions) (?:about|on) (?:how to )?obtain|refer to the following"
    r"|are (?:also )?(?:described|documented) in|(?:hot)?fix (?:that is )?described in)\b",
    re.IGNORECASE,
)
_RELEASED = re.compile(
    r"(?:fixes|files|updates?|hotfix(?:es)?)\b.{0,40}?\b(?:released|posted|available)(?: on"
    r"| after)? ([A-Z][a-z]+ \d{1,2}, \d{4})",
    re.IGNORECASE,
)
_ABOUT_FIXES = re.compile(
    r"\b(?:bugs?|fix(?:es|ed)?|problems?|corrected|issues|service pack|sp ?\d|summary list|hotfix)\b", re.IGNORECASE
)
_NUMBERED = re.compile(r"^ {0,3}(?:\d{1,2}\.\d{0,2}(?:\.\d)?|[IVX]+\.|[A-Z]\.)\s+(\S.*)$")
_FILE = re.compile(r"[\w$~-][\w$~.-]*\.[A-Za-z]\w{1,3}(?![\w.])")
_CLAUSE = re.compile(r"(?:^| )- |\. |: ")
_LEFT_OUT = re.compile(r"\bnot (?:yet |currently )?(?:included|among)\b")
_OF_FILES = re.compile(rf"\bincremented to version\b|{_LEFT_OUT.pattern}")
_VERSION = re.compile(r"\bversion\s+(\d[\d.]*\d)", re.IGNORECASE)
_INCLUDED = re.compile(r"\bfix(?:es)?\b.{0,40}\b(?:included|listed)\b|includes? (?:the )?(?:following )?fixes")
# Real titles end at 64 characters.
_TITLE = 250
_WIDE = 90  # characters of a line, which has 80
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


# Exchange Server 5.5 Post-SP3 Information Store Fixes
_POST_PACK = re.compile(r"\bpost[- ](?:service pack|sp) ?(\d[a-z]?)\b")


@dataclass(slots=True)
class _Block:
    """A rollup's block while it is read: the day, its line, its files, its members."""

    released: datetime.date | None
    line: int
    bullets: list[str] = field(default_factory=list)
    members: list[tuple[str, int, str]] = field(default_factory=list)


def is_list(article: Article) -> bool:
    """Whether the article's title says that it lists what a service pack, a release or a rollup corrects."""
    lower = article.title.lower()
    for word in _TITLE_WORDS:
        if word in lower:
            return _is_rollup(article) or bool(_FIX_LIST.search(article.title[:_TITLE]))
    return False


def reports(article: Article) -> bool:
    """Whether a text that is titled like a list, and lists nothing, reports a fault: `Mouse Stops with NT 4.0 SRP`."""
    told = re.search(r"\b(?:fix ?lists?|list of)\b|\bbugs fixed\b|\bfixes\b", article.title[:_TITLE], re.IGNORECASE)
    return told is None and any(section.heading in ("SYMPTOMS", "CAUSE") for section in article.sections)


def _is_rollup(article: Article) -> bool:
    """Whether the title says that it lists what hotfixes after a service pack correct."""
    if not _ROLLUP.search(article.title[:_TITLE]):
        return False
    if _reports_a_fault(article) and "hotfixes combined" not in article.title.lower():
        return False
    return not re.search(r"\blist of bugs fixed\b(?!.*\bhrp\b)", article.title, re.IGNORECASE)


def _reports_a_fault(article: Article) -> bool:
    issue = article.trailer_value("Issue type").lower()
    return "kbbug" in issue or "kbprb" in issue


def read(article: Article, affected: Sequence[Affected], problems: list[Problem]) -> list[Correction]:
    """Return what a list article (see is_list) states about others."""
    return (_rollup if _is_rollup(article) else _fix_list)(article, affected, problems)


# --- the walk ---------------------------------------------------------------------------------------------------------


class _Part(enum.Enum):
    SECTION = enum.auto()  # the heading of one
    HEADING = enum.auto()  # any other
    ENTRY = enum.auto()
    LINE = enum.auto()  # of a paragraph
    PARAGRAPH = enum.auto()  # where it ends


def _parts(article: Article, heads: Callable[[Sequence[str], int, bool], bool]) -> Iterator[tuple[_Part, int, str]]:
    """Yield the parts of a body in order, each with its line and its words.

    `heads` says of a line, and of whether it is underlined, if it is a heading.
    """
    number, end = article.body
    lines = article.lines
    sections = {section.line for section in article.sections}
    paragraph: list[str] = []
    while number < end:
        text = lines[number - 1].strip()
        begins = bool(paragraph) or not lines[number - 1].startswith("   ")  # what goes on is indented like its entry
        if number in sections:
            paragraph = []
            yield _Part.SECTION, number, text
            number += 2
            continue
        underlined = prose.underlined(lines, number, end)
        is_entry = _entry(lines[number - 1]) is not None
        if text and not is_entry and heads(lines, number, underlined):
            paragraph = []
            yield _Part.HEADING, number, text
            number += 1 + underlined
            continue
        if paragraph and (is_entry or not text):
            yield _Part.PARAGRAPH, number, " ".join(paragraph)
            paragraph = []
        if is_entry:
            yield _Part.ENTRY, number, text
        elif text and (begins or not _continues(lines, number)):
            paragraph.append(text)
            yield _Part.LINE, number, text
        number += 1


def _entry(text: str) -> re.Match[str] | None:
    return _ENTRY.fullmatch(text.rstrip())


def _member(article: Article, number: int) -> str | None:
    """Return the id of an entry, None where it is no member of the list: the article itself, another list."""
    entry = _entry(article.lines[number - 1])
    if entry is None:
        return None
    ident, words = entry.group(1).upper(), entry.group(2).strip(" |")
    if ident == article.id or _LIST_TITLE.match(words) or _reads_on(article.lines, number, words):
        return None
    return ident


def _is_further(paragraph: str) -> bool:
    """Whether a paragraph introduces further reading, not the list itself ("the problems fixed in SP3")."""
    return bool(_FURTHER.search(paragraph)) and not re.search(
        r"\b(?:problems|bugs|issues)\b.{0,40}\b(?:fixed|corrected|resolved)\b", paragraph, re.IGNORECASE
    )


def _stands_alone(lines: Sequence[str], number: int) -> bool:
    above = lines[number - 2].strip()
    return not above or is_rule(above, "-", 3) or is_rule(above, "=", 3) or above.isupper()


def _reads_on(lines: Sequence[str], number: int, words: str) -> bool:
    """Whether an id begins a line only because a sentence goes on there: `Q221146 to determine if ...`."""
    above = lines[number - 2]
    return words[:1].islower() and bool(above.strip()) and not _ENTRY.fullmatch(above.rstrip())


def _continues(lines: Sequence[str], number: int) -> bool:
    """Whether the line is the wrapped title of an entry above it."""
    for above in range(number - 1, max(number - 4, 0), -1):
        text = lines[above - 1]
        if not text.strip():
            return False
        if _ENTRY.fullmatch(text.rstrip()):
            return True
    return False


# --- fix lists --------------------------------------------------------------------------------------------------------


def _fix_list(article: Article, affected: Sequence[Affected], problems: list[Problem]) -> list[Correction]:
    title = product.fold(article.title)
    lines = product.named_lines(title) or tuple(
        dict.fromkeys(a.product_line for a in affected if product.line(a.product_line).levels)
    )
    packs = _levels(title)
    listed = [a.level for a in affected if a.level not in (None, product.RTM)]
    if not lines:
        return []
    line = lines[0]
    level: str | None = None
    if len(packs) == 1:
        level = packs[0]
    elif not packs and len(set(listed)) == 1:
        level = listed[0]
    readme = bool(re.search(r"readme", article.title, re.IGNORECASE))
    region = len(packs) == 1 and not readme
    found: list[Correction] = []
    summary = further = False
    headings = {section.line: section.heading for section in article.sections}
    for part, number, text in _parts(article, _is_heading):
        if part is _Part.SECTION:
            summary, further = headings[number] in ("SUMMARY", "REFERENCES"), False
            if headings[number] not in CANONICAL_HEADINGS:
                region, line, level = _heading(text, region, line, level, readme)
        elif part is _Part.HEADING:
            region, line, level = _heading(text, region, line, level, readme)
            further, summary = False, summary and not (region and _levels(product.fold(text)))
        elif part is _Part.PARAGRAPH:
            further = _is_further(text)
        elif part is _Part.ENTRY and region and level is not None and not (summary or further):
            ident = _member(article, number)
            if ident is not None:
                found.append(
                    Correction(
                        ident, line, level, CorrectionKind.SERVICE_PACK, Method.FIX_LIST, article.id, number, text
                    )
                )
    if not found and not readme:
        problems.append(Problem(1, "titled as a fix list, but no entry was recognised", "list-empty"))
    return list({(c.subject, c.level, c.product_line): c for c in reversed(found)}.values())[::-1]


# Bugs Fixed in Service Pack 3 / List of Bugs Fixed in Microsoft Exchange Server 4.0 U.S. Service Pack 1
_INLINE = re.compile(
    r"^(?:the )?(?:following )?(?:list of )?(?:bugs|fixes|problems)\b.{0,60}\b(?:service pack|sp) ?\d\b.{0,20}$",
    re.IGNORECASE,
)


def _is_heading(lines: Sequence[str], number: int, underlined: bool) -> bool:
    return underlined or (_stands_alone(lines, number) and _heads(lines[number - 1]))


def _heads(text: str) -> bool:
    """Whether a line that stands alone heads a part of a list."""
    stripped = text.strip()
    return bool(
        _NUMBERED.match(text)
        or re.match(r"^\W*(?:u\.s\. )?service pack \w+\W*$", stripped, re.IGNORECASE)
        or (stripped.isupper() and len(stripped) < 70)
        or _INLINE.match(stripped)
    )


def _heading(text: str, region: bool, line: str, level: str | None, readme: bool) -> tuple[bool, str, str | None]:
    """Return (inside a list region, product line, level) after a heading."""
    text = text[:250]  # as long as a title
    numbered = _NUMBERED.match(text)
    text = numbered.group(1) if numbered else text
    folded = product.fold(text)
    packs = _levels(folded)
    named = [name for name in product.named_lines(folded) if product.line(name).levels]
    about = bool(_ABOUT_FIXES.search(text))
    if packs and (not readme or about):
        return (
            (
                not readme
                or bool(
                    re.search(r"bug|fix|problem|^\W*(?:service pack|sp) ?\d\W*$|summary list|list", text, re.IGNORECASE)
                )
                or region
            ),
            (named[0] if named else line),
            packs[0],
        )
    if about and re.search(
        r"\b(?:bugs?|fix(?:es)?|problems?)\b.*\b(?:fixed|corrected|list|in)\b|\blist of\b|\bfixes\b",
        text,
        re.IGNORECASE,
    ):
        return True, (named[0] if named else line), level
    if readme:
        return False, line, level
    return region, line, level


def _levels(folded: str) -> list[str]:
    found = []
    for match in _PACK.finditer(folded):
        found.append(f"SP{match.group(1)}{(match.group(2) or '').lower()}")
        # SP 3, 4, 5 / Service Pack 1, 2, and 3 / Service Packs 1 and 2
        more = re.match(r"((?:,? ?(?:and )?\d\b(?!\.\d))+)", folded[match.end() :])
        if more:
            found.extend(f"SP{digit}" for digit in re.findall(r"\d", more.group(1)))
    return list(dict.fromkeys(found))


# --- rollups ----------------------------------------------------------------------------------------------------------


def _rollup(article: Article, affected: Sequence[Affected], problems: list[Problem]) -> list[Correction]:
    title = product.fold(article.title)
    candidates = product.named_lines(title) or tuple(dict.fromkeys(a.product_line for a in affected))
    servers = [name for name in candidates if product.line(name).levels]
    if not servers:
        return []
    line = servers[0]
    current = _current_files(article)
    blocks = _blocks(article)
    found: list[Correction] = []
    of_pack = wording.ROLLUP_OF.search(title) or _POST_PACK.search(title)
    requires = product.known_level(product.line(line), f"SP{of_pack.group(1)}") if of_pack is not None else None
    oldest_first = sorted(range(len(blocks)), key=lambda index: (blocks[index].released or datetime.date.min, -index))
    for order, index in enumerate(oldest_first):
        block = blocks[index]
        files = _block_files(block, current, line)
        if block.released is not None and not files:
            problems.append(Problem(block.line, "block of a rollup without a file version", "rollup-files"))
        for ident, number, text in block.members:
            found.append(
                Correction(
                    ident,
                    line,
                    None,
                    CorrectionKind.HOTFIX,
                    Method.ROLLUP,
                    article.id,
                    number,
                    text,
                    files,
                    block.released,
                    order,
                    requires,
                )
            )
    return list(dict.fromkeys(found))


def _blocks(article: Article) -> list[_Block]:
    blocks: list[_Block] = []
    plain = _Block(None, article.body[0])
    block: _Block | None = None
    summary = further = members = False
    headings = {section.line: section.heading for section in article.sections}
    for part, number, text in _parts(article, _heads_block):
        if part is _Part.SECTION:
            summary, further, block = headings[number] in ("SUMMARY", "REFERENCES"), False, None
        elif part is _Part.HEADING:
            further = False
            released = _RELEASED.match(text)
            if released is not None:
                block, members = _Block(_day(released.group(1)), number), False
                blocks.append(block)
            else:
                summary = False  # Summary List for the Client Hotfix Bundle
        elif part is _Part.PARAGRAPH:
            further = _is_further(text) and _INCLUDED.search(text) is None
            members = members or "following fixes" in text.lower()
        elif part is _Part.LINE and not members and (block is not None or _OF_FILES.search(text)):
            (block or plain).bullets.append(text)
        elif part is _Part.ENTRY and not (summary or further):
            ident = _member(article, number)
            if ident is not None:
                (block or plain).members.append((ident, number, text))
    return blocks or ([plain] if plain.members else [])


def _heads_block(lines: Sequence[str], number: int, underlined: bool) -> bool:
    text = lines[number - 1].strip()
    dated = len(text) < _WIDE and (underlined or _stands_alone(lines, number)) and _RELEASED.match(text) is not None
    return dated or (underlined and _ABOUT_FIXES.search(text) is not None)


def _day(text: str) -> datetime.date | None:
    month, day, year = text.replace(",", "").split()
    if month.lower() not in _MONTHS:
        return None
    try:
        return datetime.date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:
        return None


def _current_files(article: Article) -> dict[str, str]:
    found = tables.tables(article, prose.Body(article))
    return {row.file: row.version for table in found for row in table.rows if row.version is not None}


def _block_files(block: _Block, current: dict[str, str], line: str) -> tuple[FileVersion, ...]:
    """Return the block's files: those named before each "version 5.5.2653.22".

    "All (other) files" are those of the table of current versions, but for what a note says is not included.
    """
    text = " ".join(block.bullets)[:20_000]
    left_out = {
        product.file_key(name) for clause in _CLAUSE.split(text) if _LEFT_OUT.search(clause) for name in _files(clause)
    }
    found: dict[str, str] = {}
    others = ""
    begin = 0
    for match in _VERSION.finditer(text):
        # Only the bullet or sentence itself: a note above it may name files that are not in this block.
        before = _CLAUSE.split(text[begin : match.start()])[-1]
        names = _files(before)
        if not names and re.search(r"\ball (?:the )?(?:other |remaining )?files\b", before, re.IGNORECASE):
            others = match.group(1)
        found.update(dict.fromkeys(names, match.group(1)))
        begin = match.end()
    if others:
        left_out |= set(map(product.file_key, found))
        found |= {name: others for name in current if product.file_key(name) not in left_out}
    of = product.line(line)
    return tuple(FileVersion(name, version, product.file_build(of, version)) for name, version in found.items())


def _files(text: str) -> list[str]:
    return [name for word in text.split() for name in _FILE.findall(word[:80])]
