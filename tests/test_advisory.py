"""The meaning of an article: what it affects, what corrects its fault, and who says so."""

import dataclasses
import hashlib
import json
import os
import time
from collections import defaultdict
from pathlib import Path

import pytest
from examples import (
    ATTRIBUTES,
    CONFIRMED_55,
    E40,
    E50,
    E55,
    E2000,
    EXAMPLES,
    HOTFIX,
    KEYWORD,
    NT,
    RELEASE,
    SMS20,
    SNA30,
    SNA40,
    SP,
    TSE,
    UNNAMED,
    box,
    mutations,
    text,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from kbcheck import advisory, archive, article, knowledge, product
from kbcheck.advisory import lists
from kbcheck.article import ArticleError
from kbcheck.model import Kind


def read(data):
    """Return what the bytes of an article mean."""
    return advisory.extract(article.parse(data))


def stated(meaning, method=None):
    """Return (line, level, kind) of what an advisory states, by one method or by all."""
    return [(c.product_line, c.level, c.kind) for c in meaning.corrections if method in (None, c.method)]


# --- the examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_example(example):
    meaning = read(example.data)
    own = [c for c in meaning.corrections if c.subject == meaning.article.id]
    others = [c for c in meaning.corrections if c.subject != meaning.article.id]
    assert tuple(dict.fromkeys((a.product_line, a.level) for a in meaning.affected)) == example.affected
    assert {(c.product_line, c.level, c.kind, c.method) for c in own} == example.corrections
    assert sorted((c.subject, c.product_line, c.level) for c in others) == sorted(example.members)
    assert tuple((f.file, f.version, f.product_line) for f in meaning.fixed_files) == example.files
    assert meaning.kind is example.kind
    assert tuple(p.kind for p in meaning.problems) == example.problems


@pytest.mark.parametrize("example", [e for e in EXAMPLES if not e.members], ids=lambda e: e.name)
def test_first_fixed_of_an_example(example):
    (facts,) = knowledge.gather([read(example.data)])
    assert knowledge.first_fixed(knowledge.weigh(facts)) == example.first_fixed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
@pytest.mark.parametrize("writing", list(mutations(b"")))
def test_line_ends_and_trailing_blanks_do_not_matter(example, writing):
    original, other = read(example.data), read(mutations(example.data)[writing])
    assert dataclasses.replace(original, article=other.article) == other


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_every_fact_stands_on_its_line(example):
    """The quoted words begin on the line that is named; a file stands on its row, an affected line in its item."""
    meaning = read(example.data)
    lines = meaning.article.lines
    for correction in meaning.corrections:
        assert correction.source == meaning.article.id
        assert correction.text.split()[0] in lines[correction.line - 1]
    for row in meaning.fixed_files:
        assert row.file in lines[row.line - 1]
        assert row.version is None or row.version in lines[row.line - 1]
    for each in meaning.affected:
        assert each.text.split()[0] in lines[each.line - 1]


def test_the_file_table_is_one_hotfix_correction_with_all_its_files():
    example = next(e for e in EXAMPLES if e.like == "Q193256")
    found = {c.product_line: c.files for c in read(example.data).corrections if c.method == "file-table"}
    assert {line: [(f.file, f.build) for f in files] for line, files in found.items()} == {
        E50: [("Store.exe", (5, 0, 1461, 63)), ("Mdbmsg.dll", (5, 0, 1461, 63))],
        E55: [("Store.exe", (5, 5, 2515, 0))],
    }


# --- sentences --------------------------------------------------------------------------------------------------------

FIRST = "This problem was first corrected in "


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (FIRST + "Exchange Server 5.5 Service Pack 3.", (E55, "SP3", SP)),
        (FIRST + "Microsoft Exchange Server version 5.5, Service Pack 3.", (E55, "SP3", SP)),
        (FIRST + "Exchange Server 5.5 SP3.", (E55, "SP3", SP)),
        (FIRST + "Exchange Server 5.5 Service Pack 3 (SP3).", (E55, "SP3", SP)),
        (FIRST + "Exchange\nServer 5.5 Service\nPack 3.", (E55, "SP3", SP)),
        (FIRST.upper() + "EXCHANGE SERVER 5.5 SERVICE PACK 3.", (E55, "SP3", SP)),
        (FIRST + "Exchange 5.5 Service Pack 3.", (E55, "SP3", SP)),
        (FIRST + "U.S. Service Pack 3 for Exchange Server 5.5.", (E55, "SP3", SP)),
        (FIRST + "Service Pack 3 for Exchange Server 5.5.", (E55, "SP3", SP)),
        (FIRST + "Exchange Server Service Pack 3.", (E55, "SP3", SP)),
        (FIRST + "Service Pack 3.", (E55, "SP3", SP)),
        ("Patches for Exchange Server 5.5 have been provided as part of the Rollup Package.", (E55, None, HOTFIX)),
        (FIRST + "Microsoft Exchange Server 4.0 U.S. Service Pack 2.", (E40, "SP2", SP)),
        (FIRST + "Microsoft Exchange 2000 Server Service Pack 1.", (E2000, "SP1", SP)),
        (FIRST + "Windows NT 4.0 Service Pack 4.0.", (NT, "SP4", SP)),
        (FIRST + "Windows NT Server 4.0 Service Pack 6a.", (NT, "SP6a", SP)),
        (FIRST + "Windows NT 4.0 Service Pack 6/6a.", (NT, "SP6", SP)),
        (FIRST + "Windows NT Server version 4.0, Terminal Server Edition Service Pack 6.", (TSE, "SP6", SP)),
        (FIRST + "Windows NT 4.0 Server, Terminal Server Edition, Service Pack 5.", (TSE, "SP5", SP)),
        (FIRST + "Systems Management Server version 2.0 Service Pack 2.", (SMS20, "SP2", SP)),
        (FIRST + "Systems Management Server (SMS) 2.0 Service Pack 2.", (SMS20, "SP2", SP)),
        (FIRST + "SMS 2.0 Service Pack 2.", (SMS20, "SP2", SP)),
        (FIRST + "Systems Management Server 2.0 Service Pack Service Pack 1.", (SMS20, "SP1", SP)),
        (FIRST + "SNA Server version 4.0 Service Pack 3.", (SNA40, "SP3", SP)),
        (FIRST + "Windows 2000 Service Pack 1.", ("Windows 2000", "SP1", SP)),
        (FIRST + "Visual FoxPro for Windows 7.0 Service Pack 1.", ("Visual FoxPro 7.0", "SP1", SP)),
        ("This bug was corrected in Visual Studio 6.0 Service Pack 3.", ("Visual Studio 6.0", "SP3", SP)),
        ("This problem is resolved by installing Exchange Server 5.5 Service Pack 3.", (E55, "SP3", SP)),
        ("The fix is included in Exchange Server 5.5 Service Pack 3.", (E55, "SP3", SP)),
        ("To resolve this problem, apply Service Pack 2 (SP2) for Exchange Server 5.5.", (E55, "SP2", SP)),
        ("To resolve this issue, update all servers to Exchange Server 5.5 SP2 or later.", (E55, "SP2", SP)),
        ("This feature was first included in Exchange Server 5.5 Service Pack 4.", (E55, "SP4", SP)),
        ("To resolve this problem, obtain the latest service pack for Exchange Server\n5.5.", (E55, None, UNNAMED)),
        ("This problem was corrected in the latest U.S. service pack for Windows NT 4.0.", (NT, None, UNNAMED)),
        ("This was corrected in the latest Microsoft SNA Server 3.0 U.S. Service Pack.", (SNA30, None, UNNAMED)),
        ("A supported fix is now available from Microsoft.", (E55, None, HOTFIX)),
        ("A supported fix that corrects this problem is now available from Microsoft.", (E55, None, HOTFIX)),
        ("A supported fix for Exchange Server 5.5 is also available.", (E55, None, HOTFIX)),
        ("To obtain this fix, contact Microsoft Product Support Services.", (E55, None, HOTFIX)),
        ("This hotfix has been posted to the following Internet location as Fix.exe:", (E55, None, HOTFIX)),
        ("A hotfix has been created to fix this problem.", (E55, None, HOTFIX)),
        ("An update to SNA Server 3.0 is available to correct this problem.", (SNA30, None, HOTFIX)),
        ("A hot fix to SNA Server 3.0 Service Pack 1 is available to correct this problem.", (SNA30, None, HOTFIX)),
        ("A hotfix for this problem is available from Microsoft.", (E55, None, HOTFIX)),
        ("Obtain the following fix or wait for the next Exchange Server service pack.", (E55, None, HOTFIX)),
        ("Fix.exe is a patch that fixes this problem.", (E55, None, HOTFIX)),
        ("This problem is resolved by the following updated files:", (E55, None, HOTFIX)),
        (
            "To resolve this problem, obtain the Windows NT Server 4.0, Terminal Server Edition,\n"
            "Security Rollup Package (SRP).",
            (TSE, None, HOTFIX),
        ),
        ("To resolve this problem, either obtain the hotfix below or wait.", (E55, None, HOTFIX)),
        ("This has been fixed and is now available in Exchange Server 5.5 Service Pack 1.", (E55, "SP1", SP)),
        ("To resolve this, apply Microsoft Office 2000 Service Pack 2 (SP2).", ("Office 2000", "SP2", SP)),
        (FIRST + "Windows NT 4.0 SP6, but you may want what SP5 does.", (NT, "SP6", SP)),
        ("A fix for this problem has been included in Exchange Server version 5.5.", (E55, "RTM", RELEASE)),
        ("This problem was corrected in Microsoft Exchange 2000 Server.", (E2000, "RTM", RELEASE)),
    ],
)
@pytest.mark.parametrize("section", ["STATUS", "RESOLUTION", "MORE INFORMATION", "SYMPTOMS"])
def test_a_sentence_that_corrects(sentence, expected, section):
    """The sentence counts wherever it stands."""
    assert stated(read(text(sections=((section, sentence),)))) == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "Because of file dependencies, this fix requires Exchange Server 5.5 Service Pack 4.",
        "Due to file dependencies, this hotfix requires Service Pack 3.",
        "Before you apply this fix, install Exchange Server 5.5 Service Pack 3.",
        "After you copy the file, reapply the latest service pack for Windows NT 4.0.",
        "If you have installed the driver, reinstall the latest service pack.",
        "This problem will be corrected in Exchange Server 5.5 Service Pack 5.",
        "This problem has not been corrected in Exchange Server 5.5 Service Pack 3.",
        "This problem is not corrected in Exchange Server 5.5 Service Pack 3.",
        "This problem was introduced in Exchange Server 5.5 Service Pack 3.",
        "This problem occurs after you install Exchange Server 5.5 Service Pack 3.",
        "If you installed Exchange Server 5.5 Service Pack 3, the service stops.",
        "Microsoft recommends that you wait for the next Exchange Server 5.5 service pack\nthat contains this fix.",
        "Documentation is included in Exchange Server 5.5 Service Pack 3.",
        "For more about the fixes in Exchange Server 5.5 Service Pack 3, see Q900500.",
        "We are researching this problem and will post new information here.",
        "This behavior is by design.",
        "The text of references was enhanced in Exchange Server 5.5.",
        "Event logging has been enhanced in Exchange Server 5.5 Service Pack 3 to help you diagnose it.",
        "The patch will be provided as part of the next Exchange Server 5.5 service pack.",
        "To get support for scripts under Windows 95, obtain Windows 95 Service Pack 1.",
        "Q900600 SMS: Hotfix for Exchange Server 5.5 Service Pack 3 Is Available",
        "QQ900600 SMS: Bugs That Are Fixed in Exchange Server 5.5 SP3; Update Is Available",
        "This problem was first corrected in an Exchange Server 5.5 post-SP3 hotfix.",
        "This problem was corrected in a build later than Service Pack 3.",
        "To get this fix to run, you must first install Exchange Server 5.5 Service Pack 3.",
        "No fix is available for this problem in Exchange Server 5.5 at this time.",
        "Currently no hotfix is available from the vendor.",
        "A more recent update is available that removes the value.",
        "To correct this problem, contact Contoso to obtain the following patch:",
        "A fix for this problem is available in the next release.",
        "The fix is available in the product's next release.",
        "To resolve this problem, obtain the hotfix mentioned below.",
        "To work around this problem, apply the fix described above.",
        "Other articles erroneously state that this was corrected in Exchange Server 5.5 SP2.",
        "This has not been implemented in Exchange Server 5.5.",
        "This problem can not be resolved in Windows NT 4.0.",
        "This is similar to another problem that was fixed in Exchange Server 5.5 Service Pack 2.",
        "To correct this, apply the update to Windows NT 4.0 Service Pack 2.",
        "To work around this, you must install Exchange Server 5.5 Service Pack 1 again.",
        "This problem was corrected in Exchange Server 5.5 Service Pack 3, but only in a domain of Windows NT 4.0.",
        "Most occurrences of this problem were fixed in Exchange Server 5.5 Service Pack 2.",
        "This particular problem was fixed in Exchange Server 5.5 Service Pack 1.",
        "This problem is fixed in the Exchange Server 5.5 Windows 3.x client software.",
        "In addition to the problems resolved in Exchange Server 5.5 Service Pack 2, it includes others.",
        "Apply the following Exchange Server 5.5 SP3 RC9 hotfix.",
        "This problem was corrected in Windows 95 OEM Service Release 2 (OSR2).",
        "This problem was corrected in the Windows NT 4.0 Security Rollup Package.",
        CONFIRMED_55,
    ],
)
def test_a_sentence_that_corrects_nothing(sentence):
    assert stated(read(text(sections=(("STATUS", sentence),)))) == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "To resolve this problem, obtain the latest service pack for Windows NT 4.0 or the\n"
            "individual software update.",
            [(NT, None, UNNAMED), (NT, None, HOTFIX)],
        ),
        (
            "This problem has been fixed in Exchange Server version 5.0 and Exchange Server version 5.5.",
            [(E50, "RTM", RELEASE), (E55, "RTM", RELEASE)],
        ),
        (
            "This problem was corrected in Exchange Server 5.0 and in Exchange 2000 Server.",
            [(E50, "RTM", RELEASE), (E2000, "RTM", RELEASE)],
        ),
        ("This was corrected in Exchange Server 5.0 for Exchange Server 5.5.", [(E50, "RTM", RELEASE)]),
        (
            "This was corrected in MDAC version 2.5 and later, and in Windows NT 4.0 Service Pack 6a.",
            [("Data Access Components 2.5", "RTM", RELEASE), (NT, "SP6a", SP)],
        ),
        (
            "This was corrected in Exchange Server 5.5 and Windows NT 4.0 Service Pack 4.",
            [(E55, "SP4", SP), (NT, "SP4", SP)],
        ),
    ],
)
def test_sentences_that_tell_several_corrections(sentence, expected):
    assert stated(read(text(sections=(("STATUS", sentence),)))) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Exchange Server 5.5 Service Pack 1 addresses this problem by reversing the address.", [(E55, "SP1", SP)]),
        ("Windows NT 4 Service Pack 6a was released to correct this problem.", [(NT, "SP6a", SP)]),
        ("An update to Exchange Server 5.5 SP1 corrects this problem.", []),
        ("The control that Exchange Server 5.5 SP1 installs corrects this problem.", []),
        ("If you have Exchange Server 5.5, SP1 fixes this problem.", []),
    ],
)
def test_a_service_pack_that_is_said_to_correct(sentence, expected):
    """Q168656, Q245678, Q162605."""
    assert stated(read(text(sections=(("RESOLUTION", sentence),)))) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("This problem does not occur in Exchange 2000 Server.", [(E2000, "RTM", RELEASE)]),
        ("NOTE: This problem does not exist in Microsoft Exchange 2000 Server.", [(E2000, "RTM", RELEASE)]),
        ("The problem does not occur in the retail version of Exchange 2000 Server.", [(E2000, "RTM", RELEASE)]),
        ("This problem does not occur in Exchange Server 5.0.", []),  # is older: no correction
        ("This problem does not occur in Exchange Server 5.5 Service Pack 4.", []),
        ("This problem does not occur in Exchange 2000 Server running on Windows 2000.", []),
        ("This problem does not occur in Windows 2000.", []),  # is not what is affected
        ("This problem does not occur in Exchange Server.", []),
        ("This problem does not occur if Exchange 2000 Server is installed.", []),
    ],
)
@pytest.mark.parametrize("section", ["STATUS", "SYMPTOMS"])
def test_a_release_in_which_the_fault_does_not_occur(sentence, expected, section):
    """Q183127: the later release has what corrects the fault."""
    assert stated(read(text(sections=((section, sentence),)))) == expected


