"""Commands: exit codes with their causes, what goes where, JSON by its schemas, interrupted and piped processes."""

import contextlib
import csv
import functools
import gc
import io
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ADVISORIES, ROOT, SERVERS, Ran, Run
from examples import text
from jsonschema import Draft202012Validator, FormatChecker

import kbcheck
from kbcheck import importing
from kbcheck.cli import application, streams
from kbcheck.model import Status
from kbcheck.store import Store, schema

INTERRUPT = pytest.param(
    "SIGINT",
    marks=pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="Ctrl-C is ignored here"),
)
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pipes are POSIX")
FLEET = "host,product,version,service_pack\n"
EXPOSED = FLEET + "A,Exchange Server,5.5,SP3\n"
CLEAN = FLEET + "A,Windows 2000 Server,,SP4\n"
UNREAD = CLEAN + "B,Exchange Server,5.5,SP?\n"
REFUSED = 'Refused: servers.csv:19: service_pack "SP?": expected a number, "RTM" or nothing\n'
UNKNOWN = FLEET + "A,Exchange Server,5.5,\n"
CSV = ["host", "product", "release", "service_pack", "build", "article", "title"]
CSV += ["status", "reason", "first_fixed", "remedy", "inventory_line"]


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


Put = Callable[[str, str | bytes], Path]


@pytest.fixture
def scanned(run: Run, db: str) -> str:
    """A database with the bundled articles and a scan of the bundled fleet."""
    assert run("scan", SERVERS, "--db", db).code == 1
    return db


# --- exit codes -------------------------------------------------------------------------------------------------------


def test_0_imported(run: Run, tmp_path: Path) -> None:
    ran = run("import", ADVISORIES, "--db", tmp_path / "new.db")
    assert ran.code == 0
    assert ran.out.startswith("43 articles: 43 new, 0 updated, 0 unchanged; 1 other files passed over\n")
    assert "Next: kbcheck scan" in ran.out
    assert ran.err == ""
    again = run("import", ADVISORIES, "--db", tmp_path / "new.db")
    assert again.code == 0
    assert again.out.startswith("43 articles: 0 new, 0 updated, 43 unchanged")


@pytest.mark.parametrize("words", [("import", ADVISORIES), ("scan", SERVERS)])
def test_what_an_older_kbcheck_read_is_read_again(run: Run, db: str, words: tuple[str, Path]) -> None:
    connection = sqlite3.connect(db)
    with connection:
        connection.execute("UPDATE meta SET value = '0.0.9' WHERE key = 'reader'")
        connection.execute("DELETE FROM correction WHERE subject = 241556")
    connection.close()
    assert run("show", "Q241556", "--db", db).out.count("SP4") == 0
    told = "43 stored articles, which an older kbcheck had read, were read again by the rules of this one\n"
    assert run(*words, "--db", db).err == told
    assert run(*words, "--db", db).err == ""
    assert run("show", "Q241556", "--db", db).out.count("SP4") > 0


def test_0_nothing_exposed(run: Run, db: str, put: Put) -> None:
    ran = run("scan", put("f.csv", CLEAN), "--db", db)
    assert (ran.code, ran.err) == (0, "Nothing was judged: no advisory in the database concerns these products\n")
    assert ran.out.startswith("1 installation on 1 host, 1 distinct level, against ")


@pytest.mark.parametrize(
    ("inventory", "fail_on", "code"),
    [
        (EXPOSED, "exposed", 1),
        (EXPOSED, "exposed,undetermined", 1),
        (EXPOSED, " Exposed , undetermined ", 1),
        (EXPOSED, "none", 0),
        (UNKNOWN, "none", 0),
        (UNKNOWN, "undetermined", 1),
        (CLEAN, "exposed,undetermined", 0),
        (UNREAD, "none", 3),
        (UNREAD, "exposed", 3),
        (UNREAD + "C,Exchange Server,5.5,SP3\n", "exposed", 1),
        (UNREAD + "C,Exchange Server,5.5,SP3\n", "none", 3),
    ],
)
def test_fail_on(run: Run, db: str, put: Put, inventory: str, fail_on: str, code: int) -> None:
    path = put("f.csv", inventory)
    assert run("scan", path, "--db", db, "--fail-on", fail_on).code == code
    assert run("scan", path, "--db", db, "--fail-on", fail_on, "-q").code == code
    assert run("report", "--db", db, "--fail-on", fail_on).code == code


@pytest.mark.parametrize(
    "words",
    [
        ("scan",),
        ("explain", "EXCH03"),
        ("nosuch",),
        ("scan", SERVERS, "--nosuch"),
        ("scan", SERVERS, "--by", "nosuch"),
        ("scan", SERVERS, "--format", "xml"),
        ("scan", SERVERS, "--fail-on", "fixt"),
        ("scan", SERVERS, "--fail-on", "none,exposed"),
        ("scan", SERVERS, "--status", "open"),
        ("scan", SERVERS, "--article", "Q12"),
        ("explain", "EXCH03", "241"),
        ("show", "Q2415560"),
        ("show", "QABCDEF"),
        ("show", "Q241556; DROP TABLE article"),
        ("show", "Q241556", "Q268886"),
        ("report", "newest"),
        ("search",),
        ("search", "x", "--limit", "0"),
        ("import",),
    ],
    ids=lambda words: " ".join(str(getattr(word, "name", word)) for word in words),
)
def test_2_wrong_usage(run: Run, db: str, words: tuple[str, ...]) -> None:
    ran = run(*words, "--db", db)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_2_says_what_was_expected(run: Run, db: str) -> None:
    assert run("show", "241", "--db", db).err == "kbcheck: '241' is no article number: expected one such as Q241556\n"
    expected = "kbcheck: 'open' is no status: expected exposed, fixed, not-applicable, undetermined\n"
    assert run("scan", SERVERS, "--status", "open", "--db", db).err == expected


@pytest.mark.parametrize("name", ["Q241556", "q241556", "KB241556", "241556"])
def test_articles_may_be_written_as_people_do(run: Run, db: str, name: str) -> None:
    assert run("show", name, "--db", db).out.startswith("Q241556  XADM: OpenMsgStore Function Is Not Thread Safe")


def test_3_refused_articles(run: Run, tmp_path: Path, put: Put) -> None:
    bad = put("bad.TXT", b"DOCUMENT:Q1\r\n")
    ran = run("import", bad, ADVISORIES / "Q241556.TXT", "--db", tmp_path / "x.db")
    assert ran.code == 3
    assert ran.out.startswith("1 articles: 1 new, 0 updated, 0 unchanged; 1 rejected\n")
    assert ran.err.startswith(f'Rejected: {bad}: line 1: expected "DOCUMENT:Qnnnnnn')


def test_3_a_named_file_that_is_no_article(run: Run, tmp_path: Path) -> None:
    ran = run("import", SERVERS, ADVISORIES, "--db", tmp_path / "x.db")
    assert ran.code == 3
    assert f"Not an article: {SERVERS}: line 1: expected" in ran.err


def test_3_damaged_archive(run: Run, tmp_path: Path, put: Put) -> None:
    ran = run("import", put("k.zip", b"no zip"), "--db", tmp_path / "x.db")
    assert ran.code == 3
    assert "k.zip: damaged" in ran.err


