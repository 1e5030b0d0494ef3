"""An installation's profile against what is known about one article: the verdict, with its evidence. Pure.

Rules (docs/verdicts.md has them with examples), asked in this order for one level of the host:

 1 the line is not affected                                  not-applicable  product-not-listed, release-not-listed
 2 the host's data contradict each other, and it matters     undetermined    conflicting-evidence
 3 a fixed file is at or past its version                    fixed           fixed-by-file-version
 4 ... but on a later branch before the first correction;    undetermined    branch-unclear
   a rollup's block names files that are not reported                        files-missing
 5 the strongest sources disagree, the level lies between    undetermined    sources-disagree
 6 the level is at or past the first correction              fixed           fixed-by-service-pack
 7 "the latest service pack": by the article's date          fixed, undetermined (service-pack-unnamed)
 8 a reported fixed file is older than required              exposed         file-too-old
 9 a hotfix that corrects it is claimed                      fixed, undetermined (hotfix-build-unknown)
10 no service pack named, the level is past the file's       fixed           fixed-by-build-order
11 corrected in another product of this host                 fixed-by-other-product, fix-available, level-unknown
12 the level is not known, and it matters                    undetermined    level-unknown
13 the level is listed                                       exposed         fix-available, hotfix-only, no-fix-known
14 only other levels are listed                              undetermined    level-not-listed

Law: raising a level, a build or a file version never turns `fixed` into `exposed`.

Two readings that the order alone does not settle: files that are missing matter only below the first correction (a
level that holds it holds all files of the block), and so does a block's file that is too old while others are missing.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kbcheck import product
from kbcheck.model import (
    HOTFIX_ONLY,
    UNSPECIFIED,
    Affected,
    ArticleKnowledge,
    Column,
    Correction,
    CorrectionKind,
    Evidence,
    FileVersion,
    FixedFile,
    Installation,
    LineKnowledge,
    Method,
    Profile,
    Reason,
    Remedy,
    Status,
    Verdict,
)

Demands = tuple[Affected | Correction | FixedFile, ...]
Levels = tuple[str | None, ...]
Beside = tuple[tuple[str, str | None], ...]
Files = tuple[tuple[str, tuple[int, ...]], ...]

_STATUS = {
    Reason.PRODUCT_NOT_LISTED: Status.NOT_APPLICABLE,
    Reason.RELEASE_NOT_LISTED: Status.NOT_APPLICABLE,
    Reason.CONFLICTING_EVIDENCE: Status.UNDETERMINED,
    Reason.FIXED_BY_FILE_VERSION: Status.FIXED,
    Reason.BRANCH_UNCLEAR: Status.UNDETERMINED,
    Reason.FILES_MISSING: Status.UNDETERMINED,
    Reason.SOURCES_DISAGREE: Status.UNDETERMINED,
    Reason.FIXED_BY_SERVICE_PACK: Status.FIXED,
    Reason.SERVICE_PACK_UNNAMED: Status.UNDETERMINED,
    Reason.FILE_TOO_OLD: Status.EXPOSED,
    Reason.FIXED_BY_HOTFIX: Status.FIXED,
    Reason.HOTFIX_BUILD_UNKNOWN: Status.UNDETERMINED,
    Reason.FIXED_BY_BUILD_ORDER: Status.FIXED,
    Reason.FIXED_BY_OTHER_PRODUCT: Status.FIXED,
    Reason.FIX_AVAILABLE: Status.EXPOSED,
    Reason.HOTFIX_ONLY: Status.EXPOSED,
    Reason.NO_FIX_KNOWN: Status.EXPOSED,
    Reason.LEVEL_UNKNOWN: Status.UNDETERMINED,
    Reason.LEVEL_NOT_LISTED: Status.UNDETERMINED,
}


# --- the host ---------------------------------------------------------------------------------------------------------


def profile_of(installation: Installation, beside: Sequence[Installation] = ()) -> Profile:
    """Return the profile of an installation; `beside` are all installations of the same host."""
    others: dict[str, str | None] = {}
    for line, level in installation.platform:
        others.setdefault(line, level)
    for other in beside:
        if other.product_line != installation.product_line:
            levels = candidate_levels(profile_of(replace(other, platform=())))
            others[other.product_line] = levels[0] if len(levels) == 1 else None
    others.pop(installation.product_line, None)
    return Profile(
        installation.product_line,
        installation.levels,
        installation.builds,
        installation.foreign,
        installation.hotfixes,
        installation.files,
        tuple(sorted(others.items(), key=str)),
    )


def candidate_levels(profile: Profile) -> tuple[str | None, ...]:
    """Return every level that the host's own data speak for: one when they agree, (None,) when they tell none."""
    of = product.line(profile.product_line)
    found: dict[str | None, None] = dict.fromkeys(profile.levels)
    for build in profile.builds:
        level = product.level_of_build(of, build)
        if level is not None:
            found.setdefault(level)
    if profile.foreign:
        found.setdefault(None)
    for level in [each for each in found if each is not None]:
        older = _older_file(of, level, profile)
        if older is not None:
            found.setdefault(older)
    return tuple(sorted(found, key=lambda each: (each is not None, product.level_key(each) if each else (0, "")))) or (
        None,
    )


