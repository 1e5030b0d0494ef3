"""Reports: golden files for each format, hostile text made harmless, widths, numbers that add up."""

import csv
import dataclasses
import datetime
import io
import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SERVERS, Run
from examples import E55, text
from hypothesis import given
from hypothesis import strategies as st

from kbcheck import SelectionError, advisory, article, inventory, knowledge, matching, product, scanning
from kbcheck.deadlock import words
from kbcheck.model import (
    Affected,
    ArticleKnowledge,
    Assessment,
    Facts,
    FileVersion,
    FixedFile,
    HostRow,
    Kind,
    Profile,
    Refusal,
    Remedy,
    Status,
)
from kbcheck.report import article as pages
from kbcheck.report import cell, data, explain, narrow, table, view
from kbcheck.report.view import View, remedy_text
from kbcheck.store import Store

NOW = datetime.datetime(2001, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
SHOWN = (Status.EXPOSED, Status.UNDETERMINED)
EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u2066|<script>alert(1)</script>`*_[x](y)\r\n\0=1"
BAD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
VIEWS: dict[str, Callable[..., View]] = {
    "host": view.by_host,
    "article": view.by_article,
    "remedy": view.by_remedy,
    "matrix": view.matrix,
}


def assess(bundled_db: Path, text: bytes, name: str = "f.csv", **options: object) -> Assessment:
    """Judge an inventory by the bundled articles; nothing is stored."""
    fleet = inventory.read_bytes(name, text)
    lines = fleet.product_lines()
    with Store(str(bundled_db)) as store:
        selected = [k for k in store.known(lines, fixed=True) if matching.fixable(k, lines)]
        return scanning.assess(fleet, selected, store.concerning(lines) - len(selected), NOW)


@pytest.fixture(scope="module")
def fleet(bundled_db: Path) -> Assessment:
    return assess(bundled_db, SERVERS.read_bytes(), "servers.csv")


@pytest.fixture(scope="module")
def weighed(bundled_db: Path) -> dict[str, ArticleKnowledge]:
    with Store(str(bundled_db)) as store:
        return {each.facts.id: knowledge.weigh(each.facts) for each in store.articles()}


@pytest.fixture(scope="module")
def hostile(bundled_db: Path) -> Assessment:
    """Evil words in every place that an inventory and an article have."""
    rows = [
        ["host", "product", "version", "service_pack", "build", "files", "site", EVIL],
        [f"A{EVIL}", "Exchange Server", "5.5", "SP3", "", "", EVIL, EVIL],
        ["=cmd()", "Exchange Server", "5.5", "SP1", "", f"{EVIL}=x;Store.exe=5.5.2652.42", "", ""],
        ["@SUM(A1)", f"{EVIL} Notepad", "7", "SP3", "", "", "", ""],
        ["B", "Exchange Server", "5.5", EVIL, "", "", "", ""],
        ["C", "Exchange Server", "5.5", "", EVIL, "", "", ""],
    ]
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    assessment = assess(bundled_db, buffer.getvalue().encode(), f"{EVIL}.csv")
    titles = {ident: (f"=cmd() {EVIL}", date, kind) for ident, (_, date, kind) in assessment.articles.items()}
    assert assessment.refusals
    return dataclasses.replace(assessment, articles=titles)


def test_an_annotated_article_is_clean(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07"
    read = advisory.extract(article.parse(text(applies_to=(f"Microsoft Evil{evil} Server, version 1.0",))))
    with Store(str(tmp_path / "k.db")) as store:
        store.replace([read])
        stored = store.article(read.article.id)
    assert stored is not None
    known = knowledge.weigh(stored.facts)
    for page in (pages.annotated(stored, known), pages.page(stored, known, (), {}, width=80)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page)


def one_page(tmp_path: Path, status: str) -> str:
    read = advisory.extract(article.parse(text(sections=(("STATUS", status),))))
    with Store(str(tmp_path / "k.db")) as store:
        store.replace([read])
        stored = store.article(read.article.id)
    assert stored is not None
    return pages.page(stored, knowledge.weigh(stored.facts), (), {}, width=120)


@pytest.mark.parametrize(
    ("more", "levels"),
    [
        ("", "every one"),
        (" This problem was corrected in Exchange Server 5.5 Service Pack 2.", "all before the correction"),
        (" This problem was corrected in Exchange Server 5.5.", "its release has the correction"),
    ],
)
def test_a_page_tells_for_what_a_line_without_a_level_stands(tmp_path: Path, more: str, levels: str) -> None:
    page = one_page(tmp_path, f"Microsoft has confirmed this to be a problem.{more}")
    assert f"affects      Exchange Server 5.5 (no level named: {levels})" in page


def test_a_page_tells_what_a_hotfix_requires(tmp_path: Path) -> None:
    fix = "A supported fix is now available. Because of file dependencies, this fix requires Exchange Server 5.5"
    assert re.search(
        r"\nrequires     Exchange Server 5.5 SP3 before the hotfix is installed +Q900001:\d+\n",
        one_page(tmp_path, f"{fix} Service Pack 3."),
    )


# --- golden files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("by", VIEWS)
def test_tables(fleet: Assessment, golden: Callable[[str, str], None], by: str, width: int) -> None:
    golden(f"{by}-{width}.txt", table.render(VIEWS[by](fleet), width=width))


def test_a_prerequisite_names_its_product_where_the_row_is_of_another() -> None:
    """Q297828: a Windows NT row, corrected by a hotfix of Exchange Server that needs Exchange's service pack."""
    remedy = Remedy("Exchange Server 5.5", source="Q1", requires="SP4")
    assert remedy_text(remedy, "Exchange Server 5.5") == "hotfix (Q1, needs SP4)"
    assert remedy_text(remedy, "Windows NT 4.0") == "hotfix (Q1, needs Exchange 5.5 SP4)"


@given(st.text(max_size=40))
def test_the_simulator_cleans_what_reports_clean(word: str) -> None:
    """The deadlock's rooms import nothing of the reports, and hold the same characters to be harmful."""
    assert words.clean(word) == cell.clean(word.replace("\t", "\0").replace("\n", "\0").replace("\r", "\0"))


@pytest.mark.skipif(os.name == "nt", reason="the quotes of a POSIX shell")
@pytest.mark.parametrize(
    "host", ["EXCH03", "My Host", "$(touch x)", "`x`", "a\"b'c", "a\\b", "!x", "~root", "%PATH%", ";x"]
)
def test_a_host_in_a_command_is_one_word_to_a_shell(host: str) -> None:
    assert shlex.split(f"kbcheck explain {view.typed(host)}")[2:] == [host]
    safe = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@+=,-%")
    assert set(host) <= safe or view.typed(host).startswith("'")


def test_the_shells_of_windows_get_no_word_that_they_would_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbcheck.report.view.os.name", "nt")
    assert [view.typed(host) for host in ("EXCH03", "My Host", "%PATH%", "$(x)")] == [
        "EXCH03",
        '"My Host"',
        "HOST",
        "HOST",
    ]


def test_the_files_that_a_host_reports_are_explained_first() -> None:
    """Q298486 has 32 files; the one that decided stood behind the first eight."""
    rows = tuple(
        FixedFile(f"File{n}.dll", "5.5.2655.24", line=60 + n, product_line=E55, build=(5, 5, 2655, 24))
        for n in range(20)
    )
    affected = (Affected(E55, None, 12, E55),)
    facts = Facts("Q900001", "A fault", datetime.date(2001, 1, 1), Kind.BUG, affected, rows, ())
    known = knowledge.weigh(facts)
    for version, answer in (("5.5.2655.23", "older"), ("5.5.2655.24", "newer")):
        told = tuple((f"file{n}.dll", product.parse_build(version), version) for n in range(9, 19))
        profile = Profile(E55, ("SP4",), files=told)
        row = HostRow("A", E55, 0, "f.csv", 2, (), ())
        files = explain.criteria(explain.Explanation(row, profile, known, matching.assess(profile, known)))[3]
        assert (files.name, files.answer) == ("files", answer)
        hosts = [text for text, _ in files.facts if text.startswith("the host:")]
        assert len(hosts) == 10
        assert all(version in text for text in hosts)
        assert files.facts[-1][0] == "and 10 more files (-v)"


def test_a_remedy_counts_a_file_once_whatever_it_is_built_for() -> None:
    rows = [FileVersion(name, "4.0.1381.7000", (4, 0, 1381, 7000)) for name in ("A.sys", "a.sys", "B.sys")]
    assert remedy_text(Remedy("Windows NT 4.0", source="Q1", files=tuple(rows[:2]))) == "A.sys 4.0.1381.7000 (Q1)"
    assert (
        remedy_text(Remedy("Windows NT 4.0", source="Q1", files=tuple(rows))) == "A.sys 4.0.1381.7000 and 1 more (Q1)"
    )


@pytest.mark.parametrize("by", VIEWS)
def test_markdown(fleet: Assessment, golden: Callable[[str, str], None], by: str) -> None:
    golden(f"{by}.md", table.markdown(VIEWS[by](fleet)))


def test_csv(fleet: Assessment, golden: Callable[[str, str], None]) -> None:
    text = "".join(data.csv_lines(fleet, SHOWN))
    assert text.count("\r\n") == text.count("\n")
    golden("fleet.csv", text)


def test_json(fleet: Assessment, golden: Callable[[str, str], None]) -> None:
    """The inventory's digest is its bytes', and not a matter of format."""
    document = data.assessment(narrow.narrow(fleet, ["Q241556", "Q274280"], ()), SHOWN)
    assert document["created"] == "2001-02-03T04:05:06+00:00"
    document["inventory"][0]["sha256"] = "0" * 64
    golden("fleet.json", data.dumps(document))


def test_json_lines(fleet: Assessment, golden: Callable[[str, str], None]) -> None:
    few = narrow.narrow(fleet, ["Q241556"], ())
    golden("q241556.jsonl", "".join(data.json_lines(few, tuple(Status))))


@pytest.mark.parametrize("host", ["EXCH03", "EXCH04", "EXCH06", "EXCH09", "EXCH11", "EXCH21"])
def test_explanations(
    fleet: Assessment, weighed: dict[str, ArticleKnowledge], golden: Callable[[str, str], None], host: str
) -> None:
    golden(f"explain-{host}.txt", explanation(fleet, weighed["Q241556"], host, 80))


def explanation(assessment: Assessment, known: ArticleKnowledge, host: str, width: int) -> str:
    row = next(each for each in assessment.hosts if each.host == host)
    profile = assessment.profiles[row.profile]
    return explain.text(explain.Explanation(row, profile, known, matching.assess(profile, known)), width)


# --- numbers ----------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[int]:
    return [int(each.replace(",", "")) for each in text]  # type: ignore[union-attr]


def test_the_four_statuses_add_up(fleet: Assessment) -> None:
    installations, advisories = len(fleet.hosts), len(fleet.articles)
    total = view.counts(fleet)
    assert set(total) == set(Status)
    assert sum(total.values()) == installations * advisories

    by_host = view.by_host(fleet, all_hosts=True, limit=10**9)
    assert len(by_host.rows) == installations
    assert [sum(cells(row[3:7])) for row in by_host.rows] == [advisories] * installations
    sums = [sum(column) for column in zip(*(cells(row[3:7]) for row in by_host.rows), strict=True)]
    assert sums == [total[status] for status in Status]

    by_article = view.by_article(fleet, limit=10**9, statuses=tuple(Status))
    assert [sum(cells(row[2:6])) for row in by_article.rows] == [installations] * advisories
    sums = [sum(column) for column in zip(*(cells(row[2:6]) for row in by_article.rows), strict=True)]
    assert sums == [total[status] for status in Status]

    matrix = view.matrix(fleet, limit=10**9, columns=10**9)
    shown = Counter(text for row in matrix.rows for text in row[3:])
    names = {view.SHORT[status]: total[status] for status in Status}
    assert len(fleet.profiles) == installations  # else the matrix would show a level once
    assert shown == names

    document = data.assessment(fleet, tuple(Status))
    assert {status.value: document["summary"][status.value] for status in Status} == total
    assert len(document["verdicts"]) == installations * advisories
    findings = Counter(each["status"] for each in data.rows(fleet, tuple(Status), with_evidence=False))
    assert findings == total


def test_remedies_close_what_is_exposed(fleet: Assessment) -> None:
    rows = view.by_remedy(fleet, limit=10**9).rows
    exposed = view.counts(fleet)[Status.EXPOSED]
    closed = [cells(row[4:5])[0] for row in rows]
    assert closed == sorted(closed, reverse=True)
    assert exposed <= sum(closed)  # a service pack and a hotfix may close the same
    assert all(closes <= exposed for closes in closed)


def test_folded_hosts_are_counted(bundled_db: Path) -> None:
    rows = "".join(f"H{n:03},Exchange Server,5.5,SP{1 + n % 2}\n" for n in range(100))
    assessment = assess(bundled_db, f"host,product,version,service_pack\n{rows}".encode())
    shown = view.by_host(assessment)
    assert [row[0] for row in shown.rows] == ["H000 +49", "H001 +49"]
    assert len(view.by_host(assessment, all_hosts=True, limit=10**9).rows) == 100
    assert sum(view.counts(assessment).values()) == 100 * len(assessment.articles)
    assert [row[0] for row in view.matrix(assessment).rows] == ["H000 +49", "H001 +49"]


@pytest.mark.parametrize("by", VIEWS)
@pytest.mark.parametrize("width", [80, 120])
def test_a_hundred_levels_fit_a_screen(bundled_db: Path, by: str, width: int) -> None:
    rows = "".join(
        f"H{n:03},Exchange Server,5.5,{'SP?' if n % 10 == 9 else f'SP{n % 4}'},,Store.exe=5.5.2{n}.{n};x.dll={n}.1\n"
        for n in range(100)
    )
    assessment = assess(bundled_db, f"host,product,version,service_pack,build,files\n{rows}".encode())
    assert len(assessment.profiles) == 90
    assert len(table.render(VIEWS[by](assessment), width=width).splitlines()) <= 40


@pytest.mark.parametrize(("host", "cut"), [("H1", True), ("h" * 60, False)])
def test_products_are_cut_only_where_that_makes_the_table_fit(host: str, cut: bool) -> None:
    """Else "Windows N..." is all that tells Terminal Server from Windows NT."""
    product, level = "Windows NT TSE 4.0 " + 40 * "p", 30 * "l"
    text = table.render(
        View((), ("host", "product", "level", "n"), ((host, product, level, "1" * 20),), (), (3,)), width=60
    )
    row = text.splitlines()[3]
    assert (product[:37] in row, product[:38] in row, level in row) == (not cut, False, False)
    assert cut is (len(row) <= 60)


# --- hostile text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", VIEWS)
@pytest.mark.parametrize("width", [80, 500])
def test_hostile_text_on_a_terminal(hostile: Assessment, by: str, width: int) -> None:
    text = table.render(VIEWS[by](hostile), width=width)
    assert not BAD.search(text)
    assert "\ufffd" in text


@pytest.mark.parametrize("by", VIEWS)
def test_hostile_text_on_a_coloured_terminal(hostile: Assessment, by: str) -> None:
    text = table.render(VIEWS[by](hostile), width=500, color=True)
    assert not BAD.search(re.sub(r"\x1b\[(?:3[0-9]|0)m", "", text))


def test_colours_are_on_statuses_only(fleet: Assessment) -> None:
    plain, coloured = (table.render(view.matrix(fleet), color=color) for color in (False, True))
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    found = re.findall(r"\x1b\[(\d+)m(\S+)\x1b\[0m", coloured)
    assert {word for _, word in found} == {"EXPOSED", "fixed", "undet."}
    assert coloured.count("\x1b") == 2 * len(found)


@pytest.mark.parametrize("by", VIEWS)
def test_hostile_text_in_markdown(hostile: Assessment, by: str) -> None:
    text = table.markdown(VIEWS[by](hostile))
    assert not BAD.search(text)
    bare = re.sub(r"\\.", "", text)
    assert "<" not in bare
    assert "`" not in bare
    assert "[" not in bare
    grid = [line.count("|") for line in bare.splitlines() if line.startswith("|")]
    assert set(grid) == {len(VIEWS[by](hostile).headers) + 1}


@pytest.mark.parametrize(
    "text", ["http://evil.example/x", "HTTPS://evil.example", "see www.evil.example", "a@evil.example"]
)
def test_markdown_makes_no_link_of_a_text(text: str) -> None:
    shown = cell.markdown(text)
    assert re.sub(r"\\(.)", r"\1", shown) == text
    assert not re.search(r"(?i)https?://|www\.|\w@", shown)


def test_hostile_text_in_csv(hostile: Assessment) -> None:
    text = "".join(data.csv_lines(hostile, tuple(Status)))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(hostile.hosts) * len(hostile.articles)
    for row in rows:
        assert set(row) == set(data.COLUMNS)
        assert not any(value.lstrip()[:1] in tuple("=+-@") for value in row.values() if value)
    assert {row["host"] for row in rows} >= {"'=cmd()", "'@SUM(A1)", f"A{EVIL}"}


def test_hostile_text_in_json(hostile: Assessment) -> None:
    assert json.loads(data.dumps(data.assessment(hostile, tuple(Status))))["hosts"][0]["host"] == f"A{EVIL}"
    lines = list(data.json_lines(hostile, SHOWN))
    assert all(line.count("\n") == 1 for line in lines)
    assert json.loads(lines[0])["host"] == f"A{EVIL}"


def test_hostile_text_in_an_explanation(hostile: Assessment, weighed: dict[str, ArticleKnowledge]) -> None:
    for row in hostile.hosts:
        assert not BAD.search(explanation(hostile, weighed["Q241556"], row.host, 80))


@given(st.text())
def test_cells(text: str) -> None:
    cleaned = cell.clean(text)
    assert not BAD.search(cleaned)
    assert "\n" not in cleaned
    assert len(cleaned) == len(text)
    assert cell.clean(cleaned) == cleaned
    assert re.sub(r"\\(.)", r"\1", cell.markdown(text)) == cleaned
    safe = cell.spreadsheet(text)
    assert safe.removeprefix("'") == text.removeprefix("'")
    assert safe.lstrip()[:1] not in tuple("=+-@")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\n-1", "\ta", "\uff1d1"])
def test_formulas_are_defused(text: str) -> None:
    assert cell.spreadsheet(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "5.5.2653.23", "SP4", "'=1", "EXCH-03"])