@pytest.mark.parametrize("file", ["Odd.dll file that ships with", "Odd.exe file in"])
def test_a_file_is_no_product_in_which_a_fault_is_confirmed(file):
    """Q162245: the file ships with Jet, and its version is told."""
    status = (
        f"Microsoft has confirmed this to be a problem with the {file} Jet version 3.0. "
        "This problem was corrected in version 3.00.3213 of the Odd.dll file."
    )
    meaning = read(text(applies_to=("Microsoft FrontPage 97 for Windows",), sections=(("STATUS", status),)))
    assert {each.product_line for each in meaning.affected} == {"FrontPage 97"}
    assert stated(meaning) == [("FrontPage 97", None, HOTFIX)]


def test_a_word_that_was_cut_at_the_end_of_a_line_is_one():
    """Q148787: "32- bit" is what the archive makes of 32-bit where it was wrapped once."""
    status = "This bug was corrected in Visual C++ 32- bit Edition version 4.2."
    meaning = read(text(applies_to=("Microsoft Visual C++, versions 4.0, 4.1",), sections=(("STATUS", status),)))
    assert stated(meaning) == [("Visual C++ 4.2", "RTM", RELEASE)]


def test_a_hotfix_that_is_pointed_to_counts_where_it_is_offered():
    pointing = "To resolve this problem, obtain the hotfix mentioned below."
    latest = "This problem was corrected in the latest Exchange Server 5.5 U.S. Service Pack."
    offer = "A supported fix is now available."
    assert stated(read(text(sections=(("RESOLUTION", pointing), ("STATUS", latest))))) == [(E55, None, UNNAMED)]
    assert stated(read(text(sections=(("RESOLUTION", pointing), ("STATUS", offer))))) == [(E55, None, HOTFIX)]
    rows = "This fix should have the following time stamp:\n\n   04/10/98  07:49p   382,576 Store.exe (Intel)"
    assert stated(read(text(sections=(("RESOLUTION", f"{pointing}\n\n{rows}"),)))) == [(E55, None, HOTFIX)]


def test_a_sentence_may_end_at_a_release_with_a_letter():
    """Q183650: the service pack that corrects the fault is not one in which it is confirmed."""
    words = (
        "Microsoft has confirmed this to be a problem in Schedule+ 7.x. It was corrected in Exchange Server 5.5 SP2."
    )
    meaning = read(text(applies_to=("Microsoft Schedule+ version 7.5",), sections=(("STATUS", words),)))
    assert stated(meaning) == [(E55, "SP2", SP)]
    assert (E55, None) in [(each.product_line, each.level) for each in meaning.affected]


def test_a_sentence_may_end_at_a_semicolon_before_the_correction():
    """Q163209: `confirmed this to be a problem in 2.11; this problem is fixed in SNA Server 3.0`."""
    status = f"Microsoft has confirmed this to be a problem in {E50}; this problem is fixed in Exchange Server 5.5."
    meaning = read(text(applies_to=("Microsoft Exchange Server, version 5.0",), sections=(("STATUS", status),)))
    assert stated(meaning) == [(E55, "RTM", RELEASE)]
    assert [(each.product_line, each.level) for each in meaning.affected] == [(E50, None), (E55, None)]


def test_the_next_service_pack_of_another_product_leaves_the_listed_one_its_hotfix():
    """Q242486: a Terminal Server, told to wait for the next Windows NT 4.0 service pack."""
    offer = "A supported fix is now available. Wait for the next Windows NT 4.0 service pack that contains this fix."
    status = "Microsoft has confirmed this to be a problem in Windows NT 4.0."
    data = text(applies_to=(f"Microsoft {TSE}",), sections=(("RESOLUTION", offer), ("STATUS", status)))
    assert {name for name, _, kind in stated(read(data)) if kind is HOTFIX} == {NT, TSE}


def test_the_offer_of_a_hotfix_is_not_for_what_its_clients_run_on():
    offer = "An update to Exchange Server 5.5 is available to correct this problem of Windows 95 clients."
    assert stated(read(text(sections=(("RESOLUTION", offer),)))) == [(E55, None, HOTFIX)]


@pytest.mark.parametrize(
    ("issue", "kind"), [("", Kind.BUG), ("kbinfo", Kind.INFO), ("kbprb", Kind.PROBLEM), ("kbbug", Kind.BUG)]
)
def test_a_patch_by_its_title(issue, kind):
    body = "Fix.exe is a patch that fixes the printing of reports."
    meaning = read(text(title="PATCH: Printing Reports", sections=(("SUMMARY", body),), trailer={"Issue type": issue}))
    assert (meaning.kind, stated(meaning)) == (kind, [(E55, None, HOTFIX)])


def test_what_is_corrected_in_a_service_pack_is_not_corrected_by_a_step_that_installs_one():
    body = "1. Install Exchange Server 5.5 Service Pack 2.\n\n" + FIRST + "Exchange Server 5.5 Service Pack 3."
    assert stated(read(text(sections=(("MORE INFORMATION", body),)))) == [(E55, "SP3", SP)]


@pytest.mark.parametrize(("issue", "expected"), [("kbhowto", []), ("kbinfo", []), ("kbbug", [(E55, "SP2", SP)])])
def test_steps_of_instructions_correct_nothing(issue, expected):
    sections = (("RESOLUTION", "1. Install Exchange Server 5.5 Service Pack 2."),)
    assert stated(read(text(sections=sections, trailer={"Issue type": issue}))) == expected


@pytest.mark.parametrize("heading", ["MORE INFORMATION", "SYMPTOMS", "CAUSE"])
@pytest.mark.parametrize("above", ["", "Steps to Reproduce\n------------------\n\n"])
def test_steps_outside_a_resolution_correct_nothing(heading, above):
    body = above + "1. Install Exchange Server 5.5 Service Pack 2.\n\n2. Restart the computer."
    assert stated(read(text(sections=((heading, body),)))) == []


def test_a_step_under_reproduce_corrects_nothing_in_a_resolution_either():
    body = (
        "Steps to Reproduce the Problem\n------------------------------\n\nInstall Exchange Server 5.5 Service Pack 2."
    )
    assert stated(read(text(sections=(("RESOLUTION", body),)))) == []


