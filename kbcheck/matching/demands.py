"""What one line of an article demands, prepared once for all hosts, and how a host's files stand against it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from kbcheck import product
from kbcheck.model import (
    UNSPECIFIED,
    Affected,
    Correction,
    CorrectionKind,
    FileVersion,
    FixedFile,
    LineKnowledge,
    Method,
    Profile,
    Remedy,
)

Demands = tuple[Affected | Correction | FixedFile, ...]
Files = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class FileTest:
    """One way to be fixed by files: for each file the version required; `every` is true for a rollup's block.

    `higher` are the other versions that the table has for the same files: on later branches, for another processor.
    """

    required: tuple[tuple[str, tuple[int, ...]], ...]
    demands: Demands
    every: bool
    higher: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    def missing(self, profile: Profile) -> tuple[str, ...]:
        """Return the required files of which the profile tells no version."""
        told = {name for name, _, _ in profile.files}
        return tuple(name for name, _ in self.required if name not in told)


@dataclass(frozen=True, slots=True)
class Claim:
    """A hotfix that an inventory may claim: `sure` when any state of it holds the correction."""

    sure: bool
    demands: Demands


@dataclass(frozen=True, slots=True)
class Prepared:
    """What of a line's knowledge does not depend on the host.

    `needs` is the highest level that a hotfix needs first; `made_for` has the id of each remedy that is a hotfix made
    for service packs alone, and the key of the last of them.
    """

    product_line: str
    tests: tuple[FileTest, ...]
    claims: dict[str, Claim]
    needs: str | None
    order: str | None
    ordered: Demands
    remedies: tuple[Remedy, ...]
    wanted: dict[str, tuple[tuple[int, ...], ...]]  # file -> the key of each build that a test requires of it
    made_for: dict[int, tuple[int, str]]

    def key_of(self, files: Files) -> tuple[object, ...]:
        """Return what a verdict can depend on of the builds of `files`: their branch, their order to those wanted."""
        found: list[object] = []
        for name, build in files:
            have = product.build_key(build)
            found += (name, build[:1], _level_of(self.product_line, build))
            found += [(have > wanted) - (have < wanted) for wanted in self.wanted[name]]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the reported files stand: the test that passed, is unclear, lacks files, failed, is past the branch.

    `between`: the file is past one version that the table has for it, and short of another.

    `failed` are all tests that failed. `fields` are the reported files that some test names, as
    fields of a host: `files:store.exe`.
    """

    fields: tuple[str, ...]
    passed: FileTest | None = None
    unclear: FileTest | None = None
    between: FileTest | None = None
    partial: FileTest | None = None
    past_base: FileTest | None = None
    ordered: FileTest | None = None
    failed: tuple[FileTest, ...] = ()

    @property
    def old(self) -> FileTest | None:
        """The first test that failed."""
        return self.failed[0] if self.failed else None


_CACHE: dict[int, tuple[LineKnowledge, Prepared]] = {}


def prepared(line: LineKnowledge) -> Prepared:
    """Return the prepared form of a line's knowledge, made once for each object."""
    found = _CACHE.get(id(line))
    if found is None or found[0] is not line:
        if len(_CACHE) > 200_000:
            _CACHE.clear()
        found = (line, _prepare(line))
        _CACHE[id(line)] = found
    return found[1]


def _prepare(line: LineKnowledge) -> Prepared:
    of = product.line(line.product_line)
    tests: list[FileTest] = []
    own: dict[str, FixedFile] = {}
    for row in line.fixed_files:
        key = product.file_key(row.file)
        if key not in own or product.build_key(row.build) < product.build_key(own[key].build):
            own[key] = row
    if own:
        later = [row for row in line.fixed_files if row.build != own[product.file_key(row.file)].build]
        rows: dict[str, dict[tuple[int, ...], None]] = {}
        for row in later:
            rows.setdefault(product.file_key(row.file), {})[row.build] = None
        higher = {name: tuple(builds) for name, builds in rows.items()}
        demands = (*own.values(), *later)
        tests.append(
            FileTest(tuple((name, row.build) for name, row in own.items()), demands, every=False, higher=higher)
        )
    claims: dict[str, Claim] = {}
    rollups: dict[str, list[Correction]] = {}
    for correction in line.corrections:
        if correction.kind is not CorrectionKind.HOTFIX:
            continue
        if correction.method is Method.ROLLUP:
            rollups.setdefault(correction.source, []).append(correction)
            usable = [f for f in correction.files if f.build]
            if usable:
                tests.append(
                    FileTest(tuple((product.file_key(f.file), f.build) for f in usable), (correction,), every=True)
                )
        else:
            previous = claims.get(correction.hotfix)
            claims[correction.hotfix] = Claim(True, (*(previous.demands if previous else ()), correction))
    for source, members in rollups.items():
        sure = any(correction.order == 0 for correction in members)
        claims[source] = Claim(sure, tuple(members))
    if line.subject:
        claims.setdefault(line.subject, Claim(True, tuple(line.fixed_files)))
    needed = (each.requires for each in line.corrections if each.requires is not None)
    needs = max(needed, key=product.level_key, default=None)
    order, ordered = _build_order(of, tests, needs)
    wanted: dict[str, set[tuple[int, ...]]] = {}
    for test in tests:
        for name, build in test.required:
            wanted.setdefault(name, set()).add(product.build_key(build))
        for name, builds in test.higher.items():
            wanted.setdefault(name, set()).update(map(product.build_key, builds))
    every = {name: tuple(sorted(builds)) for name, builds in wanted.items()}
    remedies = _remedies(line, of)
    made_for = {id(each): last for each in remedies if (last := _made_for(each, of)) is not None}
    return Prepared(line.product_line, tuple(tests), claims, needs, order, ordered, remedies, every, made_for)


