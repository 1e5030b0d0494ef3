"""Fix lists, rollups and readmes: which lines are entries, of which service pack or block."""

import datetime

import pytest
from examples import BUG, E40, E50, E55, HOTFIX, NT, SMS20, SNA40, SP, TSE, box, text

from kbcheck import advisory, article
from kbcheck.model import Kind

SP1 = "XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 1"
PACKS = "List of Bugs Fixed in SNA Server 4.0 Service Packs 1 and 2"
README = "XGEN: README.TXT: Microsoft Exchange 4.0 U.S. Service Pack 4"
ROLLUP = "XADM: Exchange Server 5.5 Post-SP3 Store Fixes Available"


def read(title, body, heading="MORE INFORMATION", **changes):
    """Return what a list article means whose main section is `body`."""
    return advisory.extract(article.parse(text(title=title, sections=((heading, body),), **changes)))


def entries(meaning):
    """Return (id, level) of what a list states, in the order of the ids."""
    return sorted((c.subject, c.level) for c in meaning.corrections)


# --- which articles are lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        SP1,
        PACKS,
        README,
        "FIXLIST.TXT for SMS 1.1 Service Pack 1",
        "SNA Server 3.0 Service Pack 4 Fix List",
        "SMS: List of Bugs Fixed in Systems Management Server 2.0 Service Pack 2",
        "XGEN: List of Fixes in Exchange Server 5.0 Service Pack 2",
    ],
)
def test_a_title_of_a_fix_list(title):
    meaning = read(title, "Nothing listed.")
    assert meaning.kind is Kind.FIX_LIST
    assert meaning.corrections == ()


@pytest.mark.parametrize(
    ("title", "needs"),
    [
        ("XADM: Exchange Server 5.5 Post-SP3 Store Fixes Available", "SP3"),
        ("XADM: Exchange Server 5.5 Post-Service Pack 4 Store Fixes Available", "SP4"),
        ("XADM: Exchange Server 5.5 Store Fixes Available", None),
    ],
)
def test_what_a_rollup_needs_first(title, needs):
    body = "Store fixes released on July 19, 2000:\n\n   Store.exe version 5.5.2652.61\n\n   Q900500 XADM: A Fault"
    (told,) = read(title, body).corrections
    assert (told.subject, told.requires) == ("Q900500", needs)


def test_a_fix_list_without_entries_is_a_problem_and_a_readme_without_is_none():
    (problem,) = read(SP1, "Nothing listed.").problems
    assert (problem.kind, problem.message) == ("list-empty", "titled as a fix list, but no entry was recognised")
    assert read(README, "Nothing listed.").problems == ()


@pytest.mark.parametrize(
    "title",
    ["XADM: Store Stops After Service Pack 1", "XGEN: How to Obtain the Latest Exchange Server 5.5 Service Pack"],
)
def test_other_titles_list_nothing(title):
    meaning = read(title, "SERVICE PACK 1\n\n   Q900500 XADM: A Fault")
    assert meaning.kind is not Kind.FIX_LIST
    assert meaning.corrections == ()


def test_a_bug_with_a_title_like_a_rollup_is_a_bug():
    meaning = read("XADM: No Hotfix Rollup Installs", "   Q900500 XADM: A Fault", trailer=BUG)
    assert meaning.kind is Kind.BUG
    assert meaning.corrections == ()


# --- entries of a fix list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        "   Q900500 XADM: A Fault",
        "   Q900500: A Fault",
        "   Q900500 : A Fault",
        "   Q900500 - A Fault",
        " Q900500: A Fault",
        "Q900500: A Fault",
        "Q900500 A Fault",
        " - Q900500 A Fault",
        " * Q900500 A Fault",
        "   q900500 A Fault",
        "   Q900500\u00a0A Fault",
        "   Q900500",
        "| Q900500 | A Fault |",
        "   Q900500 A Fault Whose Title Goes On\n   in the Next Line",
        "   Q900500 A Fault Whose Title Goes On\n            in the Next Line",
    ],
)
def test_a_layout_of_entries(entry):
    """The entry between two others is found, and so are they."""
    meaning = read(SP1, f"   Q900499 The First\n{entry}\n   Q900501 The Last")
    assert entries(meaning) == [("Q900499", "SP1"), ("Q900500", "SP1"), ("Q900501", "SP1")]
    found = next(c for c in meaning.corrections if c.subject == "Q900500")
    assert (found.product_line, found.kind, found.method, found.source) == (E55, SP, "fix-list", "Q900001")
    assert "900500" in meaning.article.lines[found.line - 1]


