"""Verdicts: the bundled fleet against verdicts reached by hand, the laws as properties."""

import csv
import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kbcheck import advisory, article, inventory, knowledge, matching, product
from kbcheck.model import (
    HOTFIX_ONLY,
    Affected,
    ArticleKnowledge,
    Correction,
    CorrectionKind,
    Facts,
    FileVersion,
    FixedFile,
    Kind,
    Method,
    Profile,
    Reason,
    Setting,
    Status,
    Verdict,
)

ROOT = Path(__file__).parent.parent
LINE = "Exchange Server 5.5"
LEVELS = ["RTM", "SP1", "SP2", "SP3", "SP4"]
BRANCHES = {"RTM": 1960, "SP1": 2232, "SP2": 2448, "SP3": 2650, "SP4": 2653}


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known() -> dict[str, ArticleKnowledge]:
    files = sorted((ROOT / "advisories").glob("Q*.TXT"))
    advisories = [advisory.extract(article.parse(path.read_bytes())) for path in files]
    return {each.id: each for each in map(knowledge.weigh, knowledge.gather(advisories))}


@pytest.fixture(scope="module")
def profiles() -> dict[tuple[str, str], Profile]:
    fleet = inventory.read([ROOT / "inventory" / "servers.csv"])
    return {
        (each.host, each.product_line): matching.profile_of(
            each, [o for o in fleet.installations if o.host == each.host]
        )
        for each in fleet.installations
    }


