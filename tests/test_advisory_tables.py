"""File tables: which of them are the fix, how rows are read, and which product a version judges."""

import pytest
from examples import ATTRIBUTES, E50, E55, NT, TSE, box, text

from kbcheck import advisory, article
from kbcheck.model import Method


def read(body, heading="RESOLUTION", **changes):
    """Return what an article means whose only section is `body`."""
    return advisory.extract(article.parse(text(sections=((heading, body),), **changes)))


def rows(body, heading="RESOLUTION", **changes):
    """Return (file, version) of the fixed files."""
    return [(row.file, row.version) for row in read(body, heading, **changes).fixed_files]


STORE = box("File name|Version", "Store.exe|5.5.2650.24")

# --- introduced as the fix, or not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "introduction",
    [
        ATTRIBUTES,
        ATTRIBUTES.upper(),
        "The English version of this fix should have the following file attributes or later:\n\nComponent: Store",
        "This fix should have the following attributes:",
        "This hotfix includes the following files:",
        "The fixes include the following files:",
    ],
)
@pytest.mark.parametrize("heading", ["RESOLUTION", "STATUS", "MORE INFORMATION", "WORKAROUND"])
def test_an_introduced_table_is_the_fix(introduction, heading):
    assert rows(f"{introduction}\n\n{STORE}", heading) == [("Store.exe", "5.5.2650.24")]


@pytest.mark.parametrize(
    "introduction",
    ["Known builds:", "The service pack has these versions:", "The following table lists the versions:", ""],
)
@pytest.mark.parametrize("heading", ["SYMPTOMS", "SUMMARY", "MORE INFORMATION"])
def test_a_table_that_lists_versions_is_no_fix(introduction, heading):
    meaning = read(f"{introduction}\n\n{STORE}", heading)
    assert meaning.fixed_files == ()
    assert meaning.corrections == ()


@pytest.mark.parametrize(
    "introduction",
    [
        "The following file is available for download from the Download Center:",
        "The Sample.exe file contains the following files:",
        "To check this, verify that the following files are installed:",
    ],
)
def test_what_is_offered_for_download_is_no_fix(introduction):
    assert rows(f"{introduction}\n\n{STORE}", "MORE INFORMATION") == []


@pytest.mark.parametrize("title", ["SAMPLE: Menuobj.exe Shows Menus", "XGEN: How to Obtain Service Pack 3"])
def test_a_sample_and_a_service_pack_are_no_fix(title):
    assert rows(f"{ATTRIBUTES}\n\n{STORE}", title=title) == []


def test_a_component_with_a_table_in_the_resolution_is_the_fix():
    assert rows(f"Component: Store\n\n{STORE}") == [("Store.exe", "5.5.2650.24")]


def test_rows_without_a_name_are_none():
    body = f"{ATTRIBUTES}\n\n" + box("File name|Version", "xxxxxxxx.xxx|5.5.2650.1", "A.exe|5.5.2650.2")
    assert rows(body) == [("A.exe", "5.5.2650.2")]


def test_a_note_below_a_table_is_no_row():
    table = "File name      Version\n----------------------\nVoltrack.vxd   4.00.955"
    note = "NOTE: The Voltrack.vxd file is installed on Windows 95 computers only"
    assert rows(f"{ATTRIBUTES}\n\n{table}\n{note}") == [("Voltrack.vxd", "4.00.955")]


def test_an_introduction_ends_with_its_section():
    data = text(sections=(("RESOLUTION", ATTRIBUTES), ("MORE INFORMATION", f"Builds:\n\n{STORE}")))
    assert advisory.extract(article.parse(data)).fixed_files == ()


def test_a_table_of_the_old_files_is_no_fix():
    body = f"{ATTRIBUTES}\n\n{STORE}\n\nThe original files cause the fault:\n\n{STORE.replace('24', '12')}"
    assert rows(body, "MORE INFORMATION") == [("Store.exe", "5.5.2650.24")]


