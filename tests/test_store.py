"""The database: what goes in comes out, what cannot be used is told, two writers lose nothing."""

import dataclasses
import datetime
import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import ADVISORIES, SERVERS
from examples import text
from hypothesis import example, given
from hypothesis import strategies as st

from kbcheck import advisory, article, importing, inventory, knowledge, matching, scanning
from kbcheck.model import (
    Advisory,
    Affected,
    Assessment,
    Correction,
    CorrectionKind,
    Facts,
    FileVersion,
    FixedFile,
    Kind,
    Method,
    Problem,
)
from kbcheck.store import Replaced, Store, StoreError, database, schema

NOW = datetime.datetime(2001, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)


def make(ident: str = "Q100001", **parts: object) -> Advisory:
    return advisory.extract(article.parse(text(ident, **parts)))  # type: ignore[arg-type]


def everything(store: Store) -> list[Facts]:
    return [each.facts for each in store.articles()]


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with Store(place) as opened:
        yield opened


@pytest.fixture(scope="module")
def stocked(bundled_db: Path) -> Iterator[Store]:
    """The bundled articles, to be read only."""
    with Store(str(bundled_db)) as opened:
        yield opened


# --- articles ---------------------------------------------------------------------------------------------------------


def test_bundled_articles_come_back_as_they_went_in(store: Store, bundled: tuple[Advisory, ...]) -> None:
    assert store.replace(bundled) == Replaced(43, 0)
    facts = {each.id: each for each in everything(store)}
    stated = [c for each in bundled for c in each.corrections]
    assert list(facts) == sorted((each.article.id for each in bundled), key=lambda ident: int(ident[1:]))
    for each in bundled:
        got = facts[each.article.id]
        assert (got.title, got.date, got.kind) == (each.article.title, each.article.date, each.kind)
        assert (got.affected, got.fixed_files) == (each.affected, each.fixed_files)
        about = [c for c in stated if c.subject == got.id]
        assert list(got.corrections) == sorted(about, key=lambda c: int(c.source[1:]))
        listed = tuple(c for c in each.corrections if c.subject != got.id)
        assert store.stated_by(got.id) == listed


def test_every_field_comes_back(store: Store) -> None:
    plain = make()
    day = datetime.date(2000, 7, 19)
    whole = dataclasses.replace(
        plain,
        kind=Kind.FEATURE,
        affected=(Affected("Exchange Server 5.5", "SP3", 12, "w"), Affected("Exchange Server 5.5", None, 0)),
        fixed_files=(
            FixedFile(
                "a.dll", "5.5.1.2", "c", "p", "x86", "de", "1/2/00", "12", 3, "Exchange Server 5.5", (5, 5, 1, 2)
            ),
            FixedFile("b.dll", None),
        ),
        corrections=(
            Correction(
                "Q100001",
                "Exchange Server 5.5",
                "SP4",
                CorrectionKind.SERVICE_PACK,
                Method.SENTENCE,
                "Q100001",
                7,
                "words \u201cin\u201d quotes",
                (FileVersion("a.dll", "5.5", (5, 5)), FileVersion("b.dll", None)),
                day,
                2,
            ),
            *(
                Correction("Q100001", "L", None, kind, method, "Q100001", 0, "")
                for kind in CorrectionKind
                for method in Method
            ),
        ),
        problems=(Problem(0, "m", "k"), Problem(9, "m")),
    )
    store.replace([whole])
    (facts,) = everything(store)
    assert store.facts("Q100001") == facts
    assert facts.kind is Kind.FEATURE
    assert (facts.affected, facts.fixed_files, facts.corrections) == (
        whole.affected,
        whole.fixed_files,
        whole.corrections,
    )
    stored = store.article("Q100001")
    assert stored is not None
    assert stored.facts == facts
    assert stored.problems == whole.problems
    assert stored.article == plain.article
    assert store.problem_articles() == {"Q100001"}


def test_what_was_weighed_comes_back(store: Store, bundled: tuple[Advisory, ...]) -> None:
    """Stored decisions are those of weighing anew, whatever came when; only conflicts are left out."""
    lists = [each for each in bundled if each.kind is Kind.FIX_LIST]
    assert lists
    for part in ([each for each in bundled if each not in lists], lists, lists[:1]):
        store.replace(part)
        assert store.settle() < len(bundled)  # an article about which no other speaks was weighed when it was read
        assert store.settle() == 0
        names = [each.id for each in everything(store)]
        weighed = [dataclasses.replace(knowledge.weigh(each), conflicts=()) for each in everything(store)]
        assert list(store.known_of(names)) == weighed