def _expected() -> list[dict[str, str]]:
    with (Path(__file__).parent / "data" / "fleet_expected.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("row", _expected(), ids=lambda row: f"{row['host']}-{row['article']}")
def test_verdicts_reached_by_hand(
    row: dict[str, str], known: dict[str, ArticleKnowledge], profiles: dict[tuple[str, str], Profile]
) -> None:
    verdict = matching.assess(profiles[row["host"], row["product_line"]], known[row["article"]])
    assert verdict.status == row["status"], verdict
    assert row["reason"] in ("", verdict.reason.value)
    assert row["rule"] in ("", str(verdict.evidence.rule))
    assert (verdict.first_fixed or "") == row["first_fixed"]


def test_the_hand_made_table_shows_every_rule_and_reason() -> None:
    rows = _expected()
    assert {int(row["rule"]) for row in rows if row["rule"]} == set(range(1, 15))
    assert {row["reason"] for row in rows if row["reason"]} == set(Reason)


# --- small cases ------------------------------------------------------------------------------------------------------


def fact(
    level: str | None,
    kind: str = "service-pack",
    method: str = "sentence",
    source: str = "Q1",
    line: str = LINE,
    **more: object,
) -> Correction:
    return Correction("Q1", line, level, CorrectionKind(kind), Method(method), source, 1, "words", **more)  # type: ignore[arg-type]


def version(number: str, file: str = "Store.exe") -> FileVersion:
    return FileVersion(file, number, product.parse_build(number))


def weigh(
    *corrections: Correction,
    listed: tuple[str | None, ...] = (None,),
    files: tuple[FixedFile, ...] = (),
    line: str = LINE,
    date: datetime.date = datetime.date(2001, 1, 1),
) -> ArticleKnowledge:
    affected = tuple(Affected(line, level, 12, "text") for level in listed)
    return knowledge.weigh(Facts("Q1", "title", date, Kind.BUG, affected, files, corrections))


def row(version: str, file: str = "Store.exe") -> FixedFile:
    return FixedFile(file, version, line=30, product_line=LINE, build=product.line_build(product.line(LINE), version))


def at(*levels: str, **more: object) -> Profile:
    return Profile(LINE, tuple(levels), **more)  # type: ignore[arg-type]


def files(**versions: str) -> tuple[tuple[str, tuple[int, ...], str], ...]:
    return tuple(sorted((f"{name}.exe", product.parse_build(text), text) for name, text in versions.items()))


def reason(profile: Profile, known: ArticleKnowledge) -> Reason:
    return matching.assess(profile, known).reason


def test_conflicting_levels_matter_only_when_they_change_the_answer() -> None:
    known = weigh(fact("SP4"))
    assert reason(at("SP3", "SP4"), known) is Reason.CONFLICTING_EVIDENCE
    same = matching.assess(at("SP1", "SP3"), known)
    assert same.reason is Reason.FIX_AVAILABLE
    assert "SP1 and SP3" in same.evidence.notes[0]


def test_build_against_column() -> None:
    assert reason(at("SP4", builds=((5, 5, 2650, 24),)), weigh(fact("SP4"))) is Reason.CONFLICTING_EVIDENCE
    assert reason(at("SP3", builds=((5, 5, 2650, 24),)), weigh(fact("SP4"))) is Reason.FIX_AVAILABLE
    assert reason(at(builds=((5, 5, 2653, 23),)), weigh(fact("SP4"))) is Reason.FIXED_BY_SERVICE_PACK


def test_a_build_of_another_release_is_a_contradiction() -> None:
    assert reason(at("SP4", foreign=("1460.13",)), weigh(fact("SP4"))) is Reason.CONFLICTING_EVIDENCE


def test_a_file_older_than_the_known_file_of_the_level_is_a_contradiction() -> None:
    known = weigh(fact("SP3"))
    older = at("SP3", files=(("emsmta.exe", (5, 5, 2448, 1), "5.5.2448.1"),))
    assert reason(older, known) is Reason.CONFLICTING_EVIDENCE
    newer = at("SP3", files=(("emsmta.exe", (5, 5, 2651, 80), "5.5.2651.80"),))
    assert reason(newer, known) is Reason.FIXED_BY_SERVICE_PACK
    unlisted = at("SP3", files=(("other.exe", (5, 5, 2448, 1), "5.5.2448.1"),))
    assert reason(unlisted, known) is Reason.FIXED_BY_SERVICE_PACK


def test_an_unknown_level_is_answered_where_it_does_not_matter() -> None:
    assert reason(at(), weigh(fact("SP4"))) is Reason.LEVEL_UNKNOWN
    assert matching.assess(at(), weigh(fact("SP4"))).evidence.missing == ("service_pack", "build")
    assert reason(at(), weigh(fact(None, "hotfix"))) is Reason.HOTFIX_ONLY
    assert reason(at(hotfixes=("Q1",)), weigh(fact(None, "hotfix"))) is Reason.FIXED_BY_HOTFIX


def test_a_service_pack_above_all_known_counts_with_a_note() -> None:
    verdict = matching.assess(at("SP5"), weigh(fact("SP4")))
    assert verdict.reason is Reason.FIXED_BY_SERVICE_PACK
    assert "above every service pack known" in verdict.evidence.notes[0]


def test_a_service_pack_that_is_listed_and_said_to_correct_counts_with_a_note() -> None:
    """Q271724 lists SMS 2.0 SP3, and says that SP3 corrects it."""
    known = weigh(fact("SP3"), listed=("SP2", "SP3"))
    verdict = matching.assess(at("SP3"), known)
    assert verdict.reason is Reason.FIXED_BY_SERVICE_PACK
    assert "the article lists SP3 as affected" in verdict.evidence.notes[0]
    assert matching.assess(at("SP4"), known).evidence.notes == ()


def test_the_latest_service_pack_is_read_by_the_articles_date() -> None:
    unnamed = fact(None, "service-pack-unnamed")
    in_1999 = weigh(unnamed, date=datetime.date(1999, 12, 17))
    assert reason(at("SP3"), in_1999) is Reason.FIXED_BY_SERVICE_PACK
    assert reason(at("SP2"), in_1999) is Reason.SERVICE_PACK_UNNAMED
    assert reason(at("RTM"), in_1999) is Reason.FIX_AVAILABLE
    in_2001 = weigh(unnamed)
    assert reason(at("SP3"), in_2001) is Reason.SERVICE_PACK_UNNAMED


def test_the_latest_service_pack_is_none_that_the_article_lists_as_affected() -> None:
    """Q301054 lists SP6a of Windows NT 4.0, the newest there ever was, and says "the latest service pack"."""
    unnamed = fact(None, "service-pack-unnamed")
    day = datetime.date(1999, 12, 17)
    verdict = matching.assess(at("SP3"), weigh(unnamed, listed=("SP2", "SP3"), date=day))
    assert (verdict.reason, verdict.evidence.rule) == (Reason.SERVICE_PACK_UNNAMED, 7)
    assert "lists SP3 as affected" in verdict.evidence.notes[0]
    assert "hotfixes" in verdict.evidence.missing
    assert reason(at("SP4"), weigh(unnamed, listed=("SP2", "SP3"), date=day)) is Reason.FIXED_BY_SERVICE_PACK


@pytest.mark.parametrize(
    ("keyword", "wanted"),
    [("kbExchange550preSP4Fix", Reason.SERVICE_PACK_UNNAMED), ("kbExchange550preSP3Fix", Reason.FIXED_BY_SERVICE_PACK)],
)
def test_a_hotfix_that_came_after_the_latest_service_pack_contests_it(keyword: str, wanted: Reason) -> None:
    told = replace(fact(None, "hotfix", "keyword"), text=keyword)
    known = weigh(fact(None, "service-pack-unnamed"), told, date=datetime.date(1999, 12, 17))
    assert reason(at("SP3"), known) is wanted
    assert reason(at("SP4"), known) is Reason.FIXED_BY_SERVICE_PACK  # the hotfix came before it


def test_order_alone_never_speaks_for_a_level_that_the_article_lists() -> None:
    row_of_sp2 = row("5.5.2448.40")
    assert reason(at("SP3"), weigh(files=(row_of_sp2,))) is Reason.FIXED_BY_BUILD_ORDER
    listed = matching.assess(at("SP3"), weigh(files=(row_of_sp2,), listed=("SP2", "SP3")))
    assert (listed.reason, listed.evidence.missing) == (Reason.BRANCH_UNCLEAR, ("hotfixes",))
    told = at("SP3", files=files(store="5.5.2650.24"))
    assert reason(told, weigh(files=(row_of_sp2,))) is Reason.FIXED_BY_BUILD_ORDER
    assert reason(told, weigh(files=(row_of_sp2,), listed=("SP2", "SP3"))) is Reason.BRANCH_UNCLEAR


def test_order_is_held_against_the_newest_branch_that_a_table_has() -> None:
    """Q299435 has the file once for SP2 and once for SP3: a host with SP3 needs that of SP3."""
    both = (row("5.5.2448.40"), row("5.5.2650.99"))
    assert reason(at("SP3"), weigh(files=both)) is not Reason.FIXED_BY_BUILD_ORDER
    assert reason(at("SP4"), weigh(files=both)) is Reason.FIXED_BY_BUILD_ORDER


def test_order_speaks_for_no_level_that_a_hotfix_came_after() -> None:
    """The Hotfix Rollup Package of SP4 corrects what SP4 does not, whatever its files are numbered."""
    after = fact(None, "hotfix", requires="SP3")
    known = weigh(after, files=(row("5.5.2448.40"),))
    assert reason(at("SP3"), known) is Reason.HOTFIX_ONLY
    assert reason(at("SP4"), known) is Reason.FIXED_BY_BUILD_ORDER


def test_a_later_file_speaks_only_past_the_level_that_a_hotfix_came_after() -> None:
    """Q306521: files of SMS 2.0 SP4 itself do not hold what the Hotfix Rollup Package of SP4 brought."""
    wanted = row("5.5.2448.40")
    after = weigh(fact(None, "hotfix", requires="SP3"), files=(wanted,))
    for level in ("SP2", "SP3", "SP4"):
        assert reason(at(level, files=files(store="5.5.2650.24")), after) is Reason.BRANCH_UNCLEAR
        assert reason(at(level, files=files(store="5.5.2653.23")), after) is Reason.FIXED_BY_BUILD_ORDER
    assert reason(at("SP3", files=files(store="5.5.2650.24")), weigh(files=(wanted,))) is Reason.FIXED_BY_BUILD_ORDER


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("5.5.2651.9", Reason.FILE_TOO_OLD),
        ("5.5.2651.10", Reason.BRANCH_UNCLEAR),
        ("5.5.2651.15", Reason.BRANCH_UNCLEAR),
        ("5.5.2651.20", Reason.FIXED_BY_FILE_VERSION),
    ],
)
def test_of_two_versions_of_one_file_the_higher_is_sure(told: str, wanted: Reason) -> None:
    """Q295534 has one for Alpha and one for Intel, Q301462 one of 16 and one of 32 bits: a host has either."""
    known = weigh(fact("SP4"), files=(row("5.5.2651.20"), row("5.5.2651.10")))
    assert reason(at("SP3", files=files(store=told)), known) is wanted