def test_two_tables_below_one_introduction():
    body = (
        f"{ATTRIBUTES}\n\nComponent: Store\n\n{STORE}\n\nComponent: MTA\n\n{STORE.replace('Store.exe', 'Emsmta.dll')}"
    )
    meaning = read(body)
    assert [(row.component, row.file) for row in meaning.fixed_files] == [("Store", "Store.exe"), ("MTA", "Emsmta.dll")]


def test_boxes_without_file_names_are_no_file_tables():
    assert rows(f"{ATTRIBUTES}\n\n" + box("Event|Meaning", "1025|Stopped")) == []


# --- boxes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", ["N/A", "n/a", "NA", "-", "", "--"])
def test_an_absent_cell_is_none(absent):
    meaning = read(f"{ATTRIBUTES}\n\n" + box("File name|Version|Size", f"Logon.asp|{absent}|{absent}"))
    (row,) = meaning.fixed_files
    assert (row.version, row.size, row.build) == (None, None, ())
    assert meaning.corrections == ()


def test_cells_are_verbatim_in_any_order_of_columns():
    table = box(
        "Date|Time|Version|Size|File name|Platform|Language", "01/02/2000|1:02a|5.5.2650.24|12,345|A.EXE|x86|English"
    )
    (row,) = read(f"{ATTRIBUTES}\n\n{table}").fixed_files
    assert (row.file, row.version, row.date, row.size) == ("A.EXE", "5.5.2650.24", "01/02/2000", "12,345")
    assert (row.platform, row.language) == ("x86", "English")


@pytest.mark.parametrize("between", ["", "\n"])
def test_rows_with_rules_or_blank_lines_between(between):
    lines = ["+-----------+-------------+", "| File name | Version     |", "+-----------+-------------+"]
    lines += [f"| A.exe     | 5.5.2650.1  |{between}", "| B.exe     | 5.5.2650.2  |", "+-----------+-------------+"]
    assert rows(ATTRIBUTES + "\n\n" + "\n".join(lines)) == [("A.exe", "5.5.2650.1"), ("B.exe", "5.5.2650.2")]


@pytest.mark.parametrize(
    ("line", "component"),
    [
        ("Component: Information Store", "Information Store"),
        ("Component: Message Transfer Agent (MTA)", "Message Transfer Agent (MTA)"),
        ("   component : IMC", "IMC"),
        ("Components: Store", "Store"),
    ],
)
def test_component(line, component):
    (row,) = read(f"{ATTRIBUTES}\n\n{line}\n\n{STORE}").fixed_files
    assert row.component == component


def test_no_component():
    (row,) = read(f"{ATTRIBUTES}\n\n{STORE}").fixed_files
    assert row.component is None


def test_a_row_knows_its_line():
    meaning = read(f"{ATTRIBUTES}\n\n" + box("File name|Version", "A.exe|5.5.2650.1", "B.exe|5.5.2650.2"))
    for row in meaning.fixed_files:
        assert row.file in meaning.article.lines[row.line - 1]


# --- columns ----------------------------------------------------------------------------------------------------------