@pytest.mark.parametrize("heading", ["SYMPTOMS", "CAUSE", "STATUS"])
def test_a_fix_named_in_passing_corrects_nothing_where_the_fault_is_told(heading):
    """Q231934: a hotfix that brings the fault "is also included in Service Pack 4"."""
    sentence = "The ABC-FIX is a hotfix that is also included in Exchange Server 5.5 Service Pack 3."
    found = stated(read(text(sections=((heading, sentence),))))
    assert found == ([] if heading != "STATUS" else [(E55, "SP3", SP)])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "install the latest Service Pack for Windows NT 3.51 or upgrade to Windows NT 4.0.",
            {("Windows NT 3.51", None)},
        ),
        (
            "corrected in Windows NT 4.0 and the latest Service Pack for Windows NT 3.51.",
            {("Windows NT 3.51", None), (NT, "RTM")},
        ),
        (
            "corrected in the latest Windows NT 3.51 Service Pack and Windows NT 4.0.",
            {("Windows NT 3.51", None), (NT, "RTM")},
        ),
    ],
)
def test_the_latest_service_pack_beside_a_release(body, expected):
    body = f"To correct this problem, {body}" if body.startswith("install") else f"This problem was {body}"
    data = text(applies_to=("Microsoft Windows NT Server version 3.51",), sections=(("STATUS", body),))
    assert {(c.product_line, c.level) for c in read(data).corrections} == expected


def test_the_number_of_a_service_pack_at_the_begin_of_a_line_is_no_list_item():
    body = "To resolve this on a computer running Windows NT 4.0, apply Service Pack\n3. Contact us for other releases."
    data = text(applies_to=("Microsoft Windows NT Server version 4.0",), sections=(("RESOLUTION", body),))
    assert stated(read(data)) == [(NT, "SP3", SP)]


@pytest.mark.parametrize(
    ("sentence", "issue", "hotfix"),
    [
        ("A fix is available.", "kbbug", True),
        ("To resolve this problem, obtain an updated version of Schannel.dll.", "kbbug", True),
        ("As a temporary solution, an updated version of Afd.sys has been created.", "kbbug", True),
        ("An updated version of Qext.sys is available. It is on the maker's board.", "kbbug", False),
        ("Do not obtain an updated version of Tcpip.sys.", "kbbug", False),
        ("To obtain the corrected version of Mtxdm.dll, install the data access components.", "kbbug", False),
        ("To resolve this problem, the following files are available for download from Microsoft.", "kbbug", True),
        ("The following files are available for download from Microsoft.", "kbbug", False),
        ("Call IBM to obtain an updated version of Xga.sys.", "kbbug", False),
        ("Obtain an updated version of Xga.sys from its maker.", "kbbug", False),
        ("A new version of Store.exe is available in the next release.", "kbbug", False),
        ("Obtain an updated version of Schannel.dll.", "kbinfo", False),
        ("A fix is available.", "kbinfo", False),
        ("A fix is available to correct this problem.", "kbinfo", True),
        ("This fix is available at the following Microsoft Web site:", "kbinfo", True),
        ("A fix is available from Contoso.", "kbbug", False),
        ("A fix is available on Contoso's BBS.", "kbbug", False),
        ("A hotfix is available from Microsoft Product Support Services.", "kbbug", True),
        ("Some information on the update is available in the Knowledge Base.", "kbinfo", False),
    ],
)
def test_a_fix_that_is_available_is_a_hotfix_only_of_a_fault_and_only_of_microsofts(sentence, issue, hotfix):
    data = text(sections=(("RESOLUTION", sentence),), trailer={"Issue type": issue})
    assert stated(read(data)) == ([(E55, None, HOTFIX)] if hotfix else [])


@pytest.mark.parametrize(
    ("issue", "title", "status", "kind"),
    [
        ("kbinfo", "XADM: A Title", "", "info"),
        ("kbhowto", "XADM: A Title", "", "howto"),
        ("kbinfo", "FIX: A Title", "", "bug"),
        ("kbinfo", "INFO: A Title", CONFIRMED_55, "bug"),
    ],
)
def test_information_that_confirms_a_fault_reports_one(issue, title, status, kind):
    sections = (("STATUS", status or "Nothing is said."),)
    assert read(text(title=title, sections=sections, trailer={"Issue type": issue})).kind == kind


@pytest.mark.parametrize("title", ["XADM: Fault After Installing Exchange 5.5 SP1", "XADM: A Fault"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("The fix is included in Exchange Server 5.5 Service Pack 1.", []),
        ("Install Exchange Server 5.5 Service Pack 1, and configure it.", []),
        ("The fix is included in Exchange Server 5.5 Service Pack 2.", [(E55, "SP2", SP)]),
        ("This problem was first corrected in Exchange Server 5.5 Service Pack 1.", [(E55, "SP1", SP)]),
    ],
)
def test_a_service_pack_that_brought_the_fault_corrects_it_only_where_that_is_said(title, status, expected):
    """Q143138, Q206968; and Q194334, whose keyword names the service pack after which the fault occurs."""
    symptoms = "It fails." if "SP1" in title else "After you apply Exchange Server 5.5 Service Pack 1, it fails."
    sections = (("SYMPTOMS", symptoms), ("STATUS", status))
    assert stated(read(text(title=title, sections=sections))) == expected
    data = text(title=title, sections=(("SYMPTOMS", symptoms),), keywords="exc55sp1fix exc55sp2fix")
    assert {c.level for c in read(data).corrections} == {"SP2"}
    other = "After you install Windows NT 4.0 Service Pack 1, the store fails."
    later = (("SYMPTOMS", other), ("MORE INFORMATION", "When you install Exchange Server 5.5 Service Pack 1, wait."))
    data = text(title="XADM: A Fault", sections=later, keywords="exc55sp1fix")
    assert {c.level for c in read(data).corrections} == {"SP1"}


@pytest.mark.parametrize(
    ("sentence", "tells"),
    [
        ("To activate this fix, you must add the following registry value:", True),
        ("After applying the service pack, use Registry Editor to add the following value:", True),
        ("Once you have applied this update, you must also add the following registry entry.", True),
        ("After you install the hotfix, restart the computer.", False),
        ("After you install the hotfix, if you attempt to create a process with an ID value, it fails.", False),
        ("After you apply the fix, you can set a value in the registry.", False),
        ("After installing the hotfix, when you set the registry value to 0, the server stops.", False),
        ("This article describes how to enable this feature.", False),
        ("After installing Exchange Server, add the service pack.", False),
        ("After you apply the fix, perform the following steps:", True),
        ("To install the hotfix, perform the following steps:", False),
        ("Obtain Service Pack 5 for Windows NT 3.51 and then take the following steps:", True),
        ("In addition to applying the update, the following registry entry needs to be added:", True),
        ("You need to add a value in addition to installing the fix for this problem:", True),
        ("In addition to applying the update, restart the computer.", False),
        ("In addition to the registry entry, a value is written.", False),
        ("For this fix to work, you must add a value to the following registry key:", True),
        ("You must configure a value on the controller, which is read from its registry.", True),
        ("To change the range of folders you must set a key in the registry.", False),
        ("You must add a mailbox.", False),
        ("After applying the fix mentioned above, a new registry value must be set as below.", True),
        ("The fix is a new Emsmta.exe and requires that the following registry value be added:", True),
        ("The fix should be applied and the registry setting above should be set.", True),
        ("The fix requires that the server be restarted.", False),
        ("Install Exchange Server 5.5 Service Pack 3 (SP3) and Mailbox Manager (included with SP3).", True),
        ("Apply Service Pack 4 and the registry entry mentioned below.", True),
        ("Install Exchange Server 5.5 Service Pack 3 and Windows NT 4.0 Service Pack 4.", False),
        ("And add the following entry in the [LME-NOTES] section of the Exchconn.ini file:", True),
        ("To resolve it, apply the fix mentioned below, then do the following:", True),
        ("After applying the hotfix below, the following registry parameter will allow more.", True),
        ("The new version of Store.exe uses a new registry key that turns this on.", True),
        ("You must also make a registry entry for the path.", True),
        ("After you apply the hotfix, perform one of the following:", True),
        ("To work around this, perform one of the following:", False),
        ("This fix needs to be applied in conjunction with the preceding three changes.", True),
        ("This fix should be applied together with the latest service pack.", False),
        ("Apply the updated Shell32.dll and then change the registry setting below.", True),
        ("Apply the updated Shell32.dll and then restart the computer.", False),
        ("Add the following entry in the file to see the fault.", False),
        ("The following metabase key has been added to disable the removal of periods:", True),
        ("To take advantage of this new feature, LMHOSTS lookups must be enabled.", True),
        ("After you obtain this fix or a service pack that contains this fix, you should reinstall the server.", True),
        ("After you obtain this fix, restart the server.", False),
        ("A new registry key value has been created for the store to control this.", True),
        ("With the hotfix applied, a registry value is available to control this, as follows:", True),
        ("A new registry parameter called Window has been added for the protocol.", True),
        ("If you want the old behavior, a new registry entry has been added.", False),
        ("Setup writes a new registry value.", False),
        ("NOTE: In order to avoid a scan, it is also necessary to edit the registry as follows:", True),
        ("In order to enable a protocol, you must add a registry value:", False),
        ("It is also necessary to edit the message.", False),
        ("Therefore, the new functionality can only be activated using the raw properties.", True),
        ("The registry value is not available.", False),
        ("A new registry entry has been created automatically by the hotfix.", False),
        ("In Windows NT 4.0 the registry value is available under the key.", False),
        ("Support for the Window registry value has been added to the protocol.", True),
    ],
)
def test_a_correction_that_must_be_switched_on(sentence, tells):
    body = f"{FIRST}Exchange Server 5.5 Service Pack 3.\n\n{sentence}"
    meaning = read(text(sections=(("RESOLUTION", body),)))
    assert (meaning.setting is not None) == tells
    if meaning.setting is not None:
        assert meaning.article.lines[meaning.setting.line - 1].startswith(sentence[:20])
        assert meaning.setting.text == sentence


@pytest.mark.parametrize(
    "denial",
    [
        "This hotfix is not included in Service Pack 4 (SP4), or in the rollup.",
        "This problem was not corrected in Exchange Server 5.5 Service Pack 4. However, it was in the next one.",
        "This fix is not included in Exchange Server 5.5 SP4; it is included in the next one.",
    ],
)
def test_a_service_pack_that_is_said_not_to_hold_the_fix_is_none_by_its_keyword(denial):
    """Q226487, whose keyword is that of another product's service pack."""
    for words, levels in ((denial, {"SP3"}), ("It fails.", {"SP3", "SP4"})):
        data = text(sections=(("RESOLUTION", words),), keywords="exc55sp3fix exc55sp4fix")
        assert {c.level for c in read(data).corrections} == levels


@pytest.mark.parametrize(
    ("symptoms", "expected"),
    [
        ("The forwarders are lost even after Service Pack 3 for Windows NT 4.0 is applied.", []),
        ("The forwarders are lost after a restart.", [(NT, "SP3", SP)]),
    ],
)
def test_a_fault_that_a_service_pack_leaves_is_not_corrected_by_files_of_it(symptoms, expected):
    """Q199320."""
    remedy = "To resolve this problem, use the Windows NT 4.0 SP3 version of Dnsadmin.exe."
    sections = (("SYMPTOMS", symptoms), ("RESOLUTION", remedy))
    meaning = read(text(applies_to=("Microsoft Windows NT Server version 4.0",), sections=sections))
    assert stated(meaning, "sentence") == expected