def _older_file(of: product.Line, stated: str, profile: Profile) -> str | None:
    """Return the level whose known file a reported file matches, where it is older than the stated level's own."""
    known = of.level(stated)
    if known is None or not known.files:
        return None
    for name, build, _ in profile.files:
        wanted = dict(known.files).get(name)
        if (
            wanted is not None
            and len(build) >= 3
            and build[:2] == wanted[:2]
            and product.build_key(build) < product.build_key(wanted)
        ):
            level = product.level_of_build(of, build)
            # An older file on the stated level's own branch (another build of the same level) is no lower level
            if level is not None and product.level_key(level) < product.level_key(stated):
                return level
    return None


def level_text(profile: Profile) -> str:
    """Return the level for a table: `SP3`, `unknown`, `SP3 or SP4`; `+QFE` where hotfixes or newer files are told."""
    levels = [level for level in candidate_levels(profile) if level is not None]
    text = " or ".join(levels) if levels else "unknown"
    return f"{text} +QFE" if profile.hotfixes or (profile.files and levels) else text


# --- the verdict ------------------------------------------------------------------------------------------------------


def assess(profile: Profile, known: ArticleKnowledge) -> Verdict:
    """Return the verdict for one profile and one article."""
    line = known.line(profile.product_line)
    if line is None or not line.listed:
        return _not_listed(profile.product_line, known, line)
    return _assess(profile, candidate_levels(profile), known, line)


def _assess(profile: Profile, levels: Levels, known: ArticleKnowledge, line: LineKnowledge) -> Verdict:
    verdicts = [_at(level, profile, known, line) for level in levels]
    first = verdicts[-1]
    if len(levels) > 1:
        told = " and ".join(level if level is not None else "another release" for level in levels)
        fields = ("service_pack", "version", "build", "files")
        if len({verdict.status for verdict in verdicts}) > 1:
            demands = tuple(dict.fromkeys(d for verdict in verdicts for d in verdict.evidence.demands))
            return _verdict(
                known,
                line,
                Reason.CONFLICTING_EVIDENCE,
                2,
                demands,
                fields,
                missing=("service_pack", "build"),
                notes=(f"the host's own data speak for {told}",),
            )
        note = f"the host's own data speak for {told}; the verdict is the same"
        return replace(first, evidence=replace(first.evidence, notes=(*first.evidence.notes, note)))
    return first