def test_several_versions_of_a_file_matter_only_before_the_correction() -> None:
    nt = "Windows NT 4.0"

    def of_nt(version: str) -> FixedFile:
        return FixedFile("A.sys", version, line=30, product_line=nt, build=product.parse_build(version))

    rows = (of_nt("4.0.1381.133"), of_nt("4.0.1381.135"))
    told = (("a.sys", (4, 0, 1381, 133), "4.0.1381.133"),)
    known = weigh(fact("SP5", line=nt), files=rows, line=nt)
    assert reason(Profile(nt, ("SP6a",), files=told), known) is Reason.FIXED_BY_SERVICE_PACK
    before = matching.assess(Profile(nt, ("SP4",), files=told), known)
    assert (before.reason, before.evidence.missing) == (Reason.BRANCH_UNCLEAR, ("hotfixes",))
    foreign = weigh(fact("SP5", line=nt), files=(rows[0], of_nt("5.1.2600.34")), line=nt)
    assert reason(Profile(nt, ("SP4",), files=told), foreign) is Reason.FIXED_BY_FILE_VERSION


def test_what_is_noted_does_not_depend_on_a_level_that_does_not_matter() -> None:
    known = replace(weigh(files=(row("5.5.2653.30"),)), setting=Setting(44, "Add a value."))
    verdict = matching.assess(at(files=files(store="5.5.2653.40")), known)
    assert verdict.status is Status.FIXED
    assert [note.partition(" (")[0] for note in verdict.evidence.notes] == [
        "the correction takes effect only after a setting",
        "the level is not known; the verdict is the same for all of them",
    ]


def test_another_product_beside_a_platform_is_no_older_platform() -> None:
    """A Windows NT host that runs Exchange Server may have its correction from there."""
    known = weigh(fact(None, "hotfix"), line="Windows NT 4.0")
    verdict = matching.assess(Profile("Windows NT 4.0", ("SP6a",), beside=((LINE, "SP3"),)), known)
    assert (verdict.reason, [each.source for each in verdict.remedies]) == (Reason.FIX_AVAILABLE, ["Q1"])


def test_a_level_that_is_listed_above_the_one_that_corrects_it_is_in_dispute() -> None:
    """Q252371 lists SP6 and SP6a, and was first corrected in SP6: SP6 may be a slip of the list, SP6a is none."""
    known = weigh(fact("SP2"), listed=("SP2", "SP3"))
    assert reason(at("SP2"), known) is Reason.FIXED_BY_SERVICE_PACK
    assert reason(at("SP3"), known) is Reason.SOURCES_DISAGREE
    assert reason(at("SP4"), known) is Reason.FIXED_BY_SERVICE_PACK


def test_a_correction_that_must_be_switched_on_is_noted_where_it_is_installed() -> None:
    known = replace(weigh(fact("SP3")), setting=Setting(44, "To activate this fix, add a value."))
    fixed, exposed = (matching.assess(at(level), known) for level in ("SP3", "SP2"))
    note = 'the correction takes effect only after a setting (Q1:44): "To activate this fix, add a value."'
    assert (fixed.status, exposed.status) == (Status.FIXED, Status.EXPOSED)
    assert fixed.evidence.notes == exposed.evidence.notes == (note,)


def test_of_a_service_pack_that_never_was_order_says_nothing() -> None:
    known = weigh(files=(row("5.5.2650.24"),))
    assert reason(at("SP4"), known) is Reason.FIXED_BY_BUILD_ORDER
    assert reason(at("SP6a"), known) is Reason.BRANCH_UNCLEAR  # raising a level never makes `exposed` of `fixed`