@pytest.mark.parametrize("between", ["\n", "\n\n", "\n\n\n"])
def test_entries_with_and_without_blank_lines_between(between):
    assert len(entries(read(SP1, between.join(f"   Q9005{n:02} A Fault" for n in range(12))))) == 12


def test_a_wrapped_title_that_names_an_article_is_no_entry():
    assert entries(read(SP1, "   Q900500 A Fault That Follows\n   After Q900501 Was Mended")) == [("Q900500", "SP1")]


def test_the_own_id_and_names_of_files_are_no_entries():
    assert entries(read(SP1, "   Q900001 XGEN: This List\n   Q900502.exe holds it\n   Q900500 A Fault")) == [
        ("Q900500", "SP1")
    ]


def test_a_repeated_entry_is_one_correction_with_the_first_line():
    meaning = read(SP1, "   Q900500 A Fault\n   Q900501 Another\n   Q900500 A Fault")
    assert entries(meaning) == [("Q900500", "SP1"), ("Q900501", "SP1")]
    first, second = sorted(meaning.corrections, key=lambda c: c.subject)
    assert first.line == second.line - 1


@pytest.mark.parametrize(
    "words",
    [
        "XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 2",
        "XGEN: How to Obtain the Latest Exchange Server 5.5 Service Pack",
        "How to Obtain the Latest Service Pack",
        "SMS 2.0 Service Pack 2 Fix List",
    ],
)
def test_other_lists_are_no_entries(words):
    assert entries(read(SP1, f"   Q900499 {words}\n\n   Q900500 A Fault")) == [("Q900500", "SP1")]


@pytest.mark.parametrize(
    "introduction",
    [
        "For additional information, please see the following article:",
        "For more information about installing, see the following articles in the\nMicrosoft Knowledge Base:",
        "Please refer to the following article:",
    ],
)
def test_further_reading_is_no_entry(introduction):
    assert entries(read(SP1, f"   Q900500 A Fault\n\n{introduction}\n\n   Q900499 A Manual")) == [("Q900500", "SP1")]


FURTHER = "For more information see the following article:"
FIXES = "Bugs Fixed\n----------"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # A wrapped title that sounds like further reading is no paragraph; a line at the margin is one.
        ("   Q900500 A Fault\n   see the following article\n\n   Q900501 A Fault", ["Q900500", "Q900501"]),
        (f"   Q900500 A Fault\n{FURTHER}\n   Q900499 A Manual", ["Q900500"]),
        # What was for further reading ends at a heading.
        (f"{FURTHER}\n\n   Q900499 A Manual\n\n{FIXES}\n\n   Q900500 A Fault", ["Q900500"]),
        (f"{FURTHER}\n{FIXES}\n\n   Q900500 A Fault", ["Q900500"]),
        # An underlined entry is an entry.
        ("   Q900500 A Fault\n   ---------------\n   Q900501 A Fault", ["Q900500", "Q900501"]),
    ],
)
@pytest.mark.parametrize(("title", "level"), [(SP1, "SP1"), (ROLLUP, None)])
def test_where_further_reading_begins_and_ends(body, expected, title, level):
    assert entries(read(title, body)) == [(ident, level) for ident in expected]


@pytest.mark.parametrize(("title", "level"), [(SP1, "SP1"), (ROLLUP, None)])
def test_what_a_section_ends(title, level):
    """Further reading, and the summary, from which a heading leads out too."""
    sections = (("MORE INFORMATION", FURTHER), ("STATUS", "   Q900500 A Fault"))
    assert entries(advisory.extract(article.parse(text(title=title, sections=sections)))) == [("Q900500", level)]
    heading = "Summary List of Bugs Fixed in Service Pack 1"
    summary = f"   Q900499 A Manual\n\n{heading}\n{'-' * len(heading)}\n\n   Q900500 A Fault"
    assert entries(read(title, summary, heading="SUMMARY")) == [("Q900500", level)]