class Fleetwide:
    """Profiles grouped by what a verdict can depend on, so that each article is judged once for each such thing.

    A group shares the product line, the levels that the host's data speak for, and what runs beside it; its profiles
    differ in files and hotfixes, of which an article names few. `groups` has the group of each profile. Law: column()
    gives what assess() gives for each profile.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._profiles = tuple(profiles)
        numbers: dict[tuple[str, Levels, Beside], int] = {}
        self._members: list[list[int]] = []
        self._told: dict[tuple[str, str], set[int]] = {}
        self._splits: dict[tuple[int, frozenset[str]], list[_Alike]] = {}
        groups = []
        for number, profile in enumerate(self._profiles):
            standing = (profile.product_line, candidate_levels(profile), profile.beside)
            group = numbers.setdefault(standing, len(numbers))
            if group == len(self._members):
                self._members.append([])
            self._members[group].append(number)
            groups.append(group)
            for name in (*(file for file, _, _ in profile.files), *profile.hotfixes):
                self._told.setdefault((profile.product_line, name), set()).add(number)
        self.groups = tuple(groups)
        self._of_line: dict[str, dict[Levels, list[int]]] = {}
        for (line, levels, _), group in numbers.items():
            self._of_line.setdefault(line, {}).setdefault(levels, []).append(group)

    def column(self, known: ArticleKnowledge) -> Column:
        """Return the verdicts about one article; what is equal is mostly one object."""
        of_group: list[Verdict] = [None] * len(self._members)  # type: ignore[list-item]  # each is set below
        apart: dict[int, Verdict] = {}
        unlisted: dict[tuple[Reason, str | None], Verdict] = {}
        fixed = {line.product_line for line in known.lines if line.first_fixed is not None}
        for name, by_levels in self._of_line.items():
            line = known.line(name)
            if line is not None and line.listed:
                # What runs beside it is asked only where its own line has no correction (rules 11 and 13).
                beside = fixed if name not in fixed else frozenset()
                for levels, groups in by_levels.items():
                    self._judge(known, line, levels, groups, beside, of_group, apart)
                continue
            verdict = _not_listed(name, known, line)
            verdict = unlisted.setdefault((verdict.reason, verdict.first_fixed), verdict)
            for groups in by_levels.values():
                for group in groups:
                    of_group[group] = verdict
        return Column(tuple(of_group), apart)

    def _judge(
        self,
        known: ArticleKnowledge,
        line: LineKnowledge,
        levels: Levels,
        groups: Sequence[int],
        beside: Collection[str],
        of_group: list[Verdict],
        apart: dict[int, Verdict],
    ) -> None:
        """Judge groups of one line and level, which differ in what runs beside; only `beside` of that matters."""
        prepared = _prepared(line)
        named = (*prepared.wanted, *prepared.claims)
        told = frozenset(name for name in named if (line.product_line, name) in self._told)
        shared: dict[tuple[object, ...], Verdict] = {}
        for group in groups:
            near: Beside = ()
            if beside:
                near = tuple(each for each in self._profiles[self._members[group][0]].beside if each[0] in beside)
            for alike in self._split(group, told):
                key = (near, prepared.standing(alike.files), alike.hotfixes)
                verdict = shared.get(key)
                if verdict is None:
                    verdict = shared[key] = _assess(self._profiles[alike.members[0]], levels, known, line)
                if of_group[group] is None:
                    of_group[group] = verdict
                elif verdict is not of_group[group]:
                    apart.update(dict.fromkeys(alike.members, verdict))

    def _split(self, group: int, names: frozenset[str]) -> list[_Alike]:
        """Return the profiles of a group by what they tell of files and hotfixes; those that tell none first."""
        found = self._splits.get((group, names))
        if found is None:
            members = self._members[group]
            of = self._profiles[members[0]].product_line
            telling = set().union(*(self._told[of, name] for name in names)).intersection(members)
            by_key: dict[tuple[Files, tuple[str, ...]], list[int]] = {}
            if len(telling) < len(members):
                by_key[(), ()] = [number for number in members if number not in telling]
            for number in sorted(telling):
                profile = self._profiles[number]
                files = tuple((name, build) for name, build, _ in profile.files if name in names)
                by_key.setdefault((files, tuple(each for each in profile.hotfixes if each in names)), []).append(number)
            found = self._splits[group, names] = [_Alike(*key, tuple(alike)) for key, alike in by_key.items()]
        return found


@dataclass(frozen=True, slots=True)
class _Alike:
    """Profiles of one group that tell the same of some files and hotfixes."""

    files: Files
    hotfixes: tuple[str, ...]
    members: tuple[int, ...]


def _not_listed(name: str, known: ArticleKnowledge, line: LineKnowledge | None) -> Verdict:
    own = product.line(name).product
    affected = tuple(each.affected[0] for each in known.lines if each.listed and each.affected)
    same = any(product.line(each.product_line).product == own for each in affected)
    reason = Reason.RELEASE_NOT_LISTED if same else Reason.PRODUCT_NOT_LISTED
    evidence = Evidence(1, affected, ("product", "version"))
    return Verdict(known.id, _STATUS[reason], reason, evidence, line.first_fixed if line else None)


def _verdict(
    known: ArticleKnowledge,
    line: LineKnowledge,
    reason: Reason,
    rule: int,
    demands: Demands,
    fields: tuple[str, ...],
    *,
    missing: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    remedies: tuple[Remedy, ...] | None = None,
) -> Verdict:
    status = _STATUS[reason]
    if remedies is None:
        remedies = _prepared(line).remedies if status is not Status.FIXED else ()
    return Verdict(
        known.id, status, reason, Evidence(rule, demands, fields, missing, notes), line.first_fixed, remedies
    )


def _at(level: str | None, profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> Verdict:
    """Return the verdict if the host stood at `level` (None: not known)."""
    if level is None:
        return _unknown(profile, known, line)
    found = _by_files_and_level(level, profile, known, line)
    return found if found is not None else _listed(level, profile, known, line)


def _unknown(profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> Verdict:
    """Rule 12: what does not depend on the level is answered; else the level is what is missing."""
    levels = [each.name for each in product.line(line.product_line).levels]
    verdicts = [_at(level, profile, known, line) for level in levels or [product.RTM]]
    first = verdicts[0]
    if len({verdict.status for verdict in verdicts}) == 1:
        note = "the level is not known; the verdict is the same for all of them"
        return replace(
            first,
            evidence=replace(
                first.evidence, notes=(note,), fields=tuple(f for f in first.evidence.fields if f != "service_pack")
            ),
        )
    demands = line.deciding or line.affected
    return _verdict(
        known, line, Reason.LEVEL_UNKNOWN, 12, demands, ("service_pack", "build"), missing=("service_pack", "build")
    )


def _by_files_and_level(level: str, profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> Verdict | None:
    """Rules 3 to 11, None when none of them answers."""
    prepared = _prepared(line)
    key = product.level_key(level)
    files = _files(level, profile, line, prepared)
    if files.passed is not None:
        return _verdict(
            known, line, Reason.FIXED_BY_FILE_VERSION, 3, files.passed.demands, _file_fields(files.reported)
        )
    if files.unclear is not None:
        return _verdict(
            known,
            line,
            Reason.BRANCH_UNCLEAR,
            4,
            files.unclear.demands,
            (*_file_fields(files.reported), "service_pack"),
            missing=("service_pack",),
        )
    reached = line.earliest is not None and line.latest is not None and key >= product.level_key(line.earliest)
    if files.partial is not None and not (
        reached and line.latest is not None and key >= product.level_key(line.latest)
    ):
        lacking = tuple(f"files:{name}" for name in files.partial.missing(profile))
        return _verdict(
            known, line, Reason.FILES_MISSING, 4, files.partial.demands, _file_fields(files.reported), missing=lacking
        )
    if reached and line.latest is not None:
        if key < product.level_key(line.latest):
            return _verdict(
                known,
                line,
                Reason.SOURCES_DISAGREE,
                5,
                line.deciding,
                ("service_pack", "build"),
                missing=("files",) if prepared.tests else (),
            )
        notes = _level_notes(level, line)
        return _verdict(
            known, line, Reason.FIXED_BY_SERVICE_PACK, 6, line.deciding, ("service_pack", "build"), notes=notes
        )
    if line.first_fixed == UNSPECIFIED:
        newest = _newest(known, line)
        if newest is not None and key >= product.level_key(newest):
            note = f"{newest} was the newest service pack by {known.date.isoformat()}, the article's date"
            return _verdict(
                known, line, Reason.FIXED_BY_SERVICE_PACK, 7, line.deciding, ("service_pack", "build"), notes=(note,)
            )
        if level != product.RTM:
            note = (
                f"which service pack is not said; {newest} was the newest by {known.date.isoformat()}"
                if newest
                else "which service pack is not said"
            )
            return _verdict(
                known,
                line,
                Reason.SERVICE_PACK_UNNAMED,
                7,
                line.deciding,
                ("service_pack", "build"),
                missing=("files",) if prepared.tests else (),
                notes=(note,),
            )
    if files.old is not None:
        claimed = [q for q in profile.hotfixes if q in prepared.claims]
        notes = (
            (f"{', '.join(claimed)} is claimed, but the file is older than that hotfix's: the file decides",)
            if claimed
            else ()
        )
        return _verdict(
            known, line, Reason.FILE_TOO_OLD, 8, files.old.demands, _file_fields(files.reported), notes=notes
        )
    for hotfix in profile.hotfixes:
        claim = prepared.claims.get(hotfix)
        if claim is not None and claim.sure:
            return _verdict(
                known,
                line,
                Reason.FIXED_BY_HOTFIX,
                9,
                claim.demands or line.affected,
                ("hotfixes",),
                notes=("by the inventory's word: no file version confirms it",),
            )
    for hotfix in profile.hotfixes:
        claim = prepared.claims.get(hotfix)
        if claim is not None:
            lacking = tuple(
                dict.fromkeys(
                    f"files:{f.file.casefold()}" for d in claim.demands if isinstance(d, Correction) for f in d.files
                )
            ) or ("files",)
            return _verdict(known, line, Reason.HOTFIX_BUILD_UNKNOWN, 9, claim.demands, ("hotfixes",), missing=lacking)
    if files.ordered is not None:
        note = "order alone speaks: the file is on a later branch than the corrected one, and no service pack is named"
        fields = _file_fields(files.reported)
        return _verdict(known, line, Reason.FIXED_BY_BUILD_ORDER, 10, files.ordered.demands, fields, notes=(note,))
    if files.past_base is not None:
        return _verdict(
            known,
            line,
            Reason.BRANCH_UNCLEAR,
            10,
            files.past_base.demands,
            _file_fields(files.reported),
            missing=("service_pack",),
        )
    if line.earliest is None and prepared.order is not None and key > product.level_key(prepared.order):
        note = f"order alone speaks: the corrected build is before {level}; no article says that {level} contains it"
        return _verdict(
            known, line, Reason.FIXED_BY_BUILD_ORDER, 10, prepared.ordered, ("service_pack", "build"), notes=(note,)
        )
    return _beside(profile, known, line)


def _beside(profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> Verdict | None:
    """Rule 11: corrected in another product that this host runs, and not in this one."""
    if line.first_fixed is not None:
        return None
    beside = dict(profile.beside)
    for other in known.lines:
        if other.product_line not in beside or other.first_fixed is None or other.earliest is None:
            continue
        level = beside[other.product_line]
        field = f"{other.product_line}: service_pack"
        remedies = _prepared(other).remedies
        if level is None:
            return _verdict(
                known, line, Reason.LEVEL_UNKNOWN, 11, other.deciding, ("os",), missing=(field,), remedies=remedies
            )
        if product.level_key(level) >= product.level_key(other.latest or other.earliest):
            return _verdict(known, line, Reason.FIXED_BY_OTHER_PRODUCT, 11, other.deciding, (field,))
        return _verdict(known, line, Reason.FIX_AVAILABLE, 11, other.deciding, (field,), remedies=remedies)
    return None


def _listed(level: str, profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> Verdict:
    """Rules 13 and 14."""
    demands: Demands = (*line.affected, *line.deciding)
    if line.levels and level not in line.levels:
        return _verdict(known, line, Reason.LEVEL_NOT_LISTED, 14, demands, ("service_pack", "build"))
    if line.first_fixed is None:
        others = elsewhere(known, line, dict(profile.beside))
        reason = Reason.FIX_AVAILABLE if others else Reason.NO_FIX_KNOWN
        demands += tuple(c for other in others for c in other.deciding)
        remedies = tuple(r for other in others for r in _prepared(other).remedies)
        return _verdict(known, line, reason, 13, demands, ("service_pack", "build"), remedies=remedies)
    reason = Reason.HOTFIX_ONLY if line.first_fixed == HOTFIX_ONLY else Reason.FIX_AVAILABLE
    return _verdict(known, line, reason, 13, demands, ("service_pack", "build"))


def elsewhere(known: ArticleKnowledge, line: LineKnowledge, beside: Collection[str] = ()) -> tuple[LineKnowledge, ...]:
    """Return the lines of other products that hold a correction: of a platform, or of what stands in `beside`.

    An Exchange fault may be corrected in Windows NT; a correction in a mail client does not concern the server.
    """
    own = product.line(line.product_line).product
    return tuple(
        other
        for other in known.lines
        if other.first_fixed is not None
        and product.line(other.product_line).product != own
        and (other.product_line in beside or product.line(other.product_line).platform)
    )


def fixable(known: ArticleKnowledge, lines: Collection[str]) -> bool:
    """Whether the article concerns one of `lines` and a fix for it is known, in it or in another product."""
    return any(
        line.first_fixed is not None or bool(elsewhere(known, line))
        for line in known.lines
        if line.listed and line.product_line in lines
    )


def _level_notes(level: str, line: LineKnowledge) -> tuple[str, ...]:
    of = product.line(line.product_line)
    if of.levels and of.level(level) is None:
        return (f"{level} is above every service pack known for {of.name}; it is taken as cumulative",)
    return ()


def _newest(known: ArticleKnowledge, line: LineKnowledge) -> str | None:
    """Return the newest service pack of the line by the article's date; the newest of all where dates are not known."""
    of = product.line(line.product_line)
    packs = [level for level in of.levels if level.name != product.RTM]
    if not packs:
        return None
    if any(level.released is None for level in packs):
        return packs[-1].name
    return product.newest_level(of, known.date) or packs[0].name


