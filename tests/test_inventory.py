"""Inventory files: every spelling that is read, every row that is refused with its line, and the laws of order."""

import codecs
import csv
import hashlib
import io
import re
import string
from pathlib import Path

import pytest
from conftest import ROOT, SERVERS
from hypothesis import example, given
from hypothesis import strategies as st

from kbcheck import inventory
from kbcheck.inventory import InventoryError
from kbcheck.model import Fleet, Installation

E55, NT = "Exchange Server 5.5", "Windows NT 4.0"
EXPORT = ROOT / "inventory" / "directory-export.csv"


def fleet(text: str) -> Fleet:
    return inventory.read_bytes("f.csv", text.encode("utf-8"))


def only(text: str) -> Installation:
    """Read an inventory that holds one installation and nothing to complain about."""
    read = fleet(text)
    assert not read.refusals
    assert len(read.installations) == 1
    return read.installations[0]


def row(**cells: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([cells.keys(), cells.values()])
    return buffer.getvalue()


TWO = "Exchange Server 5.5 SP3 on Windows NT 4.0 SP6a"
FOR_NT = 'product: "for Windows NT 4.0" behind the service pack is not read'
INSTALLED = "expected a service pack that is installed, and no more said of it"
ONE_PRODUCT = "expected one product and release in a row"


def messages(entries: tuple[object, ...]) -> list[str]:
    return [f"{each.file}:{each.line}: {each.message}" for each in entries]


def told(read: Fleet) -> dict[tuple[str, str], Installation]:
    return {(each.host, each.product_line): each for each in read.installations}


# --- columns ----------------------------------------------------------------------------------------------------------

HOSTS = "host HostName computer_name Computer-Name SERVER server.name Node cn FQDN dns-host-name  Device"
PACKS = "service_pack ServicePack SP CSDVersion csd_version sp-level Patch_Level"
HOTFIXES = "hotfixes HotFixID hot_fix_id KB kbs QFE qfes Patches installed-updates"
OTHERS = {
    "product": "product Product_Name Application software app",
    "version": "version Version_Number productversion Serial-Number release AdminDisplayVersion",
    "build": "build Build_Number buildno",
    "files": "files File_Versions",
    "os": "os Operating_System platform",
    "site": "site Location",
    "tags": "tags Labels notes",
}


@pytest.mark.parametrize("name", HOSTS.split())
def test_host_column_has_many_names(name: str) -> None:
    assert only(f"{name},product,version,service_pack\nA,Exchange Server,5.5,3\n").host == "A"


@pytest.mark.parametrize("name", PACKS.split())
def test_service_pack_column_has_many_names(name: str) -> None:
    assert only(f"host,product,version,{name}\nA,Exchange Server,5.5,3\n").levels == ("SP3",)


@pytest.mark.parametrize("name", HOTFIXES.split())
def test_hotfix_column_has_many_names(name: str) -> None:
    assert only(f"host,product,version,{name}\nA,Exchange Server,5.5,Q241556\n").hotfixes == ("Q241556",)


@pytest.mark.parametrize(("column", "name"), [(c, n) for c, names in OTHERS.items() for n in names.split()])
def test_other_columns_have_many_names(column: str, name: str) -> None:
    cells = {
        "host": "A",
        "product": "Exchange Server",
        "version": "5.5",
        "build": "2650.24",
        "files": "Store.exe=5.5.2652.42",
        "os": "Windows NT Server 4.0 SP5",
        "site": "Leeds",
        "tags": "lab",
    }
    plain = only(row(**cells))
    renamed = only(row(**{name if key == column else key: value for key, value in cells.items()}))
    assert renamed == plain
    assert renamed.extra == plain.extra
    assert name in {where.column for _, where, _ in renamed.sources} or column in ("site", "tags")


def test_unknown_columns_are_kept() -> None:
    got = only("host,product,version,Owner,Rack\nA,Exchange Server,5.5,Anna,12\n")
    assert dict(got.extra) == {"Owner": "Anna", "Rack": "12"}


def test_sources_name_file_line_and_column_as_written() -> None:
    got = only("Computer Name,Application,Version,CSDVersion\n\nA,Exchange Server,5.5,Service Pack 3\n")
    assert [(c, w.file, w.line, w.column, t) for c, w, t in got.sources] == [
        ("host", "f.csv", 3, "Computer Name", "A"),
        ("product", "f.csv", 3, "Application", "Exchange Server"),
        ("version", "f.csv", 3, "Version", "5.5"),
        ("service_pack", "f.csv", 3, "CSDVersion", "Service Pack 3"),
    ]


def test_thousands_of_columns() -> None:
    names = [f"x{n}" for n in range(5000)]
    got = only(",".join(["host", "product", "version", *names]) + "\nA,Exchange Server,5.5," + ",".join(names) + "\n")
    assert got.product_line == E55
    assert got.extra == tuple((name, name) for name in names)


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_what_is_kept_between_columns_that_tell_is_kept_for_each_row() -> None:
    rows = "".join(f"H{n},Exchange Server,{'North' if n % 2 else 'South'},5.5,SP{n % 4},T{n % 3}\n" for n in range(50))
    fleet = inventory.read_bytes("f.csv", f"host,product,site,version,service_pack,tags\n{rows}".encode())
    for n, each in enumerate(fleet.installations):
        assert dict(each.extra) == {"site": "North" if n % 2 else "South", "tags": f"T{n % 3}"}
        assert each.levels == (f"SP{n % 4}" if n % 4 else "RTM",)


TEXT = "host,product,version,service_pack,site\nGRÄZ1,Exchange Server,5.5,SP3,Köln\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        codecs.BOM_UTF8 + TEXT.encode("utf-8"),
        TEXT.encode("cp1252"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.replace("\n", "\r\n").encode("utf-8"),
        TEXT.replace("\n", "\r").encode("utf-8"),
        TEXT.replace(",", ";").encode("utf-8"),
        TEXT.replace(",", "\t").encode("utf-8"),
        ("\n" + TEXT + "\n,,,,\n").encode("utf-8"),
        pytest.param(
            ("\n \n" + TEXT).encode("utf-8"),
        ),
        TEXT.rstrip("\n").encode("utf-8"),
        TEXT.replace("GRÄZ1", '"GRÄZ1"').encode("utf-8"),
    ],
    ids=[
        "utf-8",
        "utf-8 mark",
        "cp1252",
        "utf-16 le",
        "utf-16 be",
        "utf-16 le no mark",
        "crlf",
        "cr",
        "semicolon",
        "tab",
        "blank lines",
        "two blank lines",
        "no last line end",
        "quoted",
    ],
)
def test_encodings_and_delimiters(data: bytes) -> None:
    read = inventory.read_bytes("f.csv", data)
    (got,) = read.installations
    assert (got.host, got.product_line, got.levels) == ("GRÄZ1", E55, ("SP3",))
    assert dict(got.extra) == {"site": "Köln"}
    assert read.inventories == (("f.csv", hashlib.sha256(data).hexdigest(), 1),)


def test_bytes_that_are_not_what_the_mark_says_are_told() -> None:
    read = inventory.read_bytes("f.csv", codecs.BOM_UTF8 + TEXT.encode("utf-8").replace("ö".encode(), b"\xf6"))
    assert dict(read.installations[0].extra) == {"site": "K\ufffdln"}
    assert messages(read.remarks) == ["f.csv:1: marked as UTF-8, with bytes that are none: read as U+FFFD"]


def test_quoted_line_ends_do_not_shift_line_numbers() -> None:
    read = fleet(
        'host,product,version,service_pack,notes\nA,Exchange Server,5.5,SP3,"one\ntwo\r\nthree"\n'
        'B,Exchange Server,5.5,SP?,x\n"C",Exchange Server,5.5,SP4,\n'
    )
    assert [(i.host, i.sources[0][1].line) for i in read.installations] == [("A", 2), ("C", 6)]
    assert messages(read.refusals) == ['f.csv:5: service_pack "SP?": expected a number, "RTM" or nothing']


