"""Product lines, levels, builds and names: what is ordered, what is equal, and where each figure comes from."""

import datetime
import importlib.resources
import itertools
import re
import tomllib

import pytest
from examples import E40, E50, E55, E2000, NT, SMS20, SNA30, SNA40, TSE
from hypothesis import given
from hypothesis import strategies as st

from kbcheck import product

LINE = product.line(E55)

# --- levels -----------------------------------------------------------------------------------------------------------

SORTED_LEVELS = ["RTM", "SP1", "SP1a", "SP2", "SP3", "SP4", "SP5", "SP6", "SP6a", "SP6b", "SP7", "SP9", "SP10", "SP11"]


def test_levels_in_sorted_order():
    """Each pair is compared, both ways; SP10 stands after SP9."""
    for (i, one), (j, two) in itertools.product(enumerate(SORTED_LEVELS), repeat=2):
        assert (product.level_key(one) < product.level_key(two)) == (i < j)
        assert (product.level_key(one) == product.level_key(two)) == (i == j)


@pytest.mark.parametrize(
    "text", ["", "SP", "sp1", "SP-1", "SP1 ", " RTM", "rtm", "4", "SP6ab", "SP6A", "Service Pack 1"]
)
def test_other_texts_are_no_level(text):
    with pytest.raises(ValueError, match=r"^no level: "):
        product.level_key(text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("4", "SP4"),
        ("SP4", "SP4"),
        ("sp4", "SP4"),
        ("SP 4", "SP4"),
        (" Service   Pack 4 ", "SP4"),
        ("service pack 4", "SP4"),
        ("ServicePack4", "SP4"),
        ("Service Pack 4.0", "SP4"),
        ("6a", "SP6a"),
        ("SP6A", "SP6a"),
        ("Service Pack 6a", "SP6a"),
        ("04", "SP4"),
        ("10", "SP10"),
        ("RTM", "RTM"),
        ("rtm", "RTM"),
        ("Gold", "RTM"),
        ("none", "RTM"),
        ("No Service Pack", "RTM"),
        ("0", "RTM"),
        ("SP0", "RTM"),
        ("00", "RTM"),
        ("", None),
        ("unknown", None),
        ("5.5", None),
        ("SP", None),
        ("SP4+", None),
        ("SP4 SP3", None),
        ("-1", None),
        ("2653.23", None),
        ("123", None),
    ],
)
def test_parse_level(text, level):
    assert product.parse_level(text) == level


@given(st.integers(1, 99), st.sampled_from(["", "a", "b"]), st.sampled_from(["", "SP", "sp ", "Service Pack "]))
def test_a_written_level_is_read_back(number, letter, prefix):
    level = product.parse_level(f"{prefix}{number}{letter}")
    assert level == f"SP{number}{letter}"
    assert product.level_key(level) == (number, letter)


@given(st.text(max_size=20))
def test_any_text_gives_a_level_or_none(text):
    level = product.parse_level(text)
    assert level is None or product.level_key(level) >= (0, "")


# --- builds -----------------------------------------------------------------------------------------------------------

SORTED_BUILDS = [
    (),
    (5,),
    (5, 5),
    (5, 5, 1960),
    (5, 5, 1960, 4),
    (5, 5, 2232),
    (5, 5, 10000),
    (5, 10),
    (6,),
    (10, 0, 1),
]


def test_builds_in_sorted_order():
    for (i, one), (j, two) in itertools.product(enumerate(SORTED_BUILDS), repeat=2):
        assert (product.build_key(one) < product.build_key(two)) == (i < j)


@given(st.lists(st.integers(0, 99999), max_size=5), st.integers(0, 4))
def test_trailing_zeros_do_not_count(numbers, zeros):
    assert product.build_key((*numbers, *[0] * zeros)) == product.build_key(tuple(numbers))


def test_other_zeros_count():
    assert product.build_key((5, 0, 1457)) == (5, 0, 1457)
    assert product.build_key((0, 0, 1)) != product.build_key((0, 1))
    assert product.build_key((0, 0)) == ()


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("5.5.2653.23", (5, 5, 2653, 23)),
        (" 2653.23 ", (2653, 23)),
        ("4.00.1381", (4, 0, 1381)),
        ("1", (1,)),
        ("1.2.3.4.5.6", (1, 2, 3, 4, 5, 6)),
        ("1.2.3.4.5.6.7", ()),
        ("999999999", (999999999,)),
        ("1000000000", ()),
        ("", ()),
        ("5.", ()),
        (".5", ()),
        ("5..5", ()),
        ("5,5", ()),
        ("5.5a", ()),
        ("-5.5", ()),
        ("N/A", ()),
    ],
)
def test_parse_build(text, build):
    assert product.parse_build(text) == build


