"""The layout of a KB text: every part, every way a part can be missing, and bytes of any kind."""

import dataclasses
import datetime
import hashlib
import io
import os
import time
import zipfile

import pytest
from examples import (
    APPLIES_RULE,
    BY_NAME,
    CLOSING_RULE,
    EXAMPLES,
    HEADER_RULE,
    mutations,
    text,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from kbcheck import archive, article
from kbcheck.article import ArticleError
from kbcheck.model import AppliesTo, Article, Section

SEED = BY_NAME["service pack by sentence and keyword"]
DOCUMENT = "DOCUMENT:Q900001  07-MAY-2001  [exchange]"


def replaced(number: int, line: str, **changes) -> bytes:
    """Return an example's bytes with 1-based line `number` replaced."""
    lines = text(**changes).split(b"\r\n")
    lines[number - 1] = line.encode("cp1252")
    return b"\r\n".join(lines)


def layout(parsed: Article) -> dict:
    """Return what the layout means, without what keeps the bytes: digest, text and lines."""
    fields = {f.name: getattr(parsed, f.name) for f in dataclasses.fields(parsed)}
    return {name: value for name, value in fields.items() if name not in ("digest", "text", "lines")}


# --- one example in every writing -------------------------------------------------------------------------------------

WRITINGS = list(mutations(b""))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
@pytest.mark.parametrize("writing", WRITINGS)
def test_line_ends_and_trailing_blanks_do_not_matter(example, writing):
    original = article.parse(example.data)
    other = article.parse(mutations(example.data)[writing])
    expected, got = layout(original), layout(other)
    if writing.startswith(("last line", "blank lines")) and not original.trailer:
        expected.pop("body"), got.pop("body")  # without a trailer the body reaches to the last line
        expected.pop("sections"), got.pop("sections")
    assert got == expected
    assert other.digest != original.digest


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_an_article_inside_a_zip_is_the_same_article(example, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"txt/900/{example.name[:3]}.TXT", example.data)
    path = tmp_path / "articles.zip"
    path.write_bytes(buffer.getvalue())
    (found,) = archive.find([str(path)])
    assert article.parse(found.data) == article.parse(example.data)


def test_the_example_ids_are_distinct():
    assert len({article.parse(example.data).id for example in EXAMPLES}) == len(EXAMPLES) >= 35


def test_digest_is_the_sha256_of_the_bytes():
    assert article.parse(SEED.data).digest == hashlib.sha256(SEED.data).hexdigest()


# --- header -----------------------------------------------------------------------------------------------------------


def test_header_values_are_kept_verbatim_and_stripped():
    parsed = article.parse(
        text(prod_ver="winnt:4.0,4.0 SP3; Win95:95 ", oper_sys=" MS-DOS  | WINDOWS", title="  A  Title ")
    )
    assert (parsed.id, parsed.date, parsed.category) == ("Q900001", datetime.date(2001, 5, 7), "exchange")
    assert parsed.title == "A  Title"
    assert parsed.product == "Microsoft Exchange"
    assert parsed.prod_ver == "winnt:4.0,4.0 SP3; Win95:95"
    assert parsed.oper_sys == "MS-DOS  | WINDOWS"


def test_prod_ver_keeps_its_leading_colon():
    assert article.parse(text(prod_ver=":5.5")).prod_ver == ":5.5"


def test_five_digit_id():
    assert article.parse(text("Q12345")).id == "Q12345"


@pytest.mark.parametrize(
    ("number", "line", "message"),
    [
        (1, "", "line 1: expected \"DOCUMENT:Qnnnnnn  DD-MMM-YYYY  [category]\", found ''"),
        (
            1,
            "DOCUMENT:Q1234  07-MAY-2001  [exchange]",
            'line 1: expected "DOCUMENT:Qnnnnnn  DD-MMM-YYYY  [category]", '
            "found 'DOCUMENT:Q1234  07-MAY-2001  [exchange]'",
        ),
        (
            1,
            "document:Q900001 07-MAY-2001 [exchange] and much more of it",
            'line 1: expected "DOCUMENT:Qnnnnnn  DD-MMM-YYYY  [category]", '
            "found 'document:Q900001 07-MAY-2001 [exchange] '",
        ),
        (
            1,
            "DOCUMENT:Q900001  7-MAY-2001  [exch\xe9]",
            'line 1: expected "DOCUMENT:Qnnnnnn  DD-MMM-YYYY  [category]", '
            "found 'DOCUMENT:Q900001  7-MAY-2001  [exch\\xe9]'",
        ),
        (1, "DOCUMENT:Q900001  30-FEB-2001  [exchange]", "line 1: 30-FEB-2001 is no date"),
        (1, "DOCUMENT:Q900001  29-FEB-2001  [exchange]", "line 1: 29-FEB-2001 is no date"),
        (1, "DOCUMENT:Q900001  07-MAI-2001  [exchange]", "line 1: 07-MAI-2001 is no date"),
        (1, "DOCUMENT:Q900001  00-JAN-2001  [exchange]", "line 1: 00-JAN-2001 is no date"),
        (1, "DOCUMENT:Q900001  07-MAY-0000  [exchange]", "line 1: 07-MAY-0000 is no date"),
        (2, "TITLE:no", "line 2: expected \"TITLE   :\", found 'TITLE:no'"),
        (3, "", "line 3: expected \"PRODUCT :\", found ''"),
        (4, "PROD-VER:", "line 4: expected \"PROD/VER:\", found 'PROD-VER:'"),
        (5, "OPER/SYS", "line 5: expected \"OPER/SYS:\", found 'OPER/SYS'"),
        (6, "keywords:", "line 6: expected \"KEYWORDS:\", found 'keywords:'"),
    ],
)
def test_header_error(number, line, message):
    with pytest.raises(ArticleError) as caught:
        article.parse(replaced(number, line))
    assert str(caught.value) == message


@pytest.mark.parametrize("count", range(6))
def test_a_header_that_ends_too_early_names_the_first_missing_line(count):
    lines = text().split(b"\r\n")[:count]
    with pytest.raises(ArticleError, match=f"^line {count + 1}: expected "):
        article.parse(b"\r\n".join(lines))


def test_the_six_header_lines_alone_are_an_article():
    parsed = article.parse(b"\r\n".join(text().split(b"\r\n")[:6]))
    assert (parsed.applies_to, parsed.sections, parsed.trailer) == ((), (), ())
    assert parsed.query_words is None
    assert parsed.keywords == ("exc55",)


@pytest.mark.parametrize("day", ["29-FEB-2000", "31-DEC-1994", "01-JAN-2002"])
def test_dates(day):
    expected = datetime.datetime.strptime(day, "%d-%b-%Y").date()
    assert article.parse(text(date=day)).date == expected


def test_all_twelve_months():
    names = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    assert [article.parse(text(date=f"01-{name}-2001")).date.month for name in names] == list(range(1, 13))


def test_digits_of_other_scripts_make_no_id():
    data = b"\xef\xbb\xbf" + text().replace(b"Q900001", "Q\u0669\u0660\u0660\u0660\u0660\u0661".encode())
    with pytest.raises(ArticleError, match=r"^line 1: expected "):
        article.parse(data)


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_bytes_are_windows_1252():
    data = text(title="A @ B").replace(b"@", b"\x92 \xf1 \x93 \xa0 \x85")
    assert article.parse(data).title == "A \u2019 \u00f1 \u201c \u00a0 \u2026 B"


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_that_windows_1252_does_not_define_becomes_the_replacement_character(byte):
    parsed = article.parse(text(title="A @ B").replace(b"@", bytes([byte])))
    assert parsed.title == "A \ufffd B"


def test_control_bytes_do_not_end_a_line():
    """Form feed, vertical tab, NEL and the separators are line ends for str.splitlines, not in these texts."""
    data = text(title="A @ B").replace(b"@", b"\x0b\x0c\x1c\x1d\x1e\x85\x7f\x1b")
    parsed = article.parse(data)
    assert parsed.title == "A \x0b\x0c\x1c\x1d\x1e\u2026\x7f\x1b B"
    assert len(parsed.lines) == len(article.parse(text()).lines)


def test_utf_8_behind_a_mark():
    data = b"\xef\xbb\xbf" + text(title="A @ B").replace(b"@", "\u03b2 \u2028".encode())
    assert article.parse(data).title == "A \u03b2 \u2028 B"


def test_a_text_as_large_as_allowed_is_read_and_one_byte_more_is_refused():
    data = text()
    full = data + b"\n" * (article.MAX_BYTES - len(data))
    assert article.parse(full).id == "Q900001"
    with pytest.raises(ArticleError, match=r"^larger than 4096 KiB: not a KB article$"):
        article.parse(full + b"\n")


def test_a_line_as_long_as_allowed_is_whole_and_a_longer_one_is_cut_and_told():
    whole = article.parse(text(preface="x" * article.MAX_LINE))
    assert whole.problems == ()
    cut = article.parse(text(preface="x" * (article.MAX_LINE + 5)))
    (problem,) = cut.problems
    assert cut.lines[problem.line - 1] == "x" * article.MAX_LINE
    assert (problem.kind, problem.message) == ("layout", "line of 20005 characters: read up to 20000")
    assert layout(whole) == layout(dataclasses.replace(cut, problems=()))


# --- keywords and trailer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", ["kbfixlist", "kbbuglist", "kbfaq"])
def test_glued_keywords_of_the_header_come_apart_in_the_trailer(last):
    parsed = article.parse(text(keywords=f"exc55 exc55sp1 {last}"))
    assert parsed.keywords_header == f"exc55 exc55sp1{last}"
    assert parsed.keywords == ("exc55", "exc55sp1", last)


def test_keywords_cut_in_the_header_are_whole_in_the_trailer():
    words = [f"kbExample{number:03}" for number in range(12)]
    parsed = article.parse(text(keywords=" ".join(words)))
    assert len(parsed.keywords_header) == 87
    assert parsed.keywords == tuple(words)


def test_an_empty_trailer_value_beats_the_header():
    parsed = article.parse(text(keywords="", keywords_header="leftover"))
    assert (parsed.keywords, parsed.keywords_header) == ((), "leftover")


def test_without_a_trailer_the_header_has_the_keywords():
    assert article.parse(text(keywords="exc55 exc55sp3", closing=())).keywords == ("exc55", "exc55sp3")


def test_trailer_keeps_names_values_order_and_lines():
    parsed = article.parse(
        text(trailer={"Technology": "", "Hardware": "ALPHA x86", "Issue type": "kbbug", "Solution Type": "kbfix a:b"})
    )
    assert [(name, value) for name, value, _ in parsed.trailer] == [
        ("Keywords", "exc55"),
        ("Version", ":5.5"),
        ("Technology", ""),
        ("Hardware", "ALPHA x86"),
        ("Issue type", "kbbug"),
        ("Solution Type", "kbfix a:b"),
    ]
    for name, _, line in parsed.trailer:
        assert parsed.lines[line - 1].startswith(name)
    assert parsed.trailer_value("Solution Type") == "kbfix a:b"
    assert parsed.trailer_value("Platform") == ""
    assert parsed.trailer_line("Version") == parsed.trailer_line("Keywords") + 1
    assert parsed.trailer_line("Platform") == 0


def test_the_trailer_follows_the_last_rule_of_70():
    readme = f"One\n{HEADER_RULE}\nKeywords          : of a readme\n\n{HEADER_RULE}\n\nTwo"
    parsed = article.parse(text(preface=readme, keywords="exc55 exc55sp3"))
    assert parsed.keywords == ("exc55", "exc55sp3")
    assert [name for name, _, _ in parsed.trailer] == ["Keywords", "Version"]
    assert parsed.lines[parsed.body[0] - 1 : parsed.body[1] - 1].count(HEADER_RULE) == 2
    assert [s.heading for s in parsed.sections][-1] == "SYMPTOMS"


def test_lines_like_a_trailer_inside_the_body_are_body():
    parsed = article.parse(text(preface="Keywords          : none of it\nIssue type : kbhowto"))
    assert parsed.trailer_value("Issue type") == ""
    assert parsed.keywords == ("exc55",)


def test_lines_below_the_closing_rule_are_no_trailer_and_no_body():
    parsed = article.parse(text(closing=("Platform          : none", "See Q900500.", "STATUS", "======")))
    assert "Platform" not in [name for name, _, _ in parsed.trailer]
    assert article.references(parsed) == ()
    assert [s.heading for s in parsed.sections] == ["SYMPTOMS"]


# --- applies-to block -------------------------------------------------------------------------------------------------


def test_nested_items_keep_their_level_text_and_line():
    items = ("Server A, version 1.0, used with:", (1, "the operating system: B"), (2, "the hardware: C"), (3, "D"), "E")
    parsed = article.parse(text(applies_to=items))
    assert parsed.applies_to == (
        AppliesTo(0, "Server A, version 1.0, used with:", 12),
        AppliesTo(1, "the operating system: B", 13),
        AppliesTo(2, "the hardware: C", 14),
        AppliesTo(3, "D", 15),
        AppliesTo(0, "E", 16),
    )
    assert parsed.lines[14] == "          - D "


def test_free_text_inside_the_block_is_no_item():
    lines = text(applies_to=("A", "B")).split(b"\r\n")
    lines.insert(12, b"as they apply to:")
    assert [item.text for item in article.parse(b"\r\n".join(lines)).applies_to] == ["A", "B"]


@pytest.mark.parametrize("above", ["", "\n\n\n", "3.00 3.10\nWINDOWS\nkbprg kbref\n"])
def test_text_above_the_block(above):
    block = f"{APPLIES_RULE}\nThe information in this article applies to:\n\n - A\n{APPLIES_RULE}\n"
    parsed = article.parse(text(applies_to=None, preface=above + block))
    assert [item.text for item in parsed.applies_to] == ["A"]
    assert [s.heading for s in parsed.sections] == ["SYMPTOMS"]


@pytest.mark.parametrize("length", [68, 75, 79, 80])
def test_rules_of_other_lengths_frame_the_block(length):
    data = text(applies_to=("A",)).replace(APPLIES_RULE.encode(), b"-" * length)
    assert [item.text for item in article.parse(data).applies_to] == ["A"]


def test_a_citation_of_the_block_in_the_body_is_no_block():
    quoted = "Read what stands below\nThe information in this article applies to:\n\n - Not This One"
    parsed = article.parse(text(preface=quoted))
    assert [item.text for item in parsed.applies_to] == ["Microsoft Exchange Server, version 5.5"]
    without = article.parse(text(applies_to=None, preface=quoted))
    assert without.applies_to == ()


def test_without_a_block_the_body_follows_the_header_rule():
    parsed = article.parse(text(applies_to=None))
    assert parsed.applies_to == ()
    assert parsed.body[0] == 9
    assert [s.heading for s in parsed.sections] == ["SYMPTOMS"]


def test_without_a_header_rule_the_parts_are_still_found():
    lines = text(sections=(("CAUSE", "See Q900500."),)).split(b"\r\n")
    del lines[7]
    parsed = article.parse(b"\r\n".join(lines))
    assert [item.text for item in parsed.applies_to] == ["Microsoft Exchange Server, version 5.5"]
    assert [s.heading for s in parsed.sections] == ["CAUSE"]
    assert article.references(parsed) == ("Q900500",)


# --- sections ---------------------------------------------------------------------------------------------------------


def test_sections_know_their_lines():
    parsed = article.parse(text(sections=(("SYMPTOMS", "one\ntwo"), ("MORE INFORMATION", "three"), ("STATUS", "four"))))
    assert parsed.sections == (
        Section("SYMPTOMS", 15, 17, 21),
        Section("MORE INFORMATION", 21, 23, 26),
        Section("STATUS", 26, 28, 31),
    )
    for section in parsed.sections:
        assert parsed.lines[section.line - 1] == section.heading
        assert parsed.lines[section.line] == "=" * len(section.heading)
    assert parsed.body == (14, 31)
    assert parsed.lines[30] == "Additional query words: "


@pytest.mark.parametrize(
    ("preface", "headings"),
    [
        ("CAUSE\n=====\n\nx", ["CAUSE"]),
        ("CAUSE\n====\n\nx", []),
        ("CAUSE\n======\n\nx", []),
        ("CAUSE\n-----\n\nx", []),
        ("above\nCAUSE\n=====\n\nx", ["CAUSE"]),
        ("above\nContents\n========\n\nx", []),
        ("Contents\n========\n\nx", ["Contents"]),
        ("CAUSE   \n=====  \n\nx", ["CAUSE"]),
        ("=====\n=====\n\nx", []),
        ("\n=====\n\nx", []),
        ("CAUSE\n=====\n\nx\n\nCAUSE\n=====\n\ny", ["CAUSE", "CAUSE"]),
        ("STATUS\n======\nCAUSE\n=====\nx", ["STATUS", "CAUSE"]),
    ],
)
def test_headings(preface, headings):
    parsed = article.parse(text(preface=preface, sections=()))
    assert [s.heading for s in parsed.sections] == headings


def test_a_text_line_above_the_trailers_rule_is_no_heading():
    """The words above 70 `=` may happen to be as long as the rule."""
    data = text(sections=(("SYMPTOMS", "x" * 70),), query_words=None)
    lines = data.split(b"\r\n")
    lines.pop(lines.index(b"x" * 70) + 1)
    assert [s.heading for s in article.parse(b"\r\n".join(lines)).sections] == ["SYMPTOMS"]


# --- query words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (None, None),
        ("", ""),
        ("  one two  ", "one two"),
        ("one\nKBSubcategory: two\n  three", "one KBSubcategory: two three"),
        ("\ntwo", "two"),
    ],
)
def test_query_words(words, expected):
    assert article.parse(text(query_words=words)).query_words == expected