# --- files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Test:
    """One way to be fixed by files: for each file the version required; `every` is true for a rollup's block."""

    required: tuple[tuple[str, tuple[int, ...]], ...]
    demands: Demands
    every: bool

    def missing(self, profile: Profile) -> tuple[str, ...]:
        told = {name for name, _, _ in profile.files}
        return tuple(name for name, _ in self.required if name not in told)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A hotfix that an inventory may claim: `sure` when any state of it holds the correction."""

    sure: bool
    demands: Demands


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What of a line's knowledge does not depend on the host."""

    product_line: str
    tests: tuple[_Test, ...]
    claims: dict[str, _Claim]
    order: str | None
    ordered: Demands
    remedies: tuple[Remedy, ...]
    wanted: dict[str, tuple[tuple[int, ...], ...]]  # file -> each build that a test requires of it

    def standing(self, files: Files) -> tuple[object, ...]:
        """Return what a verdict can depend on of the builds of `files`: their branch, which wanted builds are above."""
        key = product.build_key
        return tuple(
            (name, build[:1], _level_of(self.product_line, build), *(key(build) < key(w) for w in self.wanted[name]))
            for name, build in files
        )


@dataclass(frozen=True, slots=True)
class _Files:
    """How the reported files stand: the test that passed, is unclear, lacks files, failed, is past the branch."""

    reported: tuple[str, ...]
    passed: _Test | None = None
    unclear: _Test | None = None
    partial: _Test | None = None
    old: _Test | None = None
    past_base: _Test | None = None
    ordered: _Test | None = None