UNCLOSED = 'a quote is opened and not closed: expected "..." with each quote in it doubled'


@pytest.mark.parametrize("batch", [1, 2, 1024])
@pytest.mark.parametrize(
    ("rows", "hosts", "refused"),
    [
        ('A,E,5.5,SP3,x|B,E,5.5,SP4,"note|C,E,5.5,SP3,x|D,E,5.5,SP4,x', "A C D", [3]),
        ('A,E,5.5,SP3,"x|B,E,5.5,SP4,x|C,E,5.5,SP3,"y|D,E,5.5,SP4,x', "B D", [2, 4]),
        ('A,E,5.5,SP3,"x|B,E,5.5,SP4,y|C,E,5.5,SP3,z"|D,E,5.5,SP4,x', "B C D", [2]),
        ('"A","E","5.5","SP3","x|"B","E","5.5","SP4","y"|"C","E","5.5","SP3","z"', "B C", [2]),
        ('A,E,5.5,SP3,"one, two|three"|B,E,5.5,SP4,"|"|C,E,5.5,SP3,x', "A B C", []),
        ('A,E,5.5,SP3,"a "loud" note"|B,E,5.5,SP4,19" rack|C,E,5.5,SP3,"x', "A B", [4]),
        ('A,E,5.5,SP3,"x', "", [2]),
        ('A,E,5.5,SP3,"x|B,E,5.5,SP4,y"|C,E,5.5,SP3,x', "B C", [2]),
        ('A,E,5.5,SP3,"one|two, three, four, five, six|a, b, c, d, e"|B,E,5.5,SP3,x', "A B", []),
    ],
    ids=[
        "one",
        "two",
        "closed far below",
        "all quoted",
        "line breaks",
        "quotes inside",
        "at the end",
        "next line",
        "note",
    ],
)
def test_an_unclosed_quote_swallows_no_row(
    rows: str, hosts: str, refused: list[int], batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbcheck.inventory.rows.BATCH", batch)
    text = "host,product,version,service_pack,notes\n" + rows.replace(",E,", ",Exchange Server,").replace(
        '"E"', '"Exchange Server"'
    ).replace("|", "\n")
    read = fleet(text + "\nZ,Exchange Server,5.5,SP4,\n")
    assert [each.host for each in read.installations] == [*hosts.split(), "Z"]
    assert messages(read.refusals) == [f"f.csv:{line}: {UNCLOSED}" for line in refused]
    assert read.inventories[0][2] == len(hosts.split()) + len(refused) + 1


def test_a_quote_that_closes_hundreds_of_lines_below_is_none() -> None:
    rows = "".join(f"H{n},Exchange Server,5.5,SP4\n" for n in range(5000))
    read = fleet(
        'host,product,version,sp,site\nA,Exchange Server,5.5,SP4,"comment\n' + rows + 'B,Exchange Server,5.5,"4"\n'
    )
    assert (len(read.installations), messages(read.refusals)) == (5001, [f"f.csv:2: {UNCLOSED}"])


@pytest.mark.parametrize("batch", [1, 2, 1024])
@pytest.mark.parametrize(
    ("header", "row", "host", "line_end"),
    [
        ("host,product,version,sp,site", 'A,Exchange Server,5.5,SP4,"a\nx,y,z,w,v"', "A", "site"),
        ("host,product,version,sp,site", 'A,Exchange Server,5.5,SP4,"a\nb\n\nx,y,z,w,v"', "A", "site"),
        ("site,host,product,version,sp", '"a\nb",A,Exchange Server,5.5,SP4', "A", "site"),
        ("host,product,version,sp,site", '"a\nb",Exchange Server,5.5,SP4,x', "a\nb", "host"),
        ("host,product,version,sp,site", 'A,Exchange Server,5.5,SP4,"a\r\n""x"",y,z,w,v"', "A", "site"),
    ],
    ids=["last", "of four lines", "first", "host", "quotes inside"],
)
def test_a_line_that_closes_a_quote_is_no_row(
    header: str, row: str, host: str, line_end: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kbcheck.inventory.rows.BATCH", batch)
    cells = dict(zip(header.split(","), next(csv.reader(io.StringIO(row, newline=""))), strict=True))
    behind = [{"host": "Z", "product": "Exchange Server", "version": "5.5", "sp": "SP3"}.get(c, "") for c in cells]
    read = fleet(f"{header}\n{row}\n{','.join(behind)}\n")
    assert messages(read.refusals) == []
    got, last = read.installations
    assert (got.host, got.levels, last.host) == (host, ("SP4",), "Z")
    assert dict(got.extra) == {"site": cells["site"]}
    assert "\n" in cells[line_end]
    assert last.sources[0][1].line == row.count("\n") + 3


def test_a_row_that_would_close_the_quote_of_the_row_before_it_stays_a_row() -> None:
    read = fleet('host,product,version,sp,site\nA,Exchange Server,5.5,SP3,"x\nB,Exchange Server,5.5,SP4,19"\n')
    assert [(each.host, dict(each.extra)) for each in read.installations] == [("B", {"site": '19"'})]
    assert messages(read.refusals) == [f"f.csv:2: {UNCLOSED}"]


def test_nul_bytes_are_text() -> None:
    got = only("host,product,version,service_pack,site\nA\0B,Exchange Server,5.5,SP3,\0\n")
    assert (got.host, got.levels) == ("A\0B", ("SP3",))


def test_a_large_cell_is_kept_whole() -> None:
    text = "x" * 100_000
    assert dict(only(f"host,product,version,notes\nA,Exchange Server,5.5,{text}\n").extra) == {"tags": text}


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("columns", ["host,product,version,notes", "product,host,version,notes", "host,version,files"])
def test_a_cell_that_is_too_long_refuses_its_row(quote: str, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = csv.field_size_limit()
    for module in ("text", "rows"):
        monkeypatch.setattr(f"kbcheck.inventory.{module}.LONGEST", 1000)
    values = {"product": "Exchange Server", "version": "5.5", "notes": "x", "files": "Store.exe=5.5.2653.23"}
    rows = [[values.get(name, f"H{n}") for name in columns.split(",")] for n in range(5)]
    rows[2][-1] = f"{quote}{'x' * 1001}{quote}"
    try:
        read = fleet("\n".join([columns, *map(",".join, rows)]))
    finally:
        csv.field_size_limit(limit)
    assert [each.host for each in read.installations] == ["H0", "H1", "H3", "H4"]
    assert messages(read.refusals) == ["f.csv:4: a cell of more than 1000 characters"]
    assert read.inventories[0][2] == 5


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("4", "SP4"),
        ("SP4", "SP4"),
        ("sp 4", "SP4"),
        ("Service Pack 4", "SP4"),
        ("SERVICE  PACK 4", "SP4"),
        ("4.0", "SP4"),
        (" 3 ", "SP3"),
        ("6a", "SP6a"),
        ("SP6A", "SP6a"),
        ("Service Pack 6a", "SP6a"),
        ("RTM", "RTM"),
        ("rtm", "RTM"),
        ("none", "RTM"),
        ("0", "RTM"),
    ],
)
def test_service_pack_spellings(text: str, level: str) -> None:
    assert only(row(host="A", product="Windows NT Server", version="4.0", service_pack=text)).levels == (level,)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_service_pack_is_unknown(text: str) -> None:
    assert only(row(host="A", product="Exchange Server", version="5.5", service_pack=text)).levels == ()


@pytest.mark.parametrize(
    ("product", "version", "line", "levels"),
    [
        ("Microsoft Exchange Server", "5.5", E55, ()),
        ("Exchange", "5.5", E55, ()),
        ("Microsoft Exchange Server 5.5", "", E55, ()),
        ("Microsoft Exchange Server, version 5.5", "", E55, ()),
        ("Exchange Server 5.5", "5.5", E55, ()),
        ("exchange server", "5.5 SP3", E55, ("SP3",)),
        ("Exchange Server", "5.5 Service Pack 3", E55, ("SP3",)),
        ("Exchange Server 5.5 SP3", "", E55, ("SP3",)),
        ("Exchange Server", "5.0", "Exchange Server 5.0", ()),
        ("Exchange Server", "6.0", "Exchange 2000 Server", ()),
        ("Exchange 2000 Server", "", "Exchange 2000 Server", ()),
        ("Exchange 2000 Server", "6.0", "Exchange 2000 Server", ()),
        ("", "6.0", "Exchange 2000 Server", ()),
        ("", "Version 5.5 (Build 2653.23: Service Pack 4)", E55, ("SP4",)),
        ("Windows NT Server", "4.0", "Windows NT 4.0", ()),
        ("Windows NT Workstation", "4.0 SP6a", "Windows NT 4.0", ("SP6a",)),
        ("Microsoft Office", "97 SR-1", "Office 97", ("SP1",)),
        ("Microsoft Word 97 SR-2", "", "Word 97", ("SP2",)),
        ("Windows 2000 Server", "", "Windows 2000", ()),
        ("Systems Management Server", "2.0", "Systems Management Server 2.0", ()),
        ("Notepad", "7", "Notepad 7", ()),
    ],
)
def test_product_lines(product: str, version: str, line: str, levels: tuple[str, ...]) -> None:
    got = only(row(host="A", product=product, version=version))
    assert (got.product_line, got.levels) == (line, levels)


@pytest.mark.parametrize(
    ("version", "line", "levels", "builds"),
    [
        ("Version 5.5 (Build 2653.23: Service Pack 4)", E55, ("SP4",), ((5, 5, 2653, 23),)),
        ("Version 5.5 (Build 1960.8)", E55, (), ((5, 5, 1960, 8),)),
        ("Version 5.5", E55, (), ()),
        ("version 5.0 (build 1460.13: Service Pack 2)", "Exchange Server 5.0", ("SP2",), ((5, 0, 1460, 13),)),
        ("Version 4.0 (Build 838.15: Service Pack 1)", "Exchange Server 4.0", ("SP1",), ((4, 0, 838, 15),)),
    ],
)
def test_words_of_a_directory(version: str, line: str, levels: tuple[str, ...], builds: tuple[object, ...]) -> None:
    got = only(row(Name="A", AdminDisplayVersion=version, product="Exchange Server"))
    assert (got.product_line, got.levels, got.builds) == (line, levels, builds)


@pytest.mark.parametrize("text", ["2653.23", "5.5.2653.23", "2653:23"])
def test_builds_with_and_without_the_release(text: str) -> None:
    got = only(row(host="A", product="Exchange Server", version="5.5", build=text))
    assert (got.builds, got.foreign) == (((5, 5, 2653, 23),), ())


def test_a_version_may_be_a_whole_build() -> None:
    got = only(row(host="A", product="Exchange Server", version="5.5.2653.23"))
    assert (got.product_line, got.builds) == (E55, ((5, 5, 2653, 23),))


def test_a_build_tells_the_release() -> None:
    assert only(row(host="A", product="Exchange Server", build="5.5.2653.23")).product_line == E55
    assert only(row(host="A", product="", version="", build="5.5.2653.23")).product_line == E55


def test_a_build_of_another_release_is_kept_and_noted() -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", build="5.0.1460.13"))
    assert read.installations[0].builds == ()
    assert read.installations[0].foreign == ("5.0.1460.13",)
    assert messages(read.remarks) == ['f.csv:2: build "5.0.1460.13" is no build of Exchange Server 5.5']


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Q241556;KB248838 268886", ("Q241556", "Q248838", "Q268886")),
        ("Q241556,Q248838", ("Q241556", "Q248838")),
        ("kb241556|q248838", ("Q241556", "Q248838")),
        ("Q241556 Q241556", ("Q241556",)),
        ("Q248838_ENU", ("Q248838",)),
        ("", ()),
    ],
)
def test_hotfix_lists(text: str, found: tuple[str, ...]) -> None:
    assert only(row(host="A", product="Exchange Server", version="5.5", hotfixes=text)).hotfixes == found