def database(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("scan", SERVERS),
        ("report",),
        ("explain", "EXCH03", "Q241556"),
        ("show", "Q241556"),
        ("list",),
        ("search", "deadlock"),
    ],
    ids=lambda words: words[0],
)
def test_4_no_usable_database(run: Run, tmp_path: Path, put: Put, words: tuple[str, ...]) -> None:
    cases = {
        tmp_path / "none.db": "no such database; make one with: kbcheck import PATH",
        put("text.db", "host,product\n" * 99): "is not a database",
        put("empty.db", ""): "holds no knowledge base yet; make one with: kbcheck import PATH",
        database(tmp_path / "other.db", "CREATE TABLE article (x)"): "is a database, but not one of kbcheck's",
        database(
            tmp_path / "newer.db",
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
            "INSERT INTO meta VALUES ('schema', '999')",
        ): f"made by a newer kbcheck (schema 999, this one knows {schema.VERSION}); update kbcheck",
        tmp_path: "is a folder, not a database file",
    }
    for path, reason in cases.items():
        assert run(*words, "--db", path) == Ran(4, "", f"kbcheck: {path}: {reason}\n")


def test_4_inventories_that_cannot_be_read(run: Run, db: str, tmp_path: Path, put: Put) -> None:
    cases = {
        tmp_path / "none.csv": f"{tmp_path / 'none.csv'}: No such file or directory",
        put("empty.csv", ""): "empty.csv: empty inventory",
        put("rows.csv", FLEET): "no installation in rows.csv",
        put("bad.csv", FLEET + "A,,,\n"): "no installation in bad.csv; first refused: bad.csv:2: no product,",
        put("host.csv", "product,version\nx,1\n"): "host.csv:1: no host column among product, version; expected",
    }
    for path, reason in cases.items():
        ran = run("scan", path, "--db", db)
        assert (ran.code, ran.out) == (4, "")
        assert ran.err.startswith(f"kbcheck: {reason}")
    assert (
        run("report", "--db", db).err == "kbcheck: no scan is stored yet; make one with: kbcheck scan INVENTORY.csv\n"
    )


def test_4_things_that_are_not_there(run: Run, scanned: str, tmp_path: Path) -> None:
    cases: dict[tuple[object, ...], str] = {
        ("import", tmp_path / "none"): "none: no such file or folder",
        ("show", "Q999999"): "Q999999 is not in the database; import it first",
        ("explain", "EXCH03", "Q999999"): "Q999999 is not in the database; import it first",
        ("explain", "EXCH03", "Q268886"): "Q268886 judges no host: it reports no fault (fix-list); what it says: ",
        ("explain", "exch18", "Q241556"): "was refused: servers.csv:19: service_pack",
        ("explain", "EXCH99", "Q241556"): "no host 'EXCH99' in scan 1; there is EXCH01",
        ("explain", "EXCH03", "Q241556", "--product", "SNA Server 4.0"): "EXCH03 has no SNA Server 4.0 in scan 1",
        ("explain", "EXCH03", "Q241556", "--scan", "7"): "no scan 7 in the database",
        ("report", "7"): "no scan 7 in the database",
        ("report", "--article", "Q268886"): "scan 1 did not judge Q268886",
        ("report", "--product", "SNA Server"): "scan 1 has no installation of SNA Server",
        ("scan", SERVERS, "--article", "Q999999"): "not in the database: Q999999; import them first",
        ("scan", SERVERS, "--product", "SNA Server"): "no installation of SNA Server; the inventory has Exchange",
        ("list", "-o", tmp_path / "none" / "x.jsonl", "--format", "jsonl"): "",
    }
    for words, reason in cases.items():
        ran = run(*words, "--db", scanned)
        assert (ran.code, ran.out) == (4, "")
        assert reason in ran.err


def test_4_no_article_at_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    ran = run("import", tmp_path / "in", "--db", tmp_path / "x.db")
    assert ran.code == 4
    assert ran.err == "kbcheck: no article found in the input\n"


def test_4_a_scan_without_articles(run: Run, tmp_path: Path, put: Put) -> None:
    path = tmp_path / "x.db"
    Store(str(path)).__exit__()
    assert run("scan", put("f.csv", EXPOSED), "--db", path).code == 4


def test_4_a_release_that_is_not_known(run: Run, db: str) -> None:
    assert run("scan", SERVERS, "--product", "Exchange Server 4.5", "--db", db).code == 4


def test_130_interrupted(run: Run, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "run", interrupted)
    ran = run("import", ADVISORIES, "--db", db)
    assert (ran.code, ran.out) == (130, "")


def test_130_says_what_is_left(run: Run, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "run", interrupted)
    assert run("import", ADVISORIES, "--db", db).err == "interrupted; what was stored before is whole\n"


# --- where things go --------------------------------------------------------------------------------------------------


def test_the_database_is_named_by_option_variable_or_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ADVISORIES / "Q241556.TXT"
    assert run("import", one, "--db", tmp_path / "a.db").code == 0
    monkeypatch.setenv("KBCHECK_DB", str(tmp_path / "b.db"))
    assert run("import", one).code == 0
    assert run("import", one, "--db", tmp_path / "a.db").out.startswith("1 articles: 0 new")
    assert (tmp_path / "b.db").exists()
    if sys.platform == "linux":
        monkeypatch.delenv("KBCHECK_DB")
        assert run("import", one).code == 0
        assert (tmp_path / "data" / "kbcheck" / "kbcheck.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("scan", SERVERS, "--format", "csv"),
        ("scan", SERVERS),
        ("scan", SERVERS, "--format", "jsonl"),
        ("scan", SERVERS, "--format", "markdown"),
        ("list",),
        ("list", "--format", "jsonl"),
        ("show", "Q241556"),
        ("show", "Q241556", "--annotated"),
        ("show", "Q241556", "--format", "json"),
        ("search", "thread"),
    ],
    ids=lambda words: " ".join(map(str, words[::2])),
)
def test_output_file_holds_what_stdout_would(run: Run, db: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    plain, written = run(*words, "--db", db), run(*words, "--db", db, "-o", path)
    assert (written.out, written.code) == ("", plain.code)
    assert path.read_bytes().decode("utf-8") == plain.out.replace(
        "scan 1: kbcheck report 1", "scan 2: kbcheck report 2"
    )
    assert plain.out
    assert written.err == (REFUSED if words[0] == "scan" else "")
    assert plain.err == ("" if "Refused: " in plain.out else written.err)


@pytest.mark.skipif(os.name != "posix", reason="links, modes and named pipes of POSIX")
def test_output_may_have_as_long_a_name_as_a_file_may(run: Run, db: str, tmp_path: Path) -> None:
    output = tmp_path / f"{'a' * 246}.txt"
    assert run("show", "Q241556", "--db", db, "-o", str(output)).code == 0
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".txt"] == [output.name]


def test_a_name_that_no_host_has(run: Run, scanned: str) -> None:
    ran = run("explain", "x" * 60_000, "Q241556", "--db", scanned)
    assert (ran.code, ran.err[:14], ran.err[-12:]) == (4, "kbcheck: no ho", "' in scan 1\n")


def test_a_scan_whose_output_has_no_place_is_not_stored(run: Run, db: str, tmp_path: Path) -> None:
    output = tmp_path / "none" / "x.csv"
    ran = run("scan", SERVERS, "-o", str(output), "--db", db)
    assert (ran.code, ran.out, ran.err) == (4, "", f"kbcheck: {output}: no such folder\n")
    assert run("report", "--list", "--db", db).out == "no scan is stored yet\n"


@pytest.mark.parametrize("text", ["foo", "fixed", "exposed,fixed", "exposed,none"])
def test_what_a_scan_may_fail_on(run: Run, db: str, text: str) -> None:
    ran = run("scan", SERVERS, "--fail-on", text, "--db", db)
    assert (ran.code, ran.err) == (2, f"kbcheck: --fail-on {text}: expected exposed, undetermined or none\n")


def test_a_search_tells_that_there_is_more(run: Run, db: str) -> None:
    few = run("search", "exchange", "--limit", "2", "--db", db)
    assert (len(few.out.splitlines()), few.err) == (4, "... there are more: --limit 20\n")
    assert run("search", "exchange", "--limit", "1000", "--db", db).err == ""