def test_a_block_ends_with_its_section_and_a_long_line_heads_none():
    released = "Fixes Released on July 19, 2000"
    block = f"{released}\n{'-' * len(released)}\n\n   Q900500 A Fault"
    sections = (("MORE INFORMATION", block), ("STATUS", "   Q900501 A Fault"))
    assert entries(advisory.extract(article.parse(text(title=ROLLUP, sections=sections)))) == [("Q900500", None)]
    long = f"{released}, and what else there is to say about them in a line that is longer than a heading"
    (told,) = read(ROLLUP, f"{long}\n\n   Q900500 A Fault").corrections
    assert told.released is None


def test_articles_of_the_summary_and_the_references_are_no_entries():
    data = text(
        title=SP1,
        sections=(
            ("SUMMARY", "   Q900498 Read This"),
            ("MORE INFORMATION", "   Q900500 A Fault"),
            ("REFERENCES", "   Q900499 Read That"),
        ),
    )
    assert entries(advisory.extract(article.parse(data))) == [("Q900500", "SP1")]


def test_what_the_list_article_says_itself_corrects_nothing():
    body = "This problem was first corrected in Exchange Server 5.5 Service Pack 4.\n\n   Q900500 A Fault"
    meaning = read(SP1, body, keywords="kbExchange550sp4Fix")
    assert entries(meaning) == [("Q900500", "SP1")]


# --- which product and service pack -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "applies_to", "expected"),
    [
        (SP1, "Microsoft Exchange Server, version 5.5 SP1", (E55, "SP1")),
        (SP1, "Microsoft Windows NT Server version 4.0", (E55, "SP1")),
        ("XGEN: List of Bugs Fixed in Exchange Server 5.0 SP2", "Microsoft Exchange Server, version 5.0", (E50, "SP2")),
        ("List of Bugs Fixed in Service Pack 3", "Microsoft Exchange Server, version 4.0", (E40, "SP3")),
        (
            "SMS: List of Bugs Fixed in Systems Management Server 2.0 Service Pack 4",
            "Microsoft Systems Management Server version 2.0",
            (SMS20, "SP4"),
        ),
        (
            "List of Bugs Fixed in Windows NT 4.0 Service Pack 5 (Part 2)",
            "Microsoft Windows NT Server version 4.0",
            (NT, "SP5"),
        ),
        (
            "List of Bugs Fixed in Windows NT 4.0, Terminal Server Edition Service Pack 4",
            "Microsoft Windows NT Server version 4.0, Terminal Server Edition",
            (TSE, "SP4"),
        ),
    ],
)
def test_the_title_tells_line_and_level(title, applies_to, expected):
    meaning = read(title, "   Q900500 A Fault", applies_to=(applies_to,))
    assert [(c.product_line, c.level) for c in meaning.corrections] == [expected]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Service Pack 1\n--------------", "Service Pack 2\n--------------"),
        ("SERVICE PACK 1", "SERVICE PACK 2"),
        ("Bugs Fixed in Service Pack 1\n----------------------------", "Bugs Fixed in Service Pack 2"),
        ("Bugs fixed in SNA Server 4.0 SP1", "Bugs fixed in SNA Server 4.0 SP2"),
        ("U.S. Service Pack 1", "U.S. Service Pack 2"),
    ],
)
def test_headings_divide_a_list_of_two_service_packs(one, two):
    body = f"{two}\n\n   Q900500 A Fault\n\n   Q900501 A Fault\n\n{one}\n\n   Q900502 A Fault"
    meaning = read(PACKS, body, applies_to=("Microsoft SNA Server, version 4.0",))
    assert entries(meaning) == [("Q900500", "SP2"), ("Q900501", "SP2"), ("Q900502", "SP1")]
    assert {c.product_line for c in meaning.corrections} == {SNA40}


def test_entries_above_the_first_heading_of_two_service_packs_belong_to_none():
    body = "   Q900499 A Manual\n\nService Pack 2\n--------------\n\n   Q900500 A Fault"
    assert entries(read(PACKS, body)) == [("Q900500", "SP2")]


def test_a_fault_in_two_service_packs_is_two_corrections():
    body = (
        "Service Pack 2\n--------------\n\n - Q900500 A Fault\n\nService Pack 1\n--------------\n\n - Q900500 A Fault"
    )
    assert entries(read(PACKS, body)) == [("Q900500", "SP1"), ("Q900500", "SP2")]