NT_4 = {"applies_to": ("Microsoft Windows NT Server version 4.0",), "category": "winnt"}


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        (
            "Date      Time    Size     File name     Platform",
            "04/02/99  11:02a  172,304  Localspl.dll  x86",
            {"file": "Localspl.dll", "date": "04/02/99", "size": "172,304", "platform": "x86", "version": None},
        ),
        (
            "Date        Time   Version      Size     File name     Platform",
            "04/02/1999  11:02  4.0.1381.9   172,304  Localspl.dll  Intel",
            {"file": "Localspl.dll", "version": "4.0.1381.9", "date": "04/02/1999", "platform": "Intel"},
        ),
        ("File name      Version", "Localspl.dll   4.0.1381.9", {"file": "Localspl.dll", "version": "4.0.1381.9"}),
        (
            "File name      Size     Date",
            "Localspl.dll   172,304  04-02-99",
            {"file": "Localspl.dll", "size": "172,304", "date": "04-02-99"},
        ),
        (
            "Date       Time    Version  Size     File name",
            "02-Apr-99  11:02a  N/A      172,304  Localspl.dll",
            {"file": "Localspl.dll", "version": None, "size": "172,304", "date": "02-Apr-99"},
        ),
        (
            "Date       Time      Version         Size     File name",
            "3/29/2000  20:00:46 4.0.1381.147     534,528  A.dll",
            {"version": "4.0.1381.147", "size": "534,528", "date": "3/29/2000"},
        ),
        (
            "Date  Time  Version  Size  File name",
            "3/29/2000  22.36 8.30.2651.0060  12  A.dll",
            {"version": "8.30.2651.0060"},
        ),
        ("Date         Version    Size     File name", "18-Sep-2001  6.0.93.56  1.79 MB  A.exe", {"size": "1.79 MB"}),
        ("Size     Version    File name", "1.79 MB  6.0.93.56  A.exe", {"size": "1.79 MB", "version": "6.0.93.56"}),
        (
            "Size       Version    File name",
            "1.135.104  6.0.93.56  A.exe",
            {"size": "1.135.104", "version": "6.0.93.56"},
        ),
        ("Size     File name", "94.5     A.exe", {"size": "94.5", "version": None}),
        ("Version    Size  Platform  File name", "6.0.93.56  29K   x86  A.exe", {"size": "29K", "platform": "x86"}),
        (
            "Date       Version  Size     File name",
            "3/23/2000  786  649,488  A.dll",
            {"version": "786", "size": "649,488"},
        ),
        (
            "Date       Version  Size     File name",
            "3/23/2000  786  100 KB  A.dll",
            {"version": "786", "size": "100 KB"},
        ),
        (
            "Date         Version    File name",
            "29 May 2001  6.0.93.56  A.exe",
            {"date": "29 May 2001", "version": "6.0.93.56"},
        ),
        ("Version    Language  File name", "6.0.93.56  Chinese (PRC)  A.exe", {"language": "Chinese (PRC)"}),
        ("Version    Locale  File name", "6.0.93.56  German  A.exe", {"language": "German"}),
        ("Version    Platform  File name", "6.0.93.56  MIPS R3000  A.exe", {"platform": "MIPS R3000"}),
    ],
)
@pytest.mark.parametrize("indent", ["", "   "])
def test_a_layout_of_columns(header, line, expected, indent):
    table = f"{indent}{header}\n{indent}{'-' * len(header)}\n{indent}{line}"
    (row,) = read(f"{ATTRIBUTES}\n\n{table}", **NT_4).fixed_files
    assert {name: getattr(row, name) for name in expected} == expected


def test_columns_end_at_the_first_line_of_text():
    table = (
        "File name   Version\n-------------------\nA.exe       4.0.1381.9\n\nRestart the computer.\n\nB.exe is not it."
    )
    assert rows(f"{ATTRIBUTES}\n\n{table}", **NT_4) == [("A.exe", "4.0.1381.9")]


@pytest.mark.parametrize("header", ["F\u0130LE NAME   VERS\u0130ON", "MODULE   VERS\u0131ON"])
def test_names_of_columns_in_letters_of_another_language(header):
    table = f"{header}\n{'-' * len(header)}\nstore.exe   5.5.2653.1"
    plain = text(sections=(("RESOLUTION", f"{ATTRIBUTES}\n\nHEADER\n{table.partition(chr(10))[2]}"),))
    data = b"\xef\xbb\xbf" + plain.decode("cp1252").replace("HEADER", header).encode("utf-8")
    (row,) = advisory.extract(article.parse(data)).fixed_files
    assert (row.file, row.version) == ("store.exe", "5.5.2653.1")