def _made_for(remedy: Remedy, of: product.Line) -> tuple[int, str] | None:
    """Return the last service pack that a hotfix was made for; None where a file is on the release's own branch.

    Such a file may be one that no service pack brought.
    """
    branches = [product.level_of_build(of, each.build) for each in remedy.files if each.build]
    if not branches or of.scheme != "branch" or None in branches or product.RTM in branches:
        return None
    return max(product.level_key(each) for each in branches if each is not None)


def _build_order(of: product.Line, tests: Sequence[FileTest], needs: str | None) -> tuple[str | None, Demands]:
    """Return the level that a host must be past for rule 10: the lowest branch that a test wants, and what says so.

    Rows on the release's own base number say nothing: later service packs need not contain them. Nor do rows on no
    level's branch where a branch is a level's own number (SMS 2.0). A hotfix that requires a level came after it.
    """
    if of.scheme != "branch" or not of.levels or not of.levels[0].build:
        return None, ()
    base = of.levels[0].build[2]
    branches = {level.build[2] for level in of.levels if len(level.build) > 3}
    lowest: tuple[str, Demands] | None = None
    for test in tests:
        every = (*(build for _, build in test.required), *chain.from_iterable(test.higher.values()))
        builds = [build for build in every if len(build) > 2]
        if not builds or any(build[2] <= base or (branches and build[2] not in branches) for build in builds):
            continue
        level = product.level_of_build(of, max(builds, key=product.build_key))
        level = max(filter(None, (level, needs)), key=product.level_key, default=None)
        if level is not None and (lowest is None or product.level_key(level) < product.level_key(lowest[0])):
            lowest = (level, test.demands)
    return lowest if lowest is not None else (None, ())


def _remedies(line: LineKnowledge, of: product.Line) -> tuple[Remedy, ...]:
    found: list[Remedy] = []
    if line.latest is not None and line.latest != product.RTM:
        found.append(_pack(of, line.latest))
    elif line.latest == product.RTM and line.first_fixed is not None:
        found.append(Remedy(line.product_line, product.RTM, None))
    elif line.first_fixed == UNSPECIFIED:
        packs = [level.name for level in of.levels if level.name != product.RTM]
        found += [_pack(of, pack) for pack in packs[-1:]]
    hotfixes: dict[str, tuple[FileVersion, ...]] = {}
    requires = _required(line.corrections)
    for correction in line.corrections:
        if correction.kind is CorrectionKind.HOTFIX:
            files = (
                correction.files
                if correction.hotfix not in hotfixes or correction.files
                else hotfixes[correction.hotfix]
            )
            hotfixes[correction.hotfix] = tuple(f for f in files if f.version is not None)
    for source, files in hotfixes.items():
        branch = _branch_of(of, files) if source not in requires else None
        if branch is not None and branch != line.earliest:  # which holds them: they were made before it
            requires[source] = branch
    elsewhere = any(each.hotfix != each.source for each in line.corrections)
    named = elsewhere or any(hotfixes.values())
    found.extend(
        Remedy(line.product_line, None, source, files, requires.get(source))
        for source, files in hotfixes.items()
        if files or not named or source != line.subject
    )
    return tuple(found)


def _pack(of: product.Line, name: str) -> Remedy:
    level = of.level(name)
    return Remedy(of.name, name, of.obtain, requires=level.requires if level is not None else None)