def test_query_words_end_at_a_blank_line():
    assert article.parse(text(query_words="one\ntwo\n\nnot these")).query_words == "one two"


def test_the_last_line_of_query_words_counts():
    parsed = article.parse(text(preface="Additional query words: quoted in the body", query_words="real"))
    assert parsed.query_words == "real"
    assert [s.heading for s in parsed.sections] == ["SYMPTOMS"]


def test_query_words_directly_above_the_rule():
    data = text(query_words="one two").replace(b"one two\r\n\r\n", b"one two\r\n")
    parsed = article.parse(data)
    assert parsed.query_words == "one two"
    assert parsed.keywords == ("exc55",)


# --- references -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("   Q900500 XADM: A Title", ["Q900500"]),
        ("   Q900500: A Title", ["Q900500"]),
        ("see Q90050.", ["Q90050"]),
        ("(Q900500)", ["Q900500"]),
        ("see q900500", ["Q900500"]),
        ("see QQ900500", ["Q900500"]),
        ("   Q900500How It Works", ["Q900500"]),
        ("Q900500Q900500", ["Q900500"]),
        pytest.param(
            "Q900500Q900501Q900502",
            ["Q900500", "Q900501", "Q900502"],
        ),
        ("Q900500, Q900501; Q900500", ["Q900500", "Q900501"]),
        ("Q900500\u00a0A Title", ["Q900500"]),
        ("ARTICLE-ID: Q900500", ["Q900500"]),
        ("ARTICLE-ID:Q900500", ["Q900500"]),
        ("| Q900500 | A Title |", ["Q900500"]),
        ("Q900500engi.exe", []),
        ("Download Q900500ENGI.EXE now", []),
        ("Q900500_ENU", []),
        ("Q900500.exe", []),
        ("Q900500.htm", []),
        ("Q9005001", []),
        ("Q9005", []),
        ("CPPQ90050.EXE", []),
        ("FAQ900500", []),
        ("Qxxxxxx and Q<xxxxxx>", []),
        ("Q820_517", []),
        ("Q 900500", []),
    ],
)
def test_reference(line, expected):
    assert list(article.references(article.parse(text(preface=line)))) == expected


