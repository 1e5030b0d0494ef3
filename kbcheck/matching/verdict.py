"""An installation's profile against what is known about one article: the verdict, with its evidence. Pure.

Rules (docs/verdicts.md has them with examples), asked in this order for one level of the host:

 1 the line is not affected                                  not-applicable  product-not-listed, release-not-listed
 2 the host's data contradict each other, and it matters     undetermined    conflicting-evidence
 3 a fixed file is at or past its version                    fixed           fixed-by-file-version
 4 ... but on a later branch before the first correction,    undetermined    branch-unclear
   or past one of several versions of it
   a rollup's block names files that are not reported                        files-missing
 5 the strongest sources disagree, the level lies between;   undetermined    sources-disagree
   or a level above the first correction is listed
 6 the level is at or past the first correction              fixed           fixed-by-service-pack
 7 "the latest service pack": by the article's date          fixed, undetermined (service-pack-unnamed)
 8 a reported fixed file is older than required              exposed         file-too-old
 9 a hotfix that corrects it is claimed                      fixed, undetermined (hotfix-build-unknown)
10 no service pack named, the level is past the file's       fixed           fixed-by-build-order
   (neither 7 nor 10 of a level that the article lists)      undetermined    service-pack-unnamed, branch-unclear
11 corrected in another product of this host                 fixed-by-other-product, fix-available, level-unknown
12 the level is not known, and it matters                    undetermined    level-unknown
13 the level is listed                                       exposed         fix-available, hotfix-only, no-fix-known
14 only other levels are listed                              undetermined    level-not-listed

Law: raising a level, a build or a file version never turns `fixed` into `exposed`.

Readings that the order alone does not settle: files that are missing matter only below the first correction (a level
that holds it holds all files of the block), and so does a block's file that is too old while others are missing; a
rollup that is claimed, with the reported files of a block at their versions, is installed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from kbcheck import product
from kbcheck.matching.demands import Demands, FileTest, prepared, stand
from kbcheck.matching.host import candidate_levels
from kbcheck.model import (
    HOTFIX_ONLY,
    UNSPECIFIED,
    ArticleKnowledge,
    Correction,
    CorrectionKind,
    Evidence,
    FileVersion,
    FixedFile,
    LineKnowledge,
    Method,
    Profile,
    Reason,
    Remedy,
    Status,
    Verdict,
)

Levels = tuple[str | None, ...]

_LEVEL = ("service_pack", "build")  # the fields that tell a level

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


def assess(profile: Profile, known: ArticleKnowledge) -> Verdict:
    """Return the verdict for one profile and one article."""
    line = known.line(profile.product_line)
    if line is None or not line.listed:
        return next(not_listed(known, [profile.product_line]))
    return at_levels(profile, candidate_levels(profile), known, line)


def at_levels(profile: Profile, levels: Levels, known: ArticleKnowledge, line: LineKnowledge) -> Verdict:
    """Return the verdict for a profile whose own data speak for `levels`, about a listed line of an article."""
    asked = _Question(profile, known, line)
    verdicts = [asked.at(level) for level in levels]
    if len(levels) == 1:
        return verdicts[0]
    told = " and ".join(level if level is not None else "another release" for level in levels)
    note = f"the host's own data speak for {told}"
    if len({verdict.status for verdict in verdicts}) > 1:
        demands = tuple(dict.fromkeys(d for verdict in verdicts for d in verdict.evidence.demands))
        fields = ("service_pack", "version", "build", "files")
        return asked.answer(Reason.CONFLICTING_EVIDENCE, 2, demands, fields, missing=_LEVEL, notes=(note,))
    last = verdicts[-1].evidence
    return replace(verdicts[-1], evidence=replace(last, notes=(*last.notes, f"{note}; the verdict is the same")))


def not_listed(known: ArticleKnowledge, names: Iterable[str]) -> Iterator[Verdict]:
    """Return the verdict for each of some product lines that an article does not list (rule 1).

    What is equal is one object.
    """
    affected = tuple(each.affected[0] for each in known.lines if each.listed and each.affected)
    products = {product.line(each.product_line).product for each in affected}
    made: dict[tuple[object, ...], Verdict] = {}
    for name in names:
        line = known.line(name)
        same = product.line(name).product in products
        reason = Reason.RELEASE_NOT_LISTED if same else Reason.PRODUCT_NOT_LISTED
        first_fixed = line.first_fixed if line is not None else None
        notes: tuple[str, ...] = ()
        if line is not None and line.deciding and line.earliest is not None and line.earliest != product.RTM:
            said = f"{line.deciding[0].source} says of {name} that {line.earliest} corrects it"
            notes = (f"{said}, which the article does not list",)
        key = (reason, first_fixed, notes)
        if key not in made:
            evidence = Evidence(1, affected, ("product", "version"), notes=notes)
            made[key] = Verdict(known.id, _STATUS[reason], reason, evidence, first_fixed)
        yield made[key]


class _Question:
    """One profile and one listed line of an article; the rules are asked in their order."""

    def __init__(self, profile: Profile, known: ArticleKnowledge, line: LineKnowledge) -> None:
        self.profile, self.known, self.line = profile, known, line
        self.demanded = prepared(line)
        self.files = stand(profile, line, self.demanded)

    def answer(
        self,
        reason: Reason,
        rule: int,
        demands: Demands,
        fields: tuple[str, ...],
        *,
        missing: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        remedies: tuple[Remedy, ...] | None = None,
    ) -> Verdict:
        """Return a verdict; `remedies` of None are the line's own, unless it is fixed."""
        status = _STATUS[reason]
        setting = self.known.setting
        if setting is not None and status in (Status.FIXED, Status.EXPOSED):
            where = f"{self.known.id}:{setting.line}"
            notes = (*notes, f'the correction takes effect only after a setting ({where}): "{setting.text}"')
        if remedies is None:
            remedies = () if status is Status.FIXED else self.demanded.remedies
            if status is Status.EXPOSED and len(self.known.lines) > 1 and serviced_beside(self.line):
                others = elsewhere(self.known, self.line, dict(self.profile.beside))
                theirs = [each for other in others for each in prepared(other).remedies]
                # A rollup of the platform is offered as the platform's, which tells what it needs.
                rollups: set[str | None] = {c.source for c in self.line.corrections if c.method is Method.ROLLUP}
                same = {each.source: each for each in theirs if each.source in rollups}
                packs = (each for each in theirs if each.level is not None)
                remedies = (*packs, *(same.get(each.source, each) for each in remedies))
        if self.profile.files:
            remedies = tuple(each for each in remedies if not self._steps_back(each))
        if missing:
            missing = tuple(each for each in missing if not self._told(each))
        evidence = Evidence(rule, demands, fields, missing, notes)
        return Verdict(self.known.id, status, reason, evidence, self.line.first_fixed, remedies)

    def _told(self, field: str) -> bool:
        """Whether the host tells a field already, so that it decides nothing more."""
        if field == "files":
            told = {name for name, _, _ in self.profile.files}
            return all(name in told for test in self.demanded.tests for name, _ in test.required)
        if field in _LEVEL:
            levels = candidate_levels(self.profile)
            return len(levels) == 1 and levels[0] is not None
        return False

    def _steps_back(self, remedy: Remedy) -> bool:
        """Whether a hotfix would put older files in the place of those that the host reports, and no newer one."""
        if not remedy.files or remedy.product_line != self.line.product_line:
            return False
        told = {name: build for name, build, _ in self.profile.files}
        brought = [(product.file_key(each.file), each.build) for each in remedy.files if each.build]
        pairs = [(told[name], build) for name, build in brought if name in told]
        keys = [tuple(map(product.build_key, pair)) for pair in pairs if product.comparable(*pair)]
        return any(have > build for have, build in keys) and not any(have < build for have, build in keys)

    def at(self, level: str | None) -> Verdict:
        """Return the verdict if the host stood at `level` (None: not known)."""
        if level is None:
            return self._unknown()
        verdict = self._corrected(level) or self._listed(level)
        made_for = self.demanded.made_for
        if not made_for or not verdict.remedies:
            return verdict
        key = product.level_key(level)
        kept = tuple(each for each in verdict.remedies if made_for.get(id(each), key) >= key)  # else a step back
        return verdict if len(kept) == len(verdict.remedies) else replace(verdict, remedies=kept)

    def _unknown(self) -> Verdict:
        """Rule 12: what does not depend on the level is answered; else the level is what is missing."""
        line = self.line
        first, *others = [each.name for each in product.line(line.product_line).levels] or [product.RTM]
        verdicts = [self.at(first)]
        for level in reversed(others):  # the last differs soonest
            verdicts.append(self.at(level))
            if verdicts[-1].status is not verdicts[0].status:
                return self.answer(Reason.LEVEL_UNKNOWN, 12, line.deciding or line.affected, _LEVEL, missing=_LEVEL)
        evidence = verdicts[0].evidence
        shared = (note for note in evidence.notes if all(note in each.evidence.notes for each in verdicts))
        open_ = verdicts[0].status is Status.UNDETERMINED  # which says by itself what is not known
        notes = (*shared, *(() if open_ else ("the level is not known; the verdict is the same for all of them",)))
        fields = tuple(f for f in evidence.fields if f != "service_pack")
        return replace(verdicts[0], evidence=replace(evidence, notes=notes, fields=fields))

    def _corrected(self, level: str) -> Verdict | None:
        """Rules 3 to 11, None when none of them answers."""
        line, files = self.line, self.files
        key = product.level_key(level)
        reached = line.earliest is not None and line.latest is not None and key >= product.level_key(line.earliest)
        whole = reached and line.latest is not None and key >= product.level_key(line.latest)
        if files.passed is not None:
            return self.answer(Reason.FIXED_BY_FILE_VERSION, 3, files.passed.demands, files.fields)
        if files.unclear is not None:
            fields = (*files.fields, "service_pack")
            open_ = "files" if candidate_levels(self.profile) != (None,) else "service_pack"
            return self.answer(Reason.BRANCH_UNCLEAR, 4, files.unclear.demands, fields, missing=(open_,))
        if files.between is not None and not whole:
            note = "the table has several versions of the file, and this one is past the lowest only"
            demands = files.between.demands
            return self.answer(Reason.BRANCH_UNCLEAR, 4, demands, files.fields, missing=("hotfixes",), notes=(note,))
        if files.partial is not None and not whole:
            sources = {each.source for each in files.partial.demands if isinstance(each, Correction)}
            claimed = ", ".join(hotfix for hotfix in self.profile.hotfixes if hotfix in sources)
            if claimed:
                note = f"{claimed} is claimed, and the files that are reported bear it out"
                fields = (*files.fields, "hotfixes")
                return self.answer(Reason.FIXED_BY_HOTFIX, 9, files.partial.demands, fields, notes=(note,))
            lacking = tuple(f"files:{name}" for name in files.partial.missing(self.profile))
            return self.answer(Reason.FILES_MISSING, 4, files.partial.demands, files.fields, missing=lacking)
        if reached and not whole:
            return self.answer(Reason.SOURCES_DISAGREE, 5, line.deciding, _LEVEL, missing=self._some_files())
        if whole and level in line.levels and key > product.level_key(line.latest or ""):
            note = f"{line.latest} is said to correct it, but the article lists the later {level} as affected"
            return self._contested(Reason.SOURCES_DISAGREE, 5, (*line.deciding, *line.affected), note)
        if whole:
            notes = _level_notes(level, line)
            return self.answer(Reason.FIXED_BY_SERVICE_PACK, 6, line.deciding, _LEVEL, notes=notes)
        if line.first_fixed == UNSPECIFIED:
            verdict = self._latest_pack(level)
            if verdict is not None:
                return verdict
        return self._corrected_by_hotfix(level)

    def _latest_pack(self, level: str) -> Verdict | None:
        """Rule 7."""
        line = self.line
        newest, told = _newest(self.known, line)
        if newest is not None and product.level_key(level) >= product.level_key(newest):
            against = self._against(newest, level)
            note = f"{newest} is {told}" + (f", but {against}" if against else "")
            if not against:
                return self.answer(Reason.FIXED_BY_SERVICE_PACK, 7, line.deciding, _LEVEL, notes=(note,))
            return self._contested(Reason.SERVICE_PACK_UNNAMED, 7, line.deciding, note)
        if level == product.RTM:
            return None
        note = "which service pack is not said" + (f"; {newest} is {told}" if newest else "")
        missing = self._some_files()
        return self.answer(Reason.SERVICE_PACK_UNNAMED, 7, line.deciding, _LEVEL, missing=missing, notes=(note,))

    def _against(self, newest: str, level: str) -> str:
        """Return what speaks against "the latest service pack" being one that this level has; "" when nothing does."""
        if level in self.line.levels:
            return f"the article lists {level} as affected"
        later = (c.before for c in self.line.corrections if c.before is not None)
        key, first = product.level_key(level), product.level_key(newest)
        after = next((pack for pack in later if first < product.level_key(pack) > key), None)
        return f"its keywords say that the hotfix came after it, before {after}" if after else ""

    def _corrected_by_hotfix(self, level: str) -> Verdict | None:
        """Rules 8 to 11."""
        line, files, demanded = self.line, self.files, self.demanded
        claimed = [hotfix for hotfix in self.profile.hotfixes if hotfix in demanded.claims]
        if files.old is not None and not (claimed and self._of_other_hotfixes(files.failed, claimed)):
            note = f"{', '.join(claimed)} is claimed, but the file is older than that hotfix's: the file decides"
            notes = (note,) if claimed else ()
            return self.answer(Reason.FILE_TOO_OLD, 8, files.old.demands, files.fields, notes=notes)
        if claimed:
            claims = [demanded.claims[hotfix] for hotfix in claimed]
            claim = next((each for each in claims if each.sure), claims[0])
            if claim.sure:
                note = "by the inventory's word: no file version confirms it"
                needs = {c.requires for c in claim.demands if isinstance(c, Correction) and c.requires is not None}
                if any(_before(level, needed) for needed in needs):
                    note += f"; it needs {' or '.join(sorted(needs))} first"
                demands = claim.demands or line.affected
                return self._of_others(claimed) or self.answer(
                    Reason.FIXED_BY_HOTFIX, 9, demands, ("hotfixes",), notes=(note,)
                )
            named = (product.file_key(f.file) for d in claim.demands if isinstance(d, Correction) for f in d.files)
            lacking = tuple(dict.fromkeys(f"files:{name}" for name in named)) or ("files",)
            return self.answer(Reason.HOTFIX_BUILD_UNKNOWN, 9, claim.demands, ("hotfixes",), missing=lacking)
        by_order = files.ordered.demands if files.ordered is not None else demanded.ordered
        after = demanded.order
        past = line.earliest is None and after is not None and product.level_key(level) > product.level_key(after)
        if level in line.levels and (files.ordered is not None or past):
            note = f"order speaks for {level}, but the article lists it as affected"
            fields = files.fields or _LEVEL
            demands = (*by_order, *line.affected)
            return self.answer(Reason.BRANCH_UNCLEAR, 10, demands, fields, missing=("hotfixes",), notes=(note,))
        if files.ordered is not None:
            note = (
                "order alone speaks: the file is on a later branch than the corrected one, and no service pack is named"
            )
            return self.answer(Reason.FIXED_BY_BUILD_ORDER, 10, by_order, files.fields, notes=(note,))
        if files.past_base is not None:
            demands = files.past_base.demands
            return self.answer(Reason.BRANCH_UNCLEAR, 10, demands, files.fields, missing=("service_pack",))
        if past:
            note = (
                f"order alone speaks: the corrected build is before {level}; no article says that {level} contains it"
            )
            if product.line(line.product_line).level(level) is None:  # it may be a level of something else
                never = f"no {level} of {line.product_line} is known"
                return self.answer(Reason.BRANCH_UNCLEAR, 10, by_order, _LEVEL, missing=_LEVEL, notes=(never,))
            return self.answer(Reason.FIXED_BY_BUILD_ORDER, 10, by_order, _LEVEL, notes=(note,))
        return self._beside()

    def _of_other_hotfixes(self, failed: Sequence[FileTest], claimed: Sequence[str]) -> bool:
        """Whether files are too old for rollups only, and none of them is one that the claimed hotfixes bring."""
        brought = {
            product.file_key(each.file)
            for hotfix in claimed
            for demand in self.demanded.claims[hotfix].demands
            for each in (demand.files if isinstance(demand, Correction) else (demand,))
            if isinstance(each, FileVersion | FixedFile)
        }
        told = {name for name, _, _ in self.profile.files}
        wanted = {name for test in failed for name, _ in test.required if name in told}
        return bool(brought) and brought.isdisjoint(wanted) and all(test.every for test in failed)

    def _of_others(self, claimed: Sequence[str]) -> Verdict | None:
        """Return a verdict where only the article itself is claimed, and it offers a hotfix for other lines alone.

        A hotfix for the platform with which alone this line runs is one for it.
        """
        line = self.line
        own = [each for each in line.corrections if each.method is not Method.ROLLUP]
        if set(claimed) != {self.known.id} or own or line.fixed_files:
            return None
        others = [c for each in self.known.lines for c in each.corrections if c.kind is CorrectionKind.HOTFIX]
        offered = {each.product_line for each in others if each.hotfix == self.known.id}
        if not others or product.line(line.product_line).on in offered:
            return None
        names = ", ".join(dict.fromkeys(each.product_line for each in others))
        note = f"a hotfix is known for {names}, and none for {line.product_line}"
        return self.answer(
            Reason.HOTFIX_BUILD_UNKNOWN, 9, tuple(others), ("hotfixes",), missing=("files",), notes=(note,)
        )

    def _beside(self) -> Verdict | None:
        """Rule 11: corrected in another product that this host runs, and not in this one."""
        if not serviced_beside(self.line):
            return None
        beside = dict(self.profile.beside)
        for other in self.known.lines:
            if other.product_line not in beside or other.first_fixed in (None, HOTFIX_ONLY):
                continue
            level = beside[other.product_line]
            field = f"{other.product_line}: service_pack"
            own = {(each.source, each.files) for each in self.demanded.remedies if each.files}
            theirs = (each for each in prepared(other).remedies if (each.source, each.files) not in own)
            remedies = (*theirs, *self.demanded.remedies)
            demands = other.deciding
            reached = other.latest or other.earliest
            if reached is None:  # "the latest service pack", as in rule 7
                reached, _ = _newest(self.known, other)
                if reached is None or (level != product.RTM and _before(level, reached)):
                    missing = (field,) if level is None else ()
                    return self.answer(
                        Reason.SERVICE_PACK_UNNAMED, 11, demands, (field,), missing=missing, remedies=remedies
                    )
            if level is None:
                missing = (field,)
                return self.answer(Reason.LEVEL_UNKNOWN, 11, demands, ("os",), missing=missing, remedies=remedies)
            if not _before(level, reached):
                return self.answer(Reason.FIXED_BY_OTHER_PRODUCT, 11, demands, (field,))
            return self.answer(Reason.FIX_AVAILABLE, 11, demands, (field,), remedies=remedies)
        return None

    def _listed(self, level: str) -> Verdict:
        """Rules 13 and 14."""
        line = self.line
        demands: Demands = (*line.affected, *line.deciding)
        if line.levels and level not in line.levels:
            return self.answer(Reason.LEVEL_NOT_LISTED, 14, demands, _LEVEL, missing=self._some_files())
        if line.first_fixed is None:
            others = elsewhere(self.known, line, dict(self.profile.beside))
            reason = Reason.FIX_AVAILABLE if others else Reason.NO_FIX_KNOWN
            demands += tuple(c for other in others for c in other.deciding)
            remedies = tuple(r for other in others for r in prepared(other).remedies)
            return self.answer(reason, 13, demands, _LEVEL, remedies=remedies)
        reason = Reason.HOTFIX_ONLY if line.first_fixed == HOTFIX_ONLY else Reason.FIX_AVAILABLE
        return self.answer(reason, 13, demands, _LEVEL)

    def _contested(self, reason: Reason, rule: int, demands: Demands, note: str) -> Verdict:
        """Return the verdict for a level that is said to have the correction, against which something speaks.

        Only hotfixes may still be needed: no service pack that it has already.
        """
        missing = (*self._some_files(), "hotfixes")
        remedies = tuple(each for each in self.demanded.remedies if each.level is None)
        return self.answer(reason, rule, demands, _LEVEL, missing=missing, notes=(note,), remedies=remedies)

    def _some_files(self) -> tuple[str, ...]:
        """Return what would settle it, where some file's version would."""
        return ("files",) if self.demanded.tests else ()