def _required(corrections: Sequence[Correction]) -> dict[str, str]:
    """Return what the hotfix of each source needs first; of a source that has files, what they need.

    The rollup that an article names beside its own files ("the SP4 Hotfix Rollup Package") needs more than they do.
    """
    tabled = {each.source for each in corrections if each.files}
    found: dict[str, str] = {}
    for each in corrections:
        if each.requires is not None and (each.files or each.source not in tabled):
            found[each.hotfix] = max(found.get(each.hotfix, each.requires), each.requires, key=product.level_key)
    return found


def _branch_of(of: product.Line, files: Sequence[FileVersion]) -> str | None:
    """Return the service pack that a hotfix needs by its files' branch; of several versions of a file, by the lowest.

    None where files are on no service pack's branch, or where a branch is a level's own number (SMS 2.0).
    """
    if of.scheme != "branch" or any(len(level.build) > 3 for level in of.levels):
        return None
    lowest: dict[str, tuple[int, ...]] = {}
    for each in files:
        if each.build:
            name = product.file_key(each.file)
            lowest[name] = min(lowest.get(name, each.build), each.build, key=product.build_key)
    levels = [product.level_of_build(of, build) for build in lowest.values()]
    highest = max(filter(None, levels), key=product.level_key, default=None)
    return highest if highest != product.RTM else None


def stand(profile: Profile, line: LineKnowledge, demanded: Prepared) -> Standing:
    """Return how the host's files stand against the tests: the best answer any of them gives."""
    if not profile.files or not demanded.tests:
        return Standing(())
    told = {name: build for name, build, _ in profile.files}
    of = product.line(profile.product_line)
    base = of.levels[0].build[2] if of.scheme == "branch" and of.levels and of.levels[0].build else None
    passed = unclear = between = partial = past_base = ordered = None
    failed: list[FileTest] = []
    used: dict[str, None] = {}
    for test in demanded.tests:
        reported = [
            (name, told[name], wanted)
            for name, wanted in test.required
            if name in told and product.comparable(told[name], wanted)
        ]
        if not reported:
            continue
        used.update(dict.fromkeys(name for name, _, _ in reported))
        if any(product.build_key(have) < product.build_key(wanted) for _, have, wanted in reported):
            failed.append(test)
            continue
        answers = {
            _of_own_branch(of, have, test.higher.get(name, ())) or _branch(of, line, have, wanted, base, demanded.needs)
            for name, have, wanted in reported
        }
        if "unclear" in answers:
            unclear = unclear or test
        elif "between" in answers:
            between = between or test
        elif "base" in answers:
            past_base = past_base or test
        elif test.every and len(reported) < len(test.required) and "same" in answers:
            partial = partial or test
        elif "order" in answers:
            ordered = ordered or test
        else:
            passed = passed or test
    if passed is not None:
        unclear = between = partial = past_base = ordered = None
    if any(test is not None for test in (passed, unclear, between, partial, ordered, past_base)):
        failed = []
    fields = tuple(f"files:{name}" for name in used)
    return Standing(fields, passed, unclear, between, partial, past_base, ordered, tuple(failed))


def _of_own_branch(of: product.Line, have: tuple[int, ...], rows: Sequence[tuple[int, ...]]) -> str:
    """Return what the rows of a version's own branch say of it, see _branch(); "" when there are none."""
    own = [
        product.build_key(row)
        for row in rows
        if product.comparable(have, row) and _level_of(of.name, row) == _level_of(of.name, have)
    ]
    if not own:
        return ""
    return "same" if product.build_key(have) >= max(own) else "between"


@functools.lru_cache(maxsize=65536)
def _level_of(name: str, build: tuple[int, ...]) -> str | None:
    return product.level_of_build(product.line(name), build)


def _branch(
    of: product.Line,
    line: LineKnowledge,
    have: tuple[int, ...],
    wanted: tuple[int, ...],
    base: int | None,
    needs: str | None,
) -> str:
    """Return "same" where a version at or past the wanted one surely holds the correction, else why not.

    "unclear": on a later branch before the first correction, or not past the level that a hotfix needs; "base": past
    the release's own base number; "order": no service pack is named, so order alone speaks (rule 10).
    """
    if of.scheme != "branch":
        return "same"
    mine, theirs = _level_of(of.name, have), _level_of(of.name, wanted)
    if mine == theirs or mine is None:
        return "same"
    if line.latest is not None:
        return "same" if product.level_key(mine) >= product.level_key(line.latest) else "unclear"
    if base is not None and len(wanted) > 2 and wanted[2] <= base:
        return "base"
    return "unclear" if needs is not None and product.level_key(mine) <= product.level_key(needs) else "order"