def test_a_marked_text_is_no_json(run: Run, db: str) -> None:
    ran = run("show", "Q241556", "--annotated", "--format", "json", "--db", db)
    assert (ran.code, ran.err) == (2, "kbcheck: --annotated is for text: expected it without --format json\n")


def test_output_keeps_what_a_path_is(run: Run, db: str, tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    os.mkfifo(pipe)
    plain = run("show", "Q241556", "--db", db).out
    assert run("show", "Q241556", "--db", db, "-o", link).code == 0
    assert (link.is_symlink(), target.read_text(encoding="utf-8"), target.stat().st_mode & 0o777) == (
        True,
        plain,
        0o600,
    )
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert run("show", "Q241556", "--db", db, "-o", pipe).code == 0
    assert reader.communicate(timeout=30)[0].decode("utf-8") == plain
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("report", "99999999999999999999"), 2, "2147483647"),
        (("explain", "A", "Q241556", "--scan", "0"), 2, "greater than or equal to 1"),
        (("show", "Q012345"), 2, "is no article number"),
        (("scan", SERVERS, "--fail-on", ""), 2, "--fail-on names nothing"),
        (("scan", SERVERS, "--db", "mysql://u:secret@h/d"), 4, "mysql is not supported"),
        (("scan", SERVERS, "--db", "postgresql://u:secret@h:port/d"), 4, "database URL: "),
    ],
)
def test_what_cannot_be_meant_is_told(run: Run, words: tuple[str | Path, ...], code: int, told: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert "secret" not in ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="names of files that are no text")
def test_an_inventory_whose_name_is_no_text(run: Run, db: str, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv")
    Path(path).write_bytes(SERVERS.read_bytes())
    assert run("scan", path, "--db", db).code == 1


def test_output_is_whole_or_not_at_all(run: Run, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    path = out / "x.jsonl"
    path.write_text("old")
    connection = sqlite3.connect(db)
    with connection:
        connection.execute("UPDATE article SET text = '{' WHERE id = 'Q309010'")  # the last one cannot be written
    connection.close()
    ran = run("list", "--format", "jsonl", "-o", path, "--db", db)
    assert (ran.code, ran.out) == (4, "")
    assert re.search(r"the text of Q309010 is damaged: line 1: expected \"DOCUMENT:", ran.err)
    assert path.read_text() == "old"
    assert list(out.iterdir()) == [path]
    assert run("show", "Q241556", "-o", out, "--db", db).code == 4
    assert list(out.iterdir()) == [path]


def test_quiet_and_verbose(run: Run, db: str, put: Put) -> None:
    assert run("scan", SERVERS, "-q", "--db", db) == Ran(1, "", REFUSED)
    assert run("import", ADVISORIES, "-q", "--db", db) == Ran(0, "", "")
    hosts = {f"EXCH{n:02}" for n in range(1, 27)} - {"EXCH18"}
    out = run("scan", SERVERS, "-v", "--db", db).out
    assert {line.split()[0] for line in out.splitlines() if re.match(r"EXCH\d\d ", line)} == hosts
    ran = run("import", *[put(f"{n}.txt", b"x") for n in range(9)], "--db", db)
    assert ran.err.count("Not an article: ") == 6
    assert "Not an article: 4 more" in ran.err
    assert run("import", *[put(f"{n}.txt", b"x") for n in range(9)], "-v", "--db", db).err.count("Not an article") == 9


def test_quiet_prints_the_answer_alone(run: Run, scanned: str) -> None:
    ran = run("explain", "EXCH03", "Q241556", "-q", "--db", scanned)
    verdict, reason = " ".join(ran.out.split()).split("Exchange Server 5.5, ")
    assert verdict == "EXCH03 is EXPOSED to Q241556 XADM: OpenMsgStore Function Is Not Thread Safe "
    assert reason.endswith("(fix-available, rule 13)")
    assert [line.split()[0] for line in run("show", "Q241556", "-q", "--db", scanned).out.splitlines()] == [
        "Q241556",
        "corrected",
    ]
    assert run("search", "OpenMsgStore", "thread", "-q", "--db", scanned).out.splitlines()[0] == "Q241556"
    chosen = ("list", "--fixed-in", "SP4", "--product", "Exchange Server 5.5", "--db", scanned)
    numbers = run(*chosen, "-q").out.splitlines()
    assert len(numbers) > 3
    assert numbers == [line.split()[0] for line in run(*chosen).out.splitlines() if line.startswith("Q")]
    troubled = run("list", "--problems", "-q", "--db", scanned).out.split()
    assert set(troubled) == set(re.findall(r"\bQ\d+(?=  )", run("list", "--problems", "--db", scanned).out))


def test_a_file_that_contradicts_the_level_is_explained(run: Run, db: str, put: Put) -> None:
    """The row tells SP4 twice; its Emsmta.exe is of SP3."""
    row = FLEET.strip() + ",build,files\nA,Exchange Server,5.5,SP4,5.5.2653.23,Emsmta.exe=5.5.2650.24\n"
    run("scan", put("f.csv", row), "--db", db)
    out = run("explain", "A", "Q241556", "--db", db).out
    assert "SP3 or SP4" in out
    assert "emsmta.exe 5.5.2650.24 is SP3's" in " ".join(out.split())
    assert "Would decide it: service_pack, build, the version of emsmta.exe" in " ".join(out.split())


def test_what_corrects_another_product_is_told_where_nothing_corrects_this_one(run: Run, db: str, put: Put) -> None:
    """Q259894."""
    body = text(
        "Q909092",
        applies_to=("Microsoft Exchange Server, version 5.5", "Microsoft Outlook 2000"),
        sections=(("STATUS", "This problem was first corrected in Outlook 2000 Service Pack 2."),),
        trailer={"Issue type": "kbbug"},
    )
    run("import", put("Q909092.TXT", body), "--db", db)
    run("scan", put("f.csv", FLEET + "A,Exchange Server,5.5,SP4\n"), "--article", "Q909092", "--db", db)
    out = " ".join(run("explain", "A", "Q909092", "--db", db).out.split())
    assert "To do: no correction is known for Exchange Server 5.5; it is corrected in Outlook 2000 SP2" in out
    assert 'in Outlook 2000: the article: SP2, "This problem was first corrected' in out


def test_what_was_not_understood_of_an_article_is_told_beside_its_verdicts(run: Run, db: str, put: Put) -> None:
    """A bare service pack beside two affected releases."""
    body = text(
        "Q909093",
        applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",),
        sections=(("STATUS", "This problem was first corrected in Service Pack 2."),),
        trailer={"Issue type": "kbbug"},
    )
    run("import", put("Q909093.TXT", body), "--db", db)
    run("scan", put("f.csv", FLEET + "A,Exchange Server,5.5,SP4\n"), "--article", "Q909093", "--db", db)
    ran = run("explain", "A", "Q909093", "--db", db)
    assert "Not understood: Q909093:18 SP2 of which product? This problem was first" in " ".join(ran.out.split())
    document = json.loads(run("explain", "A", "Q909093", "--format", "json", "--db", db).out)
    assert [(each["line"], each["message"][:21]) for each in document["unclear"]] == [(18, "SP2 of which product?")]


def test_verbose_cuts_nothing(run: Run, scanned: str, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for words in (("list",), ("search", "OpenMsgStore"), ("show", "Q241556"), ("show", "Q268886")):
        brief, whole = (run(*words, *more, "--db", scanned).out for more in ((), ("-v",)))
        assert "..." in brief
        assert len(whole) > len(brief)
        assert "XADM: OpenMsgStore Function Is Not Thread Safe" in " ".join(whole.split())
    rows = "".join(f"    {n}.dll   5.5.2653.{n}   Store\n" for n in range(20, 40))
    text = ADVISORIES.joinpath("Q241556.TXT").read_text(encoding="cp1252").replace("241556", "909091")
    head = (
        "The English version of this fix should have the following file attributes or later:\n\n    File name   Version"
    )
    text = text.replace("STATUS\n======", f"{head}   Component\n    {'-' * 40}\n{rows}\nSTATUS\n======")
    assert run("import", put("Q909091.TXT", text), "--db", scanned).code == 0
    assert run("scan", SERVERS, "--article", "Q909091", "--db", scanned).code == 1
    for words, folded in ((("show",), "and 8 more files (-v)"), (("explain", "EXCH03"), "and 12 more files (-v)")):
        assert folded in run(*words, "Q909091", "--db", scanned).out
        whole = run(*words, "Q909091", "-v", "--db", scanned).out
        assert "more files" not in whole
        assert all(f"{n}.dll 5.5.2653.{n}" in whole for n in range(20, 40))
    facts = json.loads(run("explain", "EXCH03", "Q909091", "--format", "json", "--db", scanned).out)["criteria"][3]
    assert len(facts["facts"]) == 40


HOSTILE = "\x1b]0;owned\x07"


@pytest.mark.parametrize(
    ("inventory", "words"),
    [
        pytest.param(FLEET + f"A,Exchange Server,5.5,SP{HOSTILE}\n", ("scan", "f.csv")),
        (f"{HOSTILE},version\nA,1\n", ("scan", "f.csv")),
        pytest.param(FLEET + f"A,Word {HOSTILE},5.5,\n", ("scan", "f.csv", "--product", "SNA Server")),
        pytest.param(FLEET + f"EXCH{HOSTILE},Exchange Server,5.5,3\n", ("explain", "EXC", "Q241556")),
    ],
    ids=["cell", "header", "product", "host"],
)
def test_errors_hold_no_escapes(
    run: Run, db: str, put: Put, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inventory: str, words: tuple[str, ...]
) -> None:
    put("f.csv", inventory)
    monkeypatch.chdir(tmp_path)
    if words[0] == "explain":
        run("scan", "f.csv", "--db", db)
    ran = run(*words, "--db", db)
    assert ran.code == 4
    assert ran.err
    assert "\x1b" not in ran.err


def test_reasons_hold_no_escapes(run: Run, db: str, put: Put) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as target:
        target.writestr(f"Q1{HOSTILE}.TXT", b"DOCUMENT:" + HOSTILE.encode())
    ran = run("import", put("k.zip", data.getvalue()), "--db", db)
    assert ran.code == 3
    assert "Rejected" in ran.err
    assert "\x1b" not in ran.err + ran.out


# --- options of scan and report ---------------------------------------------------------------------------------------


def findings(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out, newline="")))


def test_csv_columns_and_rows(run: Run, db: str) -> None:
    ran = run("scan", SERVERS, "--format", "csv", "--db", db)
    assert ran.out.splitlines()[0].split(",") == CSV
    rows = findings(ran.out)
    assert {row["status"] for row in rows} == {"exposed", "undetermined"}
    one = next(row for row in rows if row["host"] == "EXCH03" and row["article"] == "Q241556")
    assert {name: one[name] for name in CSV if name not in ("remedy", "title")} == {
        "host": "EXCH03",
        "product": "Exchange Server",
        "release": "5.5",
        "service_pack": "SP3",
        "build": "5.5.2650.24",
        "article": "Q241556",
        "status": "exposed",
        "reason": "fix-available",
        "first_fixed": "SP4",
        "inventory_line": "servers.csv:4",
    }


def test_all_prints_every_pair(run: Run, db: str) -> None:
    rows = findings(run("scan", SERVERS, "--format", "csv", "--all", "--db", db).out)
    summary = json.loads(run("report", "--format", "json", "--all", "--db", db).out)["summary"]
    assert len(rows) == summary["installations"] * summary["advisories"]
    assert len({(row["host"], row["product"], row["release"], row["article"]) for row in rows}) == len(rows)
    for status in Status:
        part = findings(run("report", "--format", "csv", "--status", status, "--db", db).out)
        assert [row["status"] for row in part] == [status] * summary[status]
    both = findings(run("report", "--format", "csv", "--status", "fixed,exposed", "--db", db).out)
    assert len(both) == summary["fixed"] + summary["exposed"]


def test_a_part_of_a_scan_is_the_scan_of_a_part(run: Run, db: str) -> None:
    """`report` cuts a stored scan as `scan` would have judged the part alone."""
    whole = ("scan", SERVERS, "--format", "csv", "--all", "--db", db)
    part = ("--article", "Q241556", "--article", "Q274280", "--product", "Exchange Server 5.5")
    cut = run(*whole, *part)
    run(*whole)
    assert run("report", "--format", "csv", "--all", *part, "--db", db).out == cut.out
    assert {row["article"] for row in findings(cut.out)} == {"Q241556", "Q274280"}
    assert {row["release"] for row in findings(cut.out)} == {"5.5"}


def test_unfixed_adds_advisories(run: Run, db: str) -> None:
    counts = [
        json.loads(run("scan", SERVERS, "--format", "json", *more, "--db", db).out)["summary"]["advisories"]
        for more in ((), ("--unfixed",))
    ]
    assert counts[0] < counts[1]


def test_report_cannot_add_what_was_not_judged(run: Run, db: str) -> None:
    run("scan", SERVERS, "--db", db)
    ran = run("report", "--unfixed", "--db", db)
    told = "a report shows what its scan judged: kbcheck scan --unfixed judges faults without a known fix too\n"
    assert (ran.code, ran.err) == (1, told)


def test_reports_of_stored_scans(run: Run, db: str, put: Put) -> None:
    first = run("scan", SERVERS, "--db", db)
    second = run("scan", put("f.csv", EXPOSED), "--by", "article", "--db", db)
    assert run("report", "1", "--db", db).out == first.out
    assert run("report", "--by", "article", "--db", db).out == second.out
    assert run("report", "2", "--by", "article", "--db", db).out == second.out
    views = {by: run("report", "1", "--by", by, "--db", db).out for by in ("host", "article", "remedy", "matrix")}
    assert len(set(views.values())) == 4


def test_no_colour_where_it_is_not_wanted(run: Run, scanned: str) -> None:
    assert "\x1b" not in run("report", "--by", "matrix", "--db", scanned).out


@POSIX
@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        pytest.param({"NO_COLOR": ""}, True),
    ],
)
def test_colour_on_a_terminal(scanned: str, variables: dict[str, str], coloured: bool) -> None:
    """NO_COLOR counts when it is there and not empty (no-color.org)."""
    import pty

    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "kbcheck", "report", "--by", "matrix", "--db", scanned]  # 1: something is exposed
    environment = {**os.environ, "TERM": "xterm", **variables}
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        chunks = []
        try:
            while chunk := os.read(main, 65536):
                chunks.append(chunk)
        except OSError:  # the other end is closed
            pass
    os.close(main)
    assert process.returncode == 1
    assert b"EXPOSED" in b"".join(chunks)
    assert (b"\x1b[31mEXPOSED\x1b[0m" in b"".join(chunks)) is coloured