@pytest.mark.parametrize(
    "text",
    [
        "Emsmdb32.dll=5.5.2652.61;Store.exe=5.5.2653.23",
        "Store.exe=5.5.2653.23 ; emsmdb32.DLL = 5.5.2652.61;",
        r"C:\exchsrvr\bin\Store.exe=5.5.2653.23|D:\Emsmdb32.dll=5.5.2652.61",
        "Emsmdb32.dll=5.5.2652.61,Store.exe=5.5.2653.23",
        "Emsmdb32.dll 5.5.2652.61;Store.exe 5.5.2653.23",
        f"Emsmdb32.dll{' ' * 200}=\t5.5.2652.61;Store.exe{' ' * 200}5.5.2653.23",
    ],
)
def test_file_lists(text: str) -> None:
    got = only(row(host="A", product="Exchange Server", version="5.5", files=text))
    assert got.files == (
        ("emsmdb32.dll", (5, 5, 2652, 61), "5.5.2652.61"),
        ("store.exe", (5, 5, 2653, 23), "5.5.2653.23"),
    )


@pytest.mark.parametrize(
    "text", [f"a{' ' * 100_000}b c", f"a{' =' * 100_000}", "a b " * 100_000, f"Store.exe{' ' * 600}= 5.5.2653.23"]
)
def test_a_file_of_any_length_is_refused(text: str) -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", files=text))
    assert [each.files for each in read.installations] == [()]
    assert [each.message.endswith("expected name=version; it is left out") for each in read.refusals] == [True]
    with pytest.raises(InventoryError, match="expected a release"):  # nor does it tell the release
        fleet(row(host="A", product="Exchange Server", files=text))


def test_the_operating_system_is_a_platform_and_kept() -> None:
    got = only(row(host="A", product="Exchange Server", version="5.5", os="Windows NT Server 4.0 SP6a"))
    assert got.platform == (("Windows NT 4.0", "SP6a"),)
    assert dict(got.extra) == {"os": "Windows NT Server 4.0 SP6a"}


# --- merging ----------------------------------------------------------------------------------------------------------