@pytest.mark.parametrize("words", ["this FIX", "this \nfix", "a file", "an update"])
def test_words_of_an_introduction_in_any_line(words):
    body = f"To get {words}, see below. It should have the\nfollowing file\nattributes or later:\n\n{STORE}"
    assert rows(body, "MORE INFORMATION") == [("Store.exe", "5.5.2650.24")]


def test_a_platform_line_between_rows():
    table = "File name   Version\n-------------------\nx86\nA.exe       4.0.1381.9\nAlpha\nA.exe       4.0.1381.10"
    meaning = read(f"{ATTRIBUTES}\n\n{table}", **NT_4)
    assert [(r.platform, r.version) for r in meaning.fixed_files] == [("x86", "4.0.1381.9"), ("Alpha", "4.0.1381.10")]


# --- which product a row judges ---------------------------------------------------------------------------------------

BOTH = {"applies_to": ("Microsoft Exchange Server, versions 5.0, 5.5",)}


@pytest.mark.parametrize(
    ("version", "line", "build"),
    [
        ("5.5.2650.24", E55, (5, 5, 2650, 24)),
        ("2650.24", E55, (5, 5, 2650, 24)),
        ("5.5.2348", E55, (5, 5, 2348)),
        ("5.05.2431.0", E55, (5, 5, 2431, 0)),
        ("5.0.1461.63", E50, (5, 0, 1461, 63)),
        ("1461.63", E50, (5, 0, 1461, 63)),
        ("5.0:1462.3", E50, (5, 0, 1462, 3)),
        ("5.5.23.2650", None, ()),
        ("6.0.2656.20", None, ()),
        ("8.03.4629", None, ()),
        ("0.0.0.0000", None, ()),
        ("4.0.995.54", None, ()),
    ],
)
def test_the_version_tells_the_release(version, line, build):
    """A version of no affected release stays as text, is a problem and judges nothing."""
    meaning = read(f"{ATTRIBUTES}\n\n" + box("File name|Version", f"Store.exe|{version}"), **BOTH)
    (row,) = meaning.fixed_files
    assert (row.version, row.product_line, row.build) == (version, line, build)
    assert [p.kind for p in meaning.problems] == ([] if line else ["file-version"])
    assert all(p.line == row.line for p in meaning.problems)
    assert [c.product_line for c in meaning.corrections] == ([line] if line else [])


def test_a_sub_heading_beats_the_applies_to_block():
    heading = "Exchange Server 5.0\n-------------------"
    body = f"{heading}\n\n{ATTRIBUTES}\n\n" + box("File name|Version", "Store.exe|5.5.2650.24")
    (row,) = read(body, **BOTH).fixed_files
    assert (row.product, row.product_line, row.build) == ("Exchange Server 5.0", None, ())


@pytest.mark.parametrize("short", ["4.00a", "4.0", "4.00", "786", "4.0.0.0", "4.0(786)"])
def test_a_plain_line_takes_any_dotted_number_of_three_parts(short):
    """`1.2` in Q233545 is the release of the product: no file is judged by it."""
    meaning = read(f"{ATTRIBUTES}\n\n" + box("File name|Version", "A.exe|4.0.1381.7000", f"B.exe|{short}"), **NT_4)
    assert [(r.product_line, r.build) for r in meaning.fixed_files] == [(NT, (4, 0, 1381, 7000)), (NT, ())]
    why = "the release's own" if short == "4.0.0.0" else "not a dotted number of three parts or more"
    expected = f"B.exe: version {short!r} is {why}"
    assert [p.message for p in meaning.problems] == [expected]