def test_a_hotfix_for_one_release_is_none_for_the_other():
    """Q156206."""
    status = (
        "Microsoft has confirmed this to be a problem in Systems Management Server versions 1.1 and 1.2. A supported\n"
        "fix is now available for version 1.1, but has not been fully regression-tested."
    )
    data = text(applies_to=("Microsoft Systems Management Server versions 1.1, 1.2",), sections=(("STATUS", status),))
    assert stated(read(data)) == [("Systems Management Server 1.1", None, HOTFIX)]


def test_a_service_pack_of_the_platform_on_which_alone_it_runs():
    """Q192295: Internet Information Server 4.0 runs on no other Windows NT."""
    status = "This problem was corrected in Windows NT Service Pack 5."
    for release, expected in (("4.0", [(NT, "SP5", SP)]), ("versions 1.0, 2.0", [])):
        data = text(
            applies_to=(f"Microsoft Internet Information Server version {release}",), sections=(("STATUS", status),)
        )
        assert stated(read(data)) == expected


def test_files_of_a_part_of_the_platform_judge_the_platform_too():
    """Q304135: Asp.dll of Internet Information Services 5.0 has the build of Windows 2000, which corrects it in SP3."""
    table = box("File name | Version", "Asp.dll | 5.0.2195.3891", "Odd.dll | 4.2.780.1")
    status = CONFIRMED_55.replace("Exchange Server 5.5", "Internet Information Services 5.0")
    status += "\nThis problem was first corrected in Windows 2000 Service Pack 3."
    sections = (("RESOLUTION", f"{ATTRIBUTES}\n\n{table}"), ("STATUS", status))
    meaning = read(text(applies_to=("Microsoft Internet Information Services version 5.0",), sections=sections))
    given = {c.product_line: [f.file for f in c.files] for c in meaning.corrections if c.method == "file-table"}
    assert given == {"Internet Information Services 5.0": ["Asp.dll", "Odd.dll"], "Windows 2000": ["Asp.dll"]}
    known = knowledge.weigh(*knowledge.gather([meaning]))
    assert [row.file for row in known.line("Windows 2000").fixed_files] == ["Asp.dll"]


def test_a_component_that_is_listed_owns_its_files():
    """Q263067: Outlook 98 beside Exchange Server."""
    table = box("File name | Version", "Contab32.dll | 8.5.7624")
    resolution = f"{ATTRIBUTES}\n\nComponent: Outlook 98\n\n{table}"
    listed = ("Microsoft Outlook 98", "Microsoft Exchange Server, version 5.5")
    meaning = read(text(applies_to=listed, sections=(("RESOLUTION", resolution),)))
    assert [(row.file, row.product_line) for row in meaning.fixed_files] == [("Contab32.dll", "Outlook 98")]
    assert meaning.problems == ()


def test_what_a_feature_is_available_with_corrects_nothing():
    """Q176466, and Q268844: instructions for a feature."""
    words = "This feature is available with Exchange Server Service Pack 4."
    meaning = read(text(title="XGEN: Ports", sections=(("MORE INFORMATION", words),)))
    assert (meaning.kind, meaning.corrections) == (Kind.UNKNOWN, ())
    words = "This feature is included in Exchange Server 5.5 Service Pack 2."
    for title, kind in (("How to Use the Links", Kind.HOWTO), ("Links Are Supported", Kind.FEATURE)):
        assert read(text(title=title, sections=(("SUMMARY", words),))).kind is kind


OFFERED = "A supported fix that corrects this problem is now available from Microsoft.\n\n"
HELD = (
    "NOTE: This hotfix supersedes the fix referred to in the following articles in the\nMicrosoft Knowledge Base:",
    "Q900001 also fixes all the issues that are documented in the following articles in\nthe Microsoft Knowledge Base:",
    "This patch also contains fixes for the problems described in the following Microsoft\nKnowledge Base articles:",
    "You may experience one or more of the problems described in the following articles:",
    "The hotfix in this article can be used to replace the hotfix that is described in the\nfollowing article:",
)
POINTED = (
    "To resolve this problem, apply the fix described in the following article:",
    "To resolve this issue, apply the hotfix that is mentioned in the following Microsoft\nKnowledge Base article:",
    "This problem has been corrected in the fix that is described in the following\narticle:",
    "NOTE: This hotfix is superseded by the fix referred to in the following article:",
    "This fix is included with the fix in the following Microsoft Knowledge Base article:",
    "The hotfix that corrects this problem is described in the following article:",
)
OTHER = (
    "For more information, see the following articles:",
    "This hotfix corrects what was introduced by the fix described in the following article:",
    "After you apply the hotfix described in the following article:",
    "The file is included in the fix to resolve the issue that is described in the following\narticle:",
    "Affected hotfixes are described by the following articles:",
    "This hotfix does not correct the problems that are described in the following articles:",
    "This fix no longer includes the fix described in the following article:",
    "This hotfix corrects only part of the problem described in the following article:",
    "This fix includes registry settings that are described in the following article:",
    "The update contains known issues that are described in the following articles:",
    "Before you install this hotfix, remove the package that contains the file described in the\nfollowing article:",
    "After you install this hotfix, you may experience problems that are described in the\nfollowing articles:",
)


@pytest.mark.parametrize(
    ("words", "held", "pointed"),
    [*((w, True, False) for w in HELD), *((w, False, True) for w in POINTED), *((w, False, False) for w in OTHER)],
)
def test_hotfixes_of_other_articles(words, held, pointed):
    """Q179129, Q324204, Q196548 hold other articles' fixes; Q252974, Q311257, Q177245 are held by another's."""
    entries = (
        "   Q900002 Store Hangs When a Folder Is\n   Moved\n\n   ARTICLE-ID: Q900003\n   TITLE     : Another Fault\n\n"
    )
    body = f"{OFFERED}{words}\n\n{entries}The end.\n\n   Q900004 Not Named"
    meaning = read(text(sections=(("RESOLUTION", body),)))
    others = [
        (c.subject, c.product_line, c.level, c.kind, c.method) for c in meaning.corrections if c.subject != "Q900001"
    ]
    assert others == [(ident, E55, None, HOTFIX, "rollup") for ident in ("Q900002", "Q900003") if held]
    own = {c.hotfix for c in meaning.corrections if c.subject == "Q900001"}
    assert own == {"Q900001", *(("Q900002", "Q900003") if pointed else ())}
    assert all(meaning.article.lines[c.line - 1].strip().startswith(c.text[:10]) for c in meaning.corrections)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Microsoft Word 97 for Windows Service Release 1 (SR- 1).", [("Word 97", "SP1", SP)]),
        ("Microsoft Word 97 SR-1.", [("Word 97", "SP1", SP)]),
        ("Microsoft Word 97 for Windows, Service Release 1.", [("Word 97", "SP1", SP)]),
        ("Microsoft Office 97 Service Release 2 (SR-2).", [("Office 97", "SP2", SP)]),
        ("Microsoft Office 2000 SR-1/SR-1a.", [("Office 2000", "SP1", SP)]),
        ("Microsoft Windows 95 OEM Service Release 2.", []),
        ("Microsoft Windows 95 OEM SR2.", []),
        ("Microsoft Office 97 Service Release 1 Enterprise Update.", []),
    ],
)
def test_a_service_release_is_a_service_pack(words, expected):
    """None of them is a correction of the release itself."""
    for said in ("This problem was corrected in ", "To correct this problem, install "):
        meaning = read(text(applies_to=("Microsoft Word 97 for Windows",), sections=(("STATUS", said + words),)))
        assert stated(meaning) == expected
    (facts,) = knowledge.gather([meaning])
    fixed = knowledge.first_fixed(knowledge.weigh(facts))
    assert fixed.get("Word 97") == (expected[0][1] if expected and "2000" not in words else None)


@pytest.mark.parametrize(
    "words",
    [
        "This fix is not included in Service Pack 3; it is included in Service Pack 4.",
        "This fix is not included in Exchange Server 5.5 Service Pack 3, although it is included in Service Pack 4.",
        "This fix is not included in releases before Exchange Server 5.5 Service Pack 4.",
        "This fix is not included in Windows NT 4.0 Service Pack 4.",
        "The problem no longer occurs after Exchange Server 5.5 Service Pack 4 is installed.",
    ],
)
def test_what_is_said_of_another_service_pack_leaves_the_keyword(words):
    data = text(sections=(("SYMPTOMS", words),), keywords="exc55sp4fix")
    assert {c.level for c in read(data).corrections} == {"SP4"}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("SYMPTOMS", "After you install the update, the following registry key is corrupted."),
        ("CAUSE", "The new version of Store.exe uses a new registry key for its profiles."),
        ("MORE INFORMATION", "You must make an entry in the log."),
        ("MORE INFORMATION", "Open the Update dialog, then do the following:"),
        ("MORE INFORMATION", "Install the updated Setup.exe and then change the value in cell A1."),
        ("MORE INFORMATION", "And add the following line to the file to see the error."),
    ],
)
def test_what_is_no_step_of_a_correction(heading, words):
    sections = ((heading, words), ("STATUS", f"{FIRST}Exchange Server 5.5 Service Pack 3."))
    assert read(text(sections=sections)).setting is None


def test_a_file_in_whose_version_it_is_corrected_is_a_hotfix():
    """Q128470: version 3.4.041 of PWAFSCSI.XEC."""
    words = f"{CONFIRMED_55} This problem was corrected in version 5.5.2651.75 of Dxa.exe. You can find it below."
    (found,) = read(text(sections=(("STATUS", words),))).corrections
    assert (found.product_line, found.level, found.kind) == (E55, None, HOTFIX)
    assert [(each.file, each.version, each.build) for each in found.files] == [("Dxa.exe", "5.5.2651.75", ())]


def test_a_setting_without_a_correction_is_none():
    meaning = read(text(sections=(("RESOLUTION", "To enable this fix, add a registry value."),)))
    assert (meaning.corrections, meaning.setting) == ((), None)


@pytest.mark.parametrize(
    ("first", "second", "tells"),
    [
        ("Install Exchange Server 5.5 Service Pack 3.", "Start Registry Editor and find the following key:", True),
        ("Apply the hotfix.", "Enable filtering in Control Panel.", True),
        ("Apply the hotfix.", "Restart the computer.", False),
        ("Start the computer.", "Start Registry Editor and find the following key:", False),
    ],
)
@pytest.mark.parametrize("blank", ["", "\n"])
def test_a_procedure_that_begins_with_the_correction(first, second, tells, blank):
    """Q158796, Q180864: the service pack, then a registry value."""
    steps = f"{FIRST}Exchange Server 5.5 Service Pack 3.\n\n 1. {first}\n{blank} 2. {second}\n{blank} 3. Restart."
    meaning = read(text(sections=(("RESOLUTION", steps),)))
    assert (meaning.setting is not None) == tells
    if meaning.setting is not None:
        assert meaning.setting.text == f"2. {second}" == meaning.article.lines[meaning.setting.line - 1].strip()
    assert read(text(sections=(("CAUSE", steps),))).setting is None