@pytest.mark.parametrize(
    ("build", "level"),
    [
        ((5, 5, 1959, 9), None),
        ((5, 5, 1960), "RTM"),
        ((5, 5, 1960, 4), "RTM"),
        ((5, 5, 2231, 999), "RTM"),
        ((5, 5, 2232), "SP1"),
        ((5, 5, 2447), "SP1"),
        ((5, 5, 2448, 0), "SP2"),
        ((5, 5, 2649, 99), "SP2"),
        ((5, 5, 2650), "SP3"),
        ((5, 5, 2650, 24), "SP3"),
        ((5, 5, 2652, 61), "SP3"),
        ((5, 5, 2653), "SP4"),
        ((5, 5, 2653, 23), "SP4"),
        ((5, 5, 2654, 54), "SP4"),
        ((5, 0, 1460, 13), None),
        ((6, 0, 4417), None),
        ((5, 5), None),
        ((), None),
    ],
)
def test_the_level_of_a_build(build, level):
    assert product.level_of_build(LINE, build) == level


@pytest.mark.parametrize(
    ("name", "build", "level"),
    [
        (E40, (4, 0, 837), "RTM"),
        (E40, (4, 0, 838, 15), "SP1"),
        (E40, (4, 0, 996), "SP5"),
        (E50, (5, 0, 1457, 10), "RTM"),
        (E50, (5, 0, 1460, 13), "SP2"),
        (NT, (4, 0, 1381, 7000), None),
        ("A Product of No List", (1, 2, 3), None),
    ],
)
def test_the_level_of_a_build_of_other_lines(name, build, level):
    assert product.level_of_build(product.line(name), build) == level


def test_the_builds_of_a_branch_line_rise_with_its_levels():
    branched = [line for line in product.lines() if line.scheme == "branch"]
    assert {line.name for line in branched} >= {E40, E50, E55}
    for line in branched:
        builds = [level.build for level in line.levels]
        assert builds == sorted(set(builds))
        assert {build[:2] for build in builds} == {builds[0][:2]}
        for level in line.levels:
            assert product.level_of_build(line, level.build) == level.name


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("2653.23", (5, 5, 2653, 23)),
        ("5.5.2653.23", (5, 5, 2653, 23)),
        ("2653", (5, 5, 2653)),
        ("5.5.2348", (5, 5, 2348)),
        ("2543.1", (5, 5, 2543, 1)),
        ("2326.0", (5, 5, 2326, 0)),
        ("5.05.2431.0", (5, 5, 2431, 0)),
        ("5.5:2653.23", (5, 5, 2653, 23)),
        ("5.5.1960.10", (5, 5, 1960, 10)),
        ("5.5.23.2650", ()),
        ("6.0.2656.20", ()),
        ("0.0.0.0000", ()),
        ("5.0.1461.63", ()),
        ("1459.73", ()),
        ("8.03.4629", ()),
        ("5.5", ()),
        ("5.5.9999.1", ()),
        ("5.5.100.1", ()),
        ("", ()),
        ("N/A", ()),
        ("5.5.2653.23b", ()),
    ],
)
def test_a_version_under_the_numbering_of_a_line(text, build):
    assert product.line_build(LINE, text) == build


@pytest.mark.parametrize(
    ("text", "build"), [("1459.73", (5, 0, 1459, 73)), ("5.0:1462.3", (5, 0, 1462, 3)), ("2653.23", ())]
)
def test_a_version_under_the_numbering_of_exchange_5_0(text, build):
    assert product.line_build(product.line(E50), text) == build


@given(st.text(alphabet="0123456789.: ", max_size=16))
def test_a_version_that_fits_reads_the_same_again(text):
    build = product.line_build(LINE, text)
    assert product.line_build(LINE, ".".join(map(str, build))) == build


@pytest.mark.parametrize(
    ("day", "level"),
    [
        ((1998, 8, 4), None),
        ((1998, 8, 5), "SP1"),
        ((1998, 12, 22), "SP1"),
        ((1998, 12, 23), "SP2"),
        ((1999, 9, 12), "SP2"),
        ((1999, 9, 13), "SP3"),
        ((2000, 11, 6), "SP3"),
        ((2000, 11, 7), "SP4"),
        ((2030, 1, 1), "SP4"),
    ],
)
def test_the_newest_service_pack_of_a_day(day, level):
    assert product.newest_level(LINE, datetime.date(*day)) == level