def test_a_file_that_the_claimed_hotfix_does_not_bring_says_nothing_against_it() -> None:
    """Q288562, which brings Isinteg.exe: an old Store.exe is a rollup's matter; an old Isinteg.exe is its own."""
    own = fact(
        None, CorrectionKind.HOTFIX, Method.FILE_TABLE, source="Q1", files=(version("5.5.2655.1", "Isinteg.exe"),)
    )
    rollup = fact(None, CorrectionKind.HOTFIX, Method.ROLLUP, source="Q2", files=(version("5.5.2655.1"),))
    known = weigh(own, rollup, files=(row("5.5.2655.1", "Isinteg.exe"),))
    host = at("SP4", hotfixes=("Q1",), files=files(store="5.5.2653.23"))
    assert reason(host, known) is Reason.FIXED_BY_HOTFIX
    for told in (files(isinteg="5.5.2653.23"), files(store="5.5.2653.23", isinteg="5.5.2653.23")):
        assert reason(replace(host, files=told), known) is Reason.FILE_TOO_OLD
    assert reason(replace(host, hotfixes=("Q2",)), known) is Reason.FILE_TOO_OLD
    both = replace(host, hotfixes=("Q2",), files=files(store="5.5.2653.23", isinteg="5.5.2653.23"))
    assert reason(both, known) is Reason.FILE_TOO_OLD
    assert reason(replace(both, files=files(isinteg="5.5.2653.23")), known) is Reason.FILE_TOO_OLD
    nameless = weigh(fact(None, CorrectionKind.HOTFIX), rollup)  # which files the hotfix brings is not said
    assert reason(host, nameless) is Reason.FILE_TOO_OLD


def test_a_remedy_is_no_step_back() -> None:
    """Q245742: files of SP2's branch for a host whose level or own file is newer, not known to hold the correction."""
    own = fact(
        None,
        CorrectionKind.HOTFIX,
        Method.FILE_TABLE,
        source="Q1",
        files=(version("5.5.2448.8"), version("5.5.2448.8", "Mad.exe")),
    )
    known = weigh(fact("SP4"), own, files=(row("5.5.2448.8"), row("5.5.2448.8", "Mad.exe")))
    for level, told, offered in (
        ("SP2", files(store="5.5.2652.5"), False),
        ("SP2", files(store="5.5.2448.1"), True),
        ("SP2", (), True),
        ("SP1", (), True),  # which needs SP2 first
        ("SP3", (), False),
    ):
        verdict = matching.assess(at(level, files=told), known)
        assert verdict.status is not Status.FIXED
        assert any(remedy.files for remedy in verdict.remedies) is offered
        assert any(remedy.level == "SP4" for remedy in verdict.remedies)


def test_a_step_back_is_one_of_the_same_files_and_release() -> None:
    """An Emsmdb32.dll of Outlook is no newer one; a hotfix that brings one newer file is a step forward."""
    block = (version("5.5.2652.61"), version("5.5.2652.61", "Mad.exe"))
    known = weigh(fact(None, CorrectionKind.HOTFIX, Method.ROLLUP, source="Q2", files=block))
    for told in (files(store="8.5.7624.0"), files(store="5.5.2652.70", mad="5.5.2650.24")):
        verdict = matching.assess(at("SP3", files=told), known)
        assert (verdict.status, [remedy.source for remedy in verdict.remedies]) == (Status.EXPOSED, ["Q2"])


def test_the_files_branch_tells_which_service_pack_a_hotfix_needs() -> None:
    """Q278444 states no prerequisite; its files are those after SP4."""
    for number, needs in (("5.5.2654.38", "SP4"), ("5.5.2651.75", "SP3"), ("5.5.1960.8", None)):
        own = fact(None, CorrectionKind.HOTFIX, Method.FILE_TABLE, source="Q1", files=(version(number),))
        verdict = matching.assess(at("RTM"), weigh(own, files=(row(number),)))
        assert [remedy.requires for remedy in verdict.remedies] == [needs]
    # Q230691: made before SP3
    own = fact(None, CorrectionKind.HOTFIX, Method.FILE_TABLE, source="Q1", files=(version("5.5.2650.16"),))
    remedies = matching.assess(at("SP1"), weigh(own, fact("SP3"), files=(row("5.5.2650.16"),))).remedies
    assert [(each.level, each.requires) for each in remedies] == [
        ("SP3", None),
        (None, None),
    ]  # Q230691: made before SP3


def test_what_a_rollup_needs_is_not_asked_of_the_articles_own_files() -> None:
    """Q316021: files for SP3, and the SP4 Hotfix Rollup Package."""
    own = fact(None, CorrectionKind.HOTFIX, Method.FILE_TABLE, source="Q1", files=(version("5.5.2650.30"),))
    package = replace(fact(None, CorrectionKind.HOTFIX, source="Q1"), requires="SP4")
    verdict = matching.assess(at("SP3"), weigh(own, package, files=(row("5.5.2650.30"),)))
    assert [remedy.requires for remedy in verdict.remedies] == ["SP3"]
    known = weigh(own, package, files=(row("5.5.2650.30"),))
    assert reason(at("SP4"), known) is Reason.HOTFIX_ONLY  # the rollup came after it
    assert reason(at("SP4", files=files(store="5.5.2653.23")), known) is Reason.BRANCH_UNCLEAR


def test_a_platform_is_not_corrected_in_another() -> None:
    """Q300972: a Terminal Server is no Windows 2000, whose service pack corrects what runs there."""
    name = "Windows NT Server 4.0, Terminal Server Edition"
    listed = tuple(Affected(each, None, 12, "text") for each in (name, "Windows 2000", LINE))
    known = knowledge.weigh(
        Facts("Q1", "t", datetime.date(2001, 1, 1), Kind.BUG, listed, (), (fact("SP3", line="Windows 2000"),))
    )
    terminal = matching.assess(replace(at("SP5"), product_line=name), known)
    assert (terminal.reason, terminal.remedies) == (Reason.NO_FIX_KNOWN, ())
    assert not matching.fixable(known, {name})
    exchange = matching.assess(at("SP4"), known)
    assert exchange.reason is Reason.FIX_AVAILABLE
    assert {(each.product_line, each.level) for each in exchange.remedies} == {("Windows 2000", "SP3")}