def test_advisories_of_product_lines(stocked: Store) -> None:
    weighed = [dataclasses.replace(knowledge.weigh(each), conflicts=()) for each in everything(stocked)]
    for lines in ({"Exchange Server 5.0"}, {"Exchange Server 5.5", "Windows NT 4.0"}, {"Notepad 7"}, set()):
        concerned = [w for w in weighed if any(k.listed and k.product_line in lines for k in w.lines)]
        assert stocked.concerning(lines) == len(concerned)
        judged = [w for w in concerned if w.advisory]
        assert list(stocked.known(lines, fixed=False)) == judged
        assert list(stocked.known(lines, fixed=True)) == [
            w for w in judged if any(line.first_fixed for line in w.lines)
        ]
    assert len(concerned) == 0
    assert [each.id for each in stocked.known_of(["Q241556", "Q999999"])] == ["Q241556"]


def test_more_product_lines_than_a_statement_binds(store: Store, bundled: tuple[Advisory, ...]) -> None:
    store.replace(bundled)
    few = {"Exchange Server 5.5", "Windows NT 4.0"}
    size = 260_000 if store.sqlite else 66_000
    many = [*(f"Notepad {n}" for n in range(size)), *few]
    assert store.affected(many) == few
    assert store.concerning(many) == store.concerning(few) > 0
    assert list(store.known(many, fixed=True)) == list(store.known(few, fixed=True))
    names = [*(f"Q{n}" for n in range(400_000, 400_000 + size)), *store.digests()]
    assert [each.id for each in store.known_of(names)] == sorted(store.digests())


def test_articles_by_name(stocked: Store) -> None:
    got = [
        each.facts.id for each in stocked.articles(["Q268886", "Q241556", "Q241556", "nonsense", "Q1", "Q999999999"])
    ]
    assert got == ["Q241556", "Q268886"]
    assert stocked.article("Q999999") is None
    assert stocked.facts("Q999999") is None
    assert stocked.article("'; DROP TABLE article; --") is None
    assert stocked.titles(["Q241556", "Q999999"]) == {"Q241556": "XADM: OpenMsgStore Function Is Not Thread Safe"}


def test_digests_are_of_the_bytes(store: Store) -> None:
    each = make()
    store.replace([each])
    assert store.digests() == {"Q100001": each.article.digest}


def test_many_articles_at_once(store: Store) -> None:
    """More than one statement may bind."""
    one = make()
    many = [
        dataclasses.replace(one, article=dataclasses.replace(one.article, id=f"Q{n}")) for n in range(100000, 101200)
    ]
    assert store.replace(many) == Replaced(1200, 0)
    assert store.replace([*many, make("Q200000")]) == Replaced(1, 1200)
    assert store.count() == 1201
    assert len(list(store.articles())) == 1201


def test_a_product_line_of_any_length_is_stored(store: Store) -> None:
    long = "".join(map(chr, random.Random(241556).sample(range(0x4E00, 0x9FFF), 990)))
    store.replace([dataclasses.replace(make(), affected=(Affected(long, None, 12, "w"),))])
    assert store.affected([long, "Notepad 7"]) == {long}
    assert store.concerning([long]) == 1


def test_nul_in_an_inventory(store: Store) -> None:
    store.replace([make()])
    text_ = b"host,product,version,site\nA\0B,Note\0pad,7,x\0y\nC,Exchange Server,5.5,\n"
    scan = scanning.run(inventory.read_bytes("f.csv", text_), store, now=NOW)
    (line,) = {row.product_line for row in scan.hosts} - {"Exchange Server 5.5"}
    assert "\0" in line
    assert any(line in each.message for each in scan.remarks)
    assert store.load_scan() == scan
    assert store.host_of_scan("A\0B") == scan.of("A\0B")
    assert store.affected([line]) == set()
    assert list(store.known([line], fixed=False)) == []


def test_nul_in_a_text(store: Store) -> None:
    store.replace([make(title="XADM: A\0B", sections=(("SYMPTOMS", "walrus\0otter stops."),))])
    stored = store.article("Q100001")
    assert stored is not None
    assert "walrus" in stored.article.text
    assert "otter" in stored.article.text
    assert [hit.id for hit in store.search("otter")] == ["Q100001"]
    store.replace([make(sections=(("SYMPTOMS", "seal"),))])
    assert store.search("otter") == []


# --- search -----------------------------------------------------------------------------------------------------------