def test_other_cells_are_left(text: str) -> None:
    assert cell.spreadsheet(text) == text


# --- widths -----------------------------------------------------------------------------------------------------------

WIDTHS = (80, 100, 132, 200)


def too_long(text: str, width: int) -> list[str]:
    """Return the lines beyond `width` that could have been broken: no single word is what makes them long."""
    return [
        line
        for line in text.splitlines()
        if len(line) > width and max(map(len, line.split())) + len(line) - len(line.lstrip()) <= width
    ]


@pytest.mark.parametrize("by", VIEWS)
def test_a_view_keeps_the_width(fleet: Assessment, by: str) -> None:
    long = []
    for width in WIDTHS:
        columns = max(3, (width - 40) // 9)
        shown = view.matrix(fleet, columns=columns) if by == "matrix" else VIEWS[by](fleet)
        long += too_long(table.render(shown, width=width), width)
    assert long == []


def test_an_explanation_keeps_the_width(fleet: Assessment, weighed: dict[str, ArticleKnowledge]) -> None:
    long = {
        line
        for width in WIDTHS
        for host in ("EXCH01", "EXCH04", "EXCH09", "EXCH14", "EXCH25")
        for ident in fleet.articles
        for line in too_long(explanation(fleet, weighed[ident], host, width), width)
    }
    assert long == set()


def test_a_page_keeps_the_width(bundled_db: Path) -> None:
    long = []
    with Store(str(bundled_db)) as store:
        for stored in store.articles():
            known = knowledge.weigh(stored.facts)
            for width in WIDTHS:
                text = pages.page(stored, known, store.stated_by(stored.facts.id), {}, width=width)
                long += too_long(text, width)
    assert long == []


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_keeps_the_width(run: Run, db: str, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = run("list", "--db", db)
    assert ran.code == 0
    assert too_long(ran.out, columns) == []


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("words", [("search", "server"), ("list", "--problems")])
def test_hits_and_problems_keep_the_width(
    run: Run, db: str, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = run(*words, "--db", db)
    assert ran.code == 0
    assert ran.out
    assert too_long(ran.out, columns) == []


# --- parts ------------------------------------------------------------------------------------------------------------


def test_a_part_of_a_scan(fleet: Assessment) -> None:
    part = narrow.narrow(fleet, ["Q241556"], ["Exchange Server 5.0", "Windows NT"])
    assert list(part.articles) == ["Q241556"]
    assert {row.product_line for row in part.hosts} == {"Exchange Server 5.0", "Windows NT 4.0"}
    assert len(part.profiles) == len(part.groups) == len({row.profile for row in part.hosts})
    kept = {(row.host, row.product_line): next(part.verdicts(row.profile)) for row in part.hosts}
    whole = {
        (row.host, row.product_line): next(v for v in fleet.verdicts(row.profile) if v.article == "Q241556")
        for row in fleet.hosts
    }
    assert kept == {key: verdict for key, verdict in whole.items() if key in kept}
    assert narrow.narrow(fleet, (), ()) == fleet


def test_a_part_of_a_scan_has_the_articles_that_concern_it(fleet: Assessment) -> None:
    part = narrow.narrow(fleet, (), ["Windows NT"])
    assert fleet.other_articles > part.other_articles == 0  # how many of them concern the part is not known
    assert 0 < len(part.articles) == len(part.columns) < len(fleet.articles)
    verdicts = {each.article: each for row in part.hosts for each in part.verdicts(row.profile)}
    assert Status.NOT_APPLICABLE not in {verdicts[ident].status for ident in part.articles}


@pytest.mark.parametrize(
    ("articles", "products", "message"),
    [
        (["Q999999"], [], "did not judge Q999999"),
        ([], ["SNA Server 4.0"], "has no installation of SNA Server 4.0"),
        ([], ["SNA Server", "Notepad"], "has no installation of SNA Server or Notepad"),
        pytest.param(
            [],
            ["Exchange Server 4.5"],
            "has no installation of Exchange Server 4.5",
        ),
    ],
)
def test_a_part_that_is_not_there(fleet: Assessment, articles: list[str], products: list[str], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        narrow.narrow(fleet, articles, products)


def test_many_refusals_are_counted(fleet: Assessment) -> None:
    many = dataclasses.replace(fleet, refusals=tuple(Refusal("f.csv", n, "why") for n in range(2, 1002)))
    text = table.render(view.by_host(many))
    assert text.count("Refused: ") == 4
    assert "Refused: 997 more" in text


def test_an_annotated_article_is_its_own_text(bundled_db: Path) -> None:
    with Store(str(bundled_db)) as store:
        for stored in store.articles():
            text = pages.annotated(stored, knowledge.weigh(stored.facts))
            words = [line[8:] for line in text.splitlines() if re.match(r" {0,4}\d{1,5} ", line)]
            assert [w.rstrip() for w in words] == [cell.clean(w).rstrip() for w in stored.article.text.split("\n")]


def test_an_annotated_article_marks_its_facts(run: Run, db: str) -> None:
    out = run("show", "Q241556", "--annotated", "--db", db).out.splitlines()
    marks = {out[n - 1].strip(): line.strip() for n, line in enumerate(out) if line.strip().startswith("^ ")}
    assert marks["12 >  - Microsoft Exchange Server, version 5.5"] == "^ affects Exchange Server 5.5"
    assert "^ sentence: Exchange Server 5.5 SP4" in marks.values()


def test_a_service_pack_closes_what_those_before_it_correct(fleet: Assessment) -> None:
    rows = {(row[0], row[1]): int(row[4].replace(",", "")) for row in view.by_remedy(fleet, limit=10**9).rows}
    packs = [rows[f"SP{n}", "Exchange 5.5"] for n in (2, 3, 4)]
    assert packs == sorted(packs)
    by_host = 0
    for row in view.by_host(fleet, all_hosts=True, limit=10**9).rows:
        match = re.fullmatch(r"SP4 \((\d+)\)", row[7])
        by_host += int(match.group(1)) if match else 0
    assert packs[-1] == by_host
