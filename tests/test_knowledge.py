"""What fixes what: the worth of statements, what they overrule, and that their order does not matter."""

import datetime
from dataclasses import replace

import pytest
from examples import E50, E55, EXAMPLES, HOTFIX, NT, RELEASE, SP, TSE, UNNAMED, text
from hypothesis import given, settings
from hypothesis import strategies as st

from kbcheck import advisory, article, knowledge, matching, product
from kbcheck.model import Affected, Correction, Facts, FileVersion, FixedFile, Kind, Method, Profile

SUBJECT, LIST, OTHER_LIST, ROLLUP = "Q900001", "Q900601", "Q900602", "Q900603"


def correction(method, level=None, kind=SP, source=SUBJECT, line=20, words="words", product_line=E55, **more):
    """Return one statement about the subject."""
    return Correction(SUBJECT, product_line, level, kind, method, source, line, words, **more)


def facts(*corrections, affected=((E55, None),), kind=Kind.BUG, files=()):
    """Return the subject's facts with `corrections` about it."""
    listed = tuple(Affected(line, level, 12, line) for line, level in affected)
    return Facts(SUBJECT, "A Title", datetime.date(2001, 5, 7), kind, listed, files, corrections)


def line(*corrections, name=E55, **more):
    """Return what is known for one line."""
    return knowledge.weigh(facts(*corrections, **more)).line(name)


def test_the_article_itself_is_a_hotfix_whether_or_not_a_correction_speaks_of_the_line():
    known = knowledge.weigh(facts(correction(Method.SENTENCE, "SP5", product_line=NT)))
    assert matching.assess(Profile(E55, ("SP3",), hotfixes=(SUBJECT,)), known).reason == "fixed-by-hotfix"
    assert matching.assess(Profile(E55, ("SP3",)), known).status == "exposed"


OVERRIDE = correction(Method.OVERRIDE, "SP1")
SENTENCE = correction(Method.SENTENCE, "SP2")
LISTED = correction(Method.FIX_LIST, "SP3", source=LIST)
KEYWORD = correction(Method.KEYWORD, "SP4", words="kbExchange550sp4Fix")
LATEST = correction(Method.SENTENCE, kind=UNNAMED)
SUPPORTED = correction(Method.SENTENCE, kind=HOTFIX)
ROLLED = correction(Method.ROLLUP, kind=HOTFIX, source=ROLLUP)
TABLED = correction(Method.FILE_TABLE, kind=HOTFIX)
PRE_SP4 = correction(Method.KEYWORD, kind=HOTFIX, words="kbExchange550preSP4fix")
PRE_SP5 = correction(Method.KEYWORD, kind=HOTFIX, words="kbExchange550preSP5fix")

# --- the strongest decides --------------------------------------------------------------------------------------------

# From the strongest to the weakest; those of one row have the same worth.
RANKS = [
    ([OVERRIDE], "SP1"),
    ([SENTENCE], "SP2"),
    ([LISTED], "SP3"),
    ([KEYWORD], "SP4"),
    ([LATEST], "SP (unspecified)"),
    ([SUPPORTED, ROLLED, TABLED, PRE_SP4, PRE_SP5], "hotfix only"),
]


@pytest.mark.parametrize("rank", range(len(RANKS)))
def test_a_statement_decides_alone_and_beside_all_weaker_ones(rank):
    same, expected = RANKS[rank]
    weaker = [each for others, _ in RANKS[rank + 1 :] for each in others]
    for strongest in same:
        assert line(strongest).first_fixed == expected
        beside = line(*weaker, strongest)
        assert beside.first_fixed == expected
        assert beside.deciding == (strongest,)
        assert set(beside.corrections) == {strongest, *weaker}


def test_without_a_statement_no_fix_is_known():
    known = line()
    assert (known.first_fixed, known.earliest, known.latest, known.deciding) == (None, None, None, ())
    assert not any(line.first_fixed for line in knowledge.weigh(facts()).lines)


def test_statements_about_one_line_decide_that_line_only():
    known = knowledge.weigh(
        facts(SENTENCE, correction(Method.SENTENCE, kind=HOTFIX, product_line=E50), affected=((E55, None), (E50, None)))
    )
    assert knowledge.first_fixed(known) == {E55: "SP2", E50: "hotfix only"}