def test_the_best_match_comes_first(store: Store) -> None:
    store.replace(
        [
            make("Q100001", title="XADM: Otter", sections=(("SYMPTOMS", "otter otter stops the store."),)),
            make(
                "Q100002", title="XADM: Other", sections=(("SYMPTOMS", "One otter among many words. " + "word " * 200),)
            ),
            make("Q100003", title="XADM: Seal", sections=(("SYMPTOMS", "No such animal."),)),
        ]
    )
    hits = store.search("OTTER")
    assert [hit.id for hit in hits] == ["Q100001", "Q100002"]
    assert all("[otter]" in hit.snippet for hit in hits)
    assert (hits[0].title, hits[0].date, hits[0].category) == ("XADM: Otter", "2001-05-07", "exchange")
    assert [hit.id for hit in store.search("otter", limit=1)] == ["Q100001"]


def test_all_words_must_occur(store: Store) -> None:
    store.replace([make("Q100001", title="Otter Seal"), make("Q100002", title="Otter Walrus")])
    assert [hit.id for hit in store.search("walrus otter")] == ["Q100002"]
    assert store.search("walrus seal") == []


def test_search_finds_an_article_by_its_number(stocked: Store) -> None:
    assert stocked.search("Q241556")[0].id == "Q241556"


def test_words_are_not_operators(store: Store) -> None:
    store.replace([make("Q100001", title="Otter"), make("Q100002", title="Seal")])
    assert store.search("otter OR seal") == []
    assert store.search("otter NOT seal") == []
    assert [hit.id for hit in store.search('"otter" (AND:')] == []
    assert [hit.id for hit in store.search('"otter"*^(){}')] == ["Q100001"]


@given(st.text(max_size=60) | st.text(st.sampled_from("\"*^():{}-+'%_\\ \0\n\u0301aeAND NOT OR NEAR/"), max_size=30))
@example("_")
@example('"')
@example("a" * 100_000)
@example("word " * 5000)
@example("\udc80")
def test_any_text_is_a_valid_query(stocked: Store, words: str) -> None:
    assert len(stocked.search(words, 3)) <= 3


# --- scans ------------------------------------------------------------------------------------------------------------


def test_a_scan_comes_back_as_it_was(store: Store, bundled: tuple[Advisory, ...]) -> None:
    store.replace(bundled)
    folder = SERVERS.parent
    fleet = inventory.read([SERVERS, folder / "files-long.csv", folder / "hotfixes-long.csv"])
    assert store.load_scan() is None
    first = scanning.run(fleet, store, now=NOW)
    second = scanning.run(fleet, store, articles=["Q274280", "Q241556"], products=["Exchange Server"], now=NOW)
    third = scanning.run(fleet, store, unfixed=True, now=NOW)
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert store.load_scan(1) == first
    assert store.load_scan(2) == second
    assert store.load_scan(3) == store.load_scan() == third
    assert store.load_scan(4) is None
    assert len(second.articles) == 2
    assert len(third.articles) >= len(first.articles)
    assert first.hosts[0].sources  # compared above, though Installation does not compare them


def test_an_odd_fleet_comes_back_as_it_was(store: Store, bundled: tuple[Advisory, ...]) -> None:
    store.replace(bundled)
    text_ = (
        "host,product,version,service_pack,build,hotfixes,files,os,site,Owner\n"
        'A,Exchange Server,5.5,4,2650.24,KB241556,"x.dll=1.2;Store.exe=5.5.2652.42",Windows NT Server 4.0 SP6a,'
        'K\u00f6ln,"q""\nr"\n'
        "A,Exchange Server,5.5,3,5.0.1460.13,,,,,\nB,Notepad,7,SP9,,,,,,\nC,Exchange Server,5.5,SP?,,,,,,\n"
    )
    assessment = scanning.run(inventory.read_bytes("\u00e4.csv", text_.encode()), store, now=NOW)
    assert assessment.refusals
    assert assessment.remarks
    assert store.load_scan() == assessment


def test_a_scan_without_advisories_comes_back(store: Store) -> None:
    store.replace([make()])
    fleet = inventory.read_bytes("f.csv", b"host,product,version\nA,Notepad,7\n")
    assessment = scanning.run(fleet, store, now=NOW)
    assert (assessment.columns, len(assessment.profiles)) == ((), 1)
    assert store.load_scan() == assessment