def test_entries_of_a_readme_stand_below_its_list_only():
    body = (
        "1.0 Introduction\n----------------\n\n   Q900498 A Manual\n\n"
        "List of Bugs Fixed in Microsoft Exchange Server 4.0 U.S. Service Pack 4\n"
        "-----------------------------------------------------------------------\n\n   Q900500: A Fault\n\n"
        "4.0 Known Limits\n----------------\n\n   Q900499 A Limit"
    )
    assert entries(read(README, body)) == [("Q900500", "SP4")]


# --- rollups ----------------------------------------------------------------------------------------------------------

TWO_BLOCKS = (
    "The store fixes include the following files:\n\n"
    + box("File name|Current version", "Store.exe|5.5.2652.61", "Mdbmsg.dll|5.5.2652.50")
    + "\n\nFixes Released on July 19, 2000\n-------------------------------\n\nThe following files are modified:\n\n"
    " - Store.exe incremented to version 5.5.2652.61\n\nThe following fixes are included:\n\n"
    "   Q900500 XADM: A Fault\n   Q900501 XADM: A Fault\n   With Two Lines\n\n"
    "Fixes Released on November 23, 1999\n-----------------------------------\n\nThe following files are modified:\n\n"
    " - All files incremented to version 5.5.2651.10\n\nThe following fixes are included:\n\n   Q900502 XADM: A Fault"
)


def test_a_block_has_its_own_day_files_and_order():
    """Blocks count from the oldest; the current versions belong to no block."""
    meaning = read(ROLLUP, TWO_BLOCKS)
    found = {c.subject: c for c in meaning.corrections}
    assert sorted(found) == ["Q900500", "Q900501", "Q900502"]
    newer, older = found["Q900500"], found["Q900502"]
    assert (newer.released, newer.order) == (datetime.date(2000, 7, 19), 1)
    assert (older.released, older.order) == (datetime.date(1999, 11, 23), 0)
    assert [(f.file, f.version, f.build) for f in newer.files] == [("Store.exe", "5.5.2652.61", (5, 5, 2652, 61))]
    assert [(f.file, f.version, f.build) for f in older.files] == [
        ("Store.exe", "5.5.2651.10", (5, 5, 2651, 10)),
        ("Mdbmsg.dll", "5.5.2651.10", (5, 5, 2651, 10)),
    ]
    for each in found.values():
        assert (each.product_line, each.level, each.kind, each.method) == (E55, None, HOTFIX, "rollup")
        assert each.subject in meaning.article.lines[each.line - 1]


@pytest.mark.parametrize(
    ("bullet", "files"),
    [
        ("Store.exe incremented to version 5.5.2652.61", ["Store.exe"]),
        ("Store.exe is incremented to version 5.5.2652.61", ["Store.exe"]),
        ("Store.exe and Mdbmsg.dll incremented to version 5.5.2652.61", ["Store.exe", "Mdbmsg.dll"]),
        (
            "Store.exe, Mdbmsg.dll, and Ese.dll incremented to version 5.5.2652.61",
            ["Store.exe", "Mdbmsg.dll", "Ese.dll"],
        ),
        ("Store.exe added at version 5.5.2652.61", ["Store.exe"]),
        ("All files incremented to version 5.5.2652.61", []),
    ],
)
def test_the_files_of_a_block(bullet, files):
    """Without a table of current versions "all files" names none, and the block is a problem."""
    body = f"Fixes Released on July 19, 2000\n-------------------------------\n\n - {bullet}\n\n   Q900500 A Fault"
    meaning = read(ROLLUP, body)
    (correction,) = meaning.corrections
    assert [(f.file, f.version) for f in correction.files] == [(name, "5.5.2652.61") for name in files]
    assert [p.kind for p in meaning.problems] == ([] if files else ["rollup-files"])


CURRENT = "The fixes include the following files:\n\n" + box(
    "File name|Current version", *(f"{name}.dll|5.5.2652.99" for name in "ABC")
)