# --- one host, one article --------------------------------------------------------------------------------------------


def test_explain_every_verdict(run: Run, scanned: str) -> None:
    for row in findings(run("report", "--format", "csv", "--all", "--article", "Q241556", "--db", scanned).out)[::2]:
        name = f"{row['product']} {row['release']}"
        ran = run("explain", row["host"].lower(), "Q241556", "--product", name, "--db", scanned)
        assert ran.code == 0
        assert f"({row['reason']}, rule " in " ".join(ran.out.split())
    assert run("explain", "EXCH03", "Q241556", "--db", scanned).out.startswith("EXCH03 is EXPOSED to Q241556  XADM: ")


def test_explain_asks_about_the_affected_product(run: Run, scanned: str) -> None:
    """EXCH04 runs Exchange and Windows NT."""
    out = run("explain", "EXCH04", "Q241556", "--db", scanned).out
    assert "Exchange Server 5.5, SP4" in out
    assert out.count("EXCH04 is FIXED for ") == 1
    assert " ".join(out.split()).endswith(
        "EXCH04 has Windows NT 4.0 too, which the article does not list (--product shows why)"
    )
    assert "NOT AFFECTED" in run("explain", "EXCH04", "Q241556", "--product", "Windows NT 4.0", "--db", scanned).out