def test_one_host_of_a_scan(store: Store, bundled: tuple[Advisory, ...]) -> None:
    """What is read for one host is what the whole scan has of it, however its name is written."""
    store.replace(bundled)
    assert store.host_of_scan("A") is None
    text_ = (
        "host,product,version,service_pack,os,Owner\nExch_1,Exchange Server,5.5,SP3,,Anna\n"
        "EXCH_1,Windows NT Server,4.0,SP5,,\nExchX1,Exchange Server,5.5,SP3,,\nK\u00d6LN,Exchange Server,5.5,SP4,,\n"
        "10%,Exchange Server,5.5,SP4,Windows NT Server 4.0 SP5,\nDOM\\SRV,Exchange Server,5.5,SP4,,\n"
        '"x""y",Exchange Server,5.5,SP4,,\n'
    )
    scan = scanning.run(inventory.read_bytes("f.csv", text_.encode()), store, now=NOW)
    for name, number in (
        ("exch_1", 2),
        ("EXCHX1", 1),
        ("k\u00f6ln", 1),
        ("10%", 1),
        ("dom\\srv", 1),
        ('X"y', 1),
        ("%", 0),
        ("K\u00c4LN", 0),
        ("", 0),
    ):
        found = store.host_of_scan(name)
        assert found == scan.of(name)
        assert found is not None
        assert len(found.rows) == number
    rows = {row.product_line: (row, profile) for row, profile in store.host_of_scan("Exch_1").rows}  # type: ignore[union-attr]  # compared above
    assert rows["Exchange Server 5.5"] == (scan.hosts[0], scan.profiles[scan.hosts[0].profile])
    assert rows["Exchange Server 5.5"][0].extra == (("Owner", "Anna"),)
    missing = store.host_of_scan("exc")
    assert missing is not None
    assert missing.near == ("EXCH_1", "ExchX1", "Exch_1")
    assert store.host_of_scan("Exch_1", 2) is None