def serviced_beside(line: LineKnowledge) -> bool:
    """Whether the service packs of what runs beside a line may correct it.

    So they do where its own line has no correction; and where it has but a hotfix, and has no service packs of its own,
    as Internet Information Server 4.0, which those of Windows NT service.
    """
    if line.first_fixed is None:
        return True
    own = (level.name for level in product.line(line.product_line).levels)
    return line.first_fixed == HOTFIX_ONLY and product.line(line.product_line).server and set(own) == {product.RTM}


def elsewhere(known: ArticleKnowledge, line: LineKnowledge, beside: Collection[str] = ()) -> tuple[LineKnowledge, ...]:
    """Return the lines of other products that hold a correction: of a platform, or of what stands in `beside`.

    An Exchange fault may be corrected in Windows NT; a correction in a mail client does not concern the server, nor one
    in Windows NT a host that is, or is told to run, Windows 2000. A platform runs on no other.
    """
    own = product.line(line.product_line).product
    told = product.line(line.product_line).platform or any(product.line(name).platform for name in beside)
    return tuple(
        other
        for other in known.lines
        if other.first_fixed is not None
        and product.line(other.product_line).product != own
        and (other.product_line in beside or (product.line(other.product_line).platform and not told))
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
    if level != product.RTM and level in line.levels:
        return (
            f"the article lists {level} as affected, and {line.deciding[0].source} says that it corrects the fault",
        )
    return ()


def _before(level: str | None, other: str) -> bool:
    return level is not None and product.level_key(level) < product.level_key(other)


def _newest(known: ArticleKnowledge, line: LineKnowledge) -> tuple[str | None, str]:
    """Return the newest service pack of the line by the article's date, and what it is in words.

    Where the days of release are not known it is the newest of all.
    """
    of = product.line(line.product_line)
    packs = [level for level in of.levels if level.name != product.RTM]
    if not packs:
        return None, ""
    if any(level.released is None for level in packs):
        return packs[-1].name, "the newest service pack that is known"
    newest = product.newest_level(of, known.date) or packs[0].name
    return newest, f"the newest service pack by {known.date.isoformat()}, the article's date"