@pytest.mark.parametrize(("confirmed", "judges"), [("Outlook 98", False), ("Exchange Server 5.5", True)])
def test_files_of_another_products_package_judge_no_server(confirmed, judges):
    """Q249102: Outlook's own Outllib.dll stands beside Emsmdb32.dll, and the fault is confirmed in Outlook."""
    rows = box("File name|Version", "Emsmdb32.dll|5.5.2651.48", "Outllib.dll|8.5.7111.0")
    data = text(
        applies_to=("Microsoft Outlook 98", "Microsoft Exchange Server, version 5.5"),
        sections=(
            ("RESOLUTION", f"{ATTRIBUTES}\n\n{rows}"),
            ("STATUS", f"Microsoft has confirmed this to be a problem in Microsoft {confirmed}."),
        ),
    )
    meaning = advisory.extract(article.parse(data))
    assert [(row.product_line, bool(row.build)) for row in meaning.fixed_files] == [
        (E55 if judges else None, judges),
        ("Outlook 98", True),
    ]
    assert any(c.method == "file-table" and c.product_line == E55 for c in meaning.corrections) == judges


@pytest.mark.parametrize(
    ("version", "line"),
    [("9.00.00.4005", "Outlook 2000"), ("5.05.2650.24", E55), ("0.0.0.0000", None), ("5.5.2650.24", E55)],
)
def test_a_version_that_fits_no_listed_server_is_the_clients_that_is_listed_too(version, line):
    """Q260573 lists Outlook 2000 and Exchange Server 5.5; a misprint of the server's own is nobody's."""
    table = box("File name|Version", f"Outllib.dll|{version}")
    applies = ("Microsoft Outlook 2000", "Microsoft Exchange Server, version 5.5")
    meaning = read(f"{ATTRIBUTES}\n\n{table}", applies_to=applies)
    assert [row.product_line for row in meaning.fixed_files] == [line]
    assert bool(meaning.problems) == (line is None)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("4.0.1381.7177", NT),
        ("4.0.1381.33000", TSE),
        ("4.0.1381.32999", NT),
        ("4.0.1381.33545", TSE),
        ("5.0.2195.4000", None),
        ("4.71.2000.0", None),
    ],
)
def test_the_fourth_number_tells_terminal_servers_files(version, line):
    """Q325086 lists Windows NT 4.0 and Terminal Server, and has one table; the fix is offered for both."""
    table = box("File name|Version", f"Winspool.drv|{version}")
    body = f"A supported fix is now available.\n\n{ATTRIBUTES}\n\n{table}"
    meaning = read(body, applies_to=("Microsoft Windows NT Server version 4.0", f"Microsoft {TSE}"))
    assert [row.product_line for row in meaning.fixed_files] == [line]
    assert {c.product_line for c in meaning.corrections if c.method == "sentence"} == {NT, TSE}


@pytest.mark.parametrize(
    ("product", "line"),
    [
        ("IIS 4.0", "Internet Information Server 4.0"),
        ("Internet Information Server (IIS) 4.0", "Internet Information Server 4.0"),
        ("updated", None),
    ],
)
def test_the_words_before_a_table_tell_its_product(product, line):
    """Q288994: "The English version of the IIS 4.0 fix should have", with another for IIS 5.0 above it."""
    intro = f"The English version of the {product} fix should have the following file attributes or later:"
    body = f"{intro}\n\n" + box("File name|Version", "Asp.dll|7.0.762.1")
    applies = (
        "Microsoft Internet Information Server version 4.0",
        "Microsoft Internet Information Services version 5.0",
    )
    assert [row.product_line for row in read(body, applies_to=applies).fixed_files] == [line]


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("4.2.749.1", "Internet Information Server 4.0"),
        ("5.0.2195.4555", "Internet Information Services 5.0"),
        ("4.0.1381.7000", None),
    ],
)
def test_files_are_numbered_like_their_line_or_like_what_it_runs_on(version, line):
    """Q265445 lists both; Internet Information Services 5.0 is part of Windows 2000."""
    applies = (
        "Microsoft Internet Information Server version 4.0",
        "Microsoft Internet Information Services version 5.0",
    )
    body = f"{ATTRIBUTES}\n\n" + box("File name|Version", f"Asp.dll|{version}")
    assert [row.product_line for row in read(body, applies_to=applies).fixed_files] == [line]