def _file_fields(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"files:{name}" for name in names)


_CACHE: dict[int, tuple[LineKnowledge, _Prepared]] = {}


def _prepared(line: LineKnowledge) -> _Prepared:
    """Return the prepared form of a line's knowledge, made once for each object."""
    found = _CACHE.get(id(line))
    if found is None or found[0] is not line:
        if len(_CACHE) > 200_000:
            _CACHE.clear()
        found = (line, _prepare(line))
        _CACHE[id(line)] = found
    return found[1]


def _prepare(line: LineKnowledge) -> _Prepared:
    of = product.line(line.product_line)
    tests: list[_Test] = []
    own: dict[str, FixedFile] = {}
    for row in line.fixed_files:
        key = row.file.casefold()
        if key not in own or product.build_key(row.build) < product.build_key(own[key].build):
            own[key] = row
    if own:
        tests.append(_Test(tuple((name, row.build) for name, row in own.items()), tuple(own.values()), every=False))
    claims: dict[str, _Claim] = {}
    rollups: dict[str, list[Correction]] = {}
    for correction in line.corrections:
        if correction.kind is not CorrectionKind.HOTFIX:
            continue
        if correction.method is Method.ROLLUP:
            rollups.setdefault(correction.source, []).append(correction)
            usable = [f for f in correction.files if f.build]
            if usable:
                tests.append(_Test(tuple((f.file.casefold(), f.build) for f in usable), (correction,), every=True))
        else:
            previous = claims.get(correction.source)
            claims[correction.source] = _Claim(True, (*(previous.demands if previous else ()), correction))
    for source, members in rollups.items():
        sure = any(correction.order == 0 for correction in members)
        claims[source] = _Claim(sure, tuple(members))
    subject = next((c.subject for c in line.corrections), None)
    if subject is not None and subject not in claims:
        claims[subject] = _Claim(True, tuple(line.fixed_files))
    order, ordered = _build_order(of, line, tests)
    wanted: dict[str, set[tuple[int, ...]]] = {}
    for test in tests:
        for name, build in test.required:
            wanted.setdefault(name, set()).add(build)
    every = {name: tuple(sorted(builds)) for name, builds in wanted.items()}
    return _Prepared(line.product_line, tuple(tests), claims, order, ordered, _remedies(line, of, tests), every)


