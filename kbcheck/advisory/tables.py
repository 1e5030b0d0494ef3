"""File tables that an article introduces as its fix, in boxes (`| File name | Version |`) and in columns.

Rules:
- A table counts when a sentence above it in the same section introduces it ("should have the following file attributes
  or later:"); a table that merely lists versions is no fix.
- Column tables are read by what a word looks like (a date, a time, a version, a file name), the header settling the
  rest: the columns of real tables do not line up.
- Cells are kept verbatim; `N/A`, `NA`, `-` and an empty cell are None.
- A version judges hosts only when it fits its product line (product.file_build); else it stays as text, with a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from kbcheck import product
from kbcheck.advisory import prose
from kbcheck.model import Article, FixedFile, Problem

# In lower-case text: should have the following file attributes or later / fixes include the following files
_INTRODUCTION = re.compile(
    r"file attributes|following attributes|attributes or later|fix(?:es)? includes? the following"
    r"|includes? the following (?:updated )?files?"
    r"|following (?:updated |new |fixed |replacement |hotfix |corrected )*(?:files?|versions?|modules?"
    r"|binar)\b.{0,60}(?:updated|fix|hotfix|available|contain|replace|correct|included|install|or later)"
    r"|(?:updated|fixed|hotfix|corrected|new) (?:files?|versions?) (?:include|are|is|have)|files? (?:are|is|were"
    r"|have been) (?:updated|fixed|replaced|corrected|included(?! (?:in|on|with)\b(?!.{0,40}(?:fix|patch|update)))) "
    r"|files included in (?:this|the) (?:fix|hotfix|update)"
    r"|this (?:fix|hotfix|update|patch|feature) (?:contains|includes|consists|updates|replaces|has)"
    r"|should have (?:the )?following|dates?,? (?:time|size)s? (?:stamps? )?(?:and|,).{0,40}or later|time ?stamps?"
)
_BOX = frozenset("|+")
_RULES = frozenset(("-", "=", "<", ""))  # "": only blanks are near, so that the lines themselves must be looked at
_FILE_WORDS = ("file", "name", "module")
_FIXING = frozenset(("RESOLUTION", "STATUS"))
_FIX = re.compile(r"\b(?:fix|hotfix|hot fix|update|patch)(?:es|ed|d)?\b")
# The following file is available for download; Sample.exe contains the following files; verify that ... are installed
_DOWNLOAD = re.compile(
    r"available for download|\.exe (?:file )?contains|files comprise|\bverify that the following files"
)
_REVOCATION = re.compile(
    r"before (?:you )?(?:apply|install)ing|(?:original|old|previous|earlier|affected|following) (?:files?"
    r"|versions?) (?:cause|have|exhibit|contain the problem)|do(?:es)? not (?:work|support)|the following (?:table"
    r"|tables) (?:lists?|shows?|compares?|describes?)"
)
# SAMPLE: Menuobj.exe Shows ...; SMS: How to Obtain the Latest Service Pack
_OFFER = re.compile(r"SAMPLE\b ?:|(?:\w+: ?)?how to obtain\b", re.IGNORECASE)
_COMPONENT = re.compile(r"\s*Components?\s*:\s*(.*)", re.IGNORECASE)

_HEADINGS = {
    "file": re.compile(
        r"^(?:file ?names?(?: and path)?|file|name|filename|files|module|file name and location)$", re.IGNORECASE
    ),
    "version": re.compile(r"version|build", re.IGNORECASE),
    "date": re.compile(r"^(?:file )?(?:modified )?date|^dated$|date ?/ ?time", re.IGNORECASE),
    "time": re.compile(r"^(?:file )?time", re.IGNORECASE),
    "size": re.compile(r"size|bytes", re.IGNORECASE),
    "platform": re.compile(r"platform|processor|architecture|cpu|hardware", re.IGNORECASE),
    "language": re.compile(r"language|locale", re.IGNORECASE),
}
_HEADER_WORDS = re.compile(
    r"(?P<file>file ?names?(?: and path| and location)?|filename|module)|(?P<size>(?:file )?size(?: ?\(bytes\))?"
    r"|bytes)|(?P<date>(?:file )?date(?: ?/ ?time)?)|(?P<time>(?:file )?time)"
    r"|(?P<version>(?:file |current |product |new )*version|build)|(?P<platform>platform|processor|operating system"
    r"|cpu)|(?P<language>language|locale)|(?P<bare>\bfile\b|\bname\b)|(?P<other>destination(?: folder)?|location|folder"
    r"|path|description|checksum|component)",
    re.IGNORECASE,
)
# Rows of tables without names of columns: 03/27/98 09:12p 170,208 Wuser32.exe (Intel), Q169228, Q166750; in words:
# Import.exe 7/10/98 5:39p 205,905 bytes (version 3.5.34), Q191905
# Vredir.vxd version 4.00.1116 (dated 9/11/97) and later, Q174371
_DAY, _CHIP = r"\d{1,2}[-/]\d{1,2}[-/]\d{2,4}", r"\((?:intel|alpha|x86|i386|mips|ppc)\)"
_CLOCK, _BYTES = r" +\d{1,2}:\d\d ?[ap]?m?", r" +\d[\d,]*(?:k| bytes)?"
_BARE_ROW = re.compile(
    rf"^ {{0,12}}(?:{_CHIP} +)?{_DAY}{_CLOCK}{_BYTES} +[\w$~-]+(?:\.\w{{2,3}})?(?: *{_CHIP})? *$", re.MULTILINE
)
_TOLD_ROW = re.compile(
    rf"^ {{0,12}}(?P<file>[\w$~-]+\.\w{{2,3}})(?P<stamp> +{_DAY}{_CLOCK}{_BYTES})? +\(?version"
    rf" (?P<version>\d+(?:\.\d+)+)\)?(?P<dated> +\(?(?:dated )?{_DAY}(?:{_CLOCK})?(?:,?{_BYTES})?\)?)?"
    r"(?: (?:and|or) later)?\.? *$",
    re.MULTILINE | re.IGNORECASE,
)
# One of these stands in each text with such rows.
_BARE_SIGNS = (
    *("stamp", "obtain the following", "obtain the\nfollowing", "following fix"),
    *("resolved by the following", "resolved by the\nfollowing", "resolved by\nthe following"),
)
# The English version of the Internet Information Server (IIS) 5.0 fix should have
_PRODUCTS_FIX = re.compile(
    r"version of (?:the|this) ([^;]{3,60}?) (?:fix|hotfix|update|patch) should have"
    r"|resolved by the following (?:updated |new )?(?:files?|versions?|file\(s\)) for ([^:;]{3,60}):",
    re.IGNORECASE,
)
# This fix should have the following time stamp; obtain the following fix; is resolved by the following updated file
_BARE_INTRODUCTION = re.compile(
    r"\b(?:fix|hotfix|update|patch)(?:es)? should have the following"
    r"|\bobtain the following (?:fix|hotfix|update|patch)\b"
    r"|\bresolved by the following (?:updated |new )?(?:file|version)"
)
_BARE_COLUMNS = ("date", "time", "size", "file", "platform")
_BESIDE_FILE = re.compile(rf"(?<=\w)(?={_CHIP})", re.IGNORECASE)  # Dns.exe(Alpha)
# One of these, or a second word like "file", stands in each line of names of columns that is ASCII.
_OTHER_WORDS = (
    *("version", "size", "byte", "date", "time", "build", "platform", "processor", "system", "cpu", "language"),
    "locale",
    *("destination", "location", "folder", "path", "description", "checksum", "component"),
)
_DATE = re.compile(
    r"(?<![\w.])\d{1,4}[-/](?:\d{1,2}|[A-Za-z]{3,9})[-/]\d{2,4}|(?<![\w.])[A-Za-z]{3,9}-\d{1,2}-\d{2,4}|(?:Jan|Feb"
    r"|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2},? \d{2,4}"
    r"|(?<![\w.])\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{4}(?![\w.])"
)
_TIME = re.compile(r"\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]?\.?)?(?!\S)")
_VERSION = re.compile(r"v?\d{1,5}(?:[.:]\d{1,6}){1,4}(?:[a-z]|\(\d{1,5}\))?")  # 1.2(786)
_SIZE = re.compile(r"\d{1,3}(?:,\d{3})+|\d+")
# 1.79 MB, 29K, 185,760b; 147.010 as other languages write it
_SIZED = re.compile(r"(?<!\S)(?:\d[\d.,]* ?(?:[KM]B?|bytes)|\d{1,3}(?:,\d{3})+ ?b)(?!\S)", re.IGNORECASE)
_DOTTED_SIZE = re.compile(r"\d{1,3}(?:\.\d{3})+")
_PLACEHOLDER = re.compile(r"x+\.x+", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z]{1,6} ?/?>")
_UNIT = re.compile(r"(?:bytes?|kb|k|b|mb)", re.IGNORECASE)
_PLATFORM = re.compile(r"\(?(?:x86|alpha|i386|ia64|intel|axp|mips|ppc|powerpc|all|both|x86/alpha)\)?", re.IGNORECASE)
_FILE = re.compile(r"[\w$#@!~%&()+\-\\/:{}^'`]*[\w~$)}](?:\.[\w$~\-]{1,10})+")
# What a cell is by its look, in this order: 12:04p could be a version
_LOOKS = {
    "time": re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]?\.?)?"),
    "version": _VERSION,
    "date": _DATE,
    "size": _SIZE,
    "platform": _PLATFORM,
    "file": _FILE,
}
_TELLING = ("date", "time", "version", "size")
_WRAPPED = 30  # blanks before the end of a last cell that did not fit its line, Q258070
_OFFICE = (8, 9, 10)  # what versions of Office and Outlook begin with
_ABSENT = frozenset(("n/a", "na", "-", "", "--", "n\\a", "none"))


@dataclass(frozen=True, slots=True)
class Table:
    """One file table: the rows, and the lines of text that it covers (1-based, end exclusive)."""

    rows: tuple[FixedFile, ...]
    first: int
    end: int


def read(
    article: Article, body: prose.Body, server_lines: Sequence[str], affected: Sequence[str] = ()
) -> tuple[list[FixedFile], list[Problem]]:
    """Return the rows of all tables introduced as the fix, with the product line that each corrects, and problems.

    `server_lines` are those that a row may be of without a word; `affected` all of the applies-to block.
    """
    rows: list[FixedFile] = []
    for table in tables(article, body) if not _OFFER.match(article.title) else ():
        rows.extend(table.rows)
    problems: list[Problem] = []
    return [_with_line(row, server_lines, affected, problems) for row in rows], problems


def tables(article: Article, body: prose.Body) -> Iterator[Table]:
    """Return the introduced file tables in order."""
    first, end = article.body
    lines = article.lines
    heads = _heads(body)
    bare, told = _bare(body)
    last = max(_last_box(body), max(heads, default=0), max(bare, default=0), max(told, default=0))
    if last < first:
        return
    starts = {section.line: section.heading for section in article.sections}
    section = ""
    introduced = bare_introduced = told_introduced = False
    component: str | None = None
    heading: str | None = None
    said: str | None = None  # the product in the words that introduce the table
    paragraph: list[str] = []
    number = first
    while number <= last:
        line = lines[number - 1]
        stripped = line.strip()
        if number in starts:
            section = starts[number]
            introduced, component, heading, said, paragraph = False, None, None, None, []
            bare_introduced = told_introduced = False
            number += 2
            continue
        if not stripped:
            if paragraph:
                text = " ".join(paragraph).lower()
                told_introduced = _BARE_INTRODUCTION.search(text) is not None
                bare_introduced = bare_introduced or told_introduced
                if _introduces(text, section, ends=True):
                    introduced, said = True, _of_product(" ".join(paragraph))
                elif told_introduced:
                    said = _of_product(" ".join(paragraph))
                elif _REVOCATION.search(text):
                    introduced = bare_introduced = False
                paragraph = []
            number += 1
            continue
        match = _COMPONENT.fullmatch(line) if ":" in stripped else None
        if match and len(stripped) < 90 and not stripped.startswith("|"):
            component = match.group(1).strip() or _next_text(lines, number, end)
            if section == "RESOLUTION" or (paragraph and _introduces(" ".join(paragraph).lower(), "")):
                introduced = True
            paragraph = []
            number += 1
            continue
        if number not in heads and prose.underlined(lines, number, end):
            named = prose.scope_of(stripped)
            if named:
                heading, component = stripped, None
            paragraph = []
            number += 2
            continue
        if stripped.startswith(("|", "+-")):
            text = " ".join(paragraph).lower()
            introduced = introduced or _introduces(text, section)
            table = _box(lines, number, end, component, said or heading)
            if table is not None:
                if introduced and table.rows:
                    yield table
                number = table.end
                paragraph = []
                continue
        elif number in heads or number in bare:
            text = " ".join(paragraph).lower()
            introduced = introduced or _introduces(text, section)
            bare_introduced = bare_introduced or _BARE_INTRODUCTION.search(text) is not None
            headed = number in heads
            columns = _names(line) if headed else _BARE_COLUMNS
            table = _columns(lines, number + headed, end, component, said or heading, columns)
            if (introduced if headed else bare_introduced) and table.rows:
                yield table
            number = max(table.end, number + 1)
            paragraph = []
            continue
        elif number in told and _stands_alone(lines, number, end, told):
            text = " ".join(paragraph)
            if _BARE_INTRODUCTION.search(text.lower()):
                told_introduced, said = True, _of_product(text)
            elif paragraph:
                told_introduced = False
            if told_introduced:
                yield Table((_told_row(line, number, component, said or heading),), number, number + 1)
            number += 1
            paragraph = []
            continue
        if not paragraph and len(stripped) < 60:
            named = prose.scope_of(stripped)
            if named:
                heading = stripped.rstrip(":")
        paragraph.append(stripped)
        number += 1


def _of_product(text: str) -> str | None:
    """Return the product for which a paragraph introduces a table: "the English version of the IIS 4.0 fix"."""
    match = _PRODUCTS_FIX.search(text)
    named = match[match.lastindex or 1] if match is not None else None
    return named if named is not None and prose.scope_of(named) else None


def _introduces(text: str, section: str, *, ends: bool = False) -> bool:
    """Whether a paragraph introduces a table as the fix; with `ends`, one that a blank line follows."""
    if _DOWNLOAD.search(text) and not re.search(r"should have|or later|\bfix", text):
        return False
    if _INTRODUCTION.search(text):
        return True
    return section in _FIXING and (not ends or text.endswith(":")) and bool(_FIX.search(text))


def _heads(body: prose.Body) -> set[int]:
    """Return the lines that head a column table; most articles have none."""
    text = body.lower
    found: set[int] = set()
    judged: set[int] = set()
    for word in _FILE_WORDS:
        number, before = body.first, 0
        at = text.find(word)
        while at >= 0:
            begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            if end < 0:
                break  # the last line heads nothing
            # Names of columns stand apart, or a rule is below.
            if "  " in text[begin:end].strip() or text[end : end + 400].lstrip()[:1] in _RULES:
                number += text.count("\n", before, begin)
                before = begin
                if number not in judged and _is_columns(body.lines, number, body.end):
                    found.add(number)
                judged.add(number)
            at = text.find(word, end)
    return found


def _bare(body: prose.Body) -> tuple[set[int], set[int]]:
    """Return the lines that look like rows of a table without names of columns: those with a date, those in words."""
    if not any(map(body.lower.__contains__, _BARE_SIGNS)):
        return set(), set()
    in_words = [_TOLD_ROW] if "version" in body.lower else []
    return set(body.lines_with((), [_BARE_ROW])), set(body.lines_with((), in_words))


def _stands_alone(lines: Sequence[str], number: int, end: int, told: Collection[int]) -> bool:
    """Whether a row in words is one: what follows is blank, another row, or the end; else it is a line of prose."""
    return number + 1 >= end or number + 1 in told or not lines[number].strip()


def _told_row(line: str, number: int, component: str | None, heading: str | None) -> FixedFile:
    match = _TOLD_ROW.match(line)
    assert match is not None
    stamp = match["stamp"] or match["dated"] or ""
    date, size = _DATE.search(stamp), _SIZED.search(stamp)
    return FixedFile(
        file=match["file"],
        version=match["version"],
        component=component,
        product=heading,
        date=date.group() if date is not None else None,
        size=size.group() if size is not None else None,
        line=number,
    )


def _last_box(body: prose.Body) -> int:
    """Return the last line of a box, 0 when there is none."""
    if "|" not in body.lower and "+" not in body.lower:
        return 0
    return next((n for n in range(body.end - 1, body.first - 1, -1) if body.lines[n - 1].lstrip()[:1] in _BOX), 0)


def _next_text(lines: Sequence[str], number: int, end: int) -> str | None:
    following = lines[number].strip() if number < end - 1 else ""
    return (
        following
        if following
        and len(following) < 60
        and not following.startswith(("+", "|"))
        and not _HEADER_WORDS.match(following)
        else None
    )


# --- boxes ------------------------------------------------------------------------------------------------------------


def _box(lines: Sequence[str], number: int, end: int, component: str | None, heading: str | None) -> Table | None:
    """Read `+---+`, `| File name | Version |`, ...; None when this is no box of files."""
    first = number
    rows: list[tuple[int, list[str]]] = []
    while number < end:
        stripped = lines[number - 1].strip()
        if stripped.startswith("|"):
            rows.append((number, [cell.strip() for cell in stripped.strip("|").split("|")]))
        elif not stripped:
            following = next(
                (lines[n - 1].strip() for n in range(number, min(number + 4, end)) if lines[n - 1].strip()), ""
            )
            if not following.startswith(("|", "+-")):
                break
        elif not stripped.startswith("+"):
            break
        number += 1
    found: list[FixedFile] = []
    roles: list[str | None] = []
    named = False
    for row_line, cells in rows:
        own = [_role(cell) for cell in cells]
        if "file" in own and (
            len(own) == 1 or own.count(None) < len(own) - 1 or any(role == "version" for role in own)
        ):
            roles, named = own, True
            continue
        if not roles:
            roles = _guess(cells)
        if not roles:
            continue
        record = _record(dict(zip(roles, cells, strict=False)), row_line, component, heading)
        if record is not None and (named or _FILE.fullmatch(record.file)):
            found.append(record)
    return Table(tuple(found), first, number)


def _guess(cells: Sequence[str]) -> list[str | None]:
    """Return the columns of a box without a header, by what is in them: Q217195 `| Imcmsg.dll | 5.5.2558.0 |`."""
    roles: list[str | None] = []
    for cell in cells:
        role = next((role for role, look in _LOOKS.items() if look.fullmatch(cell)), None)
        roles.append(role if role not in roles else None)
    return roles if "file" in roles and ("version" in roles or "date" in roles) else []


def _role(cell: str) -> str | None:
    return next((role for role, pattern in _HEADINGS.items() if pattern.search(cell)), None) if len(cell) < 40 else None


def _record(cells: dict[str | None, str], line: int, component: str | None, heading: str | None) -> FixedFile | None:
    name = cells.get("file", "")
    if not name or len(name) > 80 or _PLACEHOLDER.fullmatch(name):
        return None

    def cell(role: str) -> str | None:
        text = cells.get(role, "").strip()
        return None if text.lower() in _ABSENT else text

    return FixedFile(
        file=name,
        version=cell("version"),
        component=component,
        product=heading,
        platform=cell("platform"),
        language=cell("language"),
        date=cell("date"),
        size=cell("size"),
        line=line,
    )


# --- columns ----------------------------------------------------------------------------------------------------------


def _is_columns(lines: Sequence[str], number: int, end: int) -> bool:
    """Whether this line heads a column table: names of columns, a file name among them, and dashes below."""
    text = lines[number - 1].strip()
    if not 4 <= len(text) <= 100 or text[0] in "|+-":
        return False
    lower = text.lower()
    if text.isascii() and sum(map(lower.count, _FILE_WORDS)) < 2 and not any(map(lower.__contains__, _OTHER_WORDS)):
        return False
    words = [m.lastgroup for m in _HEADER_WORDS.finditer(text)]
    if not ("file" in words or ("bare" in words and len(words) >= 2)):
        return False
    rest = _HEADER_WORDS.sub(" ", text)
    if len(re.sub(r"[^A-Za-z]", "", rest)) > 12:
        return False
    if len(words) < 2:
        return False
    for following in range(number + 1, min(number + 3, end)):
        under = _TAG.sub("", lines[following - 1]).strip()
        if under:
            return bool(re.fullmatch(r"[-=\s]{4,}", under)) or (
                len(words) >= 2 and _row(under, tuple(words)) is not None and "  " in text
            )
    return False


def _names(line: str) -> tuple[str | None, ...]:
    """Return what the columns hold that a line names."""
    return tuple("file" if m.lastgroup == "bare" else m.lastgroup for m in _HEADER_WORDS.finditer(line))


def _columns(
    lines: Sequence[str],
    number: int,
    end: int,
    component: str | None,
    heading: str | None,
    words: tuple[str | None, ...],
) -> Table:
    """Read rows from line `number` on, whose columns hold `words`."""
    first = number
    found: list[FixedFile] = []
    platform: str | None = None
    while number < end:
        stripped = _BESIDE_FILE.sub(" ", _TAG.sub("", lines[number - 1]).strip())
        if not stripped or re.fullmatch(r"[-=\s]{4,}", stripped):
            number += 1
            continue
        cells = _row(stripped, words)
        indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
        apart = indent >= _WRAPPED > len(stripped) and (cells is None or cells.keys().isdisjoint(_TELLING))
        if apart and found and (before := found[-1].platform) is not None and len(before) < 2 * _WRAPPED:
            found[-1] = replace(found[-1], platform=f"{before} {stripped}")  # its end: Second Edition
            number += 1
            continue
        if cells is None:
            match = re.fullmatch(
                r"\(?(?:for )?(x86|Intel|i386|Alpha)(?:[- ]based)?(?: platforms?| version| computers?)?:?\)?",
                stripped,
                re.IGNORECASE,
            )
            if not match or not any(_row(lines[n - 1].strip(), words) for n in range(number + 1, min(number + 4, end))):
                break
            platform = match.group(1)
            number += 1
            continue
        if platform is not None and "platform" not in cells:
            cells["platform"] = platform
        record = _record(cells, number, component, heading)
        if record is not None:
            found.append(record)
        number += 1
    return Table(tuple(found), first, number)


def _by_order(tokens: list[str], words: Sequence[str | None], cells: dict[str | None, str]) -> None:
    """Take out of `tokens` what only the order of the columns tells apart.

    A time and a version with dots alone (`22.36 8.30.2651.0060`), a size and a version (`147.010 4.0.1381.1`), a bare
    version and a size (`7043 90,384`).
    """
    dotted = [token for token in tokens if _VERSION.fullmatch(token)]
    if "version" in words and len(dotted) == 2:
        first, second = dotted
        if "time" in words and "time" not in cells and re.fullmatch(r"\d{1,2}\.\d{2}", first):
            cells["time"] = first
            tokens.remove(first)
            return
        if "size" in words and "size" not in cells:
            size = first if words.index("size") < words.index("version") else second
            if _DOTTED_SIZE.fullmatch(size):
                cells["size"] = size
                tokens.remove(size)
                return
    numbers = [token for token in tokens if _SIZE.fullmatch(token)]
    if "version" in words and "size" in words and not dotted:
        before = words.index("version") < words.index("size")
        if len(numbers) == 2:
            version = numbers[0 if before else 1]
        elif len(numbers) == 1 and "size" in cells:
            version = numbers[0]
        else:
            return
        if version.isdigit():
            cells["version"] = version
            tokens.remove(version)


def _row(text: str, words: Sequence[str | None]) -> dict[str | None, str] | None:
    """Return the cells of a row by what they look like; None when the line is no row (it has no file name)."""
    cells: dict[str | None, str] = {}
    rest = text = _TAG.sub(" ", text)
    match = _DATE.search(rest)
    if match and "date" in words:
        cells["date"] = match.group()
        rest = rest[: match.start()] + "  " + rest[match.end() :]
    if "time" in words or "date" in words:
        for match in _TIME.finditer(rest):
            before, after = rest[: match.start()], rest[match.end() :]
            if (not before or before[-1].isspace()) and (not after or after[0].isspace()) and (":" in match.group()):
                cells["time"] = match.group().strip()
                rest = before + "  " + after
                break
    match = _SIZED.search(rest) if "size" in words else None
    if match:
        cells["size"] = match.group()
        rest = rest[: match.start()] + "  " + rest[match.end() :]
    tokens = rest.split()
    _by_order(tokens, words, cells)
    leftover: list[str] = []
    for token in tokens:
        if "file" not in cells and _FILE.fullmatch(token) and not _VERSION.fullmatch(token):
            cells["file"] = token
        elif "version" not in cells and "version" in words and _VERSION.fullmatch(token):
            cells["version"] = token
        elif "size" not in cells and "size" in words and _SIZE.fullmatch(token):
            cells["size"] = token
        elif "size" not in cells and "size" in words and "version" not in words and re.fullmatch(r"\d+\.\d", token):
            cells["size"] = token  # 94.5, in kilobytes
        elif _UNIT.fullmatch(token) and "size" in cells:
            cells["size"] += " " + token
        elif re.fullmatch(r"r\d000", token, re.IGNORECASE) and "platform" in cells:
            cells["platform"] += " " + token  # MIPS R3000
        elif _PLATFORM.fullmatch(token):
            cells["platform"] = " and ".join(filter(None, (cells.get("platform"), token.strip("()"))))
        elif (token.lower() in ("and", "&", "or") and "platform" in cells) or token.lower() in _ABSENT:
            continue
        elif "version" not in cells and "version" in words and re.fullmatch(r"\d{3,5}", token):
            cells["version"] = token
        else:
            leftover.append(token)
    if "file" not in cells and len(leftover) == 1 and leftover[0].isalnum() and len(cells) >= 2:
        cells["file"] = leftover.pop()  # Ntldr
    if "file" not in cells:
        return None
    if leftover:
        joined = " ".join(leftover)
        if "language" in words and len(leftover) <= 2 and re.fullmatch(r"[^\W\d_]+(?: \(?[^\W\d_]+\)?)?", joined):
            cells["language"] = joined
        elif "platform" in words and "platform" not in cells and len(leftover) <= 3:
            cells["platform"] = joined
        elif len(leftover) > 4 and not (set(words) & {"other"} and {"version", "date", "time"} & cells.keys()):
            return None
    if len(cells) < 2 and len(tokens) > 1 and "version" not in words:
        return None
    return cells


# --- which product ----------------------------------------------------------------------------------------------------


def _numbered_like(build: tuple[int, ...], candidates: Sequence[str]) -> str | None:
    """Return the line whose files are numbered like a build: 4.0.1381.33545 is Terminal Server's.

    A line that runs on one platform alone may have files that are numbered like those.
    """
    numbers: dict[tuple[int, ...], str] = {}
    for name in sorted(candidates, key=lambda name: not product.line(name).platform):
        of = product.line(name)
        numbers.setdefault(of.numbered or (product.line(of.on).numbered if of.on is not None else ()), name)
    fits = [each for each in numbers if each and build[: len(each[:3])] == each[:3] and build[3:] >= each[3:]]
    return numbers[max(fits)] if fits else None


def _with_line(
    row: FixedFile, server_lines: Sequence[str], affected: Sequence[str], problems: list[Problem]
) -> FixedFile:
    """Give the row its product line: that which it names itself, else the one whose numbering the version fits.

    It names one by its sub-heading, or by its component ("Outlook 98"). Below the name of a platform stand also files
    of what is listed and runs on it: 4.2.728, of Internet Information Server 4.0, below "Windows NT 4.0".
    """
    named = prose.scope_of(row.product) if row.product else ()
    if not named and row.component:
        named = tuple(name for name in prose.scope_of(row.component) if name in affected)
    candidates = named or tuple(server_lines)
    if row.version is None:
        return replace(row, product_line=candidates[0]) if len(candidates) == 1 else row
    branched = [name for name in candidates if product.line(name).scheme == "branch"]
    for name in branched:
        build = product.file_build(product.line(name), row.version)
        if build:
            return replace(row, product_line=name, build=build)
    if not branched and candidates:
        build = product.file_build(product.line(candidates[0]), row.version)
        if not build:
            of_release = len(product.parse_build(row.version)) > 2
            why = "the release's own" if of_release else "not a dotted number of three parts or more"
            problems.append(Problem(row.line, f"{row.file}: version {row.version!r} is {why}", "file-version"))
        above = [name for name in server_lines if product.line(name).on in named]
        only = candidates[0] if len(candidates) == 1 else None
        if only is None or above:
            only = _numbered_like(build, (*candidates, *above)) or only
        return replace(row, product_line=only, build=build)
    others = [name for name in affected if name not in server_lines] if branched and not named else []
    if len(others) == 1:  # Outlook 2000's 9.0.0.4005, where Exchange Server 5.5 is listed too
        build = product.file_build(product.line(others[0]), row.version)
        if build and build[0] in _OFFICE:
            return replace(row, product_line=others[0], build=build)
    if branched:
        problems.append(
            Problem(row.line, f"{row.file}: version {row.version!r} fits none of {', '.join(branched)}", "file-version")
        )
    return row