def test_long_forms_are_merged_by_host(tmp_path: Path) -> None:
    files = {
        "a.csv": "host,product,version,service_pack\nEXCH1,Exchange Server,5.5,SP3\nEXCH2,Exchange Server,5.5,SP3\n",
        "b.csv": "host,file,file_version\nexch1,Emsmdb32.dll,5.5.2652.61\nEXCH1,Store.exe,5.5.2652.42\n",
        "c.csv": "host,hotfix\nEXCH2,Q241556\nEXCH2,KB248838\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    read = inventory.read([tmp_path])
    assert [(i.host, [f for f, _, _ in i.files], i.hotfixes) for i in read.installations] == [
        ("EXCH1", ["emsmdb32.dll", "store.exe"], ()),
        ("EXCH2", [], ("Q241556", "Q248838")),
    ]
    assert not read.refusals
    assert [(name, rows) for name, _, rows in read.inventories] == [("a.csv", 2), ("b.csv", 2), ("c.csv", 2)]
    backwards = inventory.read([tmp_path / name for name in sorted(files, reverse=True)])
    assert set(backwards.installations) == set(read.installations)


def test_long_forms_of_a_host_without_a_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("host,product,version\nA,Exchange Server,5.5\n")
    (tmp_path / "b.csv").write_text("host,hotfix\nA,Q241556\nB,Q241556\n,Q241556\nA,\n")
    assert messages(inventory.read([tmp_path]).refusals) == [
        "b.csv:3: host 'B': no row gives it a product and a version",
        "b.csv:4: no host name",
        "b.csv:5: expected a hotfix number",
    ]


def test_a_long_row_of_files_is_refused_without_name_or_version(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("host,product,version\nA,Exchange Server,5.5\n")
    (tmp_path / "b.csv").write_text("host,file,file_version\nA,Store.exe,\nA,,5.5.2652.42\n")
    assert messages(inventory.read([tmp_path]).refusals) == [
        "b.csv:2: expected a file name and its version",
        "b.csv:3: expected a file name and its version",
    ]


def test_bundled_long_forms_fit_the_bundled_fleet() -> None:
    folder = SERVERS.parent
    alone = told(inventory.read([SERVERS]))
    read = inventory.read([SERVERS, folder / "files-long.csv", folder / "hotfixes-long.csv"])
    assert {r.file for r in read.refusals} == {"servers.csv"}
    assert {key for key, each in told(read).items() if each != alone[key]} == {
        ("EXCH08", E55),  # Emsmdb32.dll
        ("EXCH10", "Windows NT 4.0"),  # hotfixes and files are given for a host, so for each of its products
        ("EXCH14", E55),  # the other two files of the rollup
    }


def test_bundled_directory_export_agrees_with_the_fleet() -> None:
    listed, export = told(inventory.read([SERVERS])), told(inventory.read([EXPORT]))
    assert set(export) - set(listed) == {("EXCH18", E55)}  # its row in servers.csv is bad on purpose
    different = {key for key in set(export) & set(listed) if export[key].levels != listed[key].levels}
    assert different == {("EXCH05", E55), ("EXCH25", "Exchange 2000 Server")}  # a directory does not say RTM
    assert {export[key].levels for key in different} == {()}


def test_bundled_directory_export_is_read_whole() -> None:
    read = inventory.read([EXPORT])
    assert messages(read.refusals) == []
    assert len(read.installations) == 26


def test_duplicate_rows_are_one_installation() -> None:
    line = "A,Exchange Server,5.5,SP3,2650.24\n"
    read = fleet("host,product,version,service_pack,build\n" + line * 3 + "a,Microsoft Exchange Server 5.5,,3,\n")
    assert len(read.installations) == 1
    assert read.installations[0].levels == ("SP3",)
    assert (read.remarks, read.refusals) == ((), ())
    assert read.inventories[0][2] == 4


def test_two_products_of_a_host_are_two_installations() -> None:
    read = fleet("host,product,version,service_pack\nA,Exchange Server,5.5,SP3\nA,Windows NT Server,4.0,SP6a\n")
    assert [(i.product_line, i.levels) for i in read.installations] == [
        (E55, ("SP3",)),
        ("Windows NT 4.0", ("SP6a",)),
    ]


def test_a_hotfix_that_the_platform_claims_is_on_what_runs_there_alone() -> None:
    """Not on Exchange Server, which has hotfixes of its own; and versions of files count where they are told."""
    read = fleet(
        "host,product,version,service_pack,hotfixes,files\nA,IIS,4.0,,Q200001,\nB,IIS,4.0,,Q241805,\n"
        "A,Windows NT Server,4.0,SP6a,Q244613 Q241805,Infocomm.dll=4.2.728.1\nB,Windows NT Server,4.0,SP3,,\n"
        "A,Exchange Server,5.5,SP3,Q200002,\nC,Windows 2000,,SP3,Q241805,\nC,IIS,4.0,,,\n"
    )
    told = [(each.host, each.product_line, each.hotfixes) for each in read.installations]
    iis, nt = "Internet Information Server 4.0", "Windows NT 4.0"
    assert told == [
        ("A", iis, ("Q200001", "Q241805", "Q244613")),
        ("B", iis, ("Q241805",)),
        ("A", nt, ("Q241805", "Q244613")),
        ("B", nt, ()),
        ("A", E55, ("Q200002",)),
        ("C", "Windows 2000", ("Q241805",)),
        ("C", iis, ()),
    ]
    assert [bool(each.files) for each in read.installations] == [each[1] == nt and each[0] == "A" for each in told]
    places = [
        sorted({where.line for column, where, _ in i.sources if column == "hotfixes"}) for i in read.installations
    ]
    assert places == [[2, 4], [3], [4], [], [6], [7], []]
    assert (read.remarks, read.refusals) == ((), ())


def test_a_hotfix_of_a_long_form_is_shared_once() -> None:
    rows = b"host,product,version,service_pack,hotfixes\nA,Windows NT Server,4.0,SP3,Q100001\nA,IIS,4.0,,\n"
    parts = [inventory.part("f.csv", rows), inventory.part("g.csv", b"host,hotfix\nA,Q200002\n")]
    read = [
        (each.hotfixes, [f"{where.file}:{where.line}" for column, where, _ in each.sources if column == "hotfixes"])
        for each in inventory.merge(parts).installations
    ]
    both = ("Q100001", "Q200002")
    assert read == [(both, ["f.csv:2", "g.csv:2"]), (both, ["g.csv:2", "f.csv:2"])]


def test_hosts_whose_rows_are_alike_share_hotfixes_alike() -> None:
    rows = "host,product,version,service_pack,hotfixes\n"
    for host in "ABC":
        rows += f"{host},IIS,4.0,,\n{host},Windows NT Server,4.0,SP6a,Q241805\n"
    rows += "D,IIS,4.0,,\n\nD,Windows NT Server,4.0,SP6a,Q241805\n"
    read = fleet(rows).installations
    places = [[where.line for column, where, _ in each.sources if column == "hotfixes"] for each in read]
    assert places == [[3], [3], [5], [5], [7], [7], [10], [10]]
    assert all(each.hotfixes == ("Q241805",) for each in read)
    assert len(read.templates) == 4  # the two of the file; one for rows next to each other, one for those apart


def test_contradicting_rows_keep_both_with_both_line_numbers() -> None:
    read = fleet(
        "host,product,version,service_pack,build\nA,Exchange Server,5.5,SP3,2650.24\n\n"
        "A,Exchange Server,5.5,4,2653.23\n"
    )
    (got,) = read.installations
    assert got.levels == ("SP3", "SP4")
    assert got.builds == ((5, 5, 2650, 24), (5, 5, 2653, 23))
    assert messages(read.remarks) == [
        "f.csv:4: A, Exchange Server 5.5: SP4 here, SP3 (line 2) before: both are kept",
        "f.csv:4: A, Exchange Server 5.5: build 5.5.2653.23 here, 5.5.2650.24 (line 2) before: both are kept",
    ]


def test_many_contradicting_rows_name_a_few_of_those_before() -> None:
    rows = [f"A,Exchange Server,5.5,SP{n},2653.{n}\n" for n in range(1, 100)]
    rows += [f"A,Exchange Server,5.5,,2653.{n}\n" for n in range(100, 3000)]
    read = fleet("host,product,version,service_pack,build\n" + "".join(rows))
    (got,) = read.installations
    assert (len(got.levels), len(got.builds)) == (99, 2999)
    said = [message for message in messages(read.remarks) if message.endswith("before: both are kept")]
    assert said[:2] == [
        f"f.csv:3: A, {E55}: SP2 here, SP1 (line 2) before: both are kept",
        f"f.csv:3: A, {E55}: build 5.5.2653.2 here, 5.5.2653.1 (line 2) before: both are kept",
    ]
    packs, builds = "SP1 (line 2), SP2 (line 3), SP3 (line 4)", "5.5.2653.1 (line 2), 5.5.2653.2 (line 3), 5.5.2653.3"
    assert f"f.csv:100: A, {E55}: SP99 here, {packs} and 95 more before: both are kept" in said
    assert (
        said[-1]
        == f"f.csv:3000: A, {E55}: build 5.5.2653.2999 here, {builds} (line 4) and 2995 more before: both are kept"
    )
    assert len(said) == 98 + 2998


def test_a_level_that_many_builds_contradict_names_a_few() -> None:
    builds = "".join(f"A,Exchange Server,5.5,,2650.{n}\n" for n in range(24, 1000))
    read = fleet("host,product,version,service_pack,build\n" + builds + "A,Exchange Server,5.5,SP4,\n" * 1000)
    three = ", ".join(f"build 5.5.2650.{n} is SP3" for n in (24, 25, 26))
    assert messages(read.remarks)[975:] == [
        f"f.csv:978: A, {E55}: SP4 is told, but {three} and 973 more: both are kept"
    ]


def test_of_two_versions_of_a_file_the_lower_counts() -> None:
    read = fleet(
        "host,product,version,files\nA,Exchange Server,5.5,Store.exe=5.5.2653.23\n"
        "A,Exchange Server,5.5,store.EXE=5.5.2652.42\n"
    )
    assert read.installations[0].files == (("store.exe", (5, 5, 2652, 42), "5.5.2652.42"),)
    assert messages(read.remarks) == [
        "f.csv:3: A: store.EXE is given as 5.5.2653.23 and as 5.5.2652.42; the lower one counts"
    ]


# --- refusals ---------------------------------------------------------------------------------------------------------

GOOD = "Z,Exchange Server,5.5,SP4,,,"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A,Exchange Server,5.5,SP?,,,", 'service_pack "SP?": expected a number, "RTM" or nothing'),
        ("A,Exchange Server,5.5,four,,,", 'service_pack "four": expected a number, "RTM" or nothing'),
        (",Exchange Server,5.5,SP3,,,", "no host name"),
        (" ,Exchange Server,5.5,SP3,,,", "no host name"),
        (f"{'h' * 256},Exchange Server,5.5,SP3,,,", "host name of more than 255 characters"),
        ("A,Exchange Server,5.5,SP3,,,,x", "8 cells under 7 columns"),
        (
            "A,Exchange Server,,SP3,,,",
            'product "Exchange Server": expected a release with it, in version (such as 5.5) or build',
        ),
        (
            "A,,,SP3,,,",
            "no product, and neither version nor build tells it: expected for example Exchange Server, 5.5",
        ),
        pytest.param(
            "A,Exchange Server,5.5 SP?,,,,",
            'version "SP?": expected a number, "RTM" or nothing',
        ),
        pytest.param(
            "A,Exchange Server 5.5 SP?,,,,,",
            'product "SP?": expected a number, "RTM" or nothing',
        ),
        (
            "A,Exchange Server 5.5 SP3 on Windows NT 4.0 SP6a,,,,,",
            f'product "{TWO}": expected one service pack in a row',
        ),
        ("A,Exchange Server 5.5 on Windows NT 4.0 SP6a,,,,,", f'product "{TWO[:19]}{TWO[23:]}": {ONE_PRODUCT}'),
        ("A,Exchange Server 5.0/5.5,,,,,", f'product "Exchange Server 5.0/5.5": {ONE_PRODUCT}'),
        ("A,Exchange Server,4.0 5.5,,,,", f'version "4.0 5.5": {ONE_PRODUCT}'),
        ('A,Exchange Server,"5.5, SP4 not installed",,,,', f'version "5.5, SP4 not installed": {INSTALLED}'),
        ("A,Exchange Server 5.5 (SP4 missing),,,,,", f'product "Exchange Server 5.5 (SP4 missing)": {INSTALLED}'),
        ("A,Exchange Server,5.5 pre-SP4,,,,", f'version "5.5 pre-SP4": {INSTALLED}'),
        ("A,Exchange Server,5.5 needs SP4,,,,", f'version "5.5 needs SP4": {INSTALLED}'),
        ("A,Exchange 5.5 and 2000,,SP1,,,", f'product "Exchange 5.5 and 2000": {ONE_PRODUCT}'),
        (
            "A,Exchange Server,5.5 SP3 (NT 4.0 SP6a),,,,",
            'version "5.5 SP3 (NT 4.0 SP6a)": expected one service pack in a row',
        ),
        (
            "A,Exchange Server 5.5 SP2 SP4,,,,,",
            'product "Exchange Server 5.5 SP2 SP4": expected one service pack in a row',
        ),
        ("A,Exchange Server,5.0/5.5,SP2,,,", 'version "5.0/5.5": expected one product and release in a row'),
        ("A,Exchange Server,5.0 and 5.5,SP2,,,", 'version "5.0 and 5.5": expected one product and release in a row'),
        # LATIN SMALL LETTER LONG S, which is an s in another case
        ("A,Exchange Server,5.5,SP4\u017f,,,", 'service_pack "SP4\u017f": expected a number, "RTM" or nothing'),
        ("A,Exchange Server,5.5,SP\u0664,,,", 'service_pack "SP\u0664": expected a number, "RTM" or nothing'),
    ],
)
def test_refused_rows(line: str, message: str) -> None:
    read = fleet(f"host,product,version,service_pack,build,hotfixes,files\n{GOOD}\n{line}\n")
    assert [i.host for i in read.installations] == ["Z"]
    assert messages(read.refusals) == [f"f.csv:3: {message}"]
    assert read.inventories[0][2] == 2


