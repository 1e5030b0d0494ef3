"""Import: counts, reasons, the same input twice, articles in another order, articles that changed."""

import io
import random
import sqlite3
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ADVISORIES
from examples import text

from kbcheck import advisory, archive, importing, knowledge
from kbcheck import article as article_layout
from kbcheck.archive import Found, Item, PassedOver, Unreadable
from kbcheck.model import Article
from kbcheck.store import Store

FIXED = "This problem was first corrected in Exchange Server 5.5 Service Pack {}."


def article(number: int, pack: int = 3, title: str = "XADM: Store Stops") -> bytes:
    return text(f"Q{number}", title=title, sections=(("STATUS", FIXED.format(pack)),))


def found(*articles: bytes) -> list[Item]:
    return [Found(f"{number}.TXT", data) for number, data in enumerate(articles)]


def rows(path: str | Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table of a database file."""
    connection = sqlite3.connect(path)
    try:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}  # noqa: S608
    finally:
        connection.close()


def levels(store: Store, ident: str = "Q100001") -> list[str | None]:
    facts = store.facts(ident)
    assert facts is not None
    return [each.level for each in facts.corrections]


def counts(summary: importing.Summary) -> tuple[int, int, int]:
    return summary.new, summary.updated, summary.unchanged


def test_new_updated_unchanged(place: str) -> None:
    with Store(place) as store:
        assert counts(importing.run(found(article(100001), article(100002)), store)) == (2, 0, 0)
        assert counts(importing.run(found(article(100001), article(100002, 4), article(100003)), store)) == (1, 1, 1)
        assert store.count() == 3


def test_what_another_process_stored_meanwhile_is_unchanged(place: str) -> None:
    mine = found(article(100001), article(100002), article(100003))

    def items() -> Iterable[Item]:
        yield from mine
        with Store(place) as other:
            importing.run(found(article(100001), article(100002, 4)), other)

    with Store(place) as store:
        assert counts(importing.run(items(), store)) == (1, 1, 1)
        assert levels(store, "Q100002") == ["SP3"]
        assert store.count() == 3


def test_what_was_read_is_counted(tmp_path: Path) -> None:
    told = (
        "Microsoft has confirmed this to be a problem in Exchange Server 5.5. It was corrected in its Service Pack 3."
    )
    bug = text("Q100001", sections=(("STATUS", told),))
    items = [
        *found(bug, article(100003), text("Q100002", keywords="kbinfo"), b"not an article", b"DOCUMENT:Q1\r\n"),
        Found("named.txt", b"neither", named=True),
        PassedOver("README.md"),
        Unreadable("k.zip:inner.zip", "an archive inside an archive: refused"),
    ]
    with Store(str(tmp_path / "kb.db")) as store:
        summary = importing.run(items, store)
    assert (summary.articles, summary.bugs, summary.fixes, summary.passed_over) == (3, 1, 1, 1)
    assert (summary.not_article_count, summary.named_not_articles, summary.rejected_count) == (2, 1, 2)
    assert [name for name, _ in summary.not_articles] == ["3.TXT", "named.txt"]
    assert [name for name, _ in summary.rejected] == ["4.TXT", "k.zip:inner.zip"]
    assert summary.rejected[0][1].startswith('line 1: expected "DOCUMENT:Qnnnnnn')
    assert summary.unread


@pytest.mark.parametrize(
    ("item", "unread"),
    [
        (PassedOver("x.md"), False),
        (Found("x.TXT", b"a readme"), False),
        (Found("a/Q999997.TXT", b"a readme"), True),  # to be an article, by its name
        (Found("k.zip:q123456.txt", b"a readme"), True),
        (Found("xQ123456.txt", b"a readme"), False),
        (Found("x.TXT", b"a readme", named=True), True),
        (Found("x.TXT", b"\xef\xbb\xbfDOCUMENT:Q1"), True),
        (Unreadable("x.TXT", "Permission denied"), True),
    ],
)
def test_what_counts_as_unread(place: str, item: Item, unread: bool) -> None:
    with Store(place) as store:
        assert importing.run([item], store).unread is unread


def test_only_the_first_reasons_are_kept(place: str) -> None:
    with Store(place) as store:
        summary = importing.run([Unreadable(str(n), "why") for n in range(10_100)], store)
    assert summary.rejected_count == 10_100
    assert len(summary.rejected) == 10_000


def test_progress_grows_to_the_whole(place: str) -> None:
    seen: list[tuple[float, int]] = []
    with Store(place) as store:
        importing.run(archive.find([str(ADVISORIES)]), store, lambda done, count: seen.append((done, count)))
    assert seen == sorted(seen)
    assert seen[-1][0] == pytest.approx(43 / 44)  # the README is passed over
    assert seen[-1][1] == 43


# --- the same knowledge from the same articles ------------------------------------------------------------------------


def test_the_same_import_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    with Store(str(path)) as store:
        assert counts(importing.run(archive.find([str(ADVISORIES)]), store)) == (43, 0, 0)
    before = rows(path)
    with Store(str(path)) as store:
        assert counts(importing.run(archive.find([str(ADVISORIES)]), store)) == (0, 0, 43)
    assert rows(path) == before
    assert len(before["article"]) == 43


def test_a_folder_and_a_zip_of_it_give_the_same_rows(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "kb.zip", "w") as target:
        for path in ADVISORIES.glob("Q*.TXT"):
            target.write(path, f"x/{path.name}")
    for name, source in (("a.db", ADVISORIES), ("b.db", tmp_path / "kb.zip")):
        with Store(str(tmp_path / name)) as store:
            importing.run(archive.find([str(source)]), store)
    one, other = rows(tmp_path / "a.db"), rows(tmp_path / "b.db")
    for table in ("article", "affected", "correction", "fixed_file", "problem"):
        assert one[table] == other[table]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_the_order_of_articles_changes_nothing(
    place: str, bundled_db: Path, seed: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    files = [Found(path.name, path.read_bytes()) for path in sorted(ADVISORIES.glob("Q*.TXT"))]
    random.Random(seed).shuffle(files)
    with Store(place) as store, Store(str(bundled_db)) as other:
        assert importing.run(files, store).new == 43
        assert list(store.articles()) == list(other.articles())
        names = [each.facts.id for each in store.articles()]
        assert list(store.known_of(names)) == list(other.known_of(names))
        assert [h.id for h in store.search("thread", 50)] == [
            h.id for h in other.search("thread", 50)
        ] or "://" in place


def test_a_list_imported_later_adds_to_what_is_known(place: str) -> None:
    own = (ADVISORIES / "Q254976.TXT").read_bytes()
    listed = text(
        "Q274833",
        title="XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 4",
        keywords="kbfixlist",
        sections=(("MORE INFORMATION", "   Q254976 XCON: MIXER Does Not Map SMTP Subdomains"),),
    )
    with Store(place) as store:
        importing.run(found(own), store)
        before = store.facts("Q254976")
        importing.run(found(listed), store)
        after = store.facts("Q254976")
    assert before is not None
    assert after is not None
    assert {c.source for c in after.corrections} - {c.source for c in before.corrections} == {"Q274833"}
    assert knowledge.first_fixed(knowledge.weigh(after))["Exchange Server 5.5"] == "SP4"


def test_what_a_changed_list_names_no_longer_is_weighed_again(place: str) -> None:
    title = "XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 4"
    own = text(
        "Q100001", sections=(("STATUS", "Microsoft has confirmed this to be a problem in Exchange Server 5.5."),)
    )
    lists = [
        text("Q274833", title=title, sections=(("MORE INFORMATION", f"{each}  XADM: Store Stops"),))
        for each in ("Q100001", "Q100002")
    ]
    with Store(place) as store:
        importing.run(found(own, lists[0]), store)
        (before,) = store.known_of(["Q100001"])
        assert knowledge.first_fixed(before) == {"Exchange Server 5.5": "SP4"}
        importing.run(found(lists[1]), store)
        (after,) = store.known_of(["Q100001"])
        assert knowledge.first_fixed(after) == {"Exchange Server 5.5": None}


def test_a_changed_article_replaces_its_old_self(place: str) -> None:
    old = text("Q100001", sections=(("SYMPTOMS", "The walrus stops."), ("STATUS", FIXED.format(2))))
    new = text(
        "Q100001", title="XADM: New Title", sections=(("SYMPTOMS", "The otter stops."), ("STATUS", FIXED.format(4)))
    )
    with Store(place) as store:
        importing.run(found(old, article(100002)), store)
        assert [hit.id for hit in store.search("walrus")] == ["Q100001"]
        importing.run(found(new), store)
        assert store.search("walrus") == []
        assert [(hit.id, hit.title) for hit in store.search("otter")] == [("Q100001", "XADM: New Title")]
        assert levels(store) == ["SP4"]
        assert store.count() == 2
        importing.run(found(old), store)
        assert levels(store) == ["SP2"]


def test_replacing_leaves_the_rows_of_a_fresh_import(tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store:
        importing.run(found(article(100001, 2), article(100002, 2)), store)
        importing.run(found(article(100001, 4), article(100002, 3)), store)
    with Store(str(tmp_path / "b.db")) as store:
        importing.run(found(article(100001, 4), article(100002, 3)), store)
    one, other = rows(tmp_path / "a.db"), rows(tmp_path / "b.db")
    for table in ("article", "affected", "correction", "fixed_file", "problem"):
        assert one[table] == other[table]
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("INSERT INTO article_search(article_search, rank) VALUES ('integrity-check', 1)")
    connection.close()


def test_the_same_text_twice_in_one_input_is_one_article(place: str) -> None:
    with Store(place) as store:
        summary = importing.run(found(article(100001), article(100001)), store)
        assert (summary.articles, store.count()) == (2, 1)
        assert counts(importing.run(found(article(100001), article(100001)), store)) == (0, 0, 2)


def test_two_versions_of_an_article_in_one_input_settle(place: str) -> None:
    seen = []
    with Store(place) as store:
        for _ in range(3):
            importing.run(found(article(100001, 2), article(100001, 4)), store)
            seen.append(levels(store))
    assert seen == [seen[0]] * 3


CLOSING = ("THE INFORMATION IS PROVIDED AS IT IS.", "Copyright Microsoft Corporation 2001.")


def test_a_whole_text_is_not_replaced_by_a_part_of_it(place: str) -> None:
    whole = text("Q900001", sections=(("STATUS", "Long ago."),), closing=CLOSING)
    newer = text("Q900001", sections=(("STATUS", "Now."),), closing=CLOSING)
    parts = (whole[:300], text("Q900001", sections=(("STATUS", "Abridged."),)))
    with Store(place) as store:
        assert counts(importing.run(found(parts[0]), store)) == (1, 0, 0)
        assert counts(importing.run(found(parts[1]), store)) == (0, 1, 0)
        assert counts(importing.run(found(whole), store)) == (0, 1, 0)
        for part in parts:
            for items in ((part,), (newer, part), (whole, part)):
                summary = importing.run(found(*items), store)
                why = "Q900001 is stored, and this text is cut off: not taken"
                assert [reason for _, reason in summary.rejected] == ([why] if part is parts[0] else [])
                assert summary.abridged == (part is parts[1])
            (stored,) = store.articles()
            assert stored.article.text.encode("cp1252").replace(b"\n", b"\r\n") == whole


def test_an_abridged_text_is_not_replaced_by_one_that_is_cut_off(place: str) -> None:
    abridged = text("Q900001", sections=(("STATUS", "Abridged."),))
    with Store(place) as store:
        importing.run(found(abridged), store)
        for items in ((abridged[:300],), (abridged, abridged[:300])):
            summary = importing.run(found(*items), store)
            assert [reason for _, reason in summary.rejected] == [
                "Q900001 is stored, and this text is cut off: not taken"
            ]
        (stored,) = store.articles()
        assert "Abridged." in stored.article.text


def test_a_cut_text_is_replaced_by_another(place: str) -> None:
    part = text("Q900001", sections=(("STATUS", "Abridged."),))
    with Store(place) as store:
        importing.run(found(part[:300]), store)
        assert counts(importing.run(found(part[:320]), store)) == (0, 1, 0)


def test_articles_one_behind_the_other_are_all_read(place: str) -> None:
    every = [article(100000 + n) for n in range(5)]
    with Store(place) as store:
        (item,) = found(b"\r\n".join(every))
        assert counts(importing.run([item], store)) == (5, 0, 0)
        assert counts(importing.run([item], store)) == (0, 0, 5)
        summary = importing.run(found(b"\r\n".join((every[0], b"DOCUMENT:Q100009  01-JAN-1999  [x]", every[1]))), store)
        assert [name.rsplit(" (", 1)[1] for name, _ in summary.rejected] == ["article 2)"]


def test_an_interrupted_import_keeps_whole_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    monkeypatch.setattr(importing, "_CHUNK", 5)

    def items() -> Iterable[Item]:
        yield from found(*(article(100000 + n) for n in range(25)))
        raise KeyboardInterrupt

    with Store(str(tmp_path / "kb.db")) as store:
        with pytest.raises(KeyboardInterrupt):
            importing.run(items(), store)
        assert store.count() == 20
        assert counts(importing.run(found(*(article(100000 + n) for n in range(25))), store)) == (5, 0, 20)


def by_older(place: str, monkeypatch: pytest.MonkeyPatch, *articles: bytes) -> None:
    """Import articles as a kbcheck did that could not read corrections yet."""
    extract = advisory.extract
    with monkeypatch.context() as patch:
        patch.setattr("kbcheck.store.articles.__version__", "0.0.9")
        patch.setattr(advisory, "extract", lambda article: replace(extract(article), corrections=()))
        with Store(place) as store:
            importing.run(found(*articles), store)
            assert not store.read_by_older


def test_what_an_older_kbcheck_read_is_read_again(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = text("Q100003", sections=(("MORE INFORMATION", "x" * 20_001),))
    by_older(place, monkeypatch, article(100001), article(100002, 4), wide)
    with Store(place) as store:
        assert store.read_by_older
        assert levels(store) == []
        assert counts(importing.run(found(article(100001)), store)) == (0, 0, 1)
        seen: list[tuple[float, int]] = []
        assert importing.renew(store, lambda done, count: seen.append((done, count))) == 3
        assert seen[-1] == (1.0, 3)
        assert (levels(store), levels(store, "Q100002")) == (["SP3"], ["SP4"])
        assert not store.read_by_older
        assert importing.renew(store) == 0
        again = list(store.articles())
    with Store(str(tmp_path / "fresh.db")) as fresh:
        importing.run(found(article(100001), article(100002, 4), wide), fresh)
        assert again == list(fresh.articles())
    assert [problem.kind for problem in again[2].problems] == ["layout"]


def test_a_renewal_that_was_interrupted_is_done_again(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_older(place, monkeypatch, article(100001), article(100002))
    monkeypatch.setattr(importing, "_CHUNK", 1)
    monkeypatch.setattr(importing, "BATCH", 1)

    def interrupt(done: float, count: int) -> None:
        raise KeyboardInterrupt

    with Store(place) as store:
        with pytest.raises(KeyboardInterrupt):
            importing.renew(store, interrupt)
        assert (levels(store), levels(store, "Q100002")) == (["SP3"], [])
        assert importing.renew(store) == 2
        assert levels(store, "Q100002") == ["SP3"]


def test_a_renewal_leaves_alone_what_was_imported_meanwhile(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_older(place, monkeypatch, article(100001), article(100002))
    monkeypatch.setattr(importing, "_CHUNK", 1)

    def meanwhile(done: float, count: int) -> None:
        with Store(place) as other:
            importing.run(found(article(100001, 4)), other)

    with Store(place) as store:
        importing.renew(store, meanwhile)
        assert (levels(store), levels(store, "Q100002")) == (["SP4"], ["SP3"])


def test_an_article_that_cannot_be_read_any_more_stays(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_older(place, monkeypatch, article(100001), article(100002))
    restore = article_layout.restore

    def refuse(of: str, *more: Any) -> Article:
        if "Q100001" in of:
            raise article_layout.ArticleError("no title")
        return restore(of, *more)

    monkeypatch.setattr(article_layout, "restore", refuse)
    with Store(place) as store:
        assert importing.renew(store) == 1
        assert (levels(store), levels(store, "Q100002")) == ([], ["SP3"])
        assert store.count() == 2


def test_what_a_newer_kbcheck_read_stays(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(place) as store:
        importing.run(found(article(100001)), store)
        monkeypatch.setattr("kbcheck.store.articles.__version__", "0.0.9")
        assert importing.renew(store) == 0


def test_standard_input(place: str) -> None:
    stream = io.BytesIO(article(100001))
    with Store(place) as store:
        assert counts(importing.run(archive.find(["-"], stream), store)) == (1, 0, 0)