@pytest.mark.parametrize(
    ("heading", "version", "row", "judged"),
    [
        ("Windows NT 4.0", "4.02.0728", "Internet Information Server 4.0", {NT, "Internet Information Server 4.0"}),
        ("Windows NT 4.0", "4.0.1381.7000", NT, {NT, "Internet Information Server 4.0"}),
        ("Windows NT 4.0", "5.0.1782.1", NT, {NT}),
        ("Windows 2000", "5.0.2195.2100", "Windows 2000", {"Windows 2000", "Internet Information Services 5.0"}),
    ],
)
def test_below_the_name_of_a_platform_stand_files_of_what_runs_on_it(heading, version, row, judged):
    """Q244613, Q260838: the articles list Internet Information Server only."""
    applies = (
        "Microsoft Internet Information Server version 4.0",
        "Microsoft Internet Information Services version 5.0",
    )
    body = f"{heading}\n{'-' * len(heading)}\n\n{ATTRIBUTES}\n\n" + box("File name|Version", f"Asp.dll|{version}")
    meaning = read(body, applies_to=applies)
    assert [each.product_line for each in meaning.fixed_files] == [row]
    assert {each.product_line for each in meaning.corrections if each.method is Method.FILE_TABLE} == judged


def test_a_platforms_number_is_its_own_before_it_is_of_what_runs_on_it():
    applies = ("Microsoft Internet Information Services version 5.0", "Microsoft Windows 2000 Server")
    body = f"{ATTRIBUTES}\n\n" + box("File name|Version", "Asp.dll|5.0.2195.4555")
    for order in (applies, applies[::-1]):
        assert [row.product_line for row in read(body, applies_to=order).fixed_files] == ["Windows 2000"]


def test_the_words_before_a_table_tell_of_no_other():
    first = "The English version of the IIS 4.0 fix should have the following file attributes or later:"
    body = f"{first}\n\n" + box("File name|Version", "Asp.dll|7.0.1.1") + f"\n\n{ATTRIBUTES}\n\n"
    body += box("File name|Version", "User32.dll|4.0.1381.7092")
    applies = ("Microsoft Internet Information Server version 4.0", "Microsoft Windows NT Server version 4.0")
    lines = [row.product_line for row in read(body, applies_to=applies).fixed_files]
    assert lines == ["Internet Information Server 4.0", NT]


def test_what_stands_beside_a_product_in_a_heading_is_not_what_it_is_about():
    """Q195144: "Windows 95 with Internet Explorer 4.0"."""
    heading = "Windows NT 4.0 with Internet Explorer 4.0"
    body = f"{heading}\n{'-' * len(heading)}\n\n{ATTRIBUTES}\n\n" + box("File name|Version", "A.dll|4.0.1381.7000")
    assert [row.product_line for row in read(body).fixed_files] == [NT]


def test_a_table_of_what_is_included_in_a_product_is_no_fix():
    """Q154919 compares the versions of a file that two products include."""
    intro = "A.dll is included in the Full installation of Internet Explorer 3.0.\n\nVersions of A.dll:"
    assert not read(f"{intro}\n\n" + box("File name|Version", "A.dll|4.0.1381.7000"), **NT_4).fixed_files


def test_rows_belong_to_a_product_that_is_no_server_only_where_it_is_the_only_one():
    (row,) = read(f"{ATTRIBUTES}\n\n{STORE}", applies_to=("Microsoft Outlook 98",)).fixed_files
    assert (row.product_line, row.build) == ("Outlook 98", (5, 5, 2650, 24))
    (row,) = read(f"{ATTRIBUTES}\n\n{STORE}", applies_to=("Microsoft Outlook 98", "Microsoft Outlook 97")).fixed_files
    assert (row.product_line, row.build) == (None, ())