def test_references_come_in_order_from_title_body_and_query_words_without_the_own_id():
    parsed = article.parse(
        text(
            title="After Q900510",
            preface="Q900001 is this one, Q900509 another",
            sections=(("CAUSE", "Q900508"),),
            query_words="Q900507\nQ900506",
            trailer={"Component": "Q900505"},
            applies_to=("Product Q900504",),
        )
    )
    assert article.references(parsed) == ("Q900510", "Q900509", "Q900508", "Q900507", "Q900506")


# --- anything at all --------------------------------------------------------------------------------------------------


def parse_or_refuse(data: bytes) -> Article | None:
    """Return the article, None when it is refused; any other exception is a bug and comes through."""
    refusal = None
    try:
        parsed = article.parse(data)
    except ArticleError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.isascii()
        assert refusal.isprintable()
        return None
    check(parsed)
    return parsed


def check(parsed: Article) -> None:
    """Assert what holds for every article: lines in range, parts in order."""
    first, end = parsed.body
    assert 7 <= first <= end <= len(parsed.lines) + 1
    for section in parsed.sections:
        assert first <= section.line < section.first <= section.end <= end
    assert [s.line for s in parsed.sections] == sorted(s.line for s in parsed.sections)
    for item in parsed.applies_to:
        assert parsed.lines[item.line - 1].rstrip().endswith(item.text)
    for name, value, line in parsed.trailer:
        assert parsed.lines[line - 1].startswith(name)
        assert value in parsed.lines[line - 1]
    cited = article.references(parsed)
    assert parsed.id not in cited
    assert len(set(cited)) == len(cited)
    of_bytes = tuple(problem for problem in parsed.problems if problem.kind == "layout")
    assert parsed == article.restore(parsed.text, parsed.digest, of_bytes)
    assert all(0 <= problem.line <= len(parsed.lines) for problem in parsed.problems)