@pytest.mark.parametrize(
    "sections",
    [
        (("RESOLUTION", "After you apply the fix " + "add the fix after you apply " * 20_000),),
        tuple(("RESOLUTION", "After you apply x.") for _ in range(6_000)),
        (
            (
                "RESOLUTION",
                ("To resolve this, install Exchange Server 5.5 Service Pack 1 " + "[ " * 1_000 + ".\n\n") * 50,
            ),
        ),
    ],
)
def test_a_hostile_text_of_steps_is_read_quickly(sections):
    started = time.monotonic()
    read(text(sections=(("STATUS", FIRST + "Exchange Server 5.5 Service Pack 3."), *sections)))
    assert time.monotonic() - started < 10


def test_a_rollup_of_a_service_pack_came_after_it():
    """Q317795: "first corrected in the Systems Management Server 2.0 Service Pack 4 Hotfix Rollup Package (HRP)"."""
    body = "This problem was first corrected in the Exchange Server 5.5 Service Pack 3 Hotfix Rollup Package (HRP)."
    (told,) = read(text(sections=(("STATUS", body),))).corrections
    assert (told.product_line, told.level, told.kind, told.requires) == (E55, None, HOTFIX, "SP3")


def test_a_hotfix_needs_the_level_that_holds_the_one_it_names():
    """Q294345: a hotfix for Terminal Server, "requires Windows NT 4.0 Service Pack 6a"."""
    body = "A supported fix is now available. This hotfix requires Windows NT 4.0 Service Pack 6a."
    (told,) = read(text(applies_to=(f"Microsoft {TSE}",), sections=(("RESOLUTION", body),))).corrections
    assert (told.product_line, told.kind, told.requires) == (TSE, HOTFIX, "SP6")


def test_what_a_rollup_needs_is_not_what_the_articles_own_hotfix_needs():
    """Q306521: a hotfix for SMS 2.0 SP3, later part of the Hotfix Rollup Package of SP4."""
    offer = "A supported fix is now available."
    status = f"{FIRST}Exchange Server 5.5 Service Pack 4 Hotfix Rollup Package."
    told = read(text(sections=(("RESOLUTION", offer), ("STATUS", status)))).corrections
    assert [(each.kind, each.requires) for each in told] == [(HOTFIX, "SP4"), (HOTFIX, None)]


@pytest.mark.parametrize(
    ("sentence", "required"),
    [
        (
            "Because of file dependencies, this fix requires Microsoft Exchange Server version 5.5 Service Pack 4.",
            {E55: "SP4"},
        ),
        (
            "Due to file dependencies, this hotfix requires Exchange Server 5.5 Service Pack 3 or Service Pack 4.",
            {E55: "SP3"},
        ),
        ("This hotfix requires Windows NT 4.0 Service Pack 6a or Exchange Server 5.5 SP2.", {E55: "SP2"}),
        ("This hotfix requires Exchange Server 5.5 Service Pack 4 or Service Pack 3.", {E55: "SP3"}),
        (
            "NOTE: Because of file dependencies, Exchange Server version 5.5 Service Pack 4 must be\n"
            "applied before you apply this fix.",
            {E55: "SP4"},
        ),
        ("This hotfix requires Exchange Server 5.5 Service Pack 4 or Service Pack 3 (SP3).", {E55: "SP3"}),
        ("This fix can be applied to computers that run Exchange Server 5.5 Service Pack 2.", {E55: "SP2"}),
        ("This fix should only be installed after you apply Exchange Server 5.5 SP3.", {E55: "SP3"}),
        ("You must apply Exchange Server 5.5 Service Pack 2 before you apply this fix.", {E55: "SP2"}),
        ("You must be running Exchange Server 5.5 SP4 or later to apply this fix.", {E55: "SP4"}),
        ("Before you apply the hotfix below, install Exchange Server 5.5 SP1.", {E55: "SP1"}),
        ("The English version of this post-SP3 hotfix has been posted.", {E55: "SP3"}),
        ("The French Exchange Server 5.5 Post SP4 version of this fix should have other attributes.", {E55: "SP4"}),
        ("The post-Service Pack 2 (SP2) version of the fix is larger.", {E55: "SP2"}),
        ("Service Pack 3 must be applied to Exchange Server 5.5 prior to applying this fix.", {E55: "SP3"}),
        ("Service Pack 3 must be applied to Windows NT 4.0 SC_client prior to applying this fix.", {}),
        ("Post-SP3 problems of this fix are not known.", {}),
        ("It is not included in the post-SP4 hotfix rollup.", {}),
        ("Do not install it with a post-SP5 fix.", {}),
        ("This patch can be installed on Exchange Server 5.5 Gold or Service Pack 1.", {}),
        ("You must have Exchange Server 5.5 Service Pack 2.", {}),
        ("This fix requires Service Pack 4 for Windows NT 4.0.", {}),
        ("This update requires a restart; it is a part of Exchange Server 5.5 Service Pack 4.", {}),
        ("This hotfix requires Exchange Server 5.5 Service Pack 9.", {}),
        ("This problem requires Exchange Server 5.5 Service Pack 4.", {}),
    ],
)
def test_what_a_hotfix_requires_first(sentence, required):
    table = f"{ATTRIBUTES}\n\n" + box("File name|Version", "Store.exe|5.5.2655.18")
    body = f"A supported fix is now available.\n\n{table}\n\nNOTE: {sentence}"
    meaning = read(text(sections=(("RESOLUTION", body),)))
    told = {(c.method, c.level, c.requires) for c in meaning.corrections}
    assert told == {("sentence", None, required.get(E55)), ("file-table", None, required.get(E55))}


def test_what_a_hotfix_requires_holds_for_one_that_a_keyword_tells():
    """Q241631: nothing but a keyword offers the hotfix for Windows NT."""
    words = "NOTE: This update requires Windows NT 4.0 Service Pack 6a (SP6a)."
    meaning = read(text(sections=(("RESOLUTION", words),), keywords="kbWinNT400PreSP7Fix"))
    assert [(each.product_line, each.kind, each.requires) for each in meaning.corrections] == [(NT, HOTFIX, "SP6a")]


def test_the_folder_of_a_hotfix_tells_what_it_was_made_after():
    """Q182107, Q154087; a sentence says it better, and Terminal Server has no SP3."""
    where = "This fix has been posted to the following Internet location:\n\n   ftp://ftp.microsoft.com/fixes/"
    for path, line, level in [
        ("Eng/Exchg5.0/Post-SP2-STORE/", E50, "SP2"),
        ("Eng/Exchg5.5/PostSP1/mta/", E55, "SP1"),
        ("usa/NT40/\n   hotfixes-postSP6a/x-fix", NT, "SP6a"),
        ("usa/NT40TSE/hotfixes-postSP3/x-fix", TSE, None),
        ("usa/NT40/hotfixes-preSP3/x-fix", NT, None),
    ]:
        meaning = read(text(applies_to=(f"Microsoft {line}",), sections=(("STATUS", f"{where}{path}"),)))
        assert {(each.product_line, each.requires) for each in meaning.corrections} == {(line, level)}, path
    told = f"{where}Eng/Exchg5.5/Post-SP2/\n\nThis fix requires Exchange Server 5.5 Service Pack 3."
    assert {each.requires for each in read(text(sections=(("STATUS", told),))).corrections} == {"SP3"}


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ("This fix applies to Exchange Server 5.0 only.", [E50]),
        ("NOTE: This hotfix is only available for Exchange Server 5.0.", [E50]),
        ("Note that this hotfix is available only for Exchange Server 5.5.", [E55]),
        ("This fix applies to Exchange Server 5.0.", [E50, E55]),
        ("This fix applies only to the server.", [E50, E55]),
        ("This hotfix is only available for SNA Server 4.0.", [E50, E55]),  # a slip, or another's
    ],
)
def test_a_hotfix_that_is_for_one_of_several_products_alone(note, lines):
    """Q176544, Q256216, Q307338."""
    listed = ("Microsoft Exchange Server, versions 5.0, 5.5",)
    resolution = f"A supported fix is now available.\n\n{note}"
    meaning = read(text(applies_to=listed, sections=(("RESOLUTION", resolution),), trailer={"Issue type": "kbbug"}))
    assert sorted({each.product_line for each in meaning.corrections}) == sorted(lines)