# --- rows without names of columns ------------------------------------------------------------------------------------

STAMPED = """   10/22/97  06:02p               181,504 Advapi32.dll (Intel)
   10/29/97  03:52p               169,504 Winlogon.exe(Intel)

   10/29/97  3:51pm  236,304 winlogon.exe (Alpha)"""


@pytest.mark.parametrize(
    "words",
    [
        "This fix should have the following time stamp:",
        "The hotfix\nshould have the following timestamp:",
        "Obtain the following fix, or wait for the next Windows NT service pack.",
    ],
)
def test_rows_behind_a_sentence_about_the_fix(words):
    """Q169228, Q187503, Q187800: date, time, size, file and processor, under no names."""
    rows = read(f"{words}\n\n{STAMPED}\n\nNOTE: Restart.").fixed_files
    assert [(row.file, row.date, row.size, row.platform, row.version) for row in rows] == [
        ("Advapi32.dll", "10/22/97", "181,504", "Intel", None),
        ("Winlogon.exe", "10/29/97", "169,504", "Intel", None),
        ("winlogon.exe", "10/29/97", "236,304", "Alpha", None),
    ]
    assert {row.product_line for row in rows} == {E55}


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        ("The directory listing appears as follows:", "MORE INFORMATION"),
        ("The folder holds these files. The time stamp tells when they were copied.", "SYMPTOMS"),
    ],
)
def test_a_listing_of_files_is_no_fix(words, heading):
    assert read(f"{words}\n\n{STAMPED}", heading).fixed_files == ()


@pytest.mark.parametrize(
    ("words", "line", "file", "version"),
    [
        (
            "This fix should have the following time stamp:",
            "Dirsync.exe  7/10/98  5:39p  85,245 bytes (version 3.5.34)",
            *("Dirsync.exe", "3.5.34"),
        ),
        (
            "This issue is resolved by the following updated file for Windows 95:",
            "REDIR.VXD version 4.00.1116 (dated 9/11/97) and later",
            *("REDIR.VXD", "4.00.1116"),
        ),
        (
            "This issue is resolved by the following updated files:",
            "REDIR.VXD  version 4.00.953  dated 9/13/95  140,367 bytes",
            *("REDIR.VXD", "4.00.953"),
        ),
        (
            "This issue is resolved by the following updated files:",
            "Redir.vxd version 4.00.954 (10/10/95) or later.",
            *("Redir.vxd", "4.00.954"),
        ),
        (
            "This issue is resolved by the\nfollowing updated file:",
            "Version.dll version 4.00.954.",
            *("Version.dll", "4.00.954"),
        ),
        ("Obtain the following hotfix.", "03/27/98  09:12p   170,208  Version.dll (Intel)", "Version.dll", None),
        ("Obtain the following fix.", "03/27/98  09:12p   170,208  Ntldr", "Ntldr", None),
        ("Obtain the following fix.", "(i386)  12/01/97  04:24p    143,632 Tcpip.sys", "Tcpip.sys", None),
        ("Obtain the following fix.", "03/06/97  03:10 PM         23K    AGENT.DLL (Intel)", "AGENT.DLL", None),
    ],
)
def test_rows_that_tell_a_version_in_words(words, line, file, version):
    """Q191905, Q174371, Q138249, Q142803, Q166750, Q184694."""
    found = read(f"{words}\n\n   {line}\n\nNOTE: Restart.", applies_to=("Microsoft Windows 95",)).fixed_files
    assert [(row.file, row.version) for row in found] == [(file, version)]


@pytest.mark.parametrize(
    "line",
    [
        "Redir.vxd version 4.00.950 is on the compact disc of the release.",
        "Redir.vxd  version 4.00.950",
    ],
)
def test_a_version_in_words_is_no_fix_where_nothing_says_so(line):
    assert read(f"The time stamp tells which file is there:\n\n   {line}", "SYMPTOMS").fixed_files == ()