@given(st.binary(max_size=600))
@settings(max_examples=1000, deadline=None)
def test_any_bytes_give_an_article_or_an_article_error(data):
    parse_or_refuse(data)


HEAD = b"\r\n".join(SEED.data.split(b"\r\n")[:6]) + b"\r\n"


@given(st.binary(max_size=600))
@settings(max_examples=700, deadline=None)
def test_any_bytes_below_a_header_are_an_article(data):
    assert parse_or_refuse(HEAD + data) is not None


LINES = (
    HEADER_RULE,
    CLOSING_RULE,
    APPLIES_RULE,
    "The information in this article applies to:",
    " - Microsoft Exchange Server, version 5.5",
    "    - nested",
    "STATUS",
    "======",
    "Additional query words: a",
    "Keywords          : exc55",
    "Keywords",
    "",
    "Q900500",
    "=",
    "-" * 60,
)


@given(st.lists(st.sampled_from(LINES), max_size=30))
@settings(max_examples=1000, deadline=None)
def test_layout_lines_in_any_order_below_a_header_are_an_article(lines):
    assert parse_or_refuse(HEAD + "\r\n".join(lines).encode()) is not None


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_reading_the_same_bytes_twice_gives_the_same_article(data):
    assert article.parse(HEAD + data) == article.parse(HEAD + data)