@pytest.mark.parametrize(
    ("row", "line", "level", "remark"),
    [
        ('"Exchange 5.5\nSP4",', E55, "SP4", None),
        ('Exchange Server,"5.5\nSP4"', E55, "SP4", None),
        (
            "Exchange 5.5 SP3 + hotfix Q268886,",
            E55,
            "SP3",
            'product: "+ hotfix Q268886" behind the service pack is not read',
        ),
        ("Exchange Server 5.5 (SP3),", E55, "SP3", None),
        ("SP6a Windows NT,4.0", NT, "SP6a", None),
        ("Service Pack 4 for SNA Server,4.0", "SNA Server 4.0", "SP4", None),
        ("Exchange Server,5.5 SP04 (Service Pack 4)", E55, "SP4", None),
        ("Exchange Server,5.5 SP4 (Build 2653)", E55, "SP4", None),
        ('Exchange Server,"5.5, 2653.23"', E55, "", None),
        ("Exchange Server,5.5 SP? (unknown)", E55, "", None),
        ("Microsoft Outlook 98 for Windows 95,", "Outlook 98", None, None),
        ("Microsoft Exchange Server 5.5 SP3 for Windows NT 4.0,", E55, "SP3", FOR_NT),
        ("Visual Basic 6.0 (Visual Studio 6.0),", "Visual Basic 6.0", None, None),
        ("Microsoft SQL Server 7.0 on Windows NT 4.0,", "SQL Server 7.0", None, None),
        ("Outlook 98 for Windows 95,", "Outlook 98", None, None),
    ],
)
def test_what_stands_around_a_service_pack(row: str, line: str, level: str | None, remark: str | None) -> None:
    read = fleet(f"host,product,version\nA,{row}\n")
    assert [(i.product_line, i.levels) for i in read.installations] == [(line, (level,) if level else ())]
    assert messages(read.remarks) == ([f"f.csv:2: {remark}"] if remark else [])


@pytest.mark.parametrize(
    ("system", "platform", "told"),
    [
        ("Windows NT 4.0 SP6a", ("Windows NT 4.0", "SP6a"), False),
        ("NT4 SP6a", ("Windows NT 4.0", "SP6a"), False),
        ("Microsoft Windows NT Server 4.00.1381 Service Pack 6", ("Windows NT 4.0", "SP6"), False),
        ("Win2k SP2", ("Windows 2000", "SP2"), False),
        ("Windows NT 4.0 Service Pack 6a (Build 1381)", ("Windows NT 4.0", "SP6a"), False),
        ("Windwos NT 4.0 SP6a", None, True),
        ("WinNT", None, True),
        ("Linux", None, False),
    ],
)
def test_an_operating_system(system: str, platform: tuple[str, str] | None, told: bool) -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", os=system))
    assert read.installations[0].platform == ((platform,) if platform else ())
    expected = f'f.csv:2: os "{system}": expected such as Windows NT 4.0 SP6a; it is not read'
    assert messages(read.remarks) == ([expected] if told else [])


@pytest.mark.parametrize(
    "system", ["Windows NT 4.0 SP3 / Windows 2000 SP6", "Windows NT 4.0, Windows 2000 SP3", "Windows NT 4.0 SP3 SP6a"]
)
def test_an_operating_system_that_is_two_is_none(system: str) -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", os=f'"{system}"'))
    assert read.installations[0].platform == ()
    assert re.fullmatch(r'f.csv:2: os ".*": expected one .*; it is not read', messages(read.remarks)[0])