def test_a_scan_outlives_its_articles(store: Store, bundled: tuple[Advisory, ...]) -> None:
    """A stored scan tells what was judged then, whatever is imported later."""
    store.replace(bundled)
    assessment = scanning.run(inventory.read([SERVERS]), store, now=NOW)
    store.replace([make("Q241556", title="Another title")])
    assert store.load_scan() == assessment


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_new_database_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "kb.db"
    with Store(str(path)) as opened:
        opened.replace([make()])
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes["kb.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_a_database_is_not_made_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    with pytest.raises(StoreError, match=r"kb\.db: no such database; make one with: kbcheck import PATH$"):
        Store(str(path), create=False)
    assert not path.exists()


def test_an_empty_file_holds_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    path.touch()
    with pytest.raises(StoreError, match="holds no knowledge base yet"):
        Store(str(path), create=False)
    with Store(str(path)) as opened:
        assert opened.count() == 0


@pytest.mark.parametrize("data", [b"host,product\n" * 100, os.urandom(4096), b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "kb.db"
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"kb\.db: "):
        Store(str(path))
    assert path.read_bytes() == data


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        Store(str(tmp_path))


def test_a_database_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot make the database"):
        Store(str(tmp_path / "file" / "kb.db"))


def sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


NEW = ("scan_shape", "scan_extra", "scan_hosts", "finding", "finding_detail", "finding_fact")
SCANS_OF_SCHEMA_2 = (
    "ALTER TABLE scan_profile DROP COLUMN of_group",
    *(f"DROP TABLE {name}" for name in NEW),
    "CREATE TABLE scan_host (scan INTEGER NOT NULL, position INTEGER NOT NULL, host TEXT NOT NULL, "
    "product_line TEXT NOT NULL, profile INTEGER NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL, "
    "extra TEXT NOT NULL)",
    "CREATE TABLE finding (scan INTEGER NOT NULL, profile INTEGER NOT NULL, article INTEGER NOT NULL, "
    "status TEXT NOT NULL, reason TEXT NOT NULL, first_fixed TEXT, detail INTEGER NOT NULL)",
    "CREATE TABLE finding_detail (scan INTEGER NOT NULL, detail INTEGER NOT NULL, document TEXT NOT NULL)",
    *(f"CREATE INDEX ix_{name}_scan ON {name} (scan)" for name in ("scan_host", "finding", "finding_detail")),
    "UPDATE meta SET value = '2' WHERE key = 'schema'",
)
SCHEMA_4 = (
    "ALTER TABLE correction DROP COLUMN requires",
    "ALTER TABLE article DROP COLUMN setting",
    "ALTER TABLE article ADD COLUMN layout TEXT NOT NULL DEFAULT '{}'",
    "CREATE INDEX ix_article_category ON article (category)",
    "CREATE INDEX ix_decision_product_line ON decision (product_line)",
    "CREATE INDEX ix_correction_product_line ON correction (product_line)",
    "INSERT INTO article_search(article_search, rank) VALUES ('automerge', 4)",
    "INSERT INTO article_search(article_search, rank) VALUES ('hashsize', 16777216)",
    "INSERT INTO decision SELECT article, product_line, 1, NULL, NULL, NULL, 9 FROM affected WHERE NOT EXISTS (SELECT "
    "1 FROM decision WHERE decision.article = affected.article AND decision.product_line = affected.product_line)",
    "UPDATE meta SET value = '4' WHERE key = 'schema'",
)
SCHEMA_1 = (
    "DROP TABLE decision",
    "DROP INDEX ix_article_advisory",
    "ALTER TABLE article DROP COLUMN advisory",
    "UPDATE meta SET value = '1' WHERE key = 'schema'",
)


def plain(value: object) -> object:
    """Return a fact as schema 2 writes it."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {"is": type(value).__name__} | {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def scan_of_schema_2(path: Path, scan: Assessment) -> None:
    """Write a scan, whose other tables are there, as schema 2 does: each host with its facts, each verdict."""
    verdicts = [(profile, verdict) for profile in range(len(scan.profiles)) for verdict in scan.verdicts(profile)]
    connection = sqlite3.connect(path)
    with connection:
        connection.executemany(
            "INSERT INTO scan_host VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (scan.number, n, h.host, h.product_line, h.profile, h.file, h.line, json.dumps(document))
                for n, h in enumerate(scan.hosts)
                for document in [
                    {"extra": h.extra, "sources": [[c, s.file, s.line, s.column, t] for c, s, t in h.sources]}
                ]
            ],
        )
        connection.executemany(
            "INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (scan.number, profile, int(v.article[1:]), v.status.value, v.reason.value, v.first_fixed, n)
                for n, (profile, v) in enumerate(verdicts)
            ],
        )
        connection.executemany(
            "INSERT INTO finding_detail VALUES (?, ?, ?)",
            [
                (scan.number, n, json.dumps({"evidence": plain(v.evidence), "remedies": plain(v.remedies)}))
                for n, (_, v) in enumerate(verdicts)
            ],
        )
    connection.close()


@pytest.fixture
def older(tmp_path: Path, bundled_db: Path) -> Path:
    """A database of schema 1: without what was weighed, scans not folded."""
    path = Path(shutil.copy(bundled_db, tmp_path / "kb.db"))
    sql(path, *SCHEMA_4, *SCANS_OF_SCHEMA_2, *SCHEMA_1)
    return path


def test_what_only_schema_4_stored_is_dropped(tmp_path: Path, bundled_db: Path) -> None:
    path = Path(shutil.copy(bundled_db, tmp_path / "kb.db"))
    decisions = "SELECT * FROM decision ORDER BY article, product_line"

    def asked(query: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(path)
        found = connection.execute(query).fetchall()
        connection.close()
        return found

    before = asked(decisions)
    sql(path, *SCHEMA_4)
    assert len(asked(decisions)) > len(before)
    with Store(str(path)) as opened:
        assert opened.settle() == 0
        assert opened.search("OpenMsgStore")[0].id == "Q241556"
        assert list(opened.known(["Exchange Server 5.5"], fixed=False))
    assert asked(decisions) == before
    config = asked("SELECT k, v FROM article_search_config")
    assert {("automerge", 16), ("hashsize", 1048576)} <= set(config)
    assert path.with_name("kb.db.schema-4").exists()


def test_scans_of_an_older_database_are_kept(tmp_path: Path, bundled_db: Path) -> None:
    path = Path(shutil.copy(bundled_db, tmp_path / "kb.db"))
    folder = SERVERS.parent
    with Store(str(path)) as opened:
        fleet = inventory.read([SERVERS, folder / "files-long.csv"])
        scans = [scanning.run(fleet, opened, now=NOW), scanning.run(fleet, opened, unfixed=True, now=NOW)]
    sql(path, *SCHEMA_4, *SCANS_OF_SCHEMA_2)
    for each in scans:
        scan_of_schema_2(path, each)
    with Store(str(path)) as opened:
        for each in scans:
            kept = opened.load_scan(each.number)
            assert kept is not None
            assert [list(kept.verdicts(n)) for n in range(len(kept.profiles))] == [
                list(each.verdicts(n)) for n in range(len(each.profiles))
            ]
            assert dataclasses.replace(kept, groups=each.groups, columns=each.columns) == each
    assert path.with_name("kb.db.schema-2").exists()


def test_what_is_not_weighed_yet_is_known_all_the_same(db: str) -> None:
    stocked = Store(str(db))
    lines = ["Exchange Server 5.5", "Windows NT 4.0"]
    before = list(stocked.known(lines, fixed=True))
    with stocked.writing() as connection:
        connection.execute(sa.text("UPDATE article SET advisory = NULL"))
        connection.execute(sa.text("DELETE FROM decision"))
    after = [each for each in stocked.known(lines, fixed=True) if each.advisory and matching.fixable(each, lines)]
    assert {each.id: each.lines for each in before if matching.fixable(each, lines)} == {e.id: e.lines for e in after}
    assert before
    stocked.engine.dispose()


def test_an_older_database_is_upgraded_after_a_copy(older: Path, stocked: Store) -> None:
    with Store(str(older), create=False) as opened:
        assert opened.settle() == 43
        assert opened.read_by_older  # schema 6 did not have what hotfixes require
        assert importing.renew(opened) == 43
        assert everything(opened) == everything(stocked)
        assert list(opened.known_of(["Q241556"])) == list(stocked.known_of(["Q241556"]))
        assert opened.search("OpenMsgStore")[0].id == "Q241556"
    copy = older.with_name("kb.db.schema-1")
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [("1",)]
    assert connection.execute("SELECT count(*) FROM article").fetchall() == [(43,)]
    connection.close()
    if os.name == "posix":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with Store(str(older), create=False) as opened:
        assert opened.settle() == 0


HOSTS_OF_SCHEMA_3 = (
    "DROP TABLE scan_hosts",
    "CREATE TABLE scan_hosts (scan INTEGER NOT NULL, first INTEGER NOT NULL, hosts TEXT NOT NULL, lines TEXT NOT NULL, "
    "shapes TEXT NOT NULL, extras TEXT NOT NULL)",
    "CREATE INDEX ix_scan_hosts_scan ON scan_hosts (scan)",
    "UPDATE meta SET value = '3' WHERE key = 'schema'",
)


def test_host_rows_of_schema_3_are_kept(tmp_path: Path, bundled_db: Path) -> None:
    path = Path(shutil.copy(bundled_db, tmp_path / "kb.db"))
    with Store(str(path)) as opened:
        scan = scanning.run(inventory.read([SERVERS]), opened, now=NOW)
    hosts = scan.hosts
    lists = [json.dumps(list(each)) for each in (hosts.names, hosts.lines, hosts.which, hosts.extra_of)]
    sql(path, *SCHEMA_4, *HOSTS_OF_SCHEMA_3)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO scan_hosts VALUES (?, 0, ?, ?, ?, ?)", (scan.number, *lists))
    connection.close()
    with Store(str(path)) as opened:
        assert opened.load_scan() == scan
        told = opened.host_of_scan("exch03")
        assert told is not None
        assert [row.line for row, _ in told.rows] == [row.line for row in hosts if row.host == "EXCH03"]


def test_an_import_that_an_older_version_left_without_its_search_index_is_completed(
    tmp_path: Path, bundled_db: Path
) -> None:
    path = Path(shutil.copy(bundled_db, tmp_path / "kb.db"))
    sql(
        path,
        "INSERT INTO article_search(article_search) VALUES ('delete-all')",
        "INSERT INTO meta VALUES ('search', 'stale')",
        *SCHEMA_4,
        *HOSTS_OF_SCHEMA_3,
    )
    with Store(str(path)) as opened:
        assert opened.search("OpenMsgStore")[0].id == "Q241556"
    with Store(str(path)) as again:
        assert len(again.search("store", 1000)) > 10


def test_an_upgraded_database_has_the_schema_of_a_new_one(older: Path, bundled_db: Path) -> None:
    Store(str(older)).__exit__()

    def shape(path: Path) -> dict[str, set[tuple[object, ...]]]:
        connection = sqlite3.connect(path)
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: {row[1:4] for row in connection.execute(f"PRAGMA table_info({name})")}
            | {row[1:3] for row in connection.execute(f"PRAGMA index_list({name})") if not row[1].startswith("sqlite_")}
            for name in names
        }
        found["search"] = set(connection.execute("SELECT k, v FROM article_search_config WHERE k <> 'hashsize'"))
        connection.close()
        return found

    assert shape(older) == shape(bundled_db)


def test_an_older_database_in_a_sealed_folder_is_told(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = older.read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="made by an older kbcheck, and its folder is read-only"):
        Store(str(older), create=False)
    assert older.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://h/db?user=me&password=secret", "postgresql+psycopg://h/db"),
        ("postgresql://me:secret@h/db", "postgresql+psycopg://me:***@h/db"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    pytest.importorskip("psycopg")
    assert database.Database(url).shown == shown


def test_a_url_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(StoreError, match=r"^database URL: expected postgresql://USER@HOST:PORT/NAME$"):
        Store("postgresql://u:p@secret:x@host/db")


@pytest.mark.parametrize(
    ("reader", "this", "older"),
    [("0.1.0", "0.1.0", False), ("0.2.0rc1", "0.2.0", True), ("0.2.0", "0.10.0", True), ("0.3.0", "0.2.0", False)],
)
def test_which_kbcheck_is_older(
    stocked: Store, monkeypatch: pytest.MonkeyPatch, reader: str, this: str, older: bool
) -> None:
    monkeypatch.setattr("kbcheck.store.articles.__version__", reader)
    stocked.read_by_this()
    monkeypatch.setattr("kbcheck.store.articles.__version__", this)
    assert stocked.read_by_older is older


META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)"


@pytest.mark.parametrize("create", [False, True])
def test_a_newer_database_is_refused(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "kb.db"
    sql(path, META, "INSERT INTO meta VALUES ('schema', '999')")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"newer kbcheck \(schema 999, this one knows {schema.VERSION}\)"):
        Store(str(path), create=create)
    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE article (name TEXT)",),
        ("CREATE TABLE orders (name TEXT)", "INSERT INTO orders VALUES ('x')"),
        (META,),
        (META, "INSERT INTO meta VALUES ('name', 'x')"),
        ("CREATE TABLE meta (name TEXT)",),
        (META, "INSERT INTO meta VALUES ('schema', 'public')"),
        (META, "INSERT INTO meta VALUES ('schema', '0')"),
        (META, "INSERT INTO meta VALUES ('schema', '-1')"),
    ],
)
def test_a_database_of_another_program_is_refused(tmp_path: Path, statements: tuple[str, ...], create: bool) -> None:
    path = tmp_path / "kb.db"
    sql(path, *statements)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"kb\.db: "):
        Store(str(path), create=create)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["kb.db"]


@pytest.mark.parametrize(("table", "beside"), [("orders", True), ("article", False)])
def test_the_tables_of_another_program_are_left_alone(place: str, table: str, beside: bool) -> None:
    """On PostgreSQL they may stand beside ours, if none has the name of one."""
    server = "://" in place
    engine = sa.create_engine(sa.make_url(place) if server else sa.URL.create("sqlite", database=place))
    theirs = sa.Table(table, sa.MetaData(), sa.Column("name", sa.Text))
    theirs.create(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(theirs), [{"name": "x"}])
    if server and beside:
        with Store(place) as opened:
            assert opened.count() == 0
    else:
        with pytest.raises(StoreError, match=r": is a database, but not one of kbcheck's$"):
            Store(place)
        assert sa.inspect(engine).get_table_names() == [table]
    with engine.begin() as connection:
        assert connection.execute(sa.select(theirs.c.name)).scalars().all() == ["x"]
    engine.dispose()


def test_others_may_read_while_one_writes(tmp_path: Path, bundled_db: Path) -> None:
    """A new database has a log, and one that was copied without it has one again."""
    for path in (tmp_path / "new.db", Path(shutil.copy(bundled_db, tmp_path / "kb.db"))):
        if path.exists():
            sql(path, "PRAGMA journal_mode=DELETE")
        with Store(str(path)) as opened, opened.writing():
            assert path.with_name(f"{path.name}-wal").exists()
            assert opened.count() in (0, 43)


@pytest.mark.parametrize("url", ["nosuch://host/db", "postgresql://[", "://"])
def test_a_url_that_names_no_database(url: str) -> None:
    with pytest.raises(StoreError, match=r"database URL: |failed to resolve host"):
        Store(url)


def test_a_url_of_a_file_and_of_memory(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'kb.db'}") as opened:
        opened.replace([make()])
    with Store(str(tmp_path / "kb.db"), create=False) as opened:
        assert opened.count() == 1
    with Store(":memory:") as opened:
        opened.replace([make()])
        assert opened.count() == 1


def test_a_locked_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbcheck.store.database.BUSY_SECONDS", 0.05)
    path = tmp_path / "kb.db"
    with Store(str(path)) as opened:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        assert opened.count() == 0  # reading goes on
        with pytest.raises(StoreError, match=r"kb\.db: is locked by another process"):
            opened.replace([make()])
        other.rollback()
        other.close()
        assert opened.replace([make()]) == Replaced(1, 0)


# --- two writers ------------------------------------------------------------------------------------------------------


def test_a_database_that_another_process_makes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.rollback)
    release.start()
    try:
        with Store(str(path)) as opened:
            assert opened.count() == 0
    finally:
        release.join()
        other.close()


def test_a_failed_batch_leaves_nothing(store: Store) -> None:
    store.replace([make("Q100001")])
    bad = dataclasses.replace(make("Q100003"), affected=(Affected(None, None, 1),))  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.replace([make("Q100001", title="Changed"), make("Q100002"), bad])
    assert [each.title for each in everything(store)] == [make("Q100001").article.title]


@pytest.mark.parametrize("same", [False, True], ids=["other articles", "the same articles"])
def test_two_threads_lose_nothing(place: str, same: bool) -> None:
    barrier = threading.Barrier(2)
    failures: list[Exception] = []

    def write(first: int) -> None:
        try:
            barrier.wait(10)
            with Store(place) as own:
                for batch in range(10):
                    own.replace([make(f"Q{first + 10 * batch + n}") for n in range(10)])
        except Exception as error:
            failures.append(error)

    Store(place).__exit__()
    threads = [threading.Thread(target=write, args=(first,)) for first in (100000, 100000 if same else 200000)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert failures == []
    with Store(place) as own:
        assert own.count() == (100 if same else 200)
        assert all(len(each.affected) == 1 for each in everything(own))
        assert len(own.search("store", 1000)) == own.count()


def test_eight_processes_lose_nothing(place: str, tmp_path: Path, bundled: tuple[Advisory, ...]) -> None:
    """Eight imports begin at once, on a database that is not there yet; much of what they import is the same."""
    chance = random.Random(241556)
    texts = {path.name: path.read_bytes() for path in ADVISORIES.glob("Q*.TXT")}
    texts |= {f"Q{n}.TXT": text(f"Q{n}", title=f"XADM: Store Stops {n}") for n in range(300000, 300300)}
    left = list(texts)
    folders = [tmp_path / str(number) for number in range(8)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        for name in {*chance.sample(sorted(texts), 200), *left[number::8]}:
            (folder / name).write_bytes(texts[name])
    command = [sys.executable, "-m", "kbcheck", "import", "--jobs", "2", "--db", place]
    running = [
        subprocess.Popen([*command, str(each)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for each in folders
    ]
    results = [(*each.communicate(timeout=240), each.returncode) for each in running]
    assert [(err, code) for _, err, code in results] == [(b"", 0)] * 8
    with Store(place) as own, Store(str(tmp_path / "one.db")) as one:
        one.replace([advisory.extract(article.parse(data)) for data in texts.values()])
        one.settle()
        assert everything(own) == everything(one)
        assert own.digests() == one.digests()
        assert list(own.known_of(texts_ids(texts))) == list(one.known_of(texts_ids(texts)))
        assert len(own.search("store", 1000)) == len(one.search("store", 1000))


def texts_ids(texts: dict[str, bytes]) -> list[str]:
    return [name.removesuffix(".TXT") for name in texts]


def test_scans_of_two_writers_are_both_whole(place: str, bundled: tuple[Advisory, ...]) -> None:
    fleet = inventory.read([SERVERS])
    done: list[Assessment] = []

    def write() -> None:
        with Store(place) as own:
            done.extend(scanning.run(fleet, own, now=NOW) for _ in range(3))

    with Store(place) as own:
        own.replace(bundled)
    threads = [threading.Thread(target=write) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(each.number or 0 for each in done) == [1, 2, 3, 4, 5, 6]
    with Store(place) as own:
        assert all(own.load_scan(each.number) == each for each in done)


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_link_is_read_where_it_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("closed", "open"):
        (tmp_path / folder).mkdir()
    place = tmp_path / "open" / "kb.db"
    link = tmp_path / "closed" / "kb.db"
    link.symlink_to(place)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "closed")
    with Store(str(place)) as store:
        store.replace([advisory.extract(article.parse(text("Q900001")))])
        with Store(str(link), create=False) as linked:  # what is not yet in the file itself, too
            assert linked.count() == 1
            linked.replace([advisory.extract(article.parse(text("Q900002")))])
        assert store.count() == 2