def _build_order(of: product.Line, line: LineKnowledge, tests: Sequence[_Test]) -> tuple[str | None, Demands]:
    """Return the level that a host must be past for rule 10: the lowest branch of a required file, and what says so.

    Rows on the release's own base number say nothing: later service packs need not contain them.
    """
    if of.scheme != "branch" or not of.levels or not of.levels[0].build:
        return None, ()
    base = of.levels[0].build[2]
    lowest: tuple[str, Demands] | None = None
    for test in tests:
        builds = [build for _, build in test.required if len(build) > 2]
        if not builds or any(build[2] <= base for build in builds):
            continue
        level = product.level_of_build(of, max(builds, key=product.build_key))
        if level is not None and (lowest is None or product.level_key(level) < product.level_key(lowest[0])):
            lowest = (level, test.demands)
    return lowest if lowest is not None else (None, ())


def _remedies(line: LineKnowledge, of: product.Line, tests: Sequence[_Test]) -> tuple[Remedy, ...]:
    found: list[Remedy] = []
    if line.latest is not None and line.latest != product.RTM:
        found.append(Remedy(line.product_line, line.latest, of.obtain))
    elif line.latest == product.RTM and line.first_fixed is not None:
        found.append(Remedy(line.product_line, product.RTM, None))
    elif line.first_fixed == UNSPECIFIED:
        packs = [level.name for level in of.levels if level.name != product.RTM]
        found.append(Remedy(line.product_line, packs[-1] if packs else None, of.obtain))
    hotfixes: dict[str, tuple[FileVersion, ...]] = {}
    for correction in line.corrections:
        if correction.kind is CorrectionKind.HOTFIX:
            files = (
                correction.files
                if correction.source not in hotfixes or correction.files
                else hotfixes[correction.source]
            )
            hotfixes[correction.source] = tuple(f for f in files if f.version is not None)
    named = any(hotfixes.values())
    found.extend(
        Remedy(line.product_line, None, source, files) for source, files in hotfixes.items() if files or not named
    )
    return tuple(found)