@pytest.mark.parametrize(
    ("bullets", "expected"),
    [
        ("All files incremented to version 5.5.2652.1", {"A.dll": 1, "B.dll": 1, "C.dll": 1}),
        (
            "B.dll incremented to version 5.5.2652.2\n - All other files incremented to version 5.5.2652.1",
            {"B.dll": 2, "A.dll": 1, "C.dll": 1},
        ),
        (
            "All other files incremented to version 5.5.2652.1\n - B.dll incremented to version 5.5.2652.2",
            {"B.dll": 2, "A.dll": 1, "C.dll": 1},
        ),
        ("D.dll added and incremented to version 5.5.2652.2", {"D.dll": 2}),
        (
            "b.DLL incremented to version 5.5.2652.2\n - All remaining files incremented to version 5.5.2652.1",
            {"b.DLL": 2, "A.dll": 1, "C.dll": 1},
        ),
    ],
)
@pytest.mark.parametrize("note", ["", "NOTE: The A.dll file is not included with these fixes. It is added later.\n\n"])
@pytest.mark.parametrize("heading", ["Fixes Released on July 19, 2000", "Fixes Released"])
def test_all_other_files_of_a_block(bullets, expected, note, heading):
    """Q251137, Q248838 and Q269183: the others are those of the table, but for what a note says is added later."""
    block = f"{heading}\n{'-' * len(heading)}\n\n{note}The following files are modified:\n\n - {bullets}\n\n"
    body = f"{CURRENT}\n\n{block}The following fixes are included:\n\n   Q900500 XADM: A Fault"
    (correction,) = read(ROLLUP, body).corrections
    wanted = {name: f"5.5.2652.{n}" for name, n in expected.items() if not note or name != "A.dll"}
    assert {f.file: f.version for f in correction.files} == wanted


def test_a_version_in_the_prose_of_a_rollup_is_none_of_its_files():
    before = "Before you start, make sure that Store.exe is at least version 5.5.2650.24."
    (correction,) = read(ROLLUP, f"{before}\n\nThe following fixes are included:\n\n   Q900500 A Fault").corrections
    assert correction.files == ()


def test_hotfixes_combined_are_a_rollup_whatever_their_class():
    """Q195734 is classed as a bug."""
    title = "Windows NT 4.0 Post-Service Pack 4 Hotfixes Combined into One Package"
    body = "For information on what fixes are included, please see:\n\n   Q900500 A Fault\n\n   Q900501 A Fault"
    data = text(
        title=title,
        applies_to=("Microsoft Windows NT Server version 4.0",),
        sections=(("SYMPTOMS", body),),
        trailer={"Issue type": "kbbug"},
    )
    meaning = advisory.extract(article.parse(data))
    assert (meaning.kind, [c.subject for c in meaning.corrections]) == (Kind.FIX_LIST, ["Q900500", "Q900501"])


def test_a_rollup_without_blocks_lists_its_entries_with_no_day():
    meaning = read(ROLLUP, "These are mended:\n\n   Q900500 A Fault\n\n   Q900501 A Fault")
    assert entries(meaning) == [("Q900500", None), ("Q900501", None)]
    assert {(c.released, c.files) for c in meaning.corrections} == {(None, ())}


def test_a_day_that_is_none_gives_a_block_without_a_day():
    body = "Fixes Released on July 39, 2000\n-------------------------------\n\n   Q900500 A Fault"
    (correction,) = read(ROLLUP, body).corrections
    assert (correction.subject, correction.released) == ("Q900500", None)


def test_articles_outside_the_blocks_are_no_members():
    data = text(
        title=ROLLUP,
        sections=(
            ("SUMMARY", "See:\n\n   Q900498 A Manual"),
            ("MORE INFORMATION", TWO_BLOCKS),
            ("REFERENCES", "   Q900499 A Book"),
        ),
    )
    assert len(entries(advisory.extract(article.parse(data)))) == 3


@pytest.mark.parametrize("title", ["XADM: Mouse Stops After Windows NT 4.0 SRP", "XADM: Missing SP2 README.RTF"])
def test_a_fault_with_symptoms_that_lists_nothing_is_no_list(title):
    data = text(title=title, sections=(("SYMPTOMS", "The mouse stops."),), trailer={"Issue type": "kbprb"})
    meaning = advisory.extract(article.parse(data))
    assert (meaning.kind, meaning.problems) == (Kind.PROBLEM, ())


def test_a_sentence_that_goes_on_with_an_id_is_no_entry():
    body = "   Q900500 XADM: A Fault\n\nSee the article\nQ900501 to determine whether it concerns you."
    assert [ident for ident, *_ in entries(read(SP1, body))] == ["Q900500"]