def test_a_hotfix_sentence_goes_on_about_what_the_one_before_named():
    body = "A supported fix for Exchange Server 5.5 is now available.\n\nTo obtain this fix, contact support."
    data = text(applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",), sections=(("RESOLUTION", body),))
    assert stated(read(data)) == [(E55, None, HOTFIX), (E55, None, HOTFIX)]


def test_a_promise_tells_which_affected_line_is_meant_and_adds_no_other():
    """Q294300 is about Terminal Server Edition, and promises the next Windows NT 4.0 service pack."""
    body = "A supported fix is now available. Else wait for the next Windows NT 4.0 service pack that has it."
    applies = ("Microsoft Windows NT Server 4.0, Terminal Server Edition",)
    meaning = read(text(applies_to=applies, sections=(("RESOLUTION", body),)))
    assert stated(meaning) == [(TSE, None, HOTFIX)]
    assert {each.product_line for each in meaning.affected} == {TSE}


@pytest.mark.parametrize(
    ("named", "confirmed"),
    [
        ("Microsoft Exchange, versions 4.0 and 5.0", set()),
        ("Microsoft Exchange Server, versions 4.0 and 5.0", {E40, E50}),
    ],
)
def test_a_name_without_server_means_the_clients_where_only_they_are_listed(named, confirmed):
    """Q163543 lists the Macintosh client."""
    sections = (("STATUS", f"Microsoft has confirmed this to be a problem in {named}."),)
    meaning = read(text(applies_to=("Microsoft Exchange Macintosh client, versions 4.0, 5.0",), sections=sections))
    assert {each.product_line for each in meaning.affected} & {E40, E50, E55} == confirmed


def test_a_promise_without_a_release_is_completed_by_what_is_confirmed_below():
    body = "A supported fix is now available, or wait for the next Exchange Server service pack that has this fix."
    confirmed = "Microsoft has confirmed this to be a problem in Exchange Server 5.0."
    sections = (("RESOLUTION", body), ("STATUS", confirmed))
    data = text(applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",), sections=sections)
    assert stated(read(data)) == [(E50, None, HOTFIX)]


@pytest.mark.parametrize(
    ("listed", "confirmed", "levels"),
    [
        ("versions 4.0, 4.0 SP1", "SNA Server 3.0 SP3, 4.0, 4.0 SP1 and 4.0 SP2", ["RTM", "SP1", "SP2"]),
        ("version 4.0 SP1", "SNA Server versions 4.0 SP1, 4.0 SP2, and 4.0 SP3", ["SP1", "SP2", "SP3"]),
        ("version 4.0", "SNA Server versions 4.0 SP1 and 4.0 SP2", [None]),
        ("version 4.0 SP1", "SNA Server version 4.0", ["SP1"]),
        ("version 4.0 SP1", "SNA Server 4.0 SP1, and not in SNA Server 4.0 SP2", ["SP1"]),
        ("version 4.0 SP1", "SNA Server 4.0, and is fixed in SNA Server 4.0 SP2", ["SP1"]),
        ("version 4.0 SP1", "SNA Server 4.0 (SP2 is not affected)", ["SP1"]),
    ],
)
def test_a_service_pack_in_which_a_fault_is_confirmed_is_affected(listed, confirmed, levels):
    """Q214614 lists 4.0 and 4.0 SP1, and its STATUS confirms the fault in 4.0 SP2 too."""
    status = f"Microsoft has confirmed this to be a problem in {confirmed}. It was first corrected in 4.0 SP4."
    meaning = read(text(applies_to=(f"Microsoft SNA Server, {listed}",), sections=(("STATUS", status),)))
    assert [each.level for each in meaning.affected if each.product_line == SNA40] == levels


@pytest.mark.parametrize(
    ("words", "added"),
    [
        ("Microsoft Exchange version 4.0 Windows 3.x, Windows 95, and Windows NT clients", ()),
        ("the Exchange Server 4.0 client", ()),
        ("Microsoft Outlook for Macintosh, Exchange Server Edition, version 8.0", ()),
        ("Microsoft Exchange Server version 4.0", ((E40, None),)),
        ("Microsoft Windows NT Server 4.0 Service Pack 3", ((NT, "SP3"),)),
        ("Microsoft Windows NT Server 4.0 Service Packs 3 and 4", ((NT, None),)),
    ],
)
def test_what_a_fault_is_confirmed_in(words, added):
    data = text(
        applies_to=("Microsoft Outlook 97",),
        sections=(("STATUS", f"Microsoft has confirmed this to be a problem in {words}."),),
    )
    assert tuple((a.product_line, a.level) for a in read(data).affected) == (("Outlook 97", None), *added)


def test_a_sentence_about_two_products_states_both():
    meaning = read(
        text(sections=(("STATUS", FIRST + "SNA Server 3.0 Service Pack 4\nand SNA Server 4.0 Service Pack 2."),))
    )
    assert stated(meaning) == [(SNA30, "SP4", SP), (SNA40, "SP2", SP)]


def test_a_bare_service_pack_beside_two_affected_releases_is_a_problem_and_no_guess():
    meaning = read(
        text(
            applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",),
            sections=(("STATUS", FIRST + "Service Pack 2."),),
        )
    )
    assert stated(meaning) == []
    (problem,) = meaning.problems
    assert problem.kind == "product-unclear"
    assert problem.message == f"SP2 of which product? {FIRST}Service Pack 2."
    assert meaning.article.lines[problem.line - 1].startswith(FIRST)


def test_the_product_just_confirmed_completes_a_bare_service_pack():
    meaning = read(
        text(
            applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",),
            sections=(("STATUS", f"{CONFIRMED_55} {FIRST}Service\nPack 2."),),
        )
    )
    assert stated(meaning) == [(E55, "SP2", SP)]


def test_a_sub_heading_holds_until_the_next_section():
    meaning = read(
        text(
            applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",),
            sections=(
                ("RESOLUTION", f"Exchange Server 5.0\n-------------------\n\nOne.\n\nTwo. {FIRST}Service Pack 1."),
                ("STATUS", f"{FIRST}Service Pack 2."),
            ),
        )
    )
    assert stated(meaning) == [(E50, "SP1", SP)]
    assert [p.kind for p in meaning.problems] == ["product-unclear"]


@pytest.mark.parametrize(
    ("heading", "line"),
    [
        ("Exchange Server 5.0", E50),
        ("Exchange Server 5.5", E55),
        ("Version 5.0", E50),
        ("For Exchange Server 5.5 only", E55),
    ],
)
def test_a_sub_heading_tells_the_product(heading, line):
    body = f"{heading}\n{'-' * len(heading)}\n\n{FIRST}Service Pack 1."
    meaning = read(text(applies_to=("Microsoft Exchange Server, versions 5.0, 5.5",), sections=(("RESOLUTION", body),)))
    assert stated(meaning) == [(line, "SP1", SP)]


def test_a_second_sentence_keeps_its_own_line():
    meaning = read(text(sections=(("STATUS", f"{CONFIRMED_55} {FIRST}Exchange\nServer 5.5 SP4."),)))
    (correction,) = meaning.corrections
    assert correction.text == FIRST + "Exchange Server 5.5 SP4."
    assert meaning.article.lines[correction.line - 1].startswith("version 5.5. This problem")


def test_every_service_pack_of_a_conjunction_is_recorded():
    """A level between the earliest and the latest is in dispute, so the latest must be known."""
    meaning = read(
        text(sections=(("STATUS", "This problem was corrected in Exchange Server 5.5 Service Pack 1\nand SP3."),))
    )
    assert stated(meaning) == [(E55, "SP1", SP), (E55, "SP3", SP)]


# --- what is affected -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (("Microsoft Exchange Server, version 5.5",), [(E55, None)]),
        (("Microsoft Exchange Server, versions 5.5, 4.0, 5.0",), [(E55, None), (E40, None), (E50, None)]),
        (("Microsoft Exchange, versions 4.0, 5.0",), [(E40, None), (E50, None)]),
        (("Microsoft Exchange Server, version 5.5 SP1",), [(E55, "SP1")]),
        (("Microsoft Exchange Server, versions 5.5, 5.5 SP1",), [(E55, "RTM"), (E55, "SP1")]),
        (("Microsoft Exchange Server, versions 5.5SP1, 5.5sp2",), [(E55, "SP1"), (E55, "SP2")]),
        (("Microsoft Exchange Server, version 5.5 Service Pack 1",), [(E55, "SP1")]),
        (
            ("Microsoft Exchange Server, versions 5.0, 5.5 Service Packs 1, 2",),
            [(E50, None), (E55, "SP1"), (E55, "SP2")],
        ),
        (
            ("Microsoft Exchange Server, version 4.0 (all SP)",),
            [(E40, x) for x in ("RTM", *(f"SP{n}" for n in range(1, 6)))],
        ),
        (("Microsoft Exchange 2000 Server",), [(E2000, None)]),
        (("Microsoft Exchange 2000 Server SP1",), [(E2000, "SP1")]),
        (("Microsoft Outlook Web Access, version 5.5 Service Pack 3",), [(E55, "SP3")]),
        (("Microsoft Exchange Active Server Components, version 5.0",), [(E50, None)]),
        (("Microsoft Windows NT Server versions 3.51, 4.0",), [("Windows NT 3.51", None), (NT, None)]),
        (("Microsoft Windows NT Workstation version 4.0 SP6a",), [(NT, "SP6a")]),
        (("Microsoft Windows NT Server version 4.0, Terminal Server Edition",), [(TSE, None)]),
        (
            ("Microsoft Windows NT Server versions 4.0, 4.0 SP6, Terminal Server Edition",),
            [(TSE, "RTM"), (TSE, "SP6")],
        ),
        (
            ("Microsoft Windows versions 2000, 2000 SP1, 2000 SP2 Server",),
            [("Windows 2000", "RTM"), ("Windows 2000", "SP1"), ("Windows 2000", "SP2")],
        ),
        (
            ("Microsoft SNA Server, versions 2.11, 2.11 SP1, 3.0",),
            [("SNA Server 2.11", "RTM"), ("SNA Server 2.11", "SP1"), (SNA30, None)],
        ),
        (("Microsoft Systems Management Server version 2.0 Service Pack 1",), [(SMS20, "SP1")]),
        (("LinkAge Message Exchange, version 3.2",), [("LinkAge Message Exchange 3.2", None)]),
        (("Microsoft Imaginary Thing",), [("Imaginary Thing", None)]),
        (("Microsoft Imaginary Thing 97 for Windows",), [("Imaginary Thing 97", None)]),
        (("Microsoft Word 97 for Windows",), [("Word 97", None)]),
        (("Microsoft Word for Windows, version 6.0",), [("Word for Windows 6.0", None)]),
        (("Microsoft Windows versions 3.1, 3.11",), [("Windows 3.1", None), ("Windows 3.11", None)]),
        (("Microsoft Systems Management Server, version 1.10",), [("Systems Management Server 1.1", None)]),
        (
            ("Microsoft Visual C++, 32-bit Enterprise Edition, versions 4.2, 6.0",),
            [("Visual C++ 4.2", None), ("Visual C++ 6.0", None)],
        ),
        (("Microsoft Visual Basic Learning Edition for Windows, version 5.0",), [("Visual Basic 5.0", None)]),
        (("Microsoft Visual C++ Professional Edition, version 6.0 for Windows 4.0",), [("Visual C++ 6.0", None)]),
        (
            ("Microsoft Imaginary Thing, versions 1.0, 2.0 SP1",),
            [("Imaginary Thing 1.0", None), ("Imaginary Thing 2.0", "SP1")],
        ),
        (("the operating system: Microsoft Windows NT 4.0",), []),
        (
            (
                "Microsoft Outlook 97, version 8.03, used with:",
                (1, "Microsoft Exchange Server, version 5.5"),
                (1, "the operating system: Microsoft Windows 98"),
            ),
            [("Outlook 97", None), (E55, None)],
        ),
        (
            ("Microsoft Windows NT Server version 4.0, on platform(s):", (1, "Microsoft Windows 2000"), (2, "Other")),
            [(NT, None)],
        ),
        (None, []),
    ],
)
def test_applies_to(items, expected):
    meaning = read(text(applies_to=items, keywords=""))
    assert [(a.product_line, a.level) for a in meaning.affected] == expected


def test_a_line_that_only_status_confirms_is_affected():
    meaning = read(
        text(
            sections=(("STATUS", "Microsoft has confirmed this to be a problem in Windows NT 4.0 and Windows\n2000."),)
        )
    )
    assert [(a.product_line, a.level) for a in meaning.affected] == [(E55, None), (NT, None), ("Windows 2000", None)]
    confirmed = meaning.affected[1]
    assert meaning.article.lines[confirmed.line - 1].startswith("Microsoft has confirmed")


GATEWAY = ("Microsoft Mail Gateway to X.400, versions 3.0, 3.2",)
CODER = ("Microsoft Code Keeper (MCK), versions 1.0, 1.0a",)
MTA = ("Microsoft Mail Transfer Thing for Windows NT, version 3.5",)


@pytest.mark.parametrize(
    ("items", "confirmed", "expected"),
    [
        (GATEWAY, "a problem in Microsoft Mail Gateway to X.400 version 3.2.", ["Mail Gateway to X.400 3.2"]),
        (GATEWAY, "a problem in version 3.0 of the X.400 gateway.", ["Mail Gateway to X.400 3.0"]),
        (GATEWAY, "a problem in Gateway.exe version 3.2.16.", ["Mail Gateway to X.400 3.2"]),
        (GATEWAY, "a problem in the mail gateway.", ["Mail Gateway to X.400 3.0", "Mail Gateway to X.400 3.2"]),
        (CODER, "a bug in MCK version 1.0a.", ["Code Keeper (MCK) 1.0a"]),
        (CODER, "a bug in Code Keeper versions 1.0 and 1.0a.", ["Code Keeper (MCK) 1.0", "Code Keeper (MCK) 1.0a"]),
        (MTA, "a problem in the Mail Transfer Thing for Windows NT 3.51.", ["Mail Transfer Thing for Windows NT 3.5"]),
        # Another product than those that are listed, and a part without a release of its own.
        (CODER, "a problem in Microsoft Other Thing version 7.5.", ["Other Thing 7.5"]),
        (CODER, "a problem in versions 7.5 and 8.0 of Microsoft Other Thing.", ["Other Thing 7.5", "Other Thing 8.0"]),
        (("Microsoft Code Keeper, version 1.0",), "a problem in the printer driver.", ["Code Keeper 1.0"]),
        (
            None,
            "a problem in Microsoft Flying Carpet versions 4.0 and 4.0a.",
            ["Flying Carpet 4.0", "Flying Carpet 4.0a"],
        ),
    ],
)
def test_a_fault_is_confirmed_in_what_the_article_lists(items, confirmed, expected):
    status = f"Microsoft has confirmed this to be {confirmed} A supported fix is now\navailable."
    meaning = read(text(applies_to=items, keywords="", sections=(("STATUS", status),)))
    assert [name for name, _, kind in stated(meaning) if kind == HOTFIX] == expected
    assert {a.product_line for a in meaning.affected} >= set(expected)
    assert meaning.kind == "bug"