def _files(level: str, profile: Profile, line: LineKnowledge, prepared: _Prepared) -> _Files:
    """Return how the host's files stand against the tests: the best answer any of them gives."""
    if not profile.files or not prepared.tests:
        return _Files(())
    told = {name: build for name, build, _ in profile.files}
    of = product.line(profile.product_line)
    base = of.levels[0].build[2] if of.scheme == "branch" and of.levels and of.levels[0].build else None
    passed = unclear = partial = old = past_base = ordered = None
    used: dict[str, None] = {}
    for test in prepared.tests:
        reported = [
            (name, told[name], wanted)
            for name, wanted in test.required
            if name in told and _same_line(told[name], wanted)
        ]
        if not reported:
            continue
        used.update(dict.fromkeys(name for name, _, _ in reported))
        if any(product.build_key(have) < product.build_key(wanted) for _, have, wanted in reported):
            old = old or test
            continue
        answers = {_branch(of, line, have, wanted, base) for _, have, wanted in reported}
        if "unclear" in answers:
            unclear = unclear or test
        elif "base" in answers:
            past_base = past_base or test
        elif test.every and len(reported) < len(test.required) and "same" in answers:
            partial = partial or test
        elif "order" in answers:
            ordered = ordered or test
        else:
            passed = passed or test
    if passed is not None:
        unclear = partial = old = past_base = ordered = None
    elif any(test is not None for test in (unclear, partial, ordered, past_base)):
        old = None
    return _Files(tuple(used), passed, unclear, partial, old, past_base, ordered)


def _same_line(have: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether two versions can be compared: of one release (5.5.x), or both without a known scheme."""
    return len(have) > 0 and len(wanted) > 0 and have[0] == wanted[0]


@functools.lru_cache(maxsize=65536)
def _level_of(name: str, build: tuple[int, ...]) -> str | None:
    return product.level_of_build(product.line(name), build)


def _branch(
    of: product.Line, line: LineKnowledge, have: tuple[int, ...], wanted: tuple[int, ...], base: int | None
) -> str:
    """Return "same" where a version at or past the wanted one surely holds the correction, else why not.

    "unclear": on a later branch before the first correction; "base": past the release's own base number; "order": no
    service pack is named, so order alone speaks (rule 10).
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
    return "order"