@pytest.mark.parametrize("title", ["Prodct", "Products"])
def test_without_a_product_column_a_mistyped_one_stops(title: str) -> None:
    with pytest.raises(InventoryError, match=f'^f.csv:1: column 2, "{title}", is not known: expected product'):
        fleet(f"host,{title},version\nA,Windows 2000,5.0\n")
    assert fleet("host,Produkt,version\nA,Windows 2000,5.0\n").installations[0].product_line == "Windows 2000"
    assert fleet(f"host,product,{title},version\nA,Exchange Server,x,5.5\n").installations[0].product_line == E55


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "A,Exchange Server,5.5,SP3,newest,,",
            'build "newest": expected a number such as 2653.23; the cell is left out',
        ),
        (
            "A,Exchange Server,5.5,SP3,,none Q241556,",
            'hotfixes "none": expected an article number such as Q241556; it is left out',
        ),
        (
            "A,Exchange Server,5.5,SP3,,Q\u06624155\u0666,",
            'hotfixes "Q\u06624155\u0666": expected an article number such as Q241556; it is left out',
        ),
        ("A,Exchange Server,5.5,SP3,,,Store.exe", 'files "Store.exe": expected name=version; it is left out'),
        ("A,Exchange Server,5.5,SP3,,,Store.exe=x", 'files "Store.exe=x": expected name=version; it is left out'),
        (
            "A,Exchange Server,5.5,SP3,,,a.dll 5.5.2652.61 b.exe 5.5.2653.23",
            'files "a.dll 5.5.2652.61 b.exe 5.5.2653.23": expected name=version; it is left out',
        ),
    ],
)
def test_refused_cells_leave_the_row(line: str, message: str) -> None:
    read = fleet(f"host,product,version,service_pack,build,hotfixes,files\n{line}\n")
    assert [(i.host, i.levels) for i in read.installations] == [("A", ("SP3",))]
    assert messages(read.refusals) == [f"f.csv:2: {message}"]


def test_a_long_cell_is_cut_in_the_message() -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", build="9" * 100))
    assert [len(r.message) < 150 and "9..." in r.message for r in read.refusals] == [True]


def test_a_service_release_is_a_level_of_office_only() -> None:
    for name, told, level in (
        ("Office 97", "SR-1", "SP1"),
        ("Word 97", "SR-2b", "SP2"),
        ("Office 2000", "SR-1a", "SP1"),
    ):
        read = fleet(row(host="A", product=name, service_pack=told))
        assert (read.installations[0].levels, messages(read.remarks)) == ((level,), [])
    with pytest.raises(InventoryError, match='service_pack "SR-4"'):
        fleet(row(host="A", product="Exchange Server", version="5.5", service_pack="SR-4"))
    assert fleet(row(host="A", product="Windows 95 OEM Service Release 2")).installations[0].levels == ()


@pytest.mark.parametrize(("level", "counted"), [("SP9", "as later than all known ones"), ("SP2a", "by its number")])
def test_a_service_pack_that_is_not_known_is_noted(level: str, counted: str) -> None:
    read = fleet(row(host="A", product="Exchange Server", version="5.5", service_pack=level))
    assert read.installations[0].levels == (level,)
    assert messages(read.remarks) == [
        f"f.csv:2: Exchange Server 5.5 {level}: no such service pack is known; it counts {counted}"
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "f.csv: empty inventory"),
        (b" \r\n\n", "f.csv: empty inventory"),
        (
            b"product,version\nExchange Server,5.5\n",
            "f.csv:1: no host column among product, version; "
            'expected a header such as "host,product,version,service_pack"',
        ),
        (
            b"host,site\nA,Leeds\n",
            "f.csv:1: no column tells a version; expected one of version, service_pack, build, files",
        ),
        (b"host,product,version\n", "no installation in f.csv"),
        (b"host,product,version\n,,\n", "no installation in f.csv"),
        (
            b"host,product,version,sp\nA,Exchange Server,5.5,x\n",
            'no installation in f.csv; first refused: f.csv:2: sp "x": expected a number, "RTM" or nothing',
        ),
    ],
)
def test_what_is_no_inventory(data: bytes, message: str) -> None:
    with pytest.raises(InventoryError) as caught:
        inventory.read_bytes("f.csv", data)
    assert str(caught.value) == message


