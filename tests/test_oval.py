"""An independent judge: the same file versions, judged by OpenSCAP's OVAL evaluator, wherever only files decide."""

import datetime
import random
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kbcheck import knowledge, matching, product
from kbcheck.model import (
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
)

pytestmark = pytest.mark.skipif(
    shutil.which("oscap") is None, reason="oscap (Debian: openscap-scanner) is not installed"
)

LINE = "Exchange Server 5.5"
BRANCHES = (1960, 2232, 2448, 2650, 2653)
NAMES = ("store.exe", "emsmta.exe", "mad.exe", "dsamain.exe", "emsmdb32.dll", "cdo.dll", "msexcimc.exe", "admin.exe")
DEFINITIONS = "http://oval.mitre.org/XMLSchema/oval-definitions-5"
CHARACTERISTICS = "http://oval.mitre.org/XMLSchema/oval-system-characteristics-5"
COMMON = "http://oval.mitre.org/XMLSchema/oval-common-5"


def _version(chance: random.Random) -> tuple[int, ...]:
    return (5, 5, chance.choice(BRANCHES) + chance.randint(0, 3), chance.randint(0, 30))


def _advisory(number: int, chance: random.Random) -> ArticleKnowledge:
    """Return an advisory whose fix is a file table of one to three files, with or without a service pack."""
    ident = f"Q{100000 + number}"
    rows = tuple(
        FixedFile(name, ".".join(map(str, build)), line=40, product_line=LINE, build=build)
        for name in chance.sample(NAMES, chance.randint(1, 3))
        for build in [_version(chance)]
    )
    files = tuple(FileVersion(row.file, row.version, row.build) for row in rows)
    table = Correction(ident, LINE, None, CorrectionKind.HOTFIX, Method.FILE_TABLE, ident, 40, "", files)
    named = chance.choice([None, None, "SP1", "SP2", "SP3", "SP4"])
    packs = (
        (Correction(ident, LINE, named, CorrectionKind.SERVICE_PACK, Method.SENTENCE, ident, 50, ""),) if named else ()
    )
    affected = (Affected(LINE, None, 12),)
    return knowledge.weigh(Facts(ident, "", datetime.date(2001, 1, 1), Kind.BUG, affected, rows, (table, *packs)))


def _host(chance: random.Random) -> Profile:
    files = tuple(
        (name, build, ".".join(map(str, build)))
        for name in sorted(chance.sample(NAMES, chance.randint(2, 6)))
        for build in [_version(chance)]
    )
    return Profile(LINE, (chance.choice(["RTM", "SP1", "SP2", "SP3", "SP4"]),), files=files)


def _generator(parent: ET.Element) -> None:
    generator = ET.SubElement(parent, "generator")
    ET.SubElement(generator, f"{{{COMMON}}}schema_version").text = "5.10"
    ET.SubElement(generator, f"{{{COMMON}}}timestamp").text = "2026-01-01T00:00:00"


def _definitions(advisories: list[ArticleKnowledge]) -> ET.Element:
    """One definition an advisory: some fixed file is there, and each that is there is at or past its version."""
    windows = f"{{{DEFINITIONS}#windows}}"
    root = ET.Element("oval_definitions", xmlns=DEFINITIONS)
    _generator(root)
    parts = {name: ET.SubElement(root, name) for name in ("definitions", "tests", "objects", "states")}
    for number, name in enumerate(NAMES, start=1):
        target = ET.SubElement(parts["objects"], f"{windows}file_object", id=f"oval:kb:obj:{number}", version="1")
        ET.SubElement(target, f"{windows}path").text = "C:\\exchsrvr\\bin"
        ET.SubElement(target, f"{windows}filename").text = name
    serial = 0
    for known in advisories:
        definition = ET.SubElement(
            parts["definitions"], "definition", {"id": f"oval:kb:def:{known.id[1:]}", "version": "1", "class": "patch"}
        )
        metadata = ET.SubElement(definition, "metadata")
        ET.SubElement(metadata, "title").text = known.id
        ET.SubElement(metadata, "description").text = known.id
        criteria = ET.SubElement(definition, "criteria", operator="AND")
        some = ET.SubElement(criteria, "criteria", operator="OR")
        for row in known.lines[0].fixed_files:
            for parent, existence, with_state in ((some, "at_least_one_exists", False), (criteria, "any_exist", True)):
                serial += 1
                test = ET.SubElement(
                    parts["tests"],
                    f"{windows}file_test",
                    id=f"oval:kb:tst:{serial}",
                    version="1",
                    check="all",
                    check_existence=existence,
                    comment=row.file,
                )
                ET.SubElement(test, f"{windows}object", object_ref=f"oval:kb:obj:{NAMES.index(row.file) + 1}")
                if with_state:
                    ET.SubElement(test, f"{windows}state", state_ref=f"oval:kb:ste:{serial}")
                    state = ET.SubElement(
                        parts["states"], f"{windows}file_state", id=f"oval:kb:ste:{serial}", version="1"
                    )
                    version = {"datatype": "version", "operation": "greater than or equal"}
                    ET.SubElement(state, f"{windows}version", version).text = row.version
                ET.SubElement(parent, "criterion", test_ref=f"oval:kb:tst:{serial}")
    return root