@pytest.mark.parametrize("other", ["Code Keeper for Windows 95", "Windows Keeper for Windows 95 RTM"])
def test_the_platform_of_a_product_is_not_affected(other):
    status = f"Microsoft has confirmed this to be a problem in the Exchange Client 5.0 and the\n{other}."
    meaning = read(
        text(applies_to=("Microsoft Exchange Client, version 5.0",), keywords="", sections=(("STATUS", status),))
    )
    assert [a.product_line for a in meaning.affected] == ["Exchange Client 5.0"]


@pytest.mark.parametrize(
    ("items", "status", "expected"),
    [
        (CODER, "This bug was corrected in Code Keeper version 1.1.", ["Code Keeper (MCK) 1.1"]),
        (CODER, "This bug was corrected in MCK 1.1.", ["Code Keeper (MCK) 1.1"]),
        (
            CODER,
            "Microsoft has confirmed this to be a bug in MCK 1.0. It was corrected in version\n1.1.",
            ["Code Keeper (MCK) 1.1"],
        ),
        (CODER, "It was fixed in version 1.1 of Code Keeper.", ["Code Keeper (MCK) 1.1"]),
        (CODER, "It was fixed in version 1.1 of Another Thing.", []),
        (CODER, "It was corrected in version 1.1.", []),
        (CODER, "It was corrected in Keeper.exe version 1.1.", []),
        (CODER, "It was corrected in Code Keeper 1.1 Service Pack 1.", []),
        (CODER, "It was corrected in the Code Keeper Development Kit 1.1.", []),
        (CODER, "The menus that are available in MCK 1.1 help.", []),
        (
            ("Microsoft Windows NT Server version 3.1",),
            "This problem was corrected in Windows NT Workstation and Windows NT Server version\n3.5.",
            ["Windows NT 3.5"],
        ),
    ],
)
def test_a_release_of_what_is_affected_corrects(items, status, expected):
    meaning = read(text(applies_to=items, keywords="", sections=(("STATUS", status),)))
    assert [(name, "RTM", RELEASE) for name in expected] == stated(meaning)


def test_a_release_behind_a_service_pack_corrects_too():
    status = "This problem was fixed in Microsoft Exchange Server 5.0 SP2 and Microsoft\nExchange Server version 5.5."
    meaning = read(
        text(applies_to=("Microsoft Exchange Server, version 5.0",), keywords="", sections=(("STATUS", status),))
    )
    assert stated(meaning) == [(E50, "SP2", SP), (E55, "RTM", RELEASE)]


def test_a_keyword_adds_no_affected_line():
    assert [a.product_line for a in read(text(keywords="kbWinNT400sp4fix")).affected] == [E55]


# --- keywords ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("exc55sp2fix", (E55, "SP2", SP)),
        ("EXC55SP3Fix", (E55, "SP3", SP)),
        ("kbExchange550sp4Fix", (E55, "SP4", SP)),
        ("kbExchange550preSP4fix", (E55, None, HOTFIX)),
        ("kbExchange550preSP5fix", (E55, None, HOTFIX)),
        ("kbExchange550SP5Fea", (E55, None, HOTFIX)),
        ("kbExchange500preSP3fix", (E50, None, HOTFIX)),
        ("exc55sp2fea", (E55, "SP2", SP)),
        ("EXC55SP3Fea", (E55, "SP3", SP)),
        ("kbExchange550fix", (E55, "RTM", RELEASE)),
        ("kbExchange2000SP1Fix", (E2000, "SP1", SP)),
        ("kbWinNT400sp4fix", (NT, "SP4", SP)),
        ("kbWinNT4sp6fix", (NT, "SP6", SP)),
        ("kbWinNT400sp6afix", (NT, "SP6a", SP)),
        ("kbWinNT400PreSP7Fix", (NT, None, HOTFIX)),
        ("kbWinNT400nospFix", (NT, None, HOTFIX)),
        ("kbOSWinNT400sp3fix", (NT, "SP3", SP)),
        ("TSESP4Fix", (TSE, "SP4", SP)),
        ("kbTSE400preSP7fix", (TSE, None, HOTFIX)),
        ("kbWin2000PreSP1Fix", ("Windows 2000", None, HOTFIX)),
        ("kbWin2000sp3fix", ("Windows 2000", "SP3", SP)),
        ("kbWin2000FixNoSP", ("Windows 2000", None, HOTFIX)),
        ("kbsna400sp3fix", (SNA40, "SP3", SP)),
        ("kbSNA400PreSP4fix", (SNA40, None, HOTFIX)),
        ("kbsms200sp1fix", (SMS20, "SP1", SP)),
        ("kbsms200preSP4fix", (SMS20, None, HOTFIX)),
        ("kbVS600sp3fix", ("Visual Studio 6.0", "SP3", SP)),
        ("kbvbp500sp2fix", ("Visual Basic 5.0", "SP2", SP)),
    ],
)
def test_a_keyword_that_corrects(keyword, expected):
    meaning = read(text(keywords=f"kbother {keyword} kbmore"))
    assert stated(meaning) == [expected]
    (correction,) = meaning.corrections
    assert (correction.text, correction.method) == (keyword, KEYWORD)
    assert correction.line == meaning.article.trailer_line("Keywords")


@pytest.mark.parametrize(
    "keyword",
    [
        "exc55",
        "exc55sp1",
        "exc55sp2",
        "exc55sp3",
        "exc5sp1",
        "exc4sp4",
        "kbsna400sp4",
        "kbfixlist",
        "kbfix",
        "kbfea",
        "prefix",
        "kbnofix",
        "sp4fix",
        "kbUnknown100sp2fix",
        "fix",
        "kbbuglist",
    ],
)
def test_a_keyword_that_corrects_nothing(keyword):
    assert stated(read(text(keywords=keyword))) == []


# --- kind -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"trailer": {"Issue type": "kbbug"}}, Kind.BUG),
        ({"trailer": {"Issue type": "kbprb"}}, Kind.PROBLEM),
        ({"trailer": {"Issue type": "kbhowto"}}, Kind.HOWTO),
        ({"trailer": {"Issue type": "kbinfo"}}, Kind.INFO),
        ({"trailer": {"Issue type": "kbhowto kbinfo"}}, Kind.HOWTO),
        ({"trailer": {"Issue type": "kbinfo kbbug"}}, Kind.BUG),
        ({"trailer": {"Issue type": "kbbug"}, "title": "HOWTO: Do It"}, Kind.BUG),
        ({"title": "BUG: It Stops"}, Kind.BUG),
        ({"title": "FIX: It Stops"}, Kind.BUG),
        ({"title": "PRB: It Stops"}, Kind.PROBLEM),
        ({"title": "HOWTO: Stop It"}, Kind.HOWTO),
        ({"title": "HOW TO: Stop It"}, Kind.HOWTO),
        ({"title": "INFO: It Stops"}, Kind.INFO),
        ({"title": "How to Stop It"}, Kind.HOWTO),
        ({"title": "XADM: How to Stop It"}, Kind.HOWTO),
        ({"title": "INFORMATION: It Stops", "sections": (("SUMMARY", "It stops."),)}, Kind.UNKNOWN),
        ({"sections": (("STATUS", CONFIRMED_55),)}, Kind.BUG),
        ({"sections": (("STATUS", CONFIRMED_55),), "trailer": {"Issue type": "kbprb"}}, Kind.BUG),
        ({"sections": (("STATUS", CONFIRMED_55),), "title": "PRB: It Stops"}, Kind.BUG),
        ({"title": "FIX: It Stops", "trailer": {"Issue type": "kbinfo"}}, Kind.BUG),
        ({"keywords": "exc55 kbfea", "trailer": {"Issue type": "kbinfo"}}, Kind.FEATURE),
        ({"title": "List of Bugs Fixed in Exchange Server 5.5 Service Pack 9"}, Kind.FIX_LIST),
        ({"sections": (("SUMMARY", "It stops."),)}, Kind.UNKNOWN),
        ({"sections": (("SYMPTOMS", "It stops."),)}, Kind.PROBLEM),
    ],
)
def test_kind(changes, kind):
    assert read(text(**changes)).kind is kind


# --- anything at all --------------------------------------------------------------------------------------------------

POOL = sorted({line for example in EXAMPLES for line in example.data.split(b"\r\n")})


@given(
    st.sampled_from(EXAMPLES),
    st.lists(
        st.tuples(
            st.sampled_from(["delete", "duplicate", "swap", "insert", "bytes", "cut", "join"]),
            st.integers(0, 200),
            st.integers(0, 200),
            st.binary(max_size=12),
        ),
        min_size=1,
        max_size=8,
    ),
)
@settings(max_examples=800, deadline=None)
def test_a_damaged_example_is_read_or_refused(example, steps):
    """Lines deleted, doubled, swapped, moved in from other articles, cut, joined and filled with any bytes."""
    lines = example.data.split(b"\r\n")
    for what, one, two, junk in steps:
        if not lines:
            break
        first, second = one % len(lines), two % len(lines)
        if what == "delete":
            del lines[first]
        elif what == "duplicate":
            lines[first:first] = [lines[first]] * (1 + two % 3)
        elif what == "swap":
            lines[first], lines[second] = lines[second], lines[first]
        elif what == "insert":
            lines.insert(first, POOL[(one * 201 + two) % len(POOL)])
        elif what == "bytes":
            at = two % (len(lines[first]) + 1)
            lines[first] = lines[first][:at] + junk + lines[first][at:]
        elif what == "cut":
            lines[first] = lines[first][: two % (len(lines[first]) + 1)]
        else:
            lines[first : first + 2] = [b" ".join(lines[first : first + 2])]
    read_or_refuse(b"\r\n".join(lines))


def read_or_refuse(data):
    """Read any bytes; whatever is read keeps the laws of an advisory."""
    try:
        parsed = article.parse(data)
    except ArticleError:
        return
    meaning = advisory.extract(parsed)
    known = range(1, len(parsed.lines) + 1)
    assert all(each.line in known for each in (*meaning.affected, *meaning.corrections, *meaning.fixed_files))
    assert all(problem.line in range(len(parsed.lines) + 1) for problem in meaning.problems)
    for correction in meaning.corrections:
        assert (correction.level is None) == (correction.kind in (HOTFIX, UNNAMED))
        if correction.level is not None:
            product.level_key(correction.level)
    for each in meaning.affected:
        if each.level is not None:
            product.level_key(each.level)
    (facts,) = knowledge.gather([meaning])
    knowledge.weigh(facts)