# --- time grows with the size -----------------------------------------------------------------------------------------

HOSTILE = {
    "blanks in one line": lambda n: " " * n,
    "blank lines": lambda n: " \n" * (n // 2),
    "equals signs in one line": lambda n: "=" * n,
    "short lines of equals signs": lambda n: "=====\n" * (n // 6),
    "rules of 70": lambda n: (HEADER_RULE + "\n") * (n // 71),
    "rules of 77": lambda n: (CLOSING_RULE + "\n") * (n // 78),
    "lines of dashes": lambda n: "-----\n" * (n // 6),
    "headings": lambda n: "STATUS\n======\n" * (n // 14),
    "bars": lambda n: "|\n" * (n // 2),
    "brackets": lambda n: "(" * n,
    "ids in one line": lambda n: "Q123456 " * (n // 8),
    "ids in many lines": lambda n: "Q123456\n" * (n // 8),
    "digits behind a Q": lambda n: "Q" + "1" * n,
    "the letter Q": lambda n: "Q" * n,
    "glued ids": lambda n: "Q123456" * (n // 7),
    "file names": lambda n: "Q123456AAAAAAAAAAAA" * (n // 19),
    "applies-to phrase": lambda n: "The information in this article applies to:\n" * (n // 44),
    "open applies-to blocks": lambda n: (
        (APPLIES_RULE[:60] + "\nThe information in this article applies to:\n\n") * (n // 106)
    ),
    "items": lambda n: " - item\n" * (n // 8),
    "query words": lambda n: "Additional query words:\n" * (n // 24),
    "trailer lines": lambda n: "Keywords : a\n" * (n // 13),
    "carriage returns": lambda n: "\r" * n,
}


def seconds(function, argument) -> float:
    """Return the best of three runs in processor time."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        function(argument)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.skipif("KBCHECK_GROWTH" not in os.environ, reason="it measures time: set KBCHECK_GROWTH=1 to run it")
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_size(name):
    """Four times the text takes less than twelve times as long; quadratic growth would take sixteen times."""
    small, large = (text(preface=HOSTILE[name](size)) for size in (60_000, 240_000))
    assert seconds(article.parse, large) < 12 * max(seconds(article.parse, small), 0.01)


# --- texts that are not as the archive has them -----------------------------------------------------------------------


def test_a_text_without_closing_lines_may_be_cut_off() -> None:
    whole = text()
    assert article.parse(whole).problems == ()
    cut = article.parse(whole[: whole.index(b"=" * 77)] + b"\r\n\r\n")
    (problem,) = cut.problems
    assert (problem.kind, problem.message) == ("cut-off", "the text ends without its closing lines: it may be cut off")
    assert cut.lines[problem.line - 1].startswith("Version")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_several_articles_in_one_file_are_parted(end: bytes) -> None:
    every = [text(f"Q90000{n}") for n in range(1, 4)]
    data = end.join(each.replace(b"\r\n", end) for each in every)
    assert [article.parse(each).id for each in article.split(data)] == ["Q900001", "Q900002", "Q900003"]
    assert b"".join(article.split(data)) == data


@pytest.mark.parametrize(
    "words", ["See DOCUMENT:Q900002  07-MAY-2001  [exchange]", "DOCUMENT:Q900002", " DOCUMENT:Q900002  07-MAY-2001  ["]
)
def test_an_article_that_cites_a_first_line_is_one(words: str) -> None:
    data = text(sections=(("SYMPTOMS", words),))
    assert article.split(data) == [data]