def test_no_service_pack_is_newest_where_no_day_of_release_is_known():
    assert product.newest_level(product.line(E40), datetime.date(2030, 1, 1)) is None


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "release", "expected"),
    [
        ("Microsoft Exchange Server 5.5", "", E55),
        ("Exchange Server", "5.5", E55),
        ("exchange server", "5.5", E55),
        ("EXCHANGE", "5.5", E55),
        ("  Exchange   Server ", "5.50", E55),
        ("MSExchange", "5.5", E55),
        ("MS Exchange Server", "5.0", E50),
        ("Exchange Server", "version 4.0", E40),
        ("Exchange Server Enterprise Edition", "5.5", E55),
        ("Exchange", "6.0", E2000),
        ("Exchange", "2000", E2000),
        ("Exchange 2000", "", E2000),
        ("Exchange Server 2000", "", E2000),
        ("Microsoft Exchange 2000 Enterprise Server", "", E2000),
        ("Exchange 2000 Server", "6.0", E2000),
        ("OWA", "5.5", E55),
        ("Windows NT", "4.0", NT),
        ("Windows NT Server", "4.0", NT),
        ("Microsoft Windows NT Workstation 4.0", "", NT),
        ("NT", "4", NT),
        ("Windows NT Server 4.0, Terminal Server Edition", "", TSE),
        ("Windows NT Server Terminal Server Edition", "4.0", TSE),
        ("Windows NT 4.0 Terminal Server", "", TSE),
        ("TSE", "4.0", TSE),
        ("SMS", "2.0", SMS20),
        ("Systems Management Server (SMS)", "2.0", SMS20),
        ("Systems Management Server", "1.2", "Systems Management Server 1.2"),
        ("SNA Server", "3.0", SNA30),
        ("Microsoft SNA Server", "4", SNA40),
        ("Windows 2000 Advanced Server", "", "Windows 2000"),
        ("Win2k", "", "Windows 2000"),
        ("Office", "2000", "Office 2000"),
        ("Thing of No List", "3.1", "Thing of No List 3.1"),
        ("Microsoft Thing 3.1", "3.1", "Thing 3.1"),
        ("Thing", "", "Thing"),
    ],
)
def test_the_line_that_a_product_and_version_name(name, release, expected):
    assert product.find_line(name, release) == expected


@pytest.mark.parametrize("line", product.lines(), ids=lambda line: line.name)
def test_every_line_is_found_by_its_own_name(line):
    assert product.find_line(line.name) == line.name
    assert product.find_line("Microsoft " + line.name.upper()) == line.name
    assert product.line(line.name) is line


def test_an_unknown_name_is_a_line_of_its_own():
    line = product.line("Thing 3.1")
    assert (line.name, line.product, line.levels, line.server) == ("Thing 3.1", "Thing 3.1", (), False)
    assert product.newest_level(line, datetime.date(2030, 1, 1)) is None
    assert product.line_build(line, "3.1.4") == (3, 1, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Exchange Server 5.5", [(E55,)]),
        ("Exchange Server 4.0, 5.0, and 5.5", [(E40, E50, E55)]),
        ("Microsoft Exchange Server versions 5.0 and 5.5", [(E50, E55)]),
        ("Exchange Server 5.0 or 5.5", [(E50, E55)]),
        ("Exchange 5.5", [(E55,)]),
        ("Exchange Server", [()]),
        ("Exchange 2000 Server", [(E2000,)]),
        ("SNA Server versions 3.0 and 4.0", [(SNA30, SNA40)]),
        ("SNA Server 3.0 and Exchange Server 5.5", [(SNA30,), (E55,)]),
        ("Windows NT 4.0 and Windows NT Server 4.0, Terminal Server Edition", [(NT,), (TSE,)]),
        ("Windows NT 4.0 Server, Terminal Server Edition, Service Pack 5", [(TSE,)]),
        ("Windows NT Server or Workstation 4.0", [(NT,)]),
        ("Systems Management Server (SMS) 2.0", [(SMS20,)]),
        ("the U.S. Service Pack 3 for Microsoft Exchange Server version 4.0", [(E40,)]),
        ("Microsoft(R) Exchange Server 5.5", [(E55,)]),
        ("Visual C++ 6.0", [("Visual C++ 6.0",)]),
        ("Windows 2000 Server", [("Windows 2000",)]),
        ("no product at all", []),
        ("exchanges of servers", []),
        ("Interexchange Server 5.5", []),
    ],
)
def test_mentions(text, expected):
    assert [mention.lines for mention in product.mentions(product.fold(text))] == expected


def test_a_mention_knows_its_place_and_whether_it_is_a_component():
    folded = product.fold("With Outlook Web Access 5.5, or Microsoft Exchange Server 5.0")
    first, second = product.mentions(folded)
    assert folded[first.start : first.end] == "outlook web access 5.5"
    assert folded[second.start : second.end] == "exchange server 5.0"
    assert (first.component, second.component) == (True, False)
    assert first.lines == (E55,)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Microsoft Exchange Server, version 5.5", "exchange server 5.5"),
        ("U.S. Service Pack", "service pack"),
        ("Systems Management Server (SMS) 2.0", "systems management server 2.0"),
        ("Microsoft(R) Windows NT(R)", "windows nt"),
        ("  A,\n B ", "a b"),
        ("MS-DOS", "ms-dos"),
    ],
)
def test_fold(text, folded):
    assert product.fold(text) == folded
    assert product.fold(folded) == folded