def test_levels_are_compared_as_levels():
    """SP10 is later than SP9, SP6a later than SP6."""
    known = line(correction(Method.SENTENCE, "SP10"), correction(Method.SENTENCE, "SP9"))
    assert (known.first_fixed, known.earliest, known.latest) == ("SP9", "SP9", "SP10")
    nt = [correction(Method.FIX_LIST, level, product_line=NT) for level in ("SP6a", "SP6")]
    assert line(*nt, name=NT).first_fixed == "SP6"


# --- releases ---------------------------------------------------------------------------------------------------------


def test_a_release_that_has_the_fix_is_rtm():
    known = knowledge.weigh(facts(correction(Method.SENTENCE, "RTM", RELEASE), affected=((E50, None),)))
    assert knowledge.first_fixed(known) == {E50: None, E55: "RTM"}
    assert not known.line(E55).listed


def test_a_keyword_for_the_affected_release_is_a_tag():
    tag = correction(Method.KEYWORD, "RTM", RELEASE, words="kbExchange550fix")
    assert line(tag).first_fixed is None
    assert line(tag, affected=((E50, None),)).first_fixed == "RTM"


def test_a_service_pack_of_an_affected_release_beats_the_release_itself():
    assert line(correction(Method.SENTENCE, "RTM", RELEASE), KEYWORD).first_fixed == "SP4"


# --- conflicts --------------------------------------------------------------------------------------------------------


def test_agreement_is_no_conflict():
    same = [correction(method, "SP4") for method in (Method.SENTENCE, Method.FIX_LIST, Method.KEYWORD)]
    assert knowledge.weigh(facts(*same, LATEST, SUPPORTED, PRE_SP4)).conflicts == ()


@pytest.mark.parametrize(
    ("strong", "weak", "reason"),
    [
        (OVERRIDE, SENTENCE, "an override decides: SP1"),
        (SENTENCE, LISTED, "the article's own sentence decides: SP2"),
        (SENTENCE, KEYWORD, "the article's own sentence decides: SP2"),
        (LISTED, KEYWORD, "a fix list decides: SP3"),
        (KEYWORD, PRE_SP5, "a keyword decides: SP4"),
        (LISTED, PRE_SP5, "a fix list decides: SP3"),
    ],
)
def test_what_is_overruled_is_kept_with_the_reason(strong, weak, reason):
    (conflict,) = knowledge.weigh(facts(weak, strong)).conflicts
    assert (conflict.product_line, conflict.decided) == (E55, strong.level)
    assert conflict.overruled == (weak,)
    assert conflict.reason == reason


def test_a_hotfix_before_the_service_pack_is_no_conflict():
    """The keyword preSP4fix beside SP4 says that a hotfix came first."""
    assert knowledge.weigh(facts(KEYWORD, PRE_SP4)).conflicts == ()


def test_equally_good_sources_dispute_what_lies_between():
    one, two = (
        correction(Method.FIX_LIST, level, source=source) for level, source in (("SP3", LIST), ("SP1", OTHER_LIST))
    )
    known = knowledge.weigh(facts(one, two))
    found = known.line(E55)
    assert (found.first_fixed, found.earliest, found.latest) == ("SP1", "SP1", "SP3")
    (conflict,) = known.conflicts
    assert conflict.overruled == (one,)
    assert conflict.reason.startswith("equally good sources name SP1 and SP3: the earliest is taken")


def test_weaker_sources_do_not_widen_the_dispute():
    found = line(SENTENCE, KEYWORD)
    assert (found.earliest, found.latest) == ("SP2", "SP2")


# --- order ------------------------------------------------------------------------------------------------------------

