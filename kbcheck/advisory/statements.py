"""Sentences of an article that say where its fault is corrected, and in what it is confirmed.

Rules:
- What it is about is `context.py`'s; what stays open is a Problem.
- A prerequisite ("this fix requires Service Pack 4"), a promise ("wait for the next service pack") and a repair
  ("reapply the latest service pack") correct nothing.
- "Service Pack 4.0" is SP4; "Service Pack Service Pack 1" is SP1; "Service Pack 6/6a" is SP6.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from kbcheck import product
from kbcheck.advisory import keywords, prose, wording
from kbcheck.advisory.context import Context
from kbcheck.advisory.wording import Sentence
from kbcheck.model import Affected, Article, Correction, CorrectionKind, FileVersion, FixedFile, Method, Problem

# 5.0 and Exchange Server 5.5, 2.5 and in Windows NT 4.0
_JOINED = re.compile(r" ?(?:and|or)(?: in)?(?: the)? ")


@dataclass(frozen=True, slots=True)
class Findings:
    """What an article's own words state.

    `bug`: some sentence confirms the fault; `confirmed` are the lines that it names, `levels` their service packs;
    `required`: product line -> the
    level that the hotfix for it needs first.
    """

    corrections: tuple[Correction, ...]
    bug: bool
    confirmed: tuple[Affected, ...]
    levels: tuple[Affected, ...]
    features: bool
    problems: tuple[Problem, ...]
    required: dict[str, str]


def read(article: Article, body: prose.Body, affected: Sequence[Affected], rows: Sequence[FixedFile] = ()) -> Findings:
    """Return what the sentences and keywords of `article` state about its own fault; `rows` are its file tables'."""
    wanted = body.lines_with(
        wording.TRIGGERS, [pattern for word, pattern in wording.TRIGGER_PATTERNS if word in body.lower]
    )
    if not wanted:
        return Findings(_not_brought(article, keywords.read(article)), False, (), (), False, (), {})
    reader = _Reader(article, affected, rows)
    for heading, first, end, inside in prose.sections_with(article, wanted):
        reader.section(heading, first, end, inside)
    reader.posted(body.lower)
    reader.finish()
    return Findings(
        _not_brought(article, reader.corrections, reader.denied),
        reader.at.bug,
        tuple(reader.at.confirmed.values()),
        tuple(reader.at.levels),
        reader.features,
        tuple(reader.problems),
        reader.required,
    )


def _not_brought(
    article: Article, corrections: Sequence[Correction], denied: Collection[tuple[str, str]] = ()
) -> tuple[Correction, ...]:
    """Return corrections but for service packs that brought the fault: "after you install Service Pack 4, ...".

    Nor do those in `denied` count, which the article says do not hold the correction.

    A keyword, or a sentence that says only what is included in what, is then about the fault; what says "corrected" is
    not.
    """

    def weak(each: Correction) -> bool:
        return each.kind is CorrectionKind.SERVICE_PACK and wording.STRONG.search(each.text) is None

    if any(map(weak, corrections)):
        told = [article.title]
        for heading, first, end in prose.sections(article):
            if heading in ("", "SYMPTOMS", "CAUSE", "SUMMARY"):
                told += map(str.strip, article.lines[first - 1 : end - 1])
        brought = wording.brought(" ".join(told)[:20_000])
        corrections = [
            each
            for each in corrections
            if not weak(each)
            or (
                not {(each.product_line, each.level), ("", each.level)}.intersection(denied)
                and brought.isdisjoint(((product.line(each.product_line).product, each.level), ("", each.level)))
            )
        ]
    return tuple(dict.fromkeys(corrections))


def _released(text: str) -> list[product.Mention]:
    """Return the products that `text` names with their release."""
    return [mention for mention in product.mentions(text) if mention.lines]