WORDS = (
    *("This problem", "was", "first corrected", "in", "fixed", "the latest", "service pack", "Service Pack 4.0", "SP3"),
    *("Exchange Server", "5.5", "5.0", "Windows NT", "4.0", "Terminal Server Edition", "and", "or", "for", ",", "."),
    *("A supported fix", "is now available", "has confirmed", "a problem", "not", "will be", "requires", "to resolve"),
    *(
        "obtain",
        "(",
        ")",
        "/",
        "6a",
        "U.S.",
        "\r\n",
        "\r\n\r\n",
        "-----",
        "=====",
        "|",
        "+---+",
        "Component:",
        "Q900500",
    ),
    *("File name", "Version", "Store.exe", "5.5.2650.24", "N/A", "Fixes Released on July 19, 2000", "version"),
    *("STATUS\r\n======\r\n", "Service Pack 1\r\n--------------\r\n", "\u0664", "\ufffd", "sp", "9" * 30),
)


@given(
    st.sampled_from(
        (
            "XADM: A Title",
            "List of Bugs Fixed in Exchange Server 5.5 Service Packs 1 and 2",
            "XGEN: README.TXT: Microsoft Exchange 4.0 U.S. Service Pack 4",
            "Exchange Server 5.5 Post-SP3 Fixes Available",
        )
    ),
    st.lists(st.sampled_from(WORDS), max_size=40),
)
@settings(max_examples=800, deadline=None)
def test_the_parsers_words_in_any_order_are_read(title, words):
    body = text(title=title, preface="@").replace(b"@", " ".join(words).encode())
    read_or_refuse(b"\xef\xbb\xbf" + body)


# --- time grows with the size -----------------------------------------------------------------------------------------

ROLLUP = {"title": "XADM: Exchange Server 5.5 Post-SP3 Store Fixes Available"}
LIST = {"title": "XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 1"}
BLOCK = "Fixes Released on July 19, 2000\n-------------------------------\n\n - {}\n\n   Q900500 A Fault"
TABLE = "This fix should have the following file attributes or later:\n\n"


def lines_of(line):
    """Return a maker of texts that repeat `line`."""
    return lambda size: text(preface=(line + "\n") * (size // (len(line) + 1)))


def wide(words):
    """Return a maker of one line that repeats `words`; the parser cuts it at 20,000 characters."""
    return lambda size: text(preface=words * (size // len(words)))


HOSTILE = {
    "blanks": wide(" "),
    "clients": wide("has confirmed this to be a problem in Exchange Server 4.0 " + "windows 3.1 nt 95 " * 200),
    "equals signs": wide("="),
    "dashes": wide("- "),
    "bars": wide("|"),
    "brackets": wide("("),
    "ids": wide("Q123456 "),
    "service pack": wide("service pack "),
    "latest": wide("obtain the latest "),
    "products": wide("fixed in Exchange Server 5.5 and 5.0 "),
    "versions": wide(", version "),
    "digits in a table": lambda size: text(preface=TABLE + "File name   Version\n-----\n" + "1" * size),
    "dates in a table": lambda size: text(preface=TABLE + "Date  File name\n-----\n" + "1/1/1" * (size // 5)),
    "lines of equals signs": lines_of("====="),
    "lines of dashes": lines_of("-----"),
    "lines of bars": lines_of("|"),
    "lines of service pack": lines_of("service pack"),
    "lines of ids": lines_of("Q123456"),
    "lines of a table": lines_of("| a.exe | 5.5.2650.1 |"),
    "table headers": lambda size: text(preface=TABLE + "File name   Version\n---------\n" * (size // 30)),
    "table rows": lambda size: text(preface=TABLE + "File name   Version\n--\n" + "a.exe  5.5.1\n" * (size // 13)),
    "applies-to items": lambda size: text(applies_to=("Microsoft Exchange Server, version 5.5 SP1",) * (size // 48)),
    "keywords": lambda size: text(keywords="kbExchange550sp4Fix " * (size // 20)),
    "a long keyword": lambda size: text(keywords="sp1" * (size // 3) + "fea"),
    "list entries": lambda size: text(preface="Q900500 title\n   tail\n" * (size // 22), **LIST),
    "list headings": lambda size: text(preface="Service Pack 1\n--------------\n" * (size // 30), **LIST),
    "rollup entries": lambda size: text(preface="Q900500 title\n   tail\n" * (size // 22), **ROLLUP),
    "rollup blocks": lambda size: text(preface=(BLOCK.format("x") + "\n\n") * (size // 90), **ROLLUP),
    "a long title": lambda size: text(title="readme " * (size // 7)),
    "a title of post-sp4": lambda size: text(title="post-sp4 " * (size // 9)),
    "one long applies-to item": lambda size: text(
        applies_to=("Microsoft Exchange Server, versions " + "5.5 SP1, " * (size // 9),)
    ),
    "corrected in": lines_of("corrected in"),
    "corrected in a product": lines_of("problem fixed in Exchange Server 5.5"),
    "supported fixes": lines_of("A supported fix is now available."),
    "confirmations": lines_of("Microsoft has confirmed this problem in Exchange Server."),
    "sentences": lines_of("This is a fix. Not. It is."),
    "file names of a block": lambda size: text(preface=BLOCK.format("a.exe, and " * (size // 11)), **ROLLUP),
    "dots of a block": lambda size: text(preface=BLOCK.format("b.bbb" * (size // 5)), **ROLLUP),
}
# Reading that grows faster than the text: a text size that shows it in a short time, and where it comes from.


def seconds(data):
    """Return the processor time of reading `data`: the best of three runs, of one that takes long."""
    parsed = article.parse(data)
    best, spent = float("inf"), 0.0
    for _ in range(3):
        product.fold.cache_clear()
        start = time.process_time()
        advisory.extract(parsed)
        took = time.process_time() - start
        best, spent = min(best, took), spent + took
        if spent > 0.4:
            break
    return best


@pytest.mark.skipif("KBCHECK_GROWTH" not in os.environ, reason="it measures time: set KBCHECK_GROWTH=1 to run it")
@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_size(name):
    """Eight times the text takes less than 24 times as long; quadratic growth would take 64 times."""
    make = HOSTILE[name]
    size = 2_400
    assert seconds(make(8 * size)) < 24 * max(seconds(make(size)), 0.004)


# --- the archive ------------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parent.parent


@dataclasses.dataclass
class Corpus:
    """What one pass over the archive keeps: all ids, the articles and meanings that reference answers ask for."""

    articles: dict
    meanings: dict
    ids: set
    oracle: Path

    def reference(self, name):
        """Return the reference answers called `name`; skip the test when they are not there."""
        path = self.oracle / f"{name}.json"
        if not path.exists():
            pytest.skip(f"no reference answers: {path}")
        return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def corpus():
    """Read every text of the archive once; what cannot be read fails every test that needs the archive."""
    path = Path(os.environ.get("KBCHECK_CORPUS") or ROOT.parent / "shared" / "corpus" / "kb-articles.tar.xz")
    if not path.exists():
        pytest.skip("no archive: set KBCHECK_CORPUS to a folder, .zip or .tar.xz of articles")
    kept = Corpus({}, {}, set(), path.parent.parent / "oracle")
    asked = set()
    for name in ("fields", "hotfix_files", "rollups"):
        reference = kept.oracle / f"{name}.json"
        if reference.exists():
            asked.update(json.loads(reference.read_text(encoding="utf-8")))
    for number, item in enumerate(i for i in archive.find([str(path)]) if not isinstance(i, archive.PassedOver)):
        assert isinstance(item, archive.Found), item
        parsed = article.parse(item.data)
        assert parsed.id not in kept.ids
        kept.ids.add(parsed.id)
        listing = lists.is_list(parsed)
        if parsed.category == "exchange" or number % 10 == 0 or parsed.id in asked or listing:
            meaning = advisory.extract(parsed)
            if parsed.id in asked or listing:
                kept.articles[parsed.id], kept.meanings[parsed.id] = parsed, meaning
    return kept


def share(triples):
    """Return the share of right answers in (name, wanted set, given set), and the first wrong ones."""
    right = total = 0
    wrong = []
    for name, want, got in triples:
        right += len(want & got)
        total += len(want | got)
        if want != got:
            wrong.append(
                f"{name}: missing {sorted(map(str, want - got))[:4]}, too many {sorted(map(str, got - want))[:4]}"
            )
    assert total
    return right / total, "\n".join(wrong[:20])


@pytest.mark.corpus
def test_every_text_of_the_archive_is_an_article(corpus):
    assert len(corpus.ids) >= 34_122


@pytest.mark.corpus
def test_fields_of_the_archive(corpus):
    """A reference value is the value itself, or the digest of its JSON."""

    def same(want, got):
        digest = hashlib.sha256(json.dumps(got, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
        return want in (got, digest)

    wrong = []
    for ident, want in corpus.reference("fields").items():
        parsed = corpus.articles[ident]
        got = {
            "date": parsed.date.strftime("%d-%b-%Y").upper(),
            "category": parsed.category,
            "title": parsed.title,
            "product": parsed.product,
            "prod_ver": parsed.prod_ver,
            "oper_sys": parsed.oper_sys,
            "keywords_header": parsed.keywords_header,
            "applies_to": [[item.level, item.text] for item in parsed.applies_to],
            "additional_query_words": parsed.query_words,
            "sections": [s.heading for s in parsed.sections if s.heading in article.CANONICAL_HEADINGS],
            "refs": list(article.references(parsed)),
        }
        values = {name: value for name, value, _ in parsed.trailer}
        wrong += [(ident, key, got[key]) for key in got.keys() & want.keys() if not same(want[key], got[key])]
        wrong += [(ident, key) for key, value in want.get("trailer", {}).items() if not same(value, values.get(key))]
    assert wrong == []


@pytest.mark.corpus
def test_hotfix_files_of_the_archive(corpus):
    right, wrong = share(
        (
            ident,
            {(row["file"].lower(), row["version"]) for row in rows},
            {(row.file.lower(), row.version) for row in corpus.meanings[ident].fixed_files},
        )
        for ident, rows in corpus.reference("hotfix_files").items()
    )
    assert right >= 0.99, wrong


@pytest.mark.corpus
def test_fix_lists_of_the_archive(corpus):
    recorded = defaultdict(set)
    for meaning in corpus.meanings.values():
        for each in meaning.corrections:
            if each.method == "fix-list" and each.kind is SP and each.subject in corpus.ids:
                recorded[each.product_line, each.level].add(each.subject)
    also = corpus.reference("fixlists_also")
    right, wrong = share(
        (
            f"{line} {level}",
            set(ids) & corpus.ids,
            recorded[line, level] - (set(also.get(line, {}).get(level, ())) - set(ids)),
        )
        for line, levels in corpus.reference("fixlists").items()
        for level, ids in levels.items()
    )
    assert right >= 0.995, wrong


@pytest.mark.corpus
def test_rollups_of_the_archive(corpus):
    right, wrong = share(
        (
            ident,
            {member for block in want["blocks"] for member in block["ids"]} & corpus.ids,
            {each.subject for each in corpus.meanings[ident].corrections if each.subject in corpus.ids - {ident}},
        )
        for ident, want in corpus.reference("rollups").items()
    )
    assert right >= 0.99, wrong


def test_a_level_in_capitals_is_a_level():
    """A damaged text once gave the level SP1A, which has no order."""
    meaning = advisory.extract(article.parse(text(applies_to=("Microsoft Widget, version 2.0 SP1A",))))
    assert [(each.product_line, each.level) for each in meaning.affected] == [("Widget 2.0", "SP1a")]
