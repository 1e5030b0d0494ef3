"""A scan: files read apart or together, advisories judged here or on a cluster, hosts joined to their profiles."""

import datetime
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SERVERS

from kbcheck import SelectionError, inventory, scanning
from kbcheck.inventory import InventoryError
from kbcheck.model import Reason
from kbcheck.store import Store
from kbcheck.workers import Lost, Workers, WorkersError

FOLDER = SERVERS.parent
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
FILES = ("servers.csv", "directory-export.csv", "files-long.csv", "hotfixes-long.csv")


class Killing(Workers):
    """Workers of which one dies when the first result has come."""

    def __init__(self, address: str, victim: subprocess.Popen[bytes]) -> None:
        super().__init__(1, address)
        self._victim = victim

    def map(self, function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        for result in super().map(function, chunks):
            self._victim.kill()
            yield result


def test_a_scan_on_a_cluster_is_the_scan_on_one_process(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, processes = cluster
    monkeypatch.setattr(scanning, "_PAIRS", 100)  # three advisories a part
    paths = [FOLDER / name for name in FILES]
    with Store(str(db)) as store:
        here = scanning.run(inventory.read(paths), store)
        with Workers(1, address) as workers:
            fleet = scanning.read(paths, workers)
        with Killing(address, processes[0]) as workers:
            there = scanning.run(fleet, store, workers=workers)
        assert there.columns == here.columns
        assert (there.profiles, there.hosts, there.refusals, there.remarks) == (
            here.profiles,
            here.hosts,
            here.refusals,
            here.remarks,
        )
        kept = store.load_scan(there.number)
        assert kept is not None
        assert (kept.columns, kept.hosts) == (here.columns, here.hosts)


@pytest.mark.parametrize("files", [FILES, FILES[::-1], FILES[:1]])
def test_files_that_are_read_apart_are_one_fleet(files: tuple[str, ...]) -> None:
    paths = [FOLDER / name for name in files]
    together = inventory.read(paths)
    apart = inventory.merge([inventory.part(path.name, path.read_bytes()) for path in paths])
    assert apart == together
    assert apart.installations == together.installations
    assert apart.installations.host_count == together.installations.host_count


def test_parts_without_an_installation_are_no_fleet() -> None:
    with pytest.raises(
        InventoryError, match=r"no installation in a\.csv, b\.csv; first refused: a\.csv:2: no host name"
    ):
        inventory.merge([inventory.part(f"{name}.csv", b"host,version\n,5.5\n") for name in "ab"])


class Losing(Workers):
    """Workers that give every part up."""

    remote = True  # type: ignore[assignment]

    def map(self, function: Callable[[Any], Any], chunks: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        return ((chunk, Lost()) for chunk in chunks)


def test_a_scan_with_a_lost_part_is_none(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_PAIRS", 100)
    with Store(str(db)) as store:
        with pytest.raises(
            WorkersError, match="a part of the scan could not be done: the process that worked on it died, twice"
        ):
            scanning.run(inventory.read([SERVERS]), store, workers=Losing())
        assert store.load_scan() is None


def test_hosts_share_profiles_and_keep_their_order() -> None:
    rows = [
        "A1,Exchange Server,5.5,SP3,London",
        "A2,Exchange Server,5.5,SP3,Paris",
        "A3,Exchange Server,5.5,SP4,London",
        "A2,Windows NT Server,4.0,SP6a,Paris",
        "A4,Exchange Server,5.5,3,London",
    ]
    data = "host,product,version,service_pack,site\n" + "".join(f"{row}\n" for row in rows)
    fleet = inventory.read_bytes("f.csv", data.encode())
    found = scanning.assess(fleet, [], 0, NOW)
    assert [(row.host, row.line, row.extra) for row in found.hosts] == [
        (row.split(",")[0], number, (("site", row.rsplit(",", 1)[1]),)) for number, row in enumerate(rows, 2)
    ]
    # A2 runs two products, so that it shares no profile with A1.
    assert [row.profile for row in found.hosts] == [0, 1, 2, 3, 0]
    assert found.hosts.host_count == 4
    only = scanning.assess(fleet, [], 0, NOW, ["Windows NT 4.0"])
    assert [(row.host, row.profile) for row in only.hosts] == [("A2", 0)]


def test_a_product_that_no_article_names_is_noted(db: str) -> None:
    text = "host,product,version\nA,Exchange Server,8.0\nB,Exchange Server,5.5\nC,Exchange Server,8.0\n"
    with Store(db) as store:
        assessment = scanning.run(inventory.read_bytes("f.csv", text.encode()), store)
    assert [(each.line, each.message) for each in assessment.remarks] == [
        (2, "no article in the database is about Exchange Server 8.0, which 2 rows name: nothing is known of it")
    ]


def test_claimed_hotfixes_without_an_article_are_noted_once(db: str) -> None:
    rows = "A,Exchange Server,5.5,Q241556\nB,Exchange Server,5.5,Q99999; Q268886\nC,Exchange Server,5.5,Q99998\n"
    fleet = inventory.read_bytes("f.csv", f"host,product,version,hotfixes\n{rows}".encode())
    with Store(db) as store:
        remarks = scanning.run(fleet, store).remarks
    told = [(each.line, each.host, each.message.partition(",")[0]) for each in remarks if "claims" in each.message]
    assert told == [(3, "B", "B claims Q99999"), (4, "C", "C claims Q99998")]


def test_a_claimed_hotfix_of_a_host_with_two_rows_is_noted(db: str) -> None:
    rows = "A,Exchange Server,5.5,SP3,Q99999\nA,Exchange Server,5.5,SP4,\n"
    fleet = inventory.read_bytes("f.csv", f"host,product,version,service_pack,hotfixes\n{rows}".encode())
    with Store(db) as store:
        remarks = scanning.run(fleet, store).remarks
    assert [each.line for each in remarks if "Q99999" in each.message] == [2]


def test_many_claimed_hotfixes_without_an_article_are_counted(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_CLAIMS", 2)
    rows = "".join(f"H{n},Exchange Server,5.5,Q9999{n}\n" for n in range(5))
    fleet = inventory.read_bytes("f.csv", f"host,product,version,hotfixes\n{rows}".encode())
    with Store(db) as store:
        remarks = [each for each in scanning.run(fleet, store).remarks if "claim" in each.message]
    assert [each.line for each in remarks] == [2, 3, 4]
    assert remarks[-1].message.startswith("3 more hotfixes are claimed")


@pytest.mark.parametrize("ident", ["Q268886", "Q274833"])
def test_an_article_without_a_fault_is_not_judged(db: str, ident: str) -> None:
    fleet = inventory.read_bytes("f.csv", b"host,product,version\nA,Exchange Server,5.5\n")
    with (
        Store(db) as store,
        pytest.raises(SelectionError, match=rf"{ident} judges no host: it reports no fault \(fix-list\)"),
    ):
        scanning.run(fleet, store, articles=["Q241556", ident])


def test_the_other_programs_of_a_host_do_not_multiply(db: str) -> None:
    """An inventory of software: hundreds of programs beside each server, none of which an article is about."""
    programs = "".join(f"H{h},Program {n},{h}.{n},\n" for h in range(3) for n in range(200))
    servers = "".join(f"H{h},Exchange Server,5.5,SP{h}\nH{h},Windows NT,4.0,SP6a\n" for h in range(3))
    text = f"host,product,version,service_pack\n{servers}{programs}"
    with Store(db) as store:
        assessment = scanning.run(inventory.read_bytes("f.csv", text.encode()), store)
    of = {row.product_line: assessment.profiles[row.profile] for row in assessment.hosts if row.host == "H1"}
    assert of["Exchange Server 5.5"].beside == (("Windows NT 4.0", "SP6a"),)
    assert of["Program 7 1.7"].beside == (("Exchange Server 5.5", "SP1"), ("Windows NT 4.0", "SP6a"))
    assert max(assessment.groups) == 6  # three of each server, and one of all programs
    programs_ = {row.profile for row in assessment.hosts if "Program" in row.product_line}
    told = {each.reason for profile in programs_ for each in assessment.verdicts(profile)}
    assert told == {Reason.PRODUCT_NOT_LISTED}