def test_folder_without_tables(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("host,version")
    with pytest.raises(InventoryError, match=r"a folder without \.csv files$"):
        inventory.read([tmp_path])


def test_of_a_folder_only_tables_are_read(tmp_path: Path) -> None:
    for name in ("a.csv", "B.CSV", "NOTES.txt", "c.tsv"):
        (tmp_path / name).write_text(f"host,product,version\n{name},Exchange Server,5.5\n")
    read = inventory.read([tmp_path])
    assert [name for name, _, _ in read.inventories] == ["B.CSV", "a.csv"]
    named = inventory.read([tmp_path / "NOTES.txt"])  # whatever its name
    assert [each.host for each in named.installations] == ["NOTES.txt"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inventory.read([tmp_path / "none.csv"])


# --- laws -------------------------------------------------------------------------------------------------------------

HEADERS = st.sampled_from(
    [
        "host,product,version,service_pack,build\n",
        "host;files;hotfixes\n",
        "host,product,version\nA,Exchange Server,5.5\n",
        "host,hotfix\n",
        "",
    ]
)
BODIES = st.text(st.sampled_from('AQ5.\0"=;,\t\n\rSP?\x1b\u2028é') | st.characters(codec="utf-8"), max_size=80)


@given(st.binary(max_size=200) | st.builds(lambda h, b: (h + b).encode(), HEADERS, BODIES))
@example(b"host,hotfix\nA")
@example(b"host,file,file_version\nA")
@example(b"\xff\xfe\x00")
@example(b"\xff\xfe\x00\xd8,\x00")
@example(b"h\0")
@example(b'host,version\n"A')
def test_any_bytes_give_a_fleet_or_our_error(data: bytes) -> None:
    try:
        read = inventory.read_bytes("f.csv", data)
    except InventoryError:
        return
    assert read.installations
    assert all(each.host and each.product_line and each.sources for each in read.installations)


COLUMNS = ("host", "product", "version", "service_pack", "build", "hotfixes", "files", "os", "Owner")
CELLS = st.tuples(
    st.sampled_from("ABC"),
    st.sampled_from(["Exchange Server", "Microsoft Exchange Server", "Windows NT Server", ""]),
    st.sampled_from(["5.5", "4.0", "5.5 SP3", "6.0", ""]),
    st.sampled_from(["SP3", "4", "RTM", "", "SP?", "12"]),
    st.sampled_from(["2650.24", "5.5.2653.23", "", "994.64", "x"]),
    st.sampled_from(["", "Q241556", "Q248838;KB268886", "none"]),
    st.sampled_from(["", "Store.exe=5.5.2653.23", "store.exe=5.5.2652.42;Emsmdb32.dll=5.5.2652.61", "Store.exe"]),
    st.sampled_from(["", "Windows NT Server 4.0 SP6a", "Windows NT Server 4.0", "OS/2"]),
    st.text(string.ascii_letters, max_size=3),
)


def table(columns: list[int], rows: list[tuple[str, ...]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([COLUMNS[i] for i in columns])
    writer.writerows([[cells[i] for i in columns] for cells in rows])
    return buffer.getvalue().encode()


@given(st.lists(CELLS, min_size=1, max_size=6), st.data())
def test_order_and_repetition_never_change_the_installations(rows: list[tuple[str, ...]], data: st.DataObject) -> None:
    columns = list(range(len(COLUMNS)))
    mixed_columns = data.draw(st.permutations(columns))
    repeated = rows + data.draw(st.lists(st.sampled_from(rows), max_size=3))
    mixed_rows = data.draw(st.permutations(repeated))

    def installations(columns: list[int], rows: list[tuple[str, ...]]) -> set[Installation] | None:
        try:
            return set(inventory.read_bytes("f.csv", table(columns, rows)).installations)
        except InventoryError:
            return None

    assert installations(mixed_columns, mixed_rows) == installations(columns, rows)


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_nothing_vanishes(rows: list[tuple[str, ...]]) -> None:
    """Each row is an installation's source or refused."""
    try:
        read = inventory.read_bytes("f.csv", table(list(range(len(COLUMNS))), rows))
    except InventoryError:
        return
    lines = {where.line for each in read.installations for _, where, _ in each.sources}
    assert lines | {r.line for r in read.refusals} == set(range(2, len(rows) + 2))


@given(st.lists(CELLS, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from(",\t"), st.data())
def test_rows_read_at_once_are_the_rows_read_cell_by_cell(
    rows: list[tuple[str, ...]], end: str, delimiter: str, data: st.DataObject
) -> None:
    """Lines without a quote are read by spans of columns; a quote anywhere makes all cells be read."""
    order = [0, *data.draw(st.permutations(range(1, len(COLUMNS))))][: data.draw(st.integers(2, len(COLUMNS)))]
    rows = [tuple(row[place] for place in order) for row in rows]
    many = [row for row in rows for _ in range(data.draw(st.sampled_from([1, 2, 300])))]
    width = len(order)
    odd = [("",) * width, ("A", *[""] * (width - 1)), ("A" * 256, *rows[0][1:]), rows[0][:-1], rows[-1][:1]]
    many[len(many) // 2 : 0] = data.draw(st.sampled_from([[], *([each] for each in odd), [(*rows[0], "more")]]))

    def read(quoting: int) -> inventory.Fleet | str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
        writer.writerow([COLUMNS[place] for place in order])
        writer.writerows(many)
        try:
            return inventory.read_bytes("f.csv", buffer.getvalue().encode())
        except InventoryError as error:
            return str(error)

    plain, quoted = read(csv.QUOTE_NONE), read(csv.QUOTE_ALL)
    if isinstance(plain, str) or isinstance(quoted, str):
        assert plain == quoted
        return
    assert list(plain.installations) == list(quoted.installations)
    assert [each.sources for each in plain.installations] == [each.sources for each in quoted.installations]
    assert [each.extra for each in plain.installations] == [each.extra for each in quoted.installations]
    assert (plain.refusals, plain.remarks, plain.together) == (quoted.refusals, quoted.remarks, quoted.together)
    assert [count for _, _, count in plain.inventories] == [count for _, _, count in quoted.inventories]


@pytest.mark.parametrize(
    "columns",
    [
        "host product version service_pack os Owner",
        "host product version service_pack Owner",
        "host Owner Rack product version service_pack",
        "host Owner product version os service_pack Rack",
        "host product version service_pack os",
        "host product version service_pack",
        "host product Owner",
        "host Owner product",
        "product version host Owner",
    ],
)
@pytest.mark.parametrize("cells", [0, -1, -2, 1, -9])
def test_rows_of_another_width_among_others(columns: str, cells: int) -> None:
    """A row with more or fewer cells than the header is refused or filled up, whatever stands around it."""
    names = columns.split()
    values = {"product": "Exchange Server 5.5", "version": "5.5", "service_pack": "SP3", "os": "Windows NT 4.0 SP6"}
    rows = [[f"H{n}" if name == "host" else values.get(name, f"{name} {n % 3}") for name in names] for n in range(40)]
    rows[20] = [*rows[20], "more"] if cells > 0 else rows[20][: max(len(names) + cells, 1)]

    def read(quote: str) -> inventory.Fleet:
        lines = (",".join(f"{quote}{cell}{quote}" for cell in row) for row in [names, *rows])
        return inventory.read_bytes("f.csv", "\n".join(lines).encode())

    plain, quoted = read(""), read('"')  # cells with quotes are read one by one
    assert [(each.host, each.levels, each.extra) for each in plain.installations] == [
        (each.host, each.levels, each.extra) for each in quoted.installations
    ]
    assert messages(plain.refusals) == messages(quoted.refusals)
    assert len(plain.installations) + len(plain.refusals) == 40


@pytest.mark.parametrize("unique", [False, True])
def test_many_rows_at_once(unique: bool) -> None:
    """More rows than a batch; told each in a way of its own, or all but a few alike."""
    owner = (lambda n: f"owner {n}") if unique else (lambda n: "somebody")
    rows = [f"H{n},Exchange Server,5.5,SP{n % 5},{owner(n)}\n" for n in range(30_000)]
    rows[20_000] = "H20000,Exchange Server,5.5,SP?,nobody\n"
    read = inventory.read_bytes("f.csv", ("host,product,version,service_pack,Owner\n" + "".join(rows)).encode())
    assert [(r.line, r.message) for r in read.refusals] == [
        (20_002, 'service_pack "SP?": expected a number, "RTM" or nothing')
    ]
    assert len(read.installations) == read.installations.host_count == 29_999
    last = read.installations[-1]
    assert (last.host, last.levels, last.extra) == ("H29999", ("SP4",), (("Owner", owner(29_999)),))
    assert last.sources[0][1].line == 30_001
    assert read.inventories[0][2] == 30_000


@pytest.mark.parametrize("above", ["", "\n", ",,,\n", "\n , ,\n\n", '"",\n'])
def test_blank_rows_above_the_header(above: str) -> None:
    read = inventory.read_bytes("f.csv", f"{above}host,product,version\nA,Exchange Server,5.5\n".encode())
    assert read.installations[0].sources[0][1].line == 2 + above.count("\n")


def test_a_header_that_csv_refuses() -> None:
    with pytest.raises(InventoryError, match=r"^f\.csv:1: field larger than field limit"):
        inventory.read_bytes("f.csv", b"host," + b"x" * (17 * 1024 * 1024) + b"\nA,1\n")


def test_a_header_with_long_names_is_read() -> None:
    read = inventory.read_bytes("f.csv", b"host,version," + b"x" * 200_000 + b"\nA,5.5,1\n")
    assert read.installations[0].host == "A"


# --- what is told of rows that are read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "meant"),
    [
        ("Exchnage Server", "Exchange Server"),
        ("Microsoft Exchange Sever 5.5", "Exchange Server"),
        ("Windws NT", "Windows NT"),
        ("SQL Srver", "SQL Server"),
    ],
)
def test_a_mistyped_product_is_refused(product: str, meant: str) -> None:
    read = fleet(f"host,product,version\nA,{product},5.5\nB,Exchange Server,5.5\n")
    assert [each.host for each in read.installations] == ["B"]
    assert messages(read.refusals) == [f'f.csv:2: product "{product}": no such product is known; expected {meant}?']
    assert [each.host for each in read.refusals] == ["A"]


@pytest.mark.parametrize("product", ["Notepad", "Lotus Notes", "Oracle Server", "Exchange Server", "Visual C#.NET"])
def test_other_products_are_taken_as_they_are(product: str) -> None:
    assert only(f"host,product,version\nA,{product},5.5\n").product_line == f"{product} 5.5"


@pytest.mark.parametrize("version", ["5.5", "V5.5", "v 5.5", "Ver. 5.5", "Version 5.5", "05.5"])
def test_spellings_of_a_version(version: str) -> None:
    assert only(f"host,product,version\nA,Exchange Server,{version}\n").product_line == E55


def test_a_service_pack_and_a_build_that_disagree_are_noted() -> None:
    read = fleet(
        "host,product,version,service_pack,build\nA,Exchange Server,5.5,SP4,2650.24\n"
        "B,Exchange Server,5.5,SP3,2650.24\n"
        "C,Exchange Server,5.5,SP4,\nc,Exchange Server,5.5,,5.5.2650.24\n"
    )
    assert messages(read.remarks) == [
        "f.csv:2: SP4 is told, but build 5.5.2650.24 is SP3: both are kept",
        f"f.csv:5: C, {E55}: SP4 is told, but build 5.5.2650.24 is SP3: both are kept",
    ]


def test_two_systems_of_one_host_that_disagree_are_noted() -> None:
    head = "host,product,version,os\nA,Exchange Server,5.5,Windows NT 4.0 SP5\nA,Exchange Server,5.5,"
    (remark,) = messages(fleet(head + "Windows NT 4.0 SP6\n").remarks)
    assert remark == f"f.csv:3: A, {E55}: Windows NT 4.0 SP6 here, SP5 before: its level is left open"
    assert fleet(head + "Windows NT 4.0\n").remarks == ()


def test_a_second_column_of_one_meaning_is_noted() -> None:
    read = fleet("host,product,version,service_pack,SP,note,note\nA,Exchange Server,5.5,SP3,SP4,x,y\n")
    assert messages(read.remarks) == ['f.csv:1: column 5, "SP", is not read: service_pack is in column 4']
    (got,) = read.installations
    assert got.levels == ("SP3",)
    assert dict(got.extra) == {"SP": "SP4", "note (column 6)": "x", "note (column 7)": "y"}


def test_a_row_may_have_files_in_both_forms() -> None:
    got = only(
        "host,product,version,files,file,file_version\nA,Exchange Server,5.5,a.dll=5.5.2650.1,b.dll,5.5.2651.2\n"
    )
    assert [(name, text) for name, _, text in got.files] == [("a.dll", "5.5.2650.1"), ("b.dll", "5.5.2651.2")]


@pytest.mark.parametrize("between", [";", "|", ","])
def test_files_tell_the_release(between: str) -> None:
    files = f"Store.exe=5.5.2650.1{between}Mdbmsg.dll=5.5.2651.2"
    assert only(f'host,product,files\nA,Exchange Server,"{files}"\n').product_line == E55


@pytest.mark.parametrize("text", ["-", "--", "n/a", "N/A", "unknown", "Not Known", "NULL", "#N/A"])
@pytest.mark.parametrize("column", ["service_pack", "build", "hotfixes", "files", "os"])
def test_words_for_nothing_are_nothing(column: str, text: str) -> None:
    read = fleet(f"host,product,version,{column}\nA,Exchange Server,5.5,{text}\n")
    assert (read.refusals, read.remarks) == ((), ())
    (got,) = read.installations
    assert (got.levels, got.builds, got.hotfixes, got.files, got.platform) == ((), (), (), (), ())


@pytest.mark.parametrize(
    "head",
    [
        "sep=\n",
        'sep="\n',
        "#TYPE System.Management.Automation.PSCustomObject\n",
        "sep=,\n",
        '"sep=,"\n',
        "\n#TYPE Selected.X\n\nSEP=,\n",
    ],
)
def test_what_programs_write_above_the_header_is_passed_over(head: str) -> None:
    read = fleet(head + "PSComputerName,product,version,site\nA,Exchange Server,5.5,a;b;c;d;e\n")
    (got,) = read.installations
    assert (got.host, dict(got.extra)) == ("A", {"site": "a;b;c;d;e"})
    assert got.sources[0][1].line == head.count("\n") + 2


def test_the_separator_may_be_told() -> None:
    assert only("sep=|\nhost|product|version\nA|Exchange Server|5.5\n").product_line == E55


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "f.csv")
        paths[-1].write_text(
            f"host,product,version,sp\n{folder},Exchange Server,5.5,SP?\n{folder}2,Exchange Server,5.5,4\n"
        )
    read = inventory.read(paths)
    assert [name for name, _, _ in read.inventories] == [str(path) for path in paths]
    assert [each.file for each in read.refusals] == [str(path) for path in paths]
    assert [name for name, _, _ in inventory.read(paths[:1]).inventories] == ["f.csv"]


def test_a_mistyped_column_is_noted() -> None:
    read = fleet("host,product,version,sevice_pack,sites,owner\nA,Exchange Server,5.5,SP3,x,y\n")
    assert messages(read.remarks) == ['f.csv:1: column 4, "sevice_pack", is not known: expected service_pack?']
    assert dict(read.installations[0].extra) == {"sevice_pack": "SP3", "sites": "x", "owner": "y"}


@pytest.mark.parametrize(
    ("product", "version", "build"),
    [
        ("Exchange Server", "5,5", "2650,24"),
        ("Exchange Server 5,5", "", "5,5,2650,24"),
        ("Exchange Server", "Version 5,5", "5.5.2650.24"),
    ],
)
def test_numbers_with_commas_are_read(product: str, version: str, build: str) -> None:
    got = only(f"host;product;version;build\nA;{product};{version};{build}\n")
    assert (got.product_line, got.builds) == (E55, ((5, 5, 2650, 24),))


@pytest.mark.parametrize("version", ["5.6", "5.55", "5.mai", "5.5x", "3.0"])
def test_a_release_that_never_was_is_refused(version: str) -> None:
    read = fleet(f"host,product,version\nA,Exchange Server,{version}\nB,Exchange Server,5.5\n")
    assert [each.host for each in read.installations] == ["B"]
    (message,) = messages(read.refusals)
    assert message.startswith(f'f.csv:2: version "{version}": Exchange Server has no such release; expected ')
    assert "5.5" in message


@pytest.mark.parametrize("version", ["2003", "6.5", "8.0", "15.1"])
def test_a_newer_release_is_taken_as_it_is(version: str) -> None:
    assert only(f"host,product,version\nA,Exchange Server,{version}\n").product_line == f"Exchange Server {version}"


def test_columns_that_contradict_each_other_are_noted() -> None:
    read = fleet(
        "host,product,version,sp\nA,Exchange Server 5.5,5.0,SP2\nB,Exchange Server,5.5 SP2,SP3\n"
        "C,Exchange Server 5.5,5.5,SP3\nD,Exchange 2000 Server,6.0,SP1\n"
    )
    assert messages(read.remarks) == [
        f'f.csv:2: version "5.0" is not that of "Exchange Server 5.5": taken as {E55}',
        "f.csv:3: SP2 and SP3 are told: both are kept",
    ]


def test_what_contradicts_a_row_of_another_file_names_that_file(tmp_path: Path) -> None:
    for name, pack in (("a.csv", "SP3"), ("b.csv", "SP4")):
        (tmp_path / name).write_text(f"host,product,version,sp\nA,Exchange Server,5.5,{pack}\n")
    read = inventory.read([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert messages(read.remarks) == [f"b.csv:2: A, {E55}: SP4 here, SP3 (a.csv:2) before: both are kept"]


def test_a_contradiction_names_the_file_that_tells_the_other_level(tmp_path: Path) -> None:
    for name, pack, build in (
        ("a.csv", "", ""),
        ("b.csv", "SP3", ""),
        ("c.csv", "SP4", "2653.23"),
        ("d.csv", "", "2653.28"),
    ):
        (tmp_path / name).write_text(f"host,product,version,sp,build\nA,Exchange Server,5.5,{pack},{build}\n")
    assert messages(inventory.read([tmp_path]).remarks) == [
        f"c.csv:2: A, {E55}: SP4 here, SP3 (b.csv:2) before: both are kept",
        f"d.csv:2: A, {E55}: build 5.5.2653.28 here, 5.5.2653.23 (c.csv:2) before: both are kept",
    ]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("SQL Server,7", "SQL Server 7.0"),
        ("SQL Server 7,", "SQL Server 7.0"),
        ("SQL Server 7,7", "SQL Server 7.0"),
        ("IIS,4", "Internet Information Server 4.0"),
        ("Proxy Server,2", "Proxy Server 2.0"),
        ("SQL Server,2000", "SQL Server 2000"),
        ("Exchange Server,5", "Exchange Server 5.0"),
        ("Windows NT Terminal Server,4.0", "Windows NT Server 4.0, Terminal Server Edition"),
    ],
)
def test_a_release_that_a_spreadsheet_made_a_whole_number(row: str, line: str) -> None:
    fleet = inventory.read_bytes("f.csv", f"host,product,version\nA,{row}\n".encode())
    assert [each.product_line for each in fleet.installations] == [line]
