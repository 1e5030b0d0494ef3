"""The layout of a KB text: bytes in, `Article` out.

Rules:
- Strict on the six header lines (a text without them is no article: `ArticleError`), total on everything after them.
- Every rule of the layout looks at single lines, so that time grows with the size of the text and nothing else.
- Lines end at CRLF, LF or CR only; the last one need not end at all. Text is windows-1252 (a byte that it does not
  define becomes U+FFFD), or UTF-8 behind a byte-order mark.
- The trailer is what follows the *last* rule of 70 `=` before the rule of 77: readme texts hold more such rules.
- A text without closing lines is read, and may be cut off: a Problem. `is_whole` tells the archive's own texts by their
  last lines from abridged ones.
- A file may hold several articles one behind the other; `split` parts them.
- Keywords come from the trailer: the header's are cut at 87 characters and glued (`exc55sp1kbfixlist`).
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence

from kbcheck.model import AppliesTo, Article, Problem, Section

MAX_BYTES = 4 * 1024 * 1024
MAX_LINE = 20_000

CANONICAL_HEADINGS = frozenset(
    ("SUMMARY", "SYMPTOMS", "CAUSE", "RESOLUTION", "WORKAROUND", "STATUS", "MORE INFORMATION", "REFERENCES")
)

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
# DOCUMENT:Q241556 at the begin of a line, as a further article in one file begins
_NEXT = re.compile(rb"(?<=[\r\n])(?=DOCUMENT:Q[1-9]\d{4,5}[ \t]+\d\d-[A-Z]{3}-\d{4}[ \t]+\[)")
_LABELS = ("TITLE   :", "PRODUCT :", "PROD/VER:", "OPER/SYS:", "KEYWORDS:")
# DOCUMENT:Q241556  07-MAY-2002  [exchange]
_DOCUMENT = re.compile(r"DOCUMENT:(Q[1-9]\d{4,5})[ \t]+(\d\d)-([A-Z]{3})-(\d{4})[ \t]+\[([a-z0-9]+)\][ \t]*", re.ASCII)
_APPLIES = "the information in this article applies to:"
#  - Microsoft Exchange Server, version 5.5
_ITEM = re.compile(r"( {1,16})- (.*)")
# Keywords          : exc55 kbExchange550preSP4fix
_TRAILER = re.compile(r"([A-Z][A-Za-z]*(?: [A-Za-z]+)?) *: ?(.*)")
_BOTTOM, _ABOVE = "=" * 77, "=" * 70
_QUERY = "Additional query words:"
# Q191014, QQ327618, q216585, Q99713How, Q157719Q157718; not Q248838engi.exe, Q193269_ENU, \Q157719\, Q123456.exe
_REFERENCE = re.compile(
    r"(?<![A-PR-Za-pr-z0-9_\\])((?:[Qq]{1,2}\d{5,6})+)(?![0-9_a-z]|\.(?:exe|zip|dll|asp|htm|txt|log|cab|msi|inf|sys)\b|[A-Z0-9]{1,12}\.[A-Za-z]{3}\b)"
)
_CITED = re.compile(r"[Qq]\d{5}")
_DIGITS = re.compile(r"\d+")


class ArticleError(ValueError):
    """The bytes are no KB article; the message says which header line was expected and what stood there."""


def parse(data: bytes) -> Article:
    """Read one KB text.

    Raises ArticleError when the six header lines are not there, or the text is larger than MAX_BYTES.
    """
    if len(data) > MAX_BYTES:
        raise ArticleError(f"larger than {MAX_BYTES // 1024} KiB: not a KB article")
    problems: list[Problem] = []
    lines = _lines(data, problems)
    return _article("\n".join(lines), tuple(lines), hashlib.sha256(data).hexdigest(), tuple(problems))


def split(data: bytes) -> list[bytes]:
    """Return the articles in a file, which nearly always holds one."""
    return _NEXT.split(data) if data.count(b"DOCUMENT:Q") > 1 else [data]


def is_whole(text: str) -> bool:
    """Whether a text ends as those of the archive do, with Microsoft's closing words."""
    return "Copyright Microsoft" in text[-500:]