@pytest.mark.parametrize(
    ("prefix", "line"),
    [("kbExchange550", E55), ("EXC55", E55), ("kbWinNT4", NT), ("tse", TSE), ("kbSMS200", SMS20), ("kb", None)],
)
def test_the_line_of_a_keyword_prefix(prefix, line):
    assert product.line_of_keyword(prefix) == line


# --- products.toml ----------------------------------------------------------------------------------------------------

DATA = tomllib.loads(importlib.resources.files("kbcheck").joinpath("products.toml").read_text(encoding="utf-8"))
RELEASES = [(p["name"], r) for p in DATA["product"] for r in p.get("release", ())]
LEVELS = [(name, r["release"], level) for name, r in RELEASES for level in r.get("levels", ())]
# A figure, and where its source stands.
FIGURES = {
    "build": "source",
    "released": "released_source",
    "requires": "requires_source",
    "files": "files_source",
}


@pytest.mark.parametrize(("name", "release", "level"), LEVELS, ids=lambda part: None)
def test_every_figure_names_the_article_that_it_comes_from(name, release, level):
    assert set(level) <= {"level", "includes", *FIGURES, *FIGURES.values()}
    for figure, source in FIGURES.items():
        assert (figure in level) == (source in level), (name, release, level["level"])
        assert re.fullmatch(r"Q\d{5,6}", level.get(source, "Q00000"))


def test_an_included_level_exists_and_names_its_article():
    included = [level["includes"] for _, _, level in LEVELS if "includes" in level]
    assert included
    for line, level, source in included:
        assert product.line(line).level(level)
        assert re.fullmatch(r"Q\d{5,6}", source)


def test_a_product_that_is_no_server_has_any_release():
    assert product.no_release("Internet Explorer", "4.0") == ()
    assert product.no_release("Exchange Server", "5.6")[0] == "Exchange Server"


def test_the_figures_themselves_are_usable():
    assert sum("build" in level for _, _, level in LEVELS) >= 14
    for _, _, level in LEVELS:
        if "build" in level:
            assert len(product.parse_build(level["build"])) in (3, 4)
        assert all(product.parse_build(version) for version in level.get("files", {}).values())
        assert all(name == name.lower() for name in level.get("files", {}))
        if "requires" in level:
            assert product.level_key(level["requires"]) < product.level_key(level["level"])


def test_levels_stand_in_order_and_begin_with_rtm():
    for name, release in RELEASES:
        keys = [product.level_key(level["level"]) for level in release.get("levels", ())]
        assert keys == sorted(set(keys)), name
        assert not keys or keys[0] == product.level_key("RTM"), name


def test_days_of_release_rise_with_the_levels():
    for name, release in RELEASES:
        days = [level["released"] for level in release.get("levels", ()) if "released" in level]
        assert days == sorted(set(days)), name


def test_a_keyword_prefix_belongs_to_one_line():
    prefixes = [prefix.lower() for _, release in RELEASES for prefix in release.get("keywords", ())]
    assert sorted(prefixes) == sorted(set(prefixes))


def test_the_files_of_a_level_belong_to_its_branch():
    for level in LINE.levels:
        for name, build in level.files:
            assert product.level_of_build(LINE, build) == level.name, name


@pytest.mark.parametrize(
    ("build", "level"),
    [
        ("2.0.1239.62", "RTM"),
        ("2.00.1250.0", "RTM"),
        ("2.00.1380.1132", "SP1"),
        ("2.00.1380.62", "SP1"),
        ("2.00.1493.2121", "SP2"),
        ("2.00.1493.3009", "SP3"),
        ("2.00.1493.4100", "SP4"),
        ("2.00.1493", None),
        ("2.00.1493.7", None),
        ("2.00.1200.0", None),
    ],
)
def test_the_fourth_number_tells_a_level_too(build: str, level: str | None) -> None:
    line = product.line("Systems Management Server 2.0")
    assert product.level_of_build(line, product.parse_build(build)) == level


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((5, 5, 2650, 24), (5, 5, 2653), True),
        ((5, 5, 2650, 24), (6, 0, 4417), False),
        ((786,), (787,), True),
        ((786,), (4, 0, 1381), False),
        ((), (786,), False),
        ((), (), False),
    ],
)
def test_versions_that_can_be_compared(one: tuple[int, ...], other: tuple[int, ...], wanted: bool) -> None:
    assert product.comparable(one, other) is product.comparable(other, one) is wanted