def test_explain_an_older_scan(run: Run, scanned: str, put: Put) -> None:
    run("scan", put("f.csv", FLEET + "EXCH03,Exchange Server,5.5,SP4\n"), "--db", scanned)
    assert "is FIXED for" in run("explain", "EXCH03", "Q241556", "--db", scanned).out
    assert "is EXPOSED to" in run("explain", "EXCH03", "Q241556", "--scan", "1", "--db", scanned).out


def ids(out: str) -> list[str]:
    return re.findall(r"^(Q\d+) ", out, re.MULTILINE)


def test_list_and_its_filters(run: Run, db: str) -> None:
    everything = [json.loads(line) for line in run("list", "--format", "jsonl", "--db", db).out.splitlines()]
    assert [each["id"] for each in everything] == ids(run("list", "--db", db).out)
    assert len(everything) == 43
    e55 = "Exchange Server 5.5"

    def listed(*words: str) -> list[str]:
        found = ids(run("list", *words, "--db", db).out)
        assert [
            json.loads(line)["id"] for line in run("list", *words, "--format", "jsonl", "--db", db).out.splitlines()
        ] == found
        return found

    assert listed("--kind", "fix-list") == [each["id"] for each in everything if each["kind"] == "fix-list"] != []
    assert (
        listed("--category", "exchange") == [each["id"] for each in everything if each["category"] == "exchange"] != []
    )
    affected = [each["id"] for each in everything if any(a["product_line"] == e55 for a in each["affected"])]
    assert set(listed("--product", "exchange 5.5")) >= set(affected) != set()
    fixed = [each["id"] for each in everything if each["first_fixed"].get(e55) == "SP4"]
    assert listed("--product", e55, "--fixed-in", "sp4") == fixed != []
    hotfix = [each["id"] for each in everything if "hotfix only" in each["first_fixed"].values()]
    assert listed("--fixed-in", "hotfix only") == hotfix != []
    assert listed("--product", "Notepad 7") == []
    problems = [each["id"] for each in everything if each["problems"]]
    shown = run("list", "--problems", "--db", db).out
    assert problems
    assert all(ident in shown for ident in problems)
    assert run("list", "--problems", "--kind", "howto", "--db", db).out == "no problems\n"


def test_list_of_what_is_not_fixed(run: Run, db: str) -> None:
    everything = [json.loads(line) for line in run("list", "--format", "jsonl", "--db", db).out.splitlines()]
    none = [each["id"] for each in everything if None in each["first_fixed"].values()]
    assert ids(run("list", "--fixed-in", "none", "--db", db).out) == none != []


def test_search(run: Run, db: str) -> None:
    out = run("search", "OpenMsgStore", "deadlock", "--db", db).out
    assert out.startswith("Q241556  XADM: OpenMsgStore Function Is Not Thread Safe\n")
    assert "[deadlock]" in out
    assert run("search", "nosuchword", "--db", db) == Ran(0, "nothing found\n", "")
    assert run("search", '"((', "--db", db) == Ran(0, "nothing found\n", "")
    assert run("search", "error", "-1018", "--db", db) == Ran(0, "nothing found\n", "")
    many = run("search", " ".join(["deadlock"] * 40), "--db", db)
    assert (many.code, many.out, many.err) == (2, "", "kbcheck: search: 40 words; expected 32 at most\n")
    assert len(run("search", "server", "--limit", "3", "--format", "jsonl", "--db", db).out.splitlines()) == 3


# --- JSON -------------------------------------------------------------------------------------------------------------