def test_a_hotfix_that_another_articles_fix_holds_is_claimed_by_that_one() -> None:
    """Q252974, whose fix is that of Q251007."""
    words = replace(fact(None, CorrectionKind.HOTFIX), text="Q900007 Some Disks Are Not Available")
    known = weigh(fact(None, CorrectionKind.HOTFIX), words)
    assert reason(at("SP3"), known) is Reason.HOTFIX_ONLY
    for claimed in ("Q900007", "Q1"):
        assert reason(at("SP3", hotfixes=(claimed,)), known) is Reason.FIXED_BY_HOTFIX
    assert [each.source for each in matching.assess(at("SP3"), known).remedies] == ["Q900007"]


def test_a_claimed_hotfix_that_needs_a_higher_level_is_noted() -> None:
    known = weigh(fact(None, "hotfix", requires="SP4"))
    low, high = (matching.assess(at(level, hotfixes=("Q1",)), known) for level in ("SP3", "SP4"))
    assert (low.reason, high.reason) == (Reason.FIXED_BY_HOTFIX, Reason.FIXED_BY_HOTFIX)
    assert low.evidence.notes[0].endswith("it needs SP4 first")
    assert "needs" not in high.evidence.notes[0]


def test_a_claimed_hotfix_that_is_offered_for_other_lines_only_is_unclear() -> None:
    """Q182420: there is a hotfix for SMS 1.2, and none for SMS 2.0."""
    listed = tuple(Affected(name, None, 12, "text") for name in (LINE, "Exchange Server 5.0"))
    other = fact(None, "hotfix", line="Exchange Server 5.0")

    def judge(*corrections: Correction) -> Verdict:
        date = datetime.date(2001, 1, 1)
        return matching.assess(
            at("SP3", hotfixes=("Q1",)), knowledge.weigh(Facts("Q1", "t", date, Kind.BUG, listed, (), corrections))
        )

    verdict = judge(other)
    assert verdict.reason is Reason.HOTFIX_BUILD_UNKNOWN
    assert verdict.evidence.notes == (f"a hotfix is known for Exchange Server 5.0, and none for {LINE}",)
    assert verdict.evidence.demands == (other,)
    for own in (fact(None, "hotfix"), fact("SP4")):  # before a service pack there may have been one
        assert judge(other, own).reason is Reason.FIXED_BY_HOTFIX
    assert judge().reason is Reason.FIXED_BY_HOTFIX  # by its number it is this article's, whoever made it


def test_a_claimed_hotfix_for_the_platform_is_one_for_what_runs_on_it_alone() -> None:
    """Q244613 offers its hotfix below "Windows NT 4.0", and is about Internet Information Server 4.0."""
    known = weigh(fact(None, "hotfix", line="Windows NT 4.0"), line=IIS)
    profile = Profile(IIS, (), hotfixes=("Q1",), beside=(("Windows NT 4.0", "SP6a"),))
    assert reason(profile, known) is Reason.FIXED_BY_HOTFIX
    rolled = fact(
        None, "hotfix", "rollup", "Q2", line="Windows NT 4.0"
    )  # another article's, and its own is for SNA Server
    known = weigh(rolled, fact(None, "hotfix", line="SNA Server 4.0"), line=IIS)
    assert reason(profile, known) is Reason.HOTFIX_BUILD_UNKNOWN


def test_a_line_that_is_not_listed_and_whose_correction_is_known_is_told() -> None:
    """Nine articles stand in a fix list of a release that they do not list."""
    known = weigh(fact("SP2", method="fix-list", source="Q2"), listed=())
    verdict = matching.assess(at("SP1"), known)
    assert verdict.status is Status.NOT_APPLICABLE
    assert verdict.evidence.notes == (f"Q2 says of {LINE} that SP2 corrects it, which the article does not list",)


def test_lines_that_are_not_listed_are_judged_together_as_each_alone() -> None:
    lines = (LINE, "Exchange Server 5.0", "Exchange Server 4.0", "Windows NT 4.0", "SNA Server 4.0")
    told = [fact("SP2", method="fix-list", source="Q2", line=line) for line in lines[1:3]]
    known = weigh(*told, fact("SP3", method="fix-list", source="Q3", line="SNA Server 4.0"))
    profiles = [Profile(line, ("SP1",)) for line in lines]
    fleet = matching.Fleetwide(profiles)
    column = fleet.column(known)
    assert [column.of_group[group] for group in fleet.groups] == [matching.assess(each, known) for each in profiles]
    assert len({column.of_group[group].evidence.notes for group in fleet.groups}) == 4


def test_an_unknown_level_is_unknown_where_only_a_middle_level_differs() -> None:
    known = weigh(fact(None, "hotfix"), listed=("RTM", "SP4"))
    assert reason(at(), known) is Reason.LEVEL_UNKNOWN


def test_a_rollup_without_files_stays_a_remedy_beside_the_articles_own_files() -> None:
    own = fact(None, "hotfix", "file-table", files=(FileVersion("Store.exe", "5.5.2651.80", (5, 5, 2651, 80)),))
    rollup = fact(None, "hotfix", "rollup", "Q2")
    remedies = matching.assess(at("SP3"), weigh(own, rollup)).remedies
    assert [remedy.source for remedy in remedies] == ["Q1", "Q2"]


@pytest.mark.parametrize("path", ["%EXSRVROOT%\\Bin\\Store.exe", "C:/exchsrvr/bin/STORE.EXE", "Store.exe"])
def test_a_file_that_an_article_names_with_its_folder_is_that_file(path: str) -> None:
    """Q326322 and Q321599 have a column "File name and path"."""
    known = weigh(fact("SP4"), files=(row("5.5.2652.42", path),))
    assert reason(at("SP3", files=files(store="5.5.2652.42")), known) is Reason.FIXED_BY_FILE_VERSION
    assert reason(at("SP3", files=files(store="5.5.2650.24")), known) is Reason.FILE_TOO_OLD