def is_cut(text: str) -> bool:
    """Whether a text ends without closing lines."""
    lines = text.split("\n")
    return _trailer(lines)[0] > len(lines)


def restore(text: str, digest: str, problems: tuple[Problem, ...] = ()) -> Article:
    """Read the `text` of an article again, as `Article.text` has it; ArticleError when it is none.

    `problems` are those of its layout, which only the bytes tell.
    """
    return _article(text, tuple(text.split("\n")), digest, problems)


def _article(text: str, lines: tuple[str, ...], digest: str, problems: tuple[Problem, ...]) -> Article:
    ident, date, category, header = _header(lines)
    trailer_rule, trailer = _trailer(lines)
    if trailer_rule > len(lines):
        last = max(number for number, line in enumerate(lines, start=1) if line.strip())
        problems += (Problem(last, "the text ends without its closing lines: it may be cut off", "cut-off"),)
    applies_to, body_first = _applies_to(lines, trailer_rule)
    query_words, body_end = _query_words(lines, body_first, trailer_rule)
    keywords = next((value for name, value, _ in trailer if name == "Keywords"), header[4])
    return Article(
        id=ident,
        date=date,
        category=category,
        title=header[0],
        product=header[1],
        prod_ver=header[2],
        oper_sys=header[3],
        keywords_header=header[4],
        keywords=tuple(keywords.split()),
        trailer=trailer,
        applies_to=applies_to,
        sections=_sections(lines, body_first, body_end),
        query_words=query_words,
        body=(body_first, body_end),
        text=text,
        lines=lines,
        digest=digest,
        problems=problems,
    )


def references(of: Article) -> tuple[str, ...]:
    """Return the ids of other articles that the title, body and query words cite, in order of first appearance."""
    found: dict[str, None] = {}
    for line in (of.title, *of.lines[of.body[0] - 1 : _trailer(of.lines)[0] - 1]):
        if ("Q" in line or "q" in line) and _CITED.search(line):
            for match in _REFERENCE.finditer(line):
                for number in _DIGITS.findall(match.group(1)):
                    found.setdefault("Q" + number)
    found.pop(of.id, None)
    return tuple(found)


def is_rule(line: str, character: str, length: int = 60) -> bool:
    """Whether `line` is a rule of at least `length` times `character`."""
    text = line.rstrip()
    return len(text) >= length and text.count(character) == len(text)


def _lines(data: bytes, problems: list[Problem]) -> list[str]:
    if data.isascii():
        text = data.decode("ascii")
    elif data.startswith(b"\xef\xbb\xbf"):
        text = data[3:].decode("utf-8", "replace")
    else:
        text = data.decode("cp1252", "replace")
    lines = text.split("\r\n")
    if not text.count("\r") == text.count("\n") == len(lines) - 1:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for index, line in enumerate(lines) if len(text) > MAX_LINE else ():
        if len(line) > MAX_LINE:
            lines[index] = line[:MAX_LINE]
            problems.append(Problem(index + 1, f"line of {len(line)} characters: read up to {MAX_LINE}", "layout"))
    return lines


def _header(lines: Sequence[str]) -> tuple[str, datetime.date, str, list[str]]:
    match = _DOCUMENT.fullmatch(lines[0])
    if match is None:
        shown = ascii(lines[0][:40])
        raise ArticleError(f'line 1: expected "DOCUMENT:Qnnnnnn  DD-MMM-YYYY  [category]", found {shown}')
    ident, day, month, year, category = match.groups()
    try:
        date = datetime.date(int(year), _MONTHS[month], int(day))
    except (KeyError, ValueError) as error:
        raise ArticleError(f"line 1: {day}-{month}-{year} is no date") from error
    values = []
    for number, label in enumerate(_LABELS, start=2):
        line = lines[number - 1] if number <= len(lines) else ""
        if not line.startswith(label):
            raise ArticleError(f'line {number}: expected "{label}", found {line[:40]!a}')
        values.append(line[len(label) :].strip())
    return ident, date, category, values