@pytest.mark.parametrize(
    "below",
    [
        "The following version of the file has the problem:\n\n   Redir.vxd version 4.00.950",
        "NOTE: After setup the folder may hold another file of that name,\nRedir.vxd version 4.00.950\nwhich is older.",
        "Redir.vxd version 4.00.950\nis on the compact disc.",
    ],
)
def test_what_else_is_told_below_a_row_in_words_is_no_fix(below):
    words = "This issue is resolved by the following updated file:\n\n   Redir.vxd version 4.00.954 and later"
    assert rows(f"{words}\n\n{below}", applies_to=("Microsoft Windows 95",)) == [("Redir.vxd", "4.00.954")]


def test_rows_in_words_are_of_the_product_that_introduces_them():
    words = "This issue is resolved by the following files for Windows {0}:\n\n   Redir.vxd version {1} and later"
    body = "\n\n".join((words.format("95", "4.00.954"), words.format("98", "4.10.1998")))
    found = read(body, "MORE INFORMATION", applies_to=("Microsoft Windows 95", "Microsoft Windows 98")).fixed_files
    assert [(row.version, row.product_line) for row in found] == [
        ("4.00.954", "Windows 95"),
        ("4.10.1998", "Windows 98"),
    ]


def test_a_sentence_below_rows_in_words_is_none():
    words = "This issue is resolved by the following updated file:\n\n   Redir.vxd version 4.00.954 and later"
    below = "Redir.vxd version 4.00.950 is on the compact disc."
    assert rows(f"{words}\n\n{below}", applies_to=("Microsoft Windows 95",)) == [("Redir.vxd", "4.00.954")]


def test_a_box_without_names_of_columns_is_read_by_what_is_in_it():
    """Q179129, Q249820: date, time, size, file and processor in any order."""
    boxed = box("01/14/98|12:04p|123,824|Tcpip.sys|(Intel)", "01/14/98|12:00p|216,848|Tcpip.sys|(Alpha)")
    found = read(f"This fix should have the following time stamp:\n\n{boxed}").fixed_files
    assert [(row.file, row.date, row.size, row.platform, row.version) for row in found] == [
        ("Tcpip.sys", "01/14/98", "123,824", "(Intel)", None),
        ("Tcpip.sys", "01/14/98", "216,848", "(Alpha)", None),
    ]
    assert rows(f"{ATTRIBUTES}\n\n{box('Store.exe|5.5.2650.24|12:00p')}") == [("Store.exe", "5.5.2650.24")]
    assert rows(f"{ATTRIBUTES}\n\n{box('Value|Meaning', '01/14/98|a day')}") == []
    assert rows(f"{ATTRIBUTES}\n\n{box('Store.exe|5.5.2448.0|5.5.2650.24')}") == [("Store.exe", "5.5.2448.0")]
    two = box("01/14/98|Store.exe|5.5.2448.0", "see below|Notes|x")
    assert rows(f"{ATTRIBUTES}\n\n{two}") == [("Store.exe", "5.5.2448.0")]


def test_the_last_cell_of_a_row_may_go_on_in_the_next_line():
    """Q258070, Q243220: `Windows 98` and, far to the right below it, `Second Edition`."""
    table = (
        "   Date      Time   Version    Size     File name  Platform\n"
        "   --------------------------------------------------------\n"
        "   04/07/00  11:06  4.10.2225  462,560  User.exe   Windows 98\n"
        "                                                   Second Edition\n"
        "   04/07/00  11:06  4.00.953   462,560  User.exe   Windows 95\n"
        "                                                   OSR 2-2.5\n"
    )
    found = read(f"{ATTRIBUTES}\n\n{table}", applies_to=("Microsoft Windows 98",)).fixed_files
    assert [(row.version, row.platform) for row in found] == [
        ("4.10.2225", "Windows 98 Second Edition"),
        ("4.00.953", "Windows 95 OSR 2-2.5"),
    ]