LINES = st.sampled_from([E55, E50, NT, TSE, "A Product of No List 1.0"])
WORDS = st.sampled_from(["words", "kbExchange550preSP4fix", "kbExchange550preSP5fix"])
STATEMENTS = st.one_of(
    st.builds(
        correction,
        st.sampled_from([Method.SENTENCE, Method.FIX_LIST, Method.KEYWORD, Method.OVERRIDE]),
        st.sampled_from(["SP1", "SP2", "SP4", "SP6a", "SP10"]),
        st.just(SP),
        st.sampled_from([SUBJECT, LIST, OTHER_LIST]),
        st.integers(1, 3),
        WORDS,
        LINES,
    ),
    st.builds(
        correction,
        st.sampled_from([Method.SENTENCE, Method.KEYWORD]),
        st.just("RTM"),
        st.just(RELEASE),
        product_line=LINES,
    ),
    st.builds(
        correction,
        st.sampled_from([Method.SENTENCE, Method.KEYWORD, Method.FILE_TABLE]),
        st.none(),
        st.sampled_from([HOTFIX, UNNAMED]),
        words=WORDS,
        product_line=LINES,
    ),
    st.builds(
        correction,
        st.just(Method.ROLLUP),
        st.none(),
        st.just(HOTFIX),
        st.just(ROLLUP),
        st.integers(1, 3),
        product_line=LINES,
        files=st.sampled_from([(), (FileVersion("Store.exe", "5.5.2652.1", (5, 5, 2652, 1)),)]),
        released=st.sampled_from([datetime.date(2000, 7, 19), datetime.date(1999, 11, 23)]),
        order=st.integers(0, 2),
    ),
)


@given(st.data(), st.lists(STATEMENTS, max_size=8))
@settings(max_examples=400, deadline=None)
def test_the_order_of_statements_does_not_matter(data, statements):
    shuffled = data.draw(st.permutations(statements))
    affected = ((E55, None), (TSE, None))
    assert knowledge.weigh(facts(*statements, affected=affected)) == knowledge.weigh(
        facts(*shuffled, affected=affected)
    )