SCHEMAS = sorted((ROOT / "kbcheck" / "schemas").glob("*.json"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_schemas_are_schemas(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    name, version = path.stem.rsplit("-", 1)
    assert schema["$id"] == f"kbcheck.{name}/{version}"
    assert schema["properties"]["schema"] == {"const": schema["$id"]}
    assert set(schema["required"]) <= set(schema["properties"])
    assert "schema" in schema["required"]


def test_every_document_has_a_schema() -> None:
    names = ("article", "assessment", "explanation", "explanations", "finding", "hit")
    assert {f"{name}-1" for name in names} <= {path.stem for path in SCHEMAS}


@functools.cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "kbcheck" / "schemas" / f"{name}-1.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


def check(name: str, document: Any) -> None:
    errors = [f"{error.json_path}: {error.message[:300]}" for error in validator(name).iter_errors(document)]
    assert errors == []


def test_schemas_are_strict(run: Run, scanned: str, put: Put) -> None:
    """A document without a required key, at any depth, does not fit; one with a key of tomorrow does."""
    documents = {
        "article": run("show", "Q268380", "--format", "json", "--db", scanned).out,
        "assessment": run("report", "--article", "Q241556", "--format", "json", "--db", scanned).out,
        "finding": run("report", "--format", "jsonl", "--db", scanned).out.splitlines()[0],
        "explanation": run("explain", "EXCH03", "Q241556", "--format", "json", "--db", scanned).out,
        "hit": run("search", "thread", "--format", "jsonl", "--db", scanned).out.splitlines()[0],
    }
    for name, out in documents.items():
        document = json.loads(out)
        check(name, document)
        required = validator(name).schema["required"]
        for key in required:
            assert not validator(name).is_valid({k: v for k, v in document.items() if k != key}), (name, key)
        assert set(required) == set(document)
        check(name, {**document, "a key of tomorrow": 1})
        assert not validator(name).is_valid({**document, "schema": f"kbcheck.{name}/2"})
        if "evidence" in document:
            assert not validator(name).is_valid({**document, "evidence": {}})


def test_articles_fit_their_schema(run: Run, db: str) -> None:
    lines = [json.loads(line) for line in run("list", "--format", "jsonl", "--db", db).out.splitlines()]
    for document in lines:
        check("article", document)
    shown = json.loads(run("show", "Q241556", "--format", "json", "--db", db).out)
    assert shown == next(each for each in lines if each["id"] == "Q241556")


def test_odd_articles_fit_their_schema(run: Run, tmp_path: Path, put: Put) -> None:
    """No block, no trailer, no query words, nothing in the header."""
    path = put(
        "Q900001.TXT",
        text(
            "Q900001",
            title="",
            product="",
            prod_ver="",
            keywords="",
            applies_to=None,
            sections=(),
            query_words=None,
            closing=(),
        ),
    )
    assert run("import", path, "--db", tmp_path / "x.db").code == 0
    document = json.loads(run("show", "Q900001", "--format", "json", "--db", tmp_path / "x.db").out)
    check("article", document)
    assert (document["query_words"], document["keywords"], document["trailer"]) == (None, [], {})


@pytest.mark.parametrize("more", [(), ("--unfixed", "--all"), ("--article", "Q268380", "--all")])
def test_assessments_fit_their_schema(run: Run, db: str, more: tuple[str, ...]) -> None:
    document = json.loads(run("scan", SERVERS.parent, "--format", "json", *more, "--db", db).out)
    check("assessment", document)
    summary = document["summary"]
    assert sum(summary[status] for status in Status) == summary["installations"] * summary["advisories"]
    assert {each["name"] for each in document["inventory"]} == {path.name for path in SERVERS.parent.glob("*.csv")}
    assert {each["profile"] for each in document["hosts"]} == set(range(summary["profiles"]))


def test_an_empty_assessment_fits_its_schema(run: Run, db: str, put: Put) -> None:
    ran = run("scan", put("f.csv", "host,product,version\nA,Notepad,7\n"), "--format", "json", "--db", db)
    check("assessment", json.loads(ran.out))


def test_findings_fit_their_schema(run: Run, db: str) -> None:
    lines = run("scan", SERVERS, "--format", "jsonl", "--all", "--db", db).out.splitlines()
    rows = findings(run("report", "--format", "csv", "--all", "--db", db).out)
    assert len(lines) == len(rows)
    for line, row in list(zip(lines, rows, strict=True))[::7]:
        document = json.loads(line)
        check("finding", document)
        assert list(document) == ["schema", *CSV, "evidence"]
        assert {name: document[name] or "" for name in CSV} == row


def test_unknown_is_null(run: Run, db: str, put: Put) -> None:
    ran = run("scan", put("f.csv", UNKNOWN), "--format", "jsonl", "--all", "--db", db)
    document = json.loads(ran.out.splitlines()[0])
    assert (document["service_pack"], document["build"]) == (None, None)


def test_explanations_fit_their_schema(run: Run, scanned: str) -> None:
    names = set()
    for host in ("EXCH01", "EXCH04", "EXCH11", "EXCH13", "EXCH20", "EXCH25"):
        for ident in ("Q241556", "Q174748", "Q268380"):
            document = json.loads(run("explain", host, ident, "--format", "json", "--db", scanned).out)
            name = document["schema"].removeprefix("kbcheck.").removesuffix("/1")
            check(name, document)
            names.add(name)
    assert names == {"explanation", "explanations"}  # EXCH04 runs Windows NT too


def test_explanations_of_several_products_fit_their_schema(run: Run, db: str, put: Put) -> None:
    run("scan", put("f.csv", EXPOSED + "A,Exchange Server,5.0,SP2\n"), "--db", db)
    document = json.loads(run("explain", "A", "Q187970", "--format", "json", "--db", db).out)
    check("explanations", document)
    assert [each["product_line"] for each in document["explanations"]] == ["Exchange Server 5.5", "Exchange Server 5.0"]
    for each in document["explanations"]:
        check("explanation", each)


def test_hits_fit_their_schema(run: Run, db: str) -> None:
    lines = run("search", "server", "--format", "jsonl", "--db", db).out.splitlines()
    assert len(lines) == 10
    for line in lines:
        check("hit", json.loads(line))


# --- processes --------------------------------------------------------------------------------------------------------

Spawn = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("scan", "-h")])
def test_help_is_quick_and_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from kbcheck.cli import main; code = main(sys.argv[1:]); "
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    shown, loaded = done.stdout.split("LOADED ")
    assert f"kbcheck {kbcheck.__version__}" in shown or "Usage: kbcheck" in shown
    assert {"sqlalchemy", "jinja2", "tabulate", "rich"} & set(loaded.split()) == set()


def test_standard_input(spawn: Spawn, tmp_path: Path) -> None:
    one, other = (ADVISORIES / name for name in ("Q241556.TXT", "Q268886.TXT"))
    packed, tar = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for path in (one, other):
            target.write(path, path.name)
    with tarfile.open(fileobj=tar, mode="w:gz") as archive:
        for path in (one, other):
            archive.add(path, path.name)
    for name, data, articles in (
        ("text", one.read_bytes(), 1),
        ("zip", packed.getvalue(), 2),
        ("tar", tar.getvalue(), 2),
    ):
        done = spawn("import", "-", "--db", tmp_path / f"{name}.db", input=data)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(f"{articles} articles: {articles} new, 0 updated, 0 unchanged".encode())
    assert spawn("import", "-", "--db", tmp_path / "x.db", input=b"nothing").returncode == 3


@POSIX
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list", "--format", "jsonl"), 0),
        (("report", "--format", "csv", "--all"), 1),  # something is exposed
        (("show", "Q242221", "--annotated"), 0),
    ],
    ids=["list", "report", "show"],
)
def test_a_closed_pipe_is_no_error(scanned: str, words: tuple[str, ...], code: int) -> None:
    command = [sys.executable, "-m", "kbcheck", *words, "--db", scanned]
    reading, writing = os.pipe()
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        _, errors = process.communicate(timeout=60)
    told = REFUSED.encode() if words[0] == "report" else b""
    assert (process.returncode, errors.replace(b"\r\n", b"\n")) == (code, told)


@POSIX
def test_the_demo_on_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-m", "kbcheck", "demo"], stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")


@POSIX
def test_a_pipe_that_was_never_open_is_no_error(scanned: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "kbcheck", "list", "--db", scanned]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@POSIX
def test_a_named_pipe_whose_reader_closes_it_is_no_error(scanned: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "kbcheck", "list", "--format", "jsonl", "-o", pipe, "--db", scanned]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        with pipe.open("rb", buffering=0) as reader:
            reader.read(1)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")


@POSIX
def test_standard_output_may_be_named(scanned: str) -> None:
    command = [sys.executable, "-m", "kbcheck", "list", "-o", "/dev/stdout", "--db", scanned]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr, done.stdout[:7]) == (0, b"", b"article")


@POSIX
def test_an_error_that_nobody_reads_keeps_its_code(scanned: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "kbcheck", "scan", "nosuch.csv", "--db", scanned]
    done = subprocess.run(command, stderr=writing, stdout=subprocess.DEVNULL, timeout=60, check=False)
    os.close(writing)
    assert done.returncode == 4