IIS = "Internet Information Server 4.0"


@pytest.mark.parametrize(
    ("line", "level", "status"),
    [(IIS, "SP5", Status.FIXED), (IIS, "SP4", Status.EXPOSED), (LINE, "SP5", Status.EXPOSED)],
)
def test_a_line_without_service_packs_is_serviced_by_what_it_runs_on(line: str, level: str, status: Status) -> None:
    """Internet Information Server 4.0 has none; what Exchange Server lacks does not come with Windows NT."""
    known = weigh(fact(None, "hotfix", line=line), fact("SP5", line="Windows NT 4.0"), line=line)
    profiles = [Profile(line, (), beside=(("Windows NT 4.0", level),)), Profile(line)]
    verdict = matching.assess(profiles[0], known)
    assert verdict.status is status
    if status is Status.EXPOSED:
        assert "Q1" in {each.source for each in verdict.remedies}  # its own hotfix
    fleet = matching.Fleetwide(profiles)
    column = fleet.column(known)
    assert [column.apart.get(n) or column.of_group[fleet.groups[n]] for n in range(2)] == [
        matching.assess(profile, known) for profile in profiles
    ]


def test_what_runs_on_one_platform_alone_runs_on_it_whether_it_is_told_or_not() -> None:
    """Internet Information Server 4.0 runs on Windows NT 4.0: to know less of a host makes no verdict firmer."""
    known = weigh(fact("SP5", line="Windows NT 4.0"), line=IIS)
    told = inventory.read_bytes(
        "f.csv",
        b"host,product,version,os\nA,IIS,4.0,\nB,IIS,4.0,Windows NT 4.0\nC,IIS,4.0,Windows NT 4.0 SP6\n"
        b"D,Exchange Server,5.5,\n",
    )
    profiles = [matching.profile_of(each) for each in told.installations]
    assert [dict(each.beside) for each in profiles] == [
        *({"Windows NT 4.0": level} for level in (None, None, "SP6")),
        {},
    ]
    rows = inventory.read_bytes(
        "f.csv",
        b"host,product,version,os\nA,IIS,4.0,\nA,Exchange Server,5.5,Windows NT 4.0 SP6a\nB,IIS,4.0,\n"
        b"B,Exchange Server,5.5,Windows 2000 SP2\n",
    ).installations
    told_elsewhere = [dict(matching.profile_of(rows[n], rows[n : n + 2]).beside) for n in (0, 2)]
    assert [each.get("Windows NT 4.0", "none") for each in told_elsewhere] == ["SP6a", "none"]
    reasons = [reason(each, known) for each in profiles[:3]]
    assert reasons == [Reason.LEVEL_UNKNOWN, Reason.LEVEL_UNKNOWN, Reason.FIXED_BY_OTHER_PRODUCT]


def test_a_host_that_is_windows_2000_is_not_sent_to_windows_nt() -> None:
    known = weigh(fact("SP4", line="Windows NT 4.0"), line="Windows 2000")
    verdict = matching.assess(Profile("Windows 2000", ("SP1",)), known)
    assert (verdict.reason, verdict.remedies) == (Reason.NO_FIX_KNOWN, ())
    assert not matching.fixable(known, {"Windows 2000"})


def test_two_rollups_any_of_which_may_hold_the_fix() -> None:
    old = fact(
        None, "hotfix", "rollup", "Q2", files=(FileVersion("Store.exe", "5.5.2651.80", (5, 5, 2651, 80)),), order=0
    )
    new = fact(
        None, "hotfix", "rollup", "Q3", files=(FileVersion("Store.exe", "5.5.2652.42", (5, 5, 2652, 42)),), order=2
    )
    known = weigh(fact("SP4"), old, new)
    assert reason(at("SP3", files=files(store="5.5.2651.90")), known) is Reason.FIXED_BY_FILE_VERSION
    assert reason(at("SP3", files=files(store="5.5.2651.70")), known) is Reason.FILE_TOO_OLD
    assert reason(at("SP3", hotfixes=("Q2",)), known) is Reason.FIXED_BY_HOTFIX
    assert reason(at("SP3", hotfixes=("Q3",)), known) is Reason.HOTFIX_BUILD_UNKNOWN


def test_files_that_are_missing_do_not_outweigh_a_level_that_holds_the_fix() -> None:
    block = fact(
        None,
        "hotfix",
        "rollup",
        "Q2",
        files=(
            FileVersion("Store.exe", "5.5.2652.42", (5, 5, 2652, 42)),
            FileVersion("Mdbmsg.dll", "5.5.2652.42", (5, 5, 2652, 42)),
        ),
    )
    known = weigh(fact("SP4"), block)
    missing = matching.assess(at("SP3", files=files(store="5.5.2652.50")), known)
    assert missing.reason is Reason.FILES_MISSING
    assert missing.evidence.missing == ("files:mdbmsg.dll",)
    claimed = matching.assess(at("SP3", files=files(store="5.5.2652.50"), hotfixes=("Q2",)), known)
    assert (claimed.reason, claimed.evidence.fields) == (Reason.FIXED_BY_HOTFIX, ("files:store.exe", "hotfixes"))
    other = matching.assess(at("SP3", files=files(store="5.5.2652.50"), hotfixes=("Q3",)), known)
    assert other.reason is Reason.FILES_MISSING
    assert matching.assess(at("SP4", files=files(store="5.5.2653.23")), known).status is Status.FIXED