def _characteristics(profile: Profile) -> ET.Element:
    windows = f"{{{CHARACTERISTICS}#windows}}"
    root = ET.Element("oval_system_characteristics", xmlns=CHARACTERISTICS)
    _generator(root)
    info = ET.SubElement(root, "system_info")
    for name in ("os_name", "os_version", "architecture", "primary_host_name"):
        ET.SubElement(info, name).text = "x"
    ET.SubElement(info, "interfaces")
    collected = ET.SubElement(root, "collected_objects")
    data = ET.SubElement(root, "system_data")
    told = {name: text for name, _, text in profile.files}
    for number, name in enumerate(NAMES, start=1):
        there = name in told
        flag = "complete" if there else "does not exist"
        found = ET.SubElement(collected, "object", id=f"oval:kb:obj:{number}", version="1", flag=flag)
        if there:
            ET.SubElement(found, "reference", item_ref=str(number))
            item = ET.SubElement(data, f"{windows}file_item", id=str(number), status="exists")
            ET.SubElement(item, f"{windows}path").text = "C:\\exchsrvr\\bin"
            ET.SubElement(item, f"{windows}filename").text = name
            ET.SubElement(item, f"{windows}version", datatype="version").text = told[name]
        else:
            # oscap's reader loses what follows an object without a child
            ET.SubElement(found, "message", level="info").text = "not reported"
    return root


def _judged(folder: Path, profile: Profile) -> dict[str, bool]:
    ET.ElementTree(_characteristics(profile)).write(folder / "host.xml", encoding="utf-8", xml_declaration=True)
    command = ["oscap", "oval", "analyse", "--skip-valid", "--results", "results.xml", "definitions.xml", "host.xml"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found = {}
    for element in ET.parse(folder / "results.xml").iter():
        if element.tag.endswith("}definition") and "result" in element.attrib:
            found[f"Q{element.attrib['definition_id'].rsplit(':', 1)[1]}"] = element.attrib["result"] == "true"
    return found


def test_oscap_agrees_wherever_only_files_decide(tmp_path: Path) -> None:
    chance = random.Random(241556)
    advisories = [_advisory(number, chance) for number in range(200)]
    ET.ElementTree(_definitions(advisories)).write(tmp_path / "definitions.xml", encoding="utf-8", xml_declaration=True)
    compared = {Reason.FIXED_BY_FILE_VERSION: 0, Reason.FILE_TOO_OLD: 0}
    for _ in range(20):
        profile = _host(chance)
        judged = _judged(tmp_path, profile)
        assert len(judged) == len(advisories)
        for known in advisories:
            verdict = matching.assess(profile, known)
            if verdict.reason in compared:
                compared[verdict.reason] += 1
                assert judged[known.id] is (verdict.reason is Reason.FIXED_BY_FILE_VERSION), (profile, known.lines[0])
    assert all(number > 100 for number in compared.values()), compared
    assert product.line(LINE).scheme == "branch"