MANY = 5 * importing.BATCH - 1


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of articles that takes some batches."""
    folder = tmp_path_factory.mktemp("many")
    data = text("Q100000", sections=(("SYMPTOMS", "Otter 100000 stops."), ("STATUS", "Nothing.")))
    for number in range(100000, 100000 + MANY):
        (folder / f"Q{number}.TXT").write_bytes(data.replace(b"100000", str(number).encode()))
    return folder


def importing_process(many: Path, db: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start an import, wait until a batch is stored."""
    command = [sys.executable, "-m", "kbcheck", "import", str(many), "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None and stored(db) == 0:
            time.sleep(0.02)
        assert process.poll() is None
        yield process


def stored(db: Path) -> int:
    if not db.exists():
        return 0
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=10)
    try:
        return int(connection.execute("SELECT count(*) FROM article").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0
    finally:
        connection.close()


def living(group: int) -> bool:
    """Whether a process of the group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@POSIX
@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("name", [INTERRUPT, "SIGTERM"])
def test_an_import_ends_in_its_first_moments(many: Path, tmp_path: Path, name: str, after: float) -> None:
    """While its workers start: all processes of a terminal get the signal."""
    db = tmp_path / "kb.db"
    command = [sys.executable, "-m", "kbcheck", "import", str(many), "-j", "2", "--db", str(db)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        while process.poll() is None and not db.exists():
            time.sleep(0.005)
        time.sleep(after)
        os.killpg(process.pid, getattr(signal, name))
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (130, b"interrupted; what was stored before is whole\n")
    deadline = time.monotonic() + 10
    while (left := living(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


@POSIX
@pytest.mark.parametrize("name", [INTERRUPT, "SIGKILL"])
def test_a_stopped_import_leaves_whole_articles(many: Path, tmp_path: Path, run: Run, name: str) -> None:
    db = tmp_path / "kb.db"
    for process in importing_process(many, db):
        process.send_signal(getattr(signal, name))
        out, errors = process.communicate(timeout=60)
    assert out == b""
    if name == "SIGINT":
        assert process.returncode == 130
        assert b"Traceback" not in errors
    else:
        assert process.returncode == -signal.SIGKILL
    with Store(str(db), create=False) as store:
        count = store.count()
        assert 0 < count < MANY
        assert count % importing.BATCH == 0
        articles = list(store.articles())
        assert len(articles) == count
        assert all(f"Otter {each.facts.id[1:]} stops." in each.article.text for each in articles)
        assert all(len(each.facts.affected) == 1 for each in articles)
        assert len(store.search("otter", 10**6)) == count
    connection = sqlite3.connect(db)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.execute("INSERT INTO article_search(article_search, rank) VALUES ('integrity-check', 1)")
    connection.close()
    if name == "SIGKILL":
        again = run("import", many, "--db", db)
        assert (again.code, again.err) == (0, "")
        assert again.out.startswith(f"{MANY:,} articles: {MANY - count:,} new, 0 updated, {count:,} unchanged\n")


@POSIX
def test_an_import_killed_at_any_moment_leaves_whole_articles(many: Path, tmp_path: Path, run: Run) -> None:
    """Ten times at a moment drawn by lot; each import goes on from what the one before it left."""
    db, chance, before = tmp_path / "kb.db", random.Random(), 0
    for _ in range(10):
        if before == MANY:
            db.unlink()
            before = 0
        killed_after(chance.uniform(0.2, 2.0), "import", many, "--db", db)
        before = stored(db)
        if before:
            with Store(str(db), create=False) as store:
                assert len(store.search("otter", 10**6)) == before
                assert all(len(each.facts.affected) == 1 for each in store.articles())
            assert sql(db, "PRAGMA integrity_check") == [("ok",)]
            sql(db, "INSERT INTO article_search(article_search, rank) VALUES ('integrity-check', 1)")
    again = run("import", many, "--db", db)
    assert (again.code, again.err, stored(db)) == (0, "", MANY)


@POSIX
def test_a_scan_killed_at_any_moment_leaves_whole_scans(db: str, run: Run) -> None:
    chance = random.Random()
    for _ in range(10):
        killed_after(chance.uniform(0.2, 1.2), "scan", SERVERS, "--db", db, "-q")
    assert sql(db, "PRAGMA integrity_check") == [("ok",)]
    again = run("scan", SERVERS, "--db", db, "--format", "json")
    last = json.loads(again.out)
    assert again.code == 1
    for number in range(1, last["scan"] + 1):
        each = json.loads(run("report", number, "--db", db, "--format", "json").out)
        assert {**each, "scan": 0, "created": ""} == {**last, "scan": 0, "created": ""}


def killed_after(seconds: float, *words: object) -> None:
    command = [sys.executable, "-m", "kbcheck", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()


def sql(db: str | Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(db, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


# --- simulate ---------------------------------------------------------------------------------------------------------


def test_simulate_shows_and_removes_the_fault(run: Run) -> None:
    ran = run("simulate", "--no-threads")
    assert (ran.code, ran.err) == (0, "")
    assert "faulty  a deadlock is possible: proved" in ran.out
    assert "fixed   no deadlock: proved" in ran.out


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("EXCH03", "Host EXCH03 has the faulty variant, judged by its level"),
        ("EXCH06", "Host EXCH06 has the fixed variant, judged by its Emsmdb32.dll=5.5.2652.61"),
        ("EXCH09", "Host EXCH09: undetermined which variant it has"),
    ],
)
def test_simulate_for_a_host(run: Run, scanned: str, host: str, words: str) -> None:
    for more in (("--inventory", SERVERS), ("--db", scanned)):
        ran = run("simulate", "--host", host, "--no-threads", *more)
        assert ran.code == 0
        assert words in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "words",
    [
        ("--threads", "5"),
        ("--calls", "11"),
        ("--variant", "broken"),
        ("--schedule", "19"),
        ("--inventory", SERVERS),
        ("--host", "EXCH03", "--variant", "fixed", "--inventory", SERVERS),
    ],
)
def test_simulate_refuses_what_makes_no_sense(run: Run, words: tuple[object, ...]) -> None:
    ran = run("simulate", "--no-threads", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_simulate_formats(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("simulate", "--no-threads", "--format", "json").out)["result"] == "confirmed"
    assert run("simulate", "--no-threads", "--format", "html", "-o", tmp_path / "p.html").code == 0
    assert (tmp_path / "p.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run("simulate", "--promela").out.count("proctype") >= 1
    assert "sim!" in run("simulate", "--locks").out


# --- views and scans --------------------------------------------------------------------------------------------------


def test_statuses_choose_the_rows_of_every_view(run: Run, scanned: str) -> None:
    def hosts(*words: str) -> set[str]:
        return set(re.findall(r"^(EXCH\d\d) ", run("report", "-v", *words, "--db", scanned).out, re.MULTILINE))

    one = ("--article", "Q241556")
    by_csv = findings(run("report", *one, "--all", "--format", "csv", "--db", scanned).out)
    for status in Status:
        wanted = {row["host"] for row in by_csv if row["status"] == status}
        assert hosts(*one, "--status", status) == hosts(*one, "--by", "matrix", "--status", status) == wanted
    assert hosts(*one) == hosts(*one, "--all") == {row["host"] for row in by_csv}


def test_2_statuses_that_make_no_sense(run: Run, scanned: str) -> None:
    for words in (("--all", "--status", "fixed"), ("--by", "remedy", "--status", "fixed"), ("--fail-on", "fixed")):
        assert run("report", *words, "--db", scanned).code == 2


def test_a_view_of_data_is_no_view(run: Run, scanned: str) -> None:
    ran = run("report", "--by", "article", "--format", "csv", "--db", scanned)
    assert "--by article has no effect on csv" in ran.err
    assert ran.out == run("report", "--format", "csv", "--db", scanned).out


def test_scans_are_listed(run: Run, db: str) -> None:
    assert run("report", "--list", "--db", db).out == "no scan is stored yet\n"
    for number in (1, 2):
        assert f"Stored as scan {number}: kbcheck report {number}" in run("scan", SERVERS, "--db", db).out
    lines = run("report", "--list", "--db", db).out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["2", "1"]
    assert all("servers.csv (29 rows)" in line for line in lines[2:])


def test_what_was_said_of_a_row_is_explained(run: Run, scanned: str) -> None:
    words = ("explain", "EXCH11", "Q241556", "--db", scanned)
    said = "SP4 is told, but build 5.5.2650.24 is SP3: both are kept"
    assert f"Note: servers.csv:12: {said}" in " ".join(run(*words).out.split())
    assert json.loads(run(*words, "--format", "json").out)["remarks"] == [
        {"name": "servers.csv", "line": 12, "message": said}
    ]


def test_odd_host_names_can_be_typed_again(run: Run, db: str, put: Put) -> None:
    ran = run("scan", put("f.csv", FLEET + "odd host,Exchange Server,5.5,SP3\n"), "--db", db)
    assert "Why is odd host exposed: kbcheck explain 'odd host' Q241556" in ran.out.replace('"', "'")
    assert run("explain", "odd host", "Q241556", "--db", db).code == 0


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ("Emsmdb32.dll=6.0.4417.0", "other  Emsmdb32.dll 5.5.2652.61 or later corrects it"),
        ("Emsmdb32.dll=5.5.2651.0", "older  Emsmdb32.dll"),
        ("Emsmdb32.dll=5.5.2652.61", "newer  Emsmdb32.dll"),
    ],
)
def test_a_file_of_another_release_is_told_so(run: Run, db: str, put: Put, files: str, answer: str) -> None:
    run("scan", put("f.csv", f"host,product,version,sp,files\nA,Exchange Server,5.5,SP3,{files}\n"), "--db", db)
    out = run("explain", "A", "Q241556", "--db", db).out
    assert answer in out
    assert ("of another release than 5.5.2652.61: it does not count" in " ".join(out.split())) == ("6.0" in files)


def test_of_two_versions_of_a_file_the_line_of_the_one_that_counts_is_cited(run: Run, db: str, put: Put) -> None:
    rows = "A,Exchange Server,5.5,SP3,Emsmdb32.dll=5.5.2652.99\nA,Exchange Server,5.5,SP3,Emsmdb32.dll=5.5.2651.0\n"
    run("scan", put("f.csv", "host,product,version,sp,files\n" + rows), "--db", db)
    document = json.loads(run("explain", "A", "Q241556", "--format", "json", "--db", db).out)
    (files,) = (each for each in document["criteria"] if each["question"] == "files")
    assert files["facts"][1]["where"] == "f.csv:3 files"


def test_a_level_in_the_words_of_a_directory_is_quoted(run: Run, db: str, put: Put) -> None:
    rows = 'host,adminDisplayVersion\nA,"Version 5.5 (Build 2653.23: Service Pack 4)"\n'
    run("scan", put("f.csv", rows), "--db", db)
    out = run("explain", "A", "Q241556", "--db", db).out
    assert "no service pack is told" not in out
    assert "FIXED" in out


# --- questions that have no answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("list", "--kind", "foo"), "--kind foo: expected bug, feature"),
        (("list", "--category", "foo"), "--category foo: expected exchange"),
        (("list", "--product", "Exchnage"), "--product Exchnage: no article in the database is about it"),
        (("list", "--fixed-in", "SPx"), "--fixed-in SPx: expected a level such as SP4"),
        (("import", ADVISORIES, "--executor", "foo"), "--executor foo: expected dask://HOST:PORT"),
        (("scan", SERVERS, "--executor", "dask://x"), "--executor dask://x: expected dask://HOST:PORT"),
    ],
)
def test_2_words_that_mean_nothing(run: Run, db: str, words: tuple[object, ...], expected: str) -> None:
    ran = run(*words, "--db", db)
    assert (ran.code, ran.out) == (2, "")
    assert expected in ran.err


def test_list_takes_products_as_other_commands_do(run: Run, db: str) -> None:
    def listed(*words: str) -> set[str]:
        return set(re.findall(r"^(Q\d+) ", run("list", *words, "--db", db).out, re.MULTILINE))

    every = listed("--product", "Exchange Server")
    assert listed("--product", "Exchange Server 5.5") < every
    assert listed("--product", "exchange server") == every
    assert listed("--product", "Exchange Server 5.5", "--fixed-in", "sp4") == listed(
        "--product", "Exchange Server 5.5", "--fixed-in", "Service Pack 4"
    )


@pytest.mark.parametrize("words", [("list",), ("search", "store"), ("list", "--format", "jsonl")])
def test_4_an_empty_database_answers_nothing(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    run("import", tmp_path, "--db", tmp_path / "x.db")
    ran = run(*words, "--db", tmp_path / "x.db")
    assert (ran.code, ran.out) == (4, "")
    assert "the database holds no articles; import some" in ran.err


def test_4_an_empty_path(run: Run, tmp_path: Path) -> None:
    ran = run("import", "", "--db", tmp_path / "x.db")
    assert (ran.code, ran.err) == (4, "kbcheck: an empty path: expected a file or folder, or - for standard input\n")


def test_4_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise ZeroDivisionError("just so")

    monkeypatch.setattr(application, "main", fail)
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    thresholds = gc.get_threshold()
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    try:
        with pytest.raises(SystemExit) as ended:
            application.run_and_exit()
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        for name, handler in before.items():
            signal.signal(name, handler)
    assert ended.value.code == 4
    assert "ZeroDivisionError: just so\nkbcheck: this is a fault of kbcheck itself" in capsys.readouterr().err


def test_reading_needs_no_folder_to_write_to(run: Run, scanned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [run(*words, "--db", scanned) for words in (("list",), ("report",), ("explain", "EXCH03", "Q241556"))]
    files = set(Path(scanned).parent.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert [
        run(*words, "--db", scanned) for words in (("list",), ("report",), ("explain", "EXCH03", "Q241556"))
    ] == wanted
    assert set(Path(scanned).parent.iterdir()) == files
    ran = run("scan", SERVERS, "--db", scanned)
    assert (ran.code, "readonly" in ran.err) == (4, True)


def test_what_a_later_import_changed_is_told(run: Run, tmp_path: Path, put: Put) -> None:
    db = tmp_path / "x.db"
    words = ("explain", "A", "Q900001", "--db", db)
    for said, status in (("", "exposed"), ("It was first corrected in Exchange Server 5.5 Service Pack 4.", "fixed")):
        sections = (("STATUS", f"Microsoft has confirmed this to be a problem in Exchange Server 5.5. {said}"),)
        run("import", put("a.txt", text("Q900001", sections=sections)), "--db", db)
        if not said:
            run("scan", put("f.csv", FLEET + "A,Exchange Server,5.5,SP4\n"), "--article", "Q900001", "--db", db)
        document = json.loads(run(*words, "--format", "json").out)
        assert (document["scanned"], document["status"]) == ("exposed", status)
        changed = "Note: the scan said exposed; what was imported since then changed it"
        assert (changed in run(*words).out) == (status == "fixed")


def test_an_interruption_that_python_drops_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_interrupted", False)
    with streams.progress("x", quiet=True) as advance:
        advance(0.1, 1)
        with contextlib.suppress(KeyboardInterrupt):
            streams.interrupt()
        with pytest.raises(KeyboardInterrupt):
            advance(0.2, 2)


def test_a_file_that_cannot_be_written_is_named(run: Run, scanned: str, tmp_path: Path) -> None:
    ran = run("report", "-o", tmp_path / "none" / "out.txt", "--db", scanned)
    assert ran.code == 4
    assert ran.err.startswith(f"kbcheck: {tmp_path / 'none' / 'out.txt'}: No such file")


def test_data_on_a_terminal_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a,"x\x1b[31m\x9b5m"\r\n{"b": "\x85"}\n'
    for terminal, wanted in ((True, 'a,"x\ufffd[31m\ufffd5m"\n{"b": "\ufffd"}\n'), (False, text)):
        out = io.StringIO()
        monkeypatch.setattr(out, "isatty", lambda terminal=terminal: terminal)
        monkeypatch.setattr(sys, "stdout", out)
        streams.write_data([text], None)
        assert out.getvalue() == wanted


def test_a_list_of_scans_has_no_other_form(run: Run, scanned: str) -> None:
    for words in (("1", "--list"), ("--list", "--format", "json")):
        assert run("report", *words, "--db", scanned).code == 2


def test_quiet_still_writes_a_file(run: Run, scanned: str, tmp_path: Path) -> None:
    run("report", "-q", "-o", tmp_path / "out.txt", "--db", scanned)
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == run("report", "--db", scanned).out


def test_runs_are_of_the_faulty_variant(run: Run, db: str) -> None:
    for host, code in (("EXCH03", 0), ("EXCH04", 2), ("EXCH09", 2)):
        ran = run("simulate", "--host", host, "--inventory", SERVERS, "--runs", "10", "--db", db)
        assert ran.code == code
        assert ("--runs is about the faulty variant" in ran.err) == (code == 2)


def test_a_host_like_an_option_can_be_typed_again(run: Run, db: str, put: Put) -> None:
    ran = run("scan", put("f.csv", FLEET + "-x,Exchange Server,5.5,SP3\n"), "--db", db)
    assert "kbcheck explain -- -x Q241556" in ran.out
    assert run("explain", "--db", db, "--", "-x", "Q241556").code == 0
    assert "kbcheck simulate --host=-x" in ran.out


def test_the_other_products_of_a_host_are_cleaned(run: Run, db: str, put: Put) -> None:
    rows = f"A,Exchange Server,5.5,SP3\nA,Notes{HOSTILE},4.6,\n"
    run("scan", put("f.csv", FLEET + rows), "--db", db)
    out = run("explain", "A", "Q241556", "--db", db).out
    assert "\x1b" not in out
    assert "\nA has Notes" in out