def test_fixable_wants_a_fix_for_this_line_or_in_another_product() -> None:
    assert matching.fixable(weigh(fact("SP4")), {LINE})
    assert not matching.fixable(weigh(), {LINE})
    assert not matching.fixable(weigh(fact("SP2", line="Exchange Server 5.0")), {LINE})
    assert matching.fixable(weigh(fact("SP4", line="Windows NT 4.0")), {LINE})


def test_another_product_of_the_host_decides() -> None:
    known = weigh(fact("SP4", line="Windows NT 4.0"))
    assert reason(at("SP3", beside=(("Windows NT 4.0", "SP6a"),)), known) is Reason.FIXED_BY_OTHER_PRODUCT
    assert reason(at("SP3", beside=(("Windows NT 4.0", "SP3"),)), known) is Reason.FIX_AVAILABLE
    assert reason(at("SP3", beside=(("Windows NT 4.0", None),)), known) is Reason.LEVEL_UNKNOWN
    assert reason(at("SP3"), known) is Reason.FIX_AVAILABLE


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ("SP6a", Reason.FIXED_BY_OTHER_PRODUCT),
        ("SP4", Reason.SERVICE_PACK_UNNAMED),
        ("RTM", Reason.FIX_AVAILABLE),
        (None, Reason.LEVEL_UNKNOWN),
    ],
)
def test_the_latest_service_pack_of_another_product_of_the_host_decides(level: str | None, wanted: Reason) -> None:
    unnamed = replace(fact("SP4", line="Windows NT 4.0"), level=None, kind=CorrectionKind.UNNAMED)
    assert reason(at("SP3", beside=(("Windows NT 4.0", level),)), weigh(unnamed)) is wanted


def test_a_host_that_runs_another_system_is_not_sent_to_this_one() -> None:
    known = weigh(fact("SP4", line="Windows NT 4.0"))
    verdict = matching.assess(at("SP3", beside=(("Windows 2000", "SP3"),)), known)
    assert (verdict.reason, verdict.remedies) == (Reason.NO_FIX_KNOWN, ())
    profiles = [at("SP3"), at("SP3", beside=(("Windows 2000", "SP3"),)), at("SP3", beside=(("Windows NT 4.0", None),))]
    column = matching.Fleetwide(profiles)
    verdicts = column.column(known)
    assert [verdicts.apart.get(n) or verdicts.of_group[column.groups[n]] for n in range(3)] == [
        matching.assess(profile, known) for profile in profiles
    ]


def test_every_verdict_carries_what_it_rests_on() -> None:
    verdict = matching.assess(at("SP3"), weigh(fact("SP4")))
    assert verdict.evidence.demands
    assert verdict.evidence.fields
    assert verdict.remedies[0].level == "SP4"


# --- laws -------------------------------------------------------------------------------------------------------------

versions = st.builds(
    lambda level, past, minor: f"5.5.{BRANCHES[level] + past}.{minor}",
    st.sampled_from(LEVELS),
    st.integers(0, 2),
    st.integers(0, 40),
)
corrections = st.lists(
    st.one_of(
        st.builds(
            fact, st.sampled_from(LEVELS), st.just("service-pack"), st.sampled_from(["sentence", "fix-list", "keyword"])
        ),
        st.builds(fact, st.none(), st.sampled_from(["hotfix", "service-pack-unnamed"])),
        st.builds(
            lambda names, source, order: fact(
                None,
                "hotfix",
                "rollup",
                source,
                files=tuple(FileVersion(f"{n}.exe", v, product.parse_build(v)) for n, v in names.items()),
                order=order,
            ),
            st.dictionaries(st.sampled_from(["store", "mad"]), versions, max_size=2),
            st.sampled_from(["Q2", "Q3"]),
            st.integers(0, 1),
        ),
    ),
    max_size=4,
)
articles = st.builds(
    lambda found, listed, rows, day: weigh(
        *found, listed=listed, files=tuple(row(v, f"{n}.exe") for n, v in rows), date=day
    ),
    corrections,
    st.lists(st.sampled_from([None, *LEVELS]), min_size=1, max_size=3).map(tuple),
    st.lists(st.tuples(st.sampled_from(["store", "mad"]), versions), max_size=3),
    st.dates(datetime.date(1998, 1, 1), datetime.date(2002, 1, 1)),
)
reported = st.dictionaries(st.sampled_from(["store", "mad", "other"]), versions, max_size=2)


def _profile(level: str | None, told: dict[str, str], build: str | None, hotfixes: tuple[str, ...] = ()) -> Profile:
    builds = (product.parse_build(build),) if build else ()
    return Profile(LINE, (level,) if level else (), builds, (), hotfixes, files(**told))