@given(st.data(), st.lists(STATEMENTS, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_repeated_statement_changes_nothing(data, statements):
    again = data.draw(st.lists(st.sampled_from(statements), max_size=6))
    assert knowledge.weigh(facts(*statements, *again)) == knowledge.weigh(facts(*statements))


@given(st.lists(STATEMENTS, max_size=8))
@settings(max_examples=300, deadline=None)
def test_laws_of_what_is_known(statements):
    """Nothing that was said is lost; what decides was said; the first correction is the earliest that decides."""
    known = knowledge.weigh(facts(*statements))
    said = {c for each in known.lines for c in each.corrections if c.method is not Method.INCLUDED}
    assert said == set(statements)
    for each in known.lines:
        assert set(each.deciding) <= set(each.corrections)
        assert (each.first_fixed is None) == (each.deciding == ())
        levels = {c.level for c in each.deciding} - {None}
        if levels:
            assert each.first_fixed == each.earliest == min(levels, key=product.level_key)
            assert each.latest == max(levels, key=product.level_key)
    for conflict in known.conflicts:
        assert conflict.overruled
        assert conflict.reason
        assert known.line(conflict.product_line).first_fixed == conflict.decided


@given(st.lists(STATEMENTS, max_size=8), st.booleans())
@settings(max_examples=200, deadline=None)
def test_stored_decisions_give_the_same_knowledge_without_its_conflicts(statements, judged):
    about = facts(*statements, affected=((E55, "SP1"), (TSE, None)))
    known = knowledge.weigh(about)
    again = knowledge.recall(about, knowledge.decide(about), judged)
    assert (again.lines, again.conflicts, again.advisory) == (known.lines, (), judged)


def test_two_statements_that_differ_only_in_having_a_day_can_be_sorted():
    dated = correction(Method.ROLLUP, kind=HOTFIX, released=datetime.date(2000, 7, 19))
    assert line(dated, correction(Method.ROLLUP, kind=HOTFIX)).first_fixed == "hotfix only"


# --- what is affected -------------------------------------------------------------------------------------------------


def test_named_levels_are_sorted_and_an_unnamed_level_means_all():
    assert line(affected=((E55, "SP2"), (E55, "RTM"), (E55, "SP1"))).levels == ("RTM", "SP1", "SP2")
    assert line(affected=((E55, "SP2"), (E55, None))).levels == ()


def test_a_line_that_only_a_list_names_is_known_but_not_listed():
    known = knowledge.weigh(facts(correction(Method.FIX_LIST, "SP1", product_line=E50, source=LIST)))
    assert [(each.product_line, each.listed) for each in known.lines] == [(E55, True), (E50, False)]
    assert known.line("Exchange Server 4.0") is None


def test_first_fixed_leaves_out_affected_lines_that_nobody_services():
    known = knowledge.weigh(facts(affected=((E55, None), ("Outlook 98", None), ("Thing 1.0", None))))
    assert knowledge.first_fixed(known) == {E55: None}


def test_only_rows_that_can_judge_the_line_are_its_files():
    fitting = FixedFile("Store.exe", "5.5.2652.1", product_line=E55, build=(5, 5, 2652, 1))
    others = (
        FixedFile("Odd.exe", "1.2", product_line=E55),
        FixedFile("Old.exe", "5.0.1461.1", product_line=E50, build=(5, 0, 1461, 1)),
    )
    assert line(files=(fitting, *others)).fixed_files == (fitting,)


def test_a_service_pack_that_includes_another_products_corrects_what_that_one_corrects():
    """Terminal Server Edition SP4 holds Windows NT 4.0 SP4 (Q222970); a sentence about the line itself is stronger."""
    about_nt = correction(Method.SENTENCE, "SP4", product_line=NT)
    both = ((NT, None), (TSE, None))
    known = knowledge.weigh(facts(about_nt, affected=both))
    assert knowledge.first_fixed(known) == {NT: "SP4", TSE: "SP4"}
    assert {(c.method, c.source, c.text) for c in known.line(TSE).deciding} == {
        (Method.INCLUDED, about_nt.source, about_nt.text)
    }
    own = correction(Method.SENTENCE, "SP5", product_line=TSE)
    assert knowledge.first_fixed(knowledge.weigh(facts(about_nt, own, affected=both)))[TSE] == "SP5"
    assert knowledge.weigh(facts(about_nt, affected=((NT, None),))).line(TSE) is None


def test_what_an_unnamed_service_pack_corrects_it_corrects_in_what_it_includes() -> None:
    """Q151902: the clients' fault is "corrected in the latest Microsoft Exchange Server U.S. Service Pack"."""
    client, server = "Exchange Client 4.0", "Exchange Server 4.0"
    latest = correction(Method.SENTENCE, None, kind=UNNAMED, product_line=server)
    both = ((client, None), (server, None))
    known = knowledge.weigh(facts(latest, affected=both))
    assert knowledge.first_fixed(known) == {client: "SP (unspecified)", server: "SP (unspecified)"}
    named = correction(Method.SENTENCE, "SP3", product_line=server)
    assert knowledge.first_fixed(knowledge.weigh(facts(latest, named, affected=both)))[client] == "SP3"


def test_of_what_includes_it_a_part_takes_what_decides_there():
    """Q167123: a sentence names SP1 of Visual Studio 97, a keyword SP2; Q221747: a keyword SP1, a sentence SP3."""
    studio = "Visual Studio 97"
    for said, tagged in (("SP1", "SP2"), ("SP3", "SP1")):
        sentence = correction(Method.SENTENCE, said, product_line=studio)
        keyword = correction(Method.KEYWORD, tagged, product_line=studio)
        known = knowledge.weigh(facts(sentence, keyword, affected=(("Visual C++ 5.0", None), (studio, None))))
        assert knowledge.first_fixed(known) == {"Visual C++ 5.0": said, studio: said}
        assert known.line("Visual C++ 5.0").latest == said


def test_a_rollup_of_a_platform_corrects_what_runs_on_it_alone():
    """Q299444, a rollup of Windows NT 4.0 with "IIS fixes included"; Site Server 3.0 runs on it too, among others."""
    rolled = correction(Method.ROLLUP, kind=HOTFIX, source=ROLLUP, product_line=NT, requires="SP6a")
    offered = correction(Method.SENTENCE, kind=HOTFIX, product_line=NT)
    iis, site = "Internet Information Server 4.0", "Site Server 3.0"
    known = knowledge.weigh(facts(rolled, offered, affected=((iis, None), (site, None))))
    assert [(each.source, each.requires) for each in known.line(iis).corrections] == [(ROLLUP, None)]
    assert matching.assess(Profile(iis, hotfixes=(ROLLUP,)), known).reason == "fixed-by-hotfix"
    assert known.line(site).corrections == ()
    exposed = matching.assess(Profile(iis, beside=((NT, "SP3"),)), known)
    assert exposed.reason == "hotfix-only"
    assert [(each.product_line, each.source, each.requires) for each in exposed.remedies] == [(NT, ROLLUP, "SP6a")]
    # The hotfix is for Windows NT: claimed, it corrects what runs there alone; for others it decides nothing.
    claimed = [matching.assess(Profile(name, hotfixes=(SUBJECT,)), known).reason for name in (iis, site)]
    assert claimed == ["fixed-by-hotfix", "hotfix-build-unknown"]
    own = correction(Method.ROLLUP, kind=HOTFIX, source=ROLLUP, product_line=iis)
    assert knowledge.weigh(facts(rolled, own, affected=((iis, None),))).line(iis).corrections == (own,)


def test_a_list_that_gives_another_title_makes_no_advisory():
    """Q189468 in Q150734: the number is a misprint; what shares a word with the title, or is affected, is none."""

    def known(entry, line=NT):
        listed = replace(correction(Method.FIX_LIST, "SP4", product_line=line), text=entry)
        about = facts(listed, affected=((E55, None),))
        return knowledge.weigh(replace(about, title="HOWTO: Create a Basic Add-in", kind=Kind.HOWTO))

    other = known("Q900001 Java Components Hang When Run in Transaction Server")
    assert not other.advisory
    assert [(each.decided, each.reason.partition(":")[0]) for each in other.conflicts] == [
        ("SP4", "the list gives the title of another article")
    ]
    for told in (known("Q900001 Basic Add-ins Hang When Created"), known("Q900001"), known("Q900001 Java Hangs", E55)):
        assert (told.advisory, told.conflicts) == (True, ())


def test_a_keyword_for_a_listed_level_counts_beside_one_for_a_hotfix_before_it():
    """Q203004: kbsms200preSP3fix kbsms200SP3fix; without the first the second is a tag, and told as such."""
    pack = correction(Method.KEYWORD, "SP3")
    hotfix = replace(correction(Method.KEYWORD, None, kind=HOTFIX), text="kbExchange550preSP3fix")
    listed = ((E55, "SP2"), (E55, "SP3"))
    known = knowledge.weigh(facts(pack, hotfix, affected=listed))
    assert (knowledge.first_fixed(known)[E55], known.conflicts) == ("SP3", ())
    alone = knowledge.weigh(facts(pack, affected=listed))
    assert knowledge.first_fixed(alone)[E55] is None
    assert [(each.decided, each.overruled) for each in alone.conflicts] == [("nothing", (pack,))]


@pytest.mark.parametrize("level", ["SP3", None])
def test_a_keyword_for_a_level_that_the_article_lists_is_no_fix(level):
    """Q309151 lists SP4 as affected and carries its keyword."""
    keyword = correction(Method.KEYWORD, "SP3")
    known = knowledge.weigh(facts(keyword, affected=((E55, "SP2"), (E55, level))))
    assert knowledge.first_fixed(known)[E55] == (None if level else "SP3")
    sentence = correction(Method.SENTENCE, "SP3")
    known = knowledge.weigh(facts(keyword, sentence, affected=((E55, "SP2"), (E55, level))))
    assert knowledge.first_fixed(known)[E55] == "SP3"


def test_a_level_that_includes_another_is_no_fix_where_either_is_listed():
    """Q184826: the keyword names SP4 of Windows NT 4.0, which the article lists as affected."""
    keyword = correction(Method.KEYWORD, "SP4", product_line=NT)
    sentence = correction(Method.SENTENCE, "SP4", product_line=NT)
    both = ((NT, "SP4"), (TSE, "SP4"))
    for stated in (keyword, sentence):
        assert knowledge.first_fixed(knowledge.weigh(facts(stated, affected=both)))[TSE] is None
    only_nt = ((NT, "SP4"), (TSE, None))
    assert knowledge.first_fixed(knowledge.weigh(facts(keyword, affected=only_nt)))[TSE] is None
    assert knowledge.first_fixed(knowledge.weigh(facts(sentence, affected=only_nt)))[TSE] == "SP4"


@pytest.mark.parametrize(
    ("name", "studio"),
    [
        ("Visual Basic 6.0", "Visual Studio 6.0"),
        ("Visual C++ 5.0", "Visual Studio 97"),
        ("Outlook 2000", "Office 2000"),
        ("Exchange Client 4.0", "Exchange Server 4.0"),
    ],
)
def test_service_packs_of_a_suite_correct_its_parts(name, studio):
    fix = correction(Method.SENTENCE, "SP3", product_line=studio)
    known = knowledge.weigh(facts(fix, affected=((name, None),)))
    assert knowledge.first_fixed(known) == {name: "SP3", studio: "SP3"}


# --- advisories -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_which_kinds_are_advisories(kind):
    """A bug always is, a list never; any other article is one where a correction or a fixed file speaks about it.

    Instructions and information name service packs and files in passing: only another article or a keyword makes one.
    """
    row = FixedFile("Store.exe", "5.5.2652.1", product_line=E55, build=(5, 5, 2652, 1))
    never = kind is Kind.FIX_LIST
    assert knowledge.is_advisory(facts(kind=kind)) == (kind is Kind.BUG)
    assert knowledge.is_advisory(facts(LISTED, kind=kind)) == (not never)
    passing = kind in (Kind.INFO, Kind.HOWTO)
    assert knowledge.is_advisory(facts(SUPPORTED, kind=kind)) == (not never and not passing)
    assert knowledge.is_advisory(facts(files=(row,), kind=kind)) == (not never and not passing)
    assert knowledge.is_advisory(facts(SUPPORTED, files=(row,), kind=kind)) == (not never)
    assert knowledge.is_advisory(facts(correction(Method.SENTENCE, "RTM", RELEASE), kind=kind)) == (kind is Kind.BUG)


def test_a_keyword_of_a_level_that_is_listed_makes_no_advisory_of_information():
    """Q259708 describes what Service Pack 2 has, and has that one's keyword."""
    keyword = correction(Method.KEYWORD, "SP2")
    for level, expected in (("SP2", False), ("SP1", True), (None, True)):
        told = facts(keyword, affected=((E55, level),), kind=Kind.INFO)
        assert knowledge.is_advisory(told) is expected
    assert knowledge.is_advisory(facts(keyword, affected=((E55, None), (NT, "SP2")), kind=Kind.INFO))
    earlier = replace(correction(Method.KEYWORD, kind=HOTFIX), text="exc55presp2fix")
    assert not knowledge.is_advisory(facts(earlier, affected=((E55, None),), kind=Kind.INFO))
    assert knowledge.is_advisory(facts(keyword, earlier, affected=((E55, "SP2"),), kind=Kind.INFO))


# --- many articles ----------------------------------------------------------------------------------------------------


def test_a_list_read_later_improves_what_is_known():
    """One fact, three sources: the article's keyword, its sentence, and a list."""
    fault = text(
        "Q900500",
        sections=(("STATUS", "This problem was corrected in the latest service pack for Exchange Server 5.5."),),
        trailer={"Issue type": "kbbug"},
    )
    listing = text(
        LIST,
        title="XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 1",
        sections=(("MORE INFORMATION", "   Q900500 XADM: A Fault"),),
    )
    first, second = (advisory.extract(article.parse(data)) for data in (fault, listing))
    (before,) = knowledge.gather([first])
    assert knowledge.first_fixed(knowledge.weigh(before)) == {E55: "SP (unspecified)"}
    after = {each.id: knowledge.weigh(each) for each in knowledge.gather([first, second])}
    assert knowledge.first_fixed(after["Q900500"]) == {E55: "SP1"}
    (decided,) = after["Q900500"].line(E55).deciding
    assert (decided.source, decided.subject, decided.method) == (LIST, "Q900500", Method.FIX_LIST)
    assert not after[LIST].advisory


@given(st.permutations(range(len(EXAMPLES))))
@settings(max_examples=25, deadline=None)
def test_the_order_of_articles_does_not_matter(order):
    expected = {each.id: knowledge.weigh(each) for each in knowledge.gather(MEANINGS)}
    shuffled = [MEANINGS[number] for number in order]
    assert {each.id: knowledge.weigh(each) for each in knowledge.gather(shuffled)} == expected


MEANINGS = [advisory.extract(article.parse(example.data)) for example in EXAMPLES]