def _behind(text: str, end: int) -> list[product.Mention]:
    """Return the product that stands behind a service pack: `Service Pack 4 for Windows NT 4.0`."""
    match = wording.OF_PRODUCT.match(text[end:])
    return list(product.mentions(match.group(1)))[:1] if match is not None else []


def _is_other(text: str, end: int) -> bool:
    """Whether what follows a release makes something else of it; the `1.0c patch` makes it 1.0c."""
    if wording.CLIENTS.match(text, end) is not None:  # the SNA Server 2.11 Windows 3.x client software
        return True
    match = wording.NO_RELEASE.match(text, end)
    return match is not None and not (text[end - 1 : end].isalpha() and "patch" in match.group())


class _Reader:
    """Goes through the paragraphs in order, remembering what the section confirmed last."""

    def __init__(self, article: Article, affected: Sequence[Affected], rows: Sequence[FixedFile]) -> None:
        self.article = article
        self.rows = rows
        self.at = Context(article, affected)
        self.line = 0  # of the sentence
        self.corrections: list[Correction] = []
        self.problems: list[Problem] = []
        self.required: dict[str, str] = {}
        self.features = False
        self.denied: set[tuple[str, str]] = set()  # (line, level) said not to have the correction; "": any line's
        self.hotfixes: list[tuple[Sentence, int, tuple[str, ...], tuple[product.Mention, ...], tuple[str, ...]]] = []
        self.offered: tuple[str, ...] = ()  # what the section offers a hotfix for by name
        self.only: set[str] = set()  # lines for which alone the hotfix is said to be
        self.remedial: set[int] = set()  # places in `corrections` of those by "install ...", not "corrected in ..."

    def section(self, heading: str, first: int, end: int, wanted: Iterable[int]) -> None:
        """Read the paragraphs of one section that hold one of the lines `wanted`."""
        self.at.section(heading, first, end)
        self.offered = ()
        for paragraph in prose.paragraphs(self.article.lines, first, end, wanted):
            self.at.paragraph = paragraph
            for sentence in wording.sentences(paragraph.text):
                self.line = paragraph.line(sentence.offset)
                self.at.confirmation(sentence, self.line)
                self.features = self.features or sentence.feature
                self._correction(sentence)
                if sentence.absent is not None:
                    self._absent(sentence, sentence.absent)
                if sentence.only is not None:
                    self.only.update(self.at.lines(product.mentions(sentence.only), ()))
                if sentence.hotfix:
                    named = self._offered_for(sentence.folded) or self._offered_for_release(sentence.folded)
                    if named and "rollup" in sentence.folded:  # it has the name of what it is installed on
                        named = tuple(dict.fromkeys((*self.at.scope(), *named)))
                    elif named:
                        self.offered = named
                    promised = self._promised()
                    scope = named or self.at.scope() or (() if promised else self.offered)
                    self.hotfixes.append((sentence, self.line, scope, promised, self.at.recent))

    def _offered_for(self, folded: str) -> tuple[str, ...]:
        """Return the lines that the offer of a hotfix names, but for what its clients and programs run on."""
        mentions = product.mentions(folded)
        named = [n for m in mentions if wording.CLIENTS.match(folded, m.end) is None for n in m.lines]
        listed = not set(named).isdisjoint(self.at.affected)
        return tuple(
            dict.fromkeys(n for n in named if not listed or n in self.at.affected or not n.startswith("Windows"))
        )

    def _offered_for_release(self, folded: str) -> tuple[str, ...]:
        """Return the line whose release alone the offer of a hotfix names: "now available for version 1.1"."""
        match = wording.FOR_RELEASE.search(folded)
        names = self.at.recent or self.at.servers if match is not None else ()
        return tuple(name for name in names if match is not None and name.endswith(f" {match.group(1)}"))

    def posted(self, text: str) -> None:
        """Record what the folder tells in which a hotfix is posted, where no sentence told of that line."""
        told = set(self.required)
        for match in wording.POSTED.finditer(text) if "postsp" in text or "post-sp" in text else ():
            name = wording.POSTED_FOR.get(match.group(1))
            if name is not None and name not in told:
                self._needs(name, match.group(2))

    def finish(self) -> None:
        """Give each hotfix sentence its lines: what it names, the scope, what was confirmed, else what is affected.

        What is "corrected in Service Pack 3" is not corrected by a step that says "install Service Pack 2"; the steps
        of instructions correct nothing. What a hotfix requires holds for one that a keyword tells too.
        """
        said: dict[str, set[str | None]] = {}
        for place, each in enumerate(self.corrections):
            if place not in self.remedial and each.kind is CorrectionKind.SERVICE_PACK:
                said.setdefault(each.product_line, set()).add(each.level)
        issue = self.article.trailer_value("Issue type").lower()
        instructs = wording.INSTRUCTIONS.search(issue) is not None and "kbbug" not in issue
        fault = (
            self.at.bug
            or "kbbug" in issue
            or "kbprb" in issue
            or wording.FAULT_TITLE.match(self.article.title) is not None
        )
        self.corrections = [
            each
            for place, each in enumerate(self.corrections)
            if place not in self.remedial
            or (not instructs and (each.level is None or each.level in said.get(each.product_line, {each.level})))
        ]
        confirmed = tuple(self.at.confirmed)
        only = tuple(name for name in dict.fromkeys((*self.at.affected, *confirmed)) if name in self.only)
        tabled = tuple(dict.fromkeys(row.product_line for row in self.rows if row.product_line is not None))
        bases = {product.line(name).numbered[:3] for name in tabled} - {()}
        # One package may be for Windows NT and for Terminal Server, though its files are numbered for one of them.
        tabled = (
            *tabled,
            *(
                name
                for name in self.at.servers
                if name not in tabled and (product.line(name).numbered[:3] in bases or product.line(name).on in tabled)
            ),
        )
        others = tuple(name for name in self.at.affected if name not in self.at.servers)
        foreign = any(row.version is not None for row in self.rows) and not tabled and others
        offers = any(not sentence.points for sentence, *_ in self.hotfixes)
        for sentence, line, scope, promised, recent in self.hotfixes:
            if sentence.loose and not fault:
                continue
            if sentence.points and ((offers and not scope) or not (offers or self.rows)):
                continue  # what it points to says more, or is not there
            self.line = line
            self.at.recent = recent
            # "Wait for the next Windows NT 4.0 service pack" tells which of the affected lines is meant, no other.
            meant = self.at.lines(promised, ()) if promised else ()
            names = scope or tuple(name for name in meant if name in self.at.affected or name in self.at.confirmed)
            if meant and not scope and set(names).isdisjoint(self.at.affected):
                names = (*names, *self.at.servers)  # the next Windows NT service pack, told of a Terminal Server
            names = (
                names or recent or confirmed or tabled or (others if foreign else self.at.servers) or self.at.affected
            )
            alone = tuple(name for name in names if name in only) or (names if scope else only or names)
            for name in alone:
                self._add(name, None, CorrectionKind.HOTFIX, sentence)
        self.corrections += keywords.read(self.article)
        for name in {each.product_line for each in self.corrections if each.kind is CorrectionKind.HOTFIX}:
            self._needs_what_holds(name)
        self.corrections = [
            replace(each, requires=self.required[each.product_line])
            if each.kind is CorrectionKind.HOTFIX and each.requires is None and each.product_line in self.required
            else each
            for each in self.corrections
        ]

    def _needs_what_holds(self, name: str) -> None:
        """Record what a line needs where the text names only another line's level: Terminal Server's SP4 for NT's.

        What is below all that its service packs hold, its release may hold.
        """
        holding = [level for level in product.line(name).levels if level.includes] if name not in self.required else []
        for level in holding:
            other, upto, _ = level.includes or ("", "", "")
            needed = self.required.get(other)
            if needed is None or product.level_key(upto) < product.level_key(needed):
                continue
            if level is not holding[0] or upto == needed:
                self.required[name] = level.name
            return

    def _is_step(self) -> bool:
        """Whether the paragraph is a step of a procedure: it tells what to install first, or how to see the fault."""
        step = wording.STEP.match(self.at.paragraph.lines[0])
        if step is not None and (step.group(1) != "1" or self.at.heading not in ("RESOLUTION", "STATUS", "WORKAROUND")):
            return True
        above = self.at.above()
        return above is not None and wording.REPRODUCES.search(above.text) is not None

    def _of_a_fix(self, before: str, verb: str) -> bool:
        """Whether "included in" and the like is said of a fix; where symptoms are told, not in passing."""
        passing = self.at.heading in ("SYMPTOMS", "CAUSE") and wording.RELATIVE_CLAUSE.search(before)
        subject = wording.SUBJECT.search(before)
        # "This feature is available with Service Pack 4" tells what there is, not what was wrong.
        told = subject is not None and verb == "available with" and subject.group().startswith(("feature", "support"))
        return subject is not None and not passing and not told

    # --- one sentence -------------------------------------------------------------------------------------------------

    def _correction(self, sentence: Sentence) -> None:
        folded = sentence.folded
        if any(map(folded.__contains__, wording.REQUIRING)) and "gold" not in folded:  # Windows 2000 as released
            needs = wording.REQUIRES.search(folded) or wording.NEEDED.match(folded)
            told = needs is None and self.at.heading not in ("SYMPTOMS", "CAUSE")
            after = wording.POST_PACK.search(folded) if told else None
            if needs is not None:
                self._requires(needs.group(needs.lastindex or 1))
            elif after is not None:  # its product may stand before
                self._requires(folded[max(after.start() - 60, 0) : after.end()])
        if not sentence.corrected and "pack" not in folded and "sp" not in folded:
            return
        if wording.FURTHER.match(folded) or sentence.text.startswith("("):
            return
        denied = wording.DENIED.search(folded) if " not " in folded else None
        if denied is not None:
            self._denied(wording.DENIED_END.split(folded[denied.end() :], maxsplit=1)[0])
        if wording.NEGATED.search(folded) and not re.search(
            r"\b(?:was|has been|is) (?:also |first )*(?:corrected|fixed|included)", folded
        ):
            return
        done = False
        for start, end in sentence.corrected:
            before = folded[:start]
            weak = wording.WEAK.match(folded, start) is not None
            if wording.CAUSED.search(before) or (weak and not self._of_a_fix(before, folded[start:end])):
                continue
            if wording.NEGATED.search(before[-40:] + folded[start:end]) or wording.LIMITED.search(folded, end):
                continue
            if wording.PARTIAL.search(before):
                continue
            done = self._packs(sentence, folded[end:], before) or done
            done = done or self._of_file(sentence)
            if not done:
                rest = folded[end:]
                done = self._release(sentence, rest) or (not weak and self._own_release(sentence, rest))
        active = wording.ACTIVE.match(folded)
        if active is not None and self._only_named(active.group(1)) and not wording.FOR_PACK.search(active.group(1)):
            done = self._packs(sentence, active.group(1), "") or done
        if done or wording.PREREQUISITE.search(folded):
            return
        remedy = wording.REMEDY.search(folded)
        imperative = wording.IMPERATIVE.search(folded) if remedy is None else None
        if imperative is not None and not self._is_step():
            remedy = imperative
        if (
            remedy
            and not wording.AFTER.search(folded[remedy.end() :])
            and not wording.FOR_PACK.search(folded, remedy.end())
        ):
            latest = wording.LATEST.search(folded, remedy.start())
            if latest is not None or wording.PACK.search(folded, remedy.end()):
                first = len(self.corrections)
                self._packs(sentence, folded[remedy.end() :], folded[: remedy.end()], remedy=True)
                self.remedial.update(range(first, len(self.corrections)))

    def _denied(self, rest: str) -> None:
        """Record the service packs that `rest` names, which do not have the correction."""
        if "before" in rest or "prior" in rest:
            return
        mentions = product.mentions(rest)
        for pack in wording.PACK.finditer(rest):
            named = [mention for mention in mentions if mention.start < pack.start()][-1:]
            for name in self.at.lines(named, ()) if named else ("",):
                self.denied.add((name, f"SP{int(pack.group(1))}{pack.group(2) or ''}"))

    def _of_file(self, sentence: Sentence) -> bool:
        """Record `corrected in version 3.4.041 of PWAFSCSI.XEC`: a hotfix that is a file."""
        match = wording.OF_FILE.search(sentence.text)
        if match is None:
            return False
        file = FileVersion(match.group(2), match.group(1))
        for name in self.at.lines((), self.at.scope()) or self.at.recent or self.at.servers or self.at.affected:
            self._add(name, None, CorrectionKind.HOTFIX, sentence)
            self.corrections[-1] = replace(self.corrections[-1], files=(file,))
        return True

    def _requires(self, rest: str) -> None:
        """Record the lowest level that a hotfix needs first: `Windows NT 4.0 Service Pack 4, or Service Pack 5`."""
        mentions = product.mentions(rest)
        for match in wording.PACK.finditer(rest):
            named = [mention for mention in mentions if mention.start < match.start()][-1:]
            numbers = (f"{int(match.group(1))}{match.group(2) or ''}", *re.findall(r"\d", match.group(3)))
            to = wording.NEEDED_BY.match(rest, match.end())
            named = named or (list(product.mentions(to.group(1))) if to is not None else _behind(rest, match.end()))
            for name in self.at.lines(named, self.at.scope()):
                for number in numbers:
                    self._needs(name, number)

    def _needs(self, name: str, number: str) -> None:
        """Record that a hotfix for a line came after its service pack `number`, or the lowest of several."""
        level = product.known_level(product.line(name), f"SP{number}")
        before = self.required.get(name)
        if level is not None and (before is None or product.level_key(level) < product.level_key(before)):
            self.required[name] = level

    def _packs(self, sentence: Sentence, rest: str, before: str, *, remedy: bool = False) -> bool:
        """Record each service pack that `rest` names; whether there was any.

        `rest` is what follows "corrected in"; `before` is what stands before it, for "to resolve this in Windows NT
        4.0, install Service Pack 4".
        """
        stop = wording.STOP.search(rest)
        if stop:
            rest = rest[: stop.start()]
        if re.search(r"\b(?:rollup|roll-up|hrp|srp)\b", rest) and wording.PACK.search(rest):
            of_pack = wording.ROLLUP_OF.search(rest)
            for name in product.named_lines(rest):
                needs = (
                    product.known_level(product.line(name), f"SP{of_pack.group(1)}") if of_pack is not None else None
                )
                self._add(name, None, CorrectionKind.HOTFIX, sentence, needs)
            return True
        events: list[tuple[int, str, object]] = [(m.start, "product", m) for m in product.mentions(rest)]
        events += [(m.start(), "pack", m) for m in islice(wording.PACK.finditer(rest), wording.MANY)]
        latest = wording.LATEST.search(rest)
        if latest and not any(kind == "pack" for _, kind, _ in events):
            mentioned = self._of_latest(sentence, rest, latest, remedy=remedy)
            unknown = not mentioned and wording.FILLING.sub("", rest[: latest.end()].replace("service", ""))
            names = () if unknown else self.at.lines(mentioned or _released(before), self.at.scope())
            for name in names:
                self._add(name, None, CorrectionKind.UNNAMED, sentence)
            if not names:
                self._problem(sentence, "the latest service pack of which product?")
            return True
        pending: list[product.Mention] = []
        levels: list[str] = []
        found = False
        end = 0
        for _, kind, thing in sorted(events, key=lambda event: event[0]):
            if kind == "product":
                assert isinstance(thing, product.Mention)
                if thing.lines or not pending or rest[pending[-1].end : thing.start] != " for ":
                    pending.append(thing)  # not the platform of Word 97 for Windows
                continue
            assert isinstance(thing, re.Match)
            if wording.RELATIVE.search(rest[: thing.start()]) or re.search(r"\bhotfix(?:es)?\b", rest[: thing.start()]):
                continue
            if remedy and (wording.PART.match(rest[thing.end() :]) or not self._only_named(rest[: thing.start()])):
                continue
            again = levels
            levels = [f"SP{int(thing.group(1))}{thing.group(2) or ''}"]
            if (levels == again and re.fullmatch(r"\W*\(", rest[end : thing.start()])) or rest[
                end : thing.start()
            ] == "/":
                levels = again
                end = thing.end()  # Office 2000 Service Pack 2 (SP2); SR-1/SR-1a
                continue
            if not remedy and self._beside_pack(sentence, rest, pending, levels[0]):
                pending = pending[1:]
            pending = pending or _behind(rest, thing.end())
            unknown = not pending and wording.FILLING.sub("", rest[end : thing.start()])
            end = thing.end()
            for name in () if unknown else self.at.lines(pending or _released(before), self.at.scope()):
                found = self._pack(name, levels, sentence) or found
            if not found:
                self._problem(sentence, f"{levels[0]} of which product?")
            pending = []
        if found and not remedy and pending and _JOINED.fullmatch(rest, end, pending[0].start):
            self._release(sentence, rest[pending[0].start :])
        return found

    def _beside_pack(self, sentence: Sentence, rest: str, pending: Sequence[product.Mention], level: str) -> bool:
        """Whether a release stands before another product's service pack: `in MDAC 2.5 and Windows NT 4.0 SP6a`.

        It has no such service pack itself, and is recorded as having the fix.
        """
        if len(pending) < 2 or not pending[0].lines or pending[0].product == pending[1].product:
            return False
        between = rest[pending[0].end : pending[1].start].replace(" and later", "")
        has = any(product.known_level(product.line(name), level) for name in pending[0].lines)
        if has or _JOINED.fullmatch(between) is None:
            return False
        for name in pending[0].lines:
            self._add(name, product.RTM, CorrectionKind.RELEASE, sentence)
        return True

    def _of_latest(
        self, sentence: Sentence, rest: str, latest: re.Match[str], *, remedy: bool
    ) -> list[product.Mention]:
        """Return the products of "the latest service pack"; a release beside it is recorded as having the fix.

        "Corrected in Windows NT 4.0 and the latest service pack for 3.51", "... in the latest 3.51 pack and NT 4.0".
        """
        mentioned = list(product.mentions(rest))
        behind = [m for m in mentioned if m.end > latest.start()]
        for each in mentioned if len(mentioned) > 1 and behind and not remedy else ():
            between = rest[each.end : latest.start()] if each is mentioned[0] and each.start <= 1 else ""
            between = rest[latest.end() : each.start] if each is mentioned[-1] else between
            if wording.AND.fullmatch(between) and self._release(sentence, rest[each.start :]):
                mentioned.remove(each)
                break
        return mentioned

    def _only_named(self, text: str) -> bool:
        """Whether `text` holds nothing but products, service packs and filling words."""
        for mention in reversed(product.mentions(text)):
            text = text[: mention.start] + text[mention.end :]
        return not wording.FILLING.sub("", wording.PACK.sub("", text))

    def _pack(self, name: str, levels: Sequence[str], sentence: Sentence) -> bool:
        """Record the levels that the line really has; whether there was any."""
        of = product.line(name)
        known = (product.known_level(of, level) if of.levels else level for level in levels)
        real = [level for level in known if level is not None]
        for level in real:
            self._add(name, level, CorrectionKind.SERVICE_PACK, sentence)
        return bool(real)

    def _release(self, sentence: Sentence, rest: str) -> bool:
        """Record `corrected in Exchange 2000 Server`: the release has the fix from its beginning."""
        words = wording.RELEASE_WORDS.match(rest)
        begin = words.end() if words else 0
        every = product.mentions(rest)
        mention = next((m for m in every if m.start <= begin + 1), None)
        for following in every:
            # corrected in Windows NT Workstation and Windows NT Server version 3.51
            if mention is None or mention.lines:
                break
            if following.product == mention.product and rest[mention.end : following.start] in (" and ", " or "):
                mention = following
        if mention is None or not mention.lines or _is_other(rest, mention.end):
            return False
        names = list(mention.lines)
        for following in every[every.index(mention) + 1 :]:
            # corrected in Exchange Server 5.0 and Exchange Server 5.5
            joined = _JOINED.fullmatch(rest, mention.end, following.start) is not None
            if not joined or not following.lines or _is_other(rest, following.end):
                break
            names += following.lines
            mention = following
        for name in names:
            self._add(name, product.RTM, CorrectionKind.RELEASE, sentence)
        return True

    def _absent(self, sentence: Sentence, rest: str) -> None:
        """Record later releases of what is affected, in which the fault is said not to occur, and nothing else of them.

        `in Exchange Server 5.0 or 5.5.`; not: on Windows 2000; in Windows 3.1 running in standard mode.
        """
        mentions = product.mentions(rest)
        left = "".join(rest[a.end : b.start] for a, b in pairwise(mentions))
        if not mentions or mentions[0].start > 0 or rest[mentions[-1].end :].strip(" .)") or left.strip(" andor"):
            return
        known = [each.name for each in product.lines()]
        for name in (line for mention in mentions for line in mention.lines if line in known):
            of = product.line(name).product
            same = [each for each in (*self.at.affected, *self.at.confirmed) if product.line(each).product == of]
            if same and all(each in known and known.index(each) < known.index(name) for each in same):
                self._add(name, product.RTM, CorrectionKind.RELEASE, sentence)

    def _own_release(self, sentence: Sentence, rest: str) -> bool:
        """Record a release of what is affected: `corrected in MASM 6.1`, `in version 1.2`, `in 5.0 of the client`.

        A bare number is one of what was confirmed, else of the one product that is affected.
        """
        match = wording.OWN_RELEASE.match(rest)
        if match is None or _is_other(rest, match.end(2)):
            return False
        before, release, of = match.groups()
        words = wording.WORD.findall(f"{before} {of or ''}")
        if not words and not self.at.bug:
            return False
        released = (name.rsplit(" ", 1) for name in (self.at.affected if words else self.at.recent or self.at.affected))
        named = dict.fromkeys(each[0] for each in released if len(each) == 2 and each[1][0].isdigit())
        bases = [base for base in named if not re.search(r"\d\.\d", base) and (not words or wording.means(base, words))]
        if len(bases) != 1:
            return False
        known = product.spellings(bases[0])
        if known and release not in known:
            return False
        self._add(known.get(release, f"{bases[0]} {release}"), product.RTM, CorrectionKind.RELEASE, sentence)
        return True

    def _promised(self) -> tuple[product.Mention, ...]:
        """Return the products of "the next X service pack" in a hotfix paragraph."""
        match = wording.NEXT.search(product.fold(self.at.paragraph.text[:20_000]))
        return product.mentions(match.group(1)) if match else ()

    # --- results ------------------------------------------------------------------------------------------------------

    def _add(
        self, name: str, level: str | None, kind: CorrectionKind, sentence: Sentence, requires: str | None = None
    ) -> None:
        ident = self.article.id
        told = Correction(ident, name, level, kind, Method.SENTENCE, ident, self.line, sentence.text, requires=requires)
        self.corrections.append(told)

    def _problem(self, sentence: Sentence, message: str) -> None:
        self.problems.append(Problem(self.line, f"{message} {sentence.text[:160]}", "product-unclear"))