@settings(max_examples=1500, deadline=None)
@given(
    articles,
    reported,
    st.none() | versions,
    st.sampled_from([(), ("Q1",), ("Q2",), ("Q3",)]),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_law_raising_the_level_never_exposes(known, told, build, hotfixes, one, other) -> None:
    low, high = sorted((one, other))
    before = matching.assess(_profile(LEVELS[low], told, None, hotfixes), known)
    after = matching.assess(_profile(LEVELS[high], told, None, hotfixes), known)
    assert (before.status, after.status) != (Status.FIXED, Status.EXPOSED), (before, after)


@settings(max_examples=1500, deadline=None)
@given(articles, reported, versions, versions, st.none() | st.sampled_from(LEVELS))
def test_law_raising_the_build_never_exposes(known, told, one, other, level) -> None:
    low, high = sorted((one, other), key=product.parse_build)
    before = matching.assess(_profile(level, told, low), known)
    after = matching.assess(_profile(level, told, high), known)
    assert (before.status, after.status) != (Status.FIXED, Status.EXPOSED), (before, after)


@settings(max_examples=2500, deadline=None)
@given(
    articles, reported, versions, versions, st.sampled_from([None, *LEVELS]), st.sampled_from([(), ("Q1",), ("Q2",)])
)
def test_law_raising_a_file_never_exposes(known, told, one, other, level, hotfixes) -> None:
    low, high = sorted((one, other), key=product.parse_build)
    before = matching.assess(_profile(level, {**told, "store": low}, None, hotfixes), known)
    after = matching.assess(_profile(level, {**told, "store": high}, None, hotfixes), known)
    assert (before.status, after.status) != (Status.FIXED, Status.EXPOSED), (before, after)


@settings(max_examples=300, deadline=None)
@given(corrections, st.randoms(use_true_random=False), st.sampled_from(LEVELS), reported)
def test_law_the_order_of_sources_changes_nothing(found, random, level, told) -> None:
    shuffled = [*found, *found[:2]]
    random.shuffle(shuffled)
    profile = _profile(level, told, None)
    assert matching.assess(profile, weigh(*found)) == matching.assess(profile, weigh(*shuffled))


@settings(max_examples=300, deadline=None)
@given(articles, st.sampled_from([None, *LEVELS]), reported)
def test_law_every_question_has_an_answer_with_evidence(known, level, told) -> None:
    verdict = matching.assess(_profile(level, told, None), known)
    assert verdict.status in Status
    assert verdict.evidence.fields
    if verdict.status is Status.UNDETERMINED and verdict.reason not in (
        Reason.BRANCH_UNCLEAR,
        Reason.LEVEL_NOT_LISTED,
        Reason.SERVICE_PACK_UNNAMED,
        Reason.SOURCES_DISAGREE,
    ):
        assert verdict.evidence.missing
    told_level = set(verdict.evidence.missing) & {"service_pack", "build"}
    assert (
        not told_level or level is None or matching.candidate_levels(_profile(level, told, None)) != (level,)
    )  # told already
    if verdict.reason is Reason.HOTFIX_ONLY:
        assert verdict.first_fixed == HOTFIX_ONLY


def judged(fleetwide, known) -> list:
    """Return the verdict for each profile."""
    column = fleetwide.column(known)
    return [column.apart.get(n) or column.of_group[group] for n, group in enumerate(fleetwide.groups)]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(articles, min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.sampled_from([None, *LEVELS]),
            reported,
            st.none() | versions,
            st.sampled_from([(), ("Q1",), ("Q2",), ("Q3", "Q9")]),
            st.sampled_from([LINE, "Exchange Server 5.0", "SNA Server 4.0", "Any Program 3.1"]),
            st.sampled_from([(), (("Windows NT 4.0", "SP4"),), (("Windows NT 4.0", None),)]),
        ),
        max_size=12,
    ),
)
def test_law_judging_in_groups_is_judging_one_by_one(known, hosts) -> None:
    profiles = [
        replace(_profile(level, told, build, hotfixes), product_line=line, beside=beside)
        for level, told, build, hotfixes, line, beside in hosts
    ]
    fleetwide = matching.Fleetwide(profiles, matching.spoken_of({each.product_line for each in profiles}, known))
    for each in known:
        assert judged(fleetwide, each) == [matching.assess(profile, each) for profile in profiles]


def test_a_file_of_another_release_is_told_apart() -> None:
    """A file of Windows 2000 is no later file of Windows NT 4.0, though its number is higher."""
    name = "Windows NT 4.0"
    wanted = FixedFile("Store.exe", "4.0.1381.7000", line=30, product_line=name, build=(4, 0, 1381, 7000))
    known = weigh(fact(None, "hotfix", line=name), files=(wanted,), line=name)
    told = ("4.0.1381.8000", "5.0.2195.1")
    profiles = [Profile(name, ("SP5",), files=files(store=version)) for version in told]
    verdicts = [matching.assess(profile, known) for profile in profiles]
    assert [each.reason for each in verdicts] == [Reason.FIXED_BY_FILE_VERSION, Reason.HOTFIX_ONLY]
    assert judged(matching.Fleetwide(profiles), known) == verdicts


def test_the_bundled_fleet_in_groups_is_the_fleet_one_by_one(known, profiles) -> None:
    every = list(profiles.values())
    fleetwide = matching.Fleetwide(every)
    for each in known.values():
        assert judged(fleetwide, each) == [matching.assess(profile, each) for profile in every]


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("2.0.1380.1131", Reason.FILE_TOO_OLD),
        ("2.0.1380.1132", Reason.FIXED_BY_FILE_VERSION),
        ("2.0.1493.2000", Reason.BRANCH_UNCLEAR),
        ("2.0.1493.2121", Reason.FIXED_BY_FILE_VERSION),
        ("2.0.1493.3000", Reason.FIXED_BY_BUILD_ORDER),
    ],
)
def test_a_table_with_a_row_for_each_service_pack(version: str, reason: Reason) -> None:
    """Q246842: a host's file is held against the row of its own service pack too, not only against the lowest."""
    name = "Systems Management Server 2.0"
    rows = tuple(
        FixedFile("Ldwmnt.dll", text, None, None, None, None, None, None, n, name, product.parse_build(text))
        for n, text in enumerate(("2.0.1380.1132", "2.0.1493.2121"), start=50)
    )
    facts = Facts(
        "Q900001", "A fault", datetime.date(2001, 1, 1), Kind.BUG, (Affected(name, None, 12, name),), rows, ()
    )
    level = product.level_of_build(product.line(name), product.parse_build(version)) or "RTM"
    profile = Profile(name, (level,), files=(("ldwmnt.dll", product.parse_build(version), version),))
    assert matching.assess(profile, knowledge.weigh(facts)).reason is reason