def _trailer(lines: Sequence[str]) -> tuple[int, tuple[tuple[str, str, int], ...]]:
    """Return the line of the rule above the trailer (one past the end without one) and the trailer's entries."""
    bottom = _last(lines, _BOTTOM, len(lines), 6)
    if not bottom:
        return _disclaimer(lines), ()
    rule = _last(lines, _ABOVE, bottom - 1, 8)
    if not rule:
        return bottom, ()
    entries = []
    for number in range(rule + 1, bottom):
        match = _TRAILER.match(lines[number - 1])
        if match:
            entries.append((match.group(1).strip(), match.group(2).strip(), number))
    return rule, tuple(entries)


def _last(lines: Sequence[str], rule: str, number: int, above: int) -> int:
    """Return the last of the lines `above` + 1 to `number` that is `rule`, 0 when none is."""
    while number > above:
        line = lines[number - 1]
        if line.startswith(rule) and line.rstrip() == rule:
            return number
        number -= 1
    return 0


def _disclaimer(lines: Sequence[str]) -> int:
    """Return where the fixed closing text begins in a text without trailer rules, one past the end without it."""
    for number, line in enumerate(lines, start=1):
        if line.startswith("THE INFORMATION PROVIDED IN THE MICROSOFT KNOWLEDGE BASE IS"):
            return number
    return len(lines) + 1


def _applies_to(lines: Sequence[str], end: int) -> tuple[tuple[AppliesTo, ...], int]:
    """Return the items of the applies-to block and the first line of the body."""
    body_first = 7
    for number in range(7, min(end, 12)):
        if is_rule(lines[number - 1], "="):
            body_first = number + 1
            break
    for number in range(body_first, end):
        line = lines[number - 1]
        if len(line) < 80 and line.strip().lower() == _APPLIES and is_rule(lines[number - 2], "-"):
            break
    else:
        return (), body_first
    items: list[AppliesTo] = []
    for last in range(number + 1, end):
        line = lines[last - 1]
        if is_rule(line, "-"):
            return tuple(items), last + 1
        match = _ITEM.fullmatch(line)
        if match:
            items.append(AppliesTo((len(match.group(1)) - 1) // 3, match.group(2).rstrip(), last))
    return tuple(items), number + 1


def _query_words(lines: Sequence[str], first: int, end: int) -> tuple[str | None, int]:
    """Return the query words, and the end of the body above them."""
    for number in range(end - 1, first - 1, -1):
        if lines[number - 1].startswith(_QUERY):
            parts = [lines[number - 1][len(_QUERY) :].strip()]
            for following in range(number + 1, end):
                text = lines[following - 1].strip()
                if not text:
                    break
                parts.append(text)
            return " ".join(part for part in parts if part), number
    return None, end


def _sections(lines: Sequence[str], first: int, end: int) -> tuple[Section, ...]:
    starts = []
    for number in [n for n in range(first + 1, end) if lines[n - 1][:1] == "="]:
        heading, under = lines[number - 2].rstrip(), lines[number - 1].rstrip()
        if not heading or len(under) != len(heading) or under.count("=") != len(under) or heading.startswith("="):
            continue
        above = lines[number - 3].strip()
        if not above or is_rule(above, "=", 3) or is_rule(above, "-", 60) or heading in CANONICAL_HEADINGS:
            starts.append((heading, number - 1))
    ends = [*(number for _, number in starts[1:]), end][: len(starts)]
    return tuple(Section(h, n, n + 2, e) for (h, n), e in zip(starts, ends, strict=True))
