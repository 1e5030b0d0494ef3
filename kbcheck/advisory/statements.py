"""Sentences and keywords of an article that say where its fault is corrected, and in what it is confirmed.

Rules:
- A sentence is about the product lines that it names; else the ones that the sub-heading above it names; else the ones
  that the sentences before it in the section confirmed; else the affected ones. What stays open is a Problem.
- A prerequisite ("this fix requires Service Pack 4"), a promise ("wait for the next service pack") and a repair
  ("reapply the latest service pack") correct nothing.
- "Service Pack 4.0" is SP4; "Service Pack Service Pack 1" is SP1; "Service Pack 6/6a" is SP6.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kbcheck import product
from kbcheck.advisory import prose
from kbcheck.advisory.affected import lines_of
from kbcheck.model import Affected, Article, Correction, CorrectionKind, FixedFile, Method, Problem


@dataclass(frozen=True, slots=True)
class Findings:
    """What an article's own words state; `bug`: some sentence confirms the fault, `confirmed` are lines it names."""

    corrections: tuple[Correction, ...]
    bug: bool
    confirmed: tuple[Affected, ...]
    features: bool
    problems: tuple[Problem, ...]


# Service Pack 4.0 / service packs 1 and 2 / SP3 / Service Pack Service Pack 1 / Service Pack 6/6a / SP1a
_PACK = re.compile(
    r"\b(?:service packs?|sp)(?: service packs?| sp)? ?(\d{1,2})(?:\.0)?(?:/\d?[a-z])?([a-z])?(?![\w]"
    r"|\.\d)((?: (?:and|or) (?:service pack |sp)?\d(?![\w.]))*)"
)
_SHORT = re.compile(r"(?<=\d)sp(?=\d)")
_VERB = (
    r"(?:corrected|fixed|addressed|resolved|eliminated|repaired|solved|remedied|rectified"
    r"|included|incorporated|implemented|available|contained)"
)
# "included in" corrects something only where it speaks of a fix; not "the form is available with Service Pack 1"
_WEAK = re.compile(r"(?:included|incorporated|implemented|available|contained)\b")
_SUBJECT = re.compile(
    r"(?<!original )\b(?:fix(?:es)?|hotfix(?:es)?|features?|support|corrections?|updates?"
    r"|patch(?:es)?|modifications?|solution)\b"
    r"(?:(?!\bfiles?\b|\boriginal\b)[^.]){0,90}?\b(?:is|are|was|were|been|be)(?: (?:also|first|now|already))* $"
)
# a change that a service pack brought with it, and that is the fault
_CAUSED = re.compile(
    r"\b(?:introduced|exposed|caused|due to|because|related to|confirmed|resulted?|original|regression"
    r"|similar to|similar (?:problem|issue|bug)s?|(?:another|other) (?:problem|issue|bug)s?)\b"
)

# This problem was first corrected in ..., A fix has been included in ..., The problem is fixed by installing ...
_CORRECTED = re.compile(
    rf"\b(?:(?:corrected|fixed) and (?:is|was|has been) (?:now )?)?{_VERB}\b"
    r"(?: \(?(?:also|first|now|beginning|starting)\)?)*"
    r"(?: as of| with| in| by| by (?:installing|applying|upgrading to))\b"
)
# To resolve this problem obtain ..., To correct this problem install ..., To fix this issue upgrade to ...
_REMEDY = re.compile(
    r"\bto (?:resolve|correct|fix|eliminate|solve|address|prevent|avoid|get|obtain)\b.{0,160}?"
    r"\b(?:obtain|install|apply|upgrade|update|get|download|use|move)\b(?! the latest files)"
)
_IMPERATIVE = re.compile(
    r"^(?:- |1\. )?(?:please )?(?:obtain|install|apply|upgrade to|update to"
    r"|update all servers)\b(?! the (?:following )?(?:fix|hotfix))"
)
# "9. Apply the latest service pack" is a step of a procedure, not the correction
_STEP = re.compile(r" *(?:[2-9]|\d\d)\. ")
_LONGEST = 2500
_MOST = 200  # product lines of an article; real ones list some dozens
_LATEST = re.compile(r"\b(?:latest|most recent|newest|current)\b(?:[^.]|\.\d){0,70}?\bservice packs?\b")
# A supported fix is now available / A supported fix that corrects this is now available / hotfix has been posted
_HOTFIX = re.compile(
    r"\b(?:supported|private) (?:fix|hotfix|feature|update|patch|modification)\b.{0,110}?\b(?:is"
    r"|are) (?:now |also )*available\b"
    r"|\b(?:fix|hotfix|patch|update)(?:es)? (?:is|has been|was|are|have been)(?: now)? (?:posted|made available"
    r"|available|developed|created)\b"
    r"|\bthis (?:fix|hotfix|update|patch)\b.{0,40}? has been posted\b"
    r"|\bto obtain (?:this|the) (?:fix|hotfix|update|patch)(?: immediately)? (?:please )?contact\b"
    r"|\bto (?:resolve|correct|fix|work around) this (?:problem|issue)(?: immediately)?,? (?:you must )?"
    r"(?:contact (?:product|technical|premier|pss|support)\b"
    r"|(?:either )?obtain the (?:hotfix|fix|update|patch|following fix|individual package|[^.]{0,80}? rollup package"
    r"|[^.]{0,40}\d\.\d[^.]{0,60}? rollup package)|apply the (?:fix|hotfix|patch)|install the (?:hotfix|fix"
    r"|patch))\b"
    r"|\b(?:resolved|corrected|fixed|addressed) by the following (?:updated |new |replacement )?(?:file|version)s?\b"
    r"|\bcontact .{0,40}?(?:technical|product) support.{0,30}? to obtain the (?:following )?(?:fix|hotfix|update"
    r"|patch)\b"
)
_NEGATED = re.compile(
    r"\b(?:not|never|isn't|wasn't|cannot) (?:yet )?(?:been |be )?(?:corrected|fixed|included|addressed|resolved"
    r"|available|implemented|incorporated)\b"
    r"|\b(?:will|may|might|should|would|could|to|can) (?:also )?(?:be |have been )(?:first "
    r"|permanently )?(?:corrected|fixed|included|addressed|resolved|considered)\b"
    r"|\bno (?:separate )?(?:fix|hotfix|patch|update)\b|\berroneously\b"
    r"|\bscheduled\b|\bplanned\b|\bwait for\b|\bre-?appl|\bre-?install|\bif you have\b|\bunless\b.{0,60}\bwait\b"
)
_PREREQUISITE = re.compile(
    r"\b(?:requires?|required|prerequisite|must (?:first )?(?:be (?:applied|installed|running|at)|have|apply|install)"
    r"|prior to|before (?:you |applying|installing)|depend(?:s|encies))\b"
)
_AFTER = re.compile(r"\b(?:afterwards?|after (?:you )?(?:install|appl|upgrad))")
# Microsoft has confirmed this to be a problem in ... / confirmed that this is a bug in
_CONFIRMS = (
    r"\bconfirmed\b.{0,60}?\b(?:problem|bug|issue|error|limitation|behavior|defect|vulnerability)s?\b.{0,40}?\b(?:in"
    r"|with|of)"
)
_CONFIRMED = re.compile(_CONFIRMS + r"\b(.*)")
# the same in a text as it is written, to keep the name as it is written
_CONFIRMED_IN = re.compile(_CONFIRMS + r" (?:the )?(?:Microsoft )?(.*)", re.IGNORECASE)
# Microsoft Windows NT Server Service Pack 3.; not where other service packs follow
_CONFIRMED_PACK = re.compile(
    r"(?: server| workstation)* (?:service pack|sp) ?(\d[a-z]?)(?![\w.]*\w)(?! ?(?:and|or|\d|sp))"
)
# the Microsoft Exchange version 4.0 Windows 3.x and Windows NT clients
_CLIENTS = re.compile(
    r"(?: (?:win\w*|nt|9[58]|\d\.\w+|ms-?dos|mac\w*|outlook|and|or|for|\d\d-bit|messaging|mail|server)(?= )){0,12}"
    r" clients?\b"
)
# the Windows Messaging Client for Windows 95; not: Service Pack 3 for Windows NT 4.0
_FOR = re.compile(r"\b(?:for|on|under|running) $")
# Windows Messaging; not: Windows and, Windows NT Server when
_NAMED_AFTER = re.compile(
    r" (?!(?:and|or|server|workstation|when|that|if|is|does|for|on|in|with|where|which|service|sp\d?)\b)[a-z]"
)
_PACK_FOR = re.compile(r"\b(?:packs?|sp) ?\d{0,2}[a-z]? \w+ $")
_WORD = re.compile(r"[a-z0-9][\w+#&-]*(?:\.\w+)*")
_NUMBER = re.compile(r"(?<![\w.])\d+\.\d[\w.]*(?<!\.)")
# Words that tell no product from another; windows tells only where nothing else does.
_COMMON = frozenset(
    (
        *("a", "an", "and", "edition", "for", "in", "macintosh", "network", "networks", "of", "or", "pc", "server"),
        *("standard", "system", "the", "version", "versions", "windows"),
    )
)
_LISTED_ABOVE = re.compile(r"\b(?:products? (?:that are )?listed|listed (?:above|at the beginning)|above)\b")
_FEATURE = re.compile(r"\bfeature (?:was|has been|is) (?:first )?(?:included|added|available)\b")
_NEXT = re.compile(r"\bthe next\b(.{0,60}?)\bservice (?:pack|release)\b")
# A paragraph without any of these states nothing; most sections have none of them. A blank may be a line's end.
_TRIGGERS = (
    "fix",
    "corrected",
    "confirm",
    "included",
    "update",
    "patch",
    "solved",
    "addressed",
    "rectified",
    "remedied",
    "rollup",
    "individual package",
)
_TRIGGER_PATTERNS = (("pack", re.compile(r"service\s+pack")), ("sp", re.compile(r"sp\s*\d")))
# A sentence without any of these states nothing.
_SAYING = (
    *("confirmed", "corrected", "fixed", "addressed", "solved", "eliminated", "repaired", "remedied", "rectified"),
    *(
        "included",
        "incorporated",
        "implemented",
        "available",
        "contained",
        "posted",
        "developed",
        "created",
        "contact",
        "obtain",
    ),
    *("apply the", "install the", "feature", "pack", "sp"),
)
_RELATIVE = re.compile(
    r"(?:\b(?:post|pre)-? ?|\b(?:later than|newer than|earlier than|after|since|prior to|before|beyond"
    r"|than)(?: the)? (?:[a-z ]+[\d.]* )?)$"
)
# "Proxy Server 2.0 Service Pack 1" names a product that is not known: what stands between must be filling words only
_FILLING = re.compile(
    r"\b(?:the|an?|this|that|these|latest|most|recent|newest|current|following|new|any|either|both|and|or|of|for|in|with|by|on|to|"
    r"u\.s|english|german|french|spanish|italian|japanese|korean|chinese|dutch|language|international|north|american|"
    r"\d+-bit|bit|installing|applying|upgrading|install|apply|upgrade|obtain|or later|later|available|version|its|your|"
    r"all|servers?|clients?|computers?|use|using|run|running|service|be|is|was|first|also|beginning|starting|then|packs?|update|release)\b|[^a-z]+"
)
# further reading
_FURTHER = re.compile(
    r"^(?:- )?(?:for (?:more |additional |further )?(?:information|details)\b"
    r"|the following (?:knowledge base )?article)"
)
# Q323206 SMS: List of Bugs Fixed in SMS 2.0 SP4, QQ323206 ...: a title that is cited
_CITATION = re.compile(r"(?:- )?q+ ?\d{5,6}\b")
# Install the SNA Server 4.0 Service Pack 2 client: a part of it, not the service pack
_PART = re.compile(
    r"^\W*(?:\(?sp\d\w?\)?)?\W*(?:windows|client|english|version|cd|release|files?|hotfix|patch|edition)\b"
)
# Apply the update to Windows NT 4.0 Service Pack 2; install Service Pack 1 again
_FOR_PACK = re.compile(r"\b(?:update|fix|patch) (?:to|for) [a-z0-9. ]{0,60}\b(?:service pack|sp) ?\d|\bagain\b")
_STOP = re.compile(
    r"\b(?:requires|must|confirmed|however|but|if you|when you|because|instead of|rather than|introduced in"
    r"|does not occur|do not|only intended|problem in|bug in)\b"
)
_RELEASE_WORDS = re.compile(
    r"(?: the)?(?: retail| final| released| released? of| release of)*(?: (?:upgrade|product) (?:to|of))? ?"
)
# what makes of a product, or of its release, something else: SNA Server 3.0 SP1, Windows NT 4.0 Resource Kit
_NO_RELEASE = re.compile(
    r" ?(?:and )?\(?(?:service (?:pack|\d)|(?:security )?rollup|s[pr][ -]?\d|osr|oem|hotfix|patch|(?:software )?update"
    r"|post|\d|beta|setup|documentation|help|readme|(?:server )?resource kit|cd|client)"
)
# version 1.2 / the MASM 6.1 / NMAKE version 1.2 for MS-DOS / version 5.0 of the client; at most four words before it
_OWN_RELEASE = re.compile(
    r" ?(?:the )?((?:(?!build|file|driver|service|sp\d)[a-z][\w+#()-]* ){0,4})(\d{1,2}\.\d{1,2}[a-z]?)(?![\w.]*\w)"
    r"(?: (?:release )?of ([^.;(]{3,60}))?"
)
_INSTRUCTIONS = re.compile(r"\b(?:kbhowto|kbinfo)\b")
_ROLLUP_PACKAGE = re.compile(r"\b(?:hotfix|fix|rollup|roll-up|hrp|srp|beta|post-?sp|post-service)\b")


def read(article: Article, body: prose.Body, affected: Sequence[Affected], rows: Sequence[FixedFile] = ()) -> Findings:
    """Return what the sentences and keywords of `article` state about its own fault; `rows` are its file tables'."""
    wanted = body.lines_with(_TRIGGERS, [pattern for word, pattern in _TRIGGER_PATTERNS if word in body.lower])
    if not wanted:
        return Findings(tuple(dict.fromkeys(keywords(article))), False, (), False, ())
    reader = _Reader(article, affected, rows)
    for _, first, end in prose.sections(article):
        inside = wanted[bisect_left(wanted, first) : bisect_left(wanted, end)]
        if inside:
            reader.section(first, end, inside)
    reader.finish()
    corrections = [*reader.corrections, *keywords(article)]
    return Findings(
        tuple(dict.fromkeys(corrections)),
        reader.bug,
        tuple(reader.confirmed),
        reader.features,
        tuple(reader.problems),
    )


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence that may state something, `offset` being where it begins in its paragraph.

    `folded` is its text for the patterns (see product.fold; `5.5sp4` becomes `5.5 sp4`), `confirmed` what follows
    "confirmed this to be a problem in", `corrected` where "corrected in" stands.
    """

    text: str
    folded: str
    offset: int
    confirmed: str | None
    corrected: tuple[tuple[int, int], ...]
    feature: bool
    hotfix: bool


@functools.lru_cache(maxsize=1024)
def _words(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the words that tell a product, its release left out; apart those in brackets, which are another name.

    `Macro Assembler (MASM) 6.0` is macro assembler, or masm.
    """
    words = product.fold(re.sub(r" \d[\w.]*$", "", name))
    inside = re.findall(r"\(([^)]*)\)", words)
    apart = (re.sub(r"\([^)]*\)", " ", words), *inside)
    every = (_WORD.findall(each) for each in apart)
    return tuple(tuple(word for word in each if word not in _COMMON) or tuple(each) for each in every)


def _shares(name: str, said: Collection[str]) -> bool:
    """Whether words mean a product line: its first telling word is among them, or half of all."""
    return any(
        words and (words[0] in said or 2 * sum(word in said for word in words) >= len(words)) for words in _words(name)
    )


def _means(base: str, said: Sequence[str]) -> bool:
    """Whether words, all of them, name a product: NMAKE is the NMAKE Utility, Mail is not the Mail Development Kit."""
    said = [word for word in said if word not in _COMMON]
    return any(set(said) <= set(words) and 3 * len(said) >= len(words) for words in _words(base)) and bool(said)


def _titled(text: str) -> tuple[str, ...]:
    """Return the product lines in which a sentence confirms its fault, where the article lists none."""
    match = _CONFIRMED_IN.search(text)
    named = re.split(r";|\.(?!\w)| when | that | if ", match.group(1))[0] if match else ""
    named = re.sub(r",? and (?=\d)", ", ", named)
    # versions 3.0, 3.0b of Mail for Windows
    named = re.sub(r"^(versions? \d[\w., ]*?) of (?:the )?(?:Microsoft )?(.*)", r"\2, \1", named)
    return tuple(name for name, _ in lines_of(named)) if named[:1].isupper() and named[:7].lower() != "version" else ()


def _says(text: str) -> bool:
    lower = text.lower()
    for words in _SAYING:  # noqa: SIM110  # any() of a generator takes twice as long, and this is asked most
        if words in lower:
            return True
    return False


@functools.lru_cache(maxsize=8192)
def _read_often(text: str) -> tuple[_Sentence, ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[_Sentence]:
    """Return those sentences of a paragraph that may state something; half of all paragraphs are the same few."""
    for offset, words in prose.sentences(text) if _says(text) else ():
        if not _says(words):
            continue
        folded = product.fold(words)
        if len(folded) > _LONGEST or _CITATION.match(folded):  # No statement is that long; a hostile text is.
            continue
        confirmed = _CONFIRMED.search(folded) if "confirmed" in folded else None
        spaced = _SHORT.sub(" sp", folded) if "sp" in folded else folded
        corrected = tuple(match.span() for match in _CORRECTED.finditer(spaced))
        hotfix = bool(_HOTFIX.search(spaced)) and not _NEGATED.search(spaced.split(" available")[0])
        feature = "feature" in spaced and bool(_FEATURE.search(spaced))
        pack = ("sp" in spaced or "pack" in spaced) and (_PACK.search(spaced) or _LATEST.search(spaced))
        if confirmed or corrected or hotfix or feature or pack:
            rest = confirmed.group(1) if confirmed else None
            yield _Sentence(words, spaced, offset, rest, corrected, feature, hotfix)


# kbWinNT400nospFix, kbWin2000FixNoSP, kbExchange550fix
_KEYWORD_PLAIN = re.compile(r"(.+?)(nospfix|fixnosp|fix)", re.IGNORECASE)


def keywords(article: Article) -> list[Correction]:
    """Return what the keyword conventions say: `...sp4Fix`, `...preSP5fix`, `...nospFix`, `...SP4Fea`."""
    found = []
    line = article.trailer_line("Keywords") or 6
    for token in article.keywords:
        lower = token.lower()
        if not lower.endswith(("fix", "fea", "nosp")) or "list" in lower:
            continue
        # kbExchange550sp4Fix, EXC55SP3Fix, kbWinNT400PreSP7Fix, kbOffice2000preSR2fix, kbExchange550SP4Fea
        match = re.fullmatch(r"(.+?)(pre)?(?:sp|sr)(\d)([a-z])?(?:fix|fea)", lower)
        level: str | None = None
        if match:
            name = product.line_of_keyword(match.group(1))
            kind = CorrectionKind.HOTFIX if match.group(2) else CorrectionKind.SERVICE_PACK
            if not match.group(2):
                level = f"SP{match.group(3)}{match.group(4) or ''}"
                known = {each.name for each in product.line(name).levels} if name else set()
                if known and level not in known:
                    # kbExchange550SP5Fea: no such service pack ever came
                    kind, level = CorrectionKind.HOTFIX, None
        else:
            plain = _KEYWORD_PLAIN.fullmatch(lower)
            if plain is None:
                continue
            name = product.line_of_keyword(plain.group(1))
            kind = CorrectionKind.HOTFIX if "nosp" in plain.group(2) else CorrectionKind.RELEASE
            level = product.RTM if kind is CorrectionKind.RELEASE else None
        if name is not None:
            found.append(Correction(article.id, name, level, kind, Method.KEYWORD, article.id, line, token))
    return found


def _released(text: str) -> list[product.Mention]:
    """Return the products that `text` names with their release."""
    return [mention for mention in product.mentions(text) if mention.lines]


def _is_other(text: str, end: int) -> bool:
    """Whether what follows a release makes something else of it; the `1.0c patch` makes it 1.0c."""
    match = _NO_RELEASE.match(text, end)
    return match is not None and not (text[end - 1 : end].isalpha() and "patch" in match.group())


class _Reader:
    """Goes through the paragraphs in order, remembering what the section confirmed last."""

    def __init__(self, article: Article, affected: Sequence[Affected], rows: Sequence[FixedFile]) -> None:
        self.article = article
        self.rows = rows
        self.affected = tuple(dict.fromkeys(a.product_line for a in affected))
        self.servers = tuple(name for name in self.affected if product.line(name).server)
        self.corrections: list[Correction] = []
        self.confirmed: list[Affected] = []
        self.confirmed_lines: dict[str, None] = {}
        self.problems: list[Problem] = []
        self.bug = self.features = False
        self.recent: tuple[str, ...] = ()
        self.spoken: frozenset[str] | None = None
        self.hotfixes: list[tuple[_Sentence, int, tuple[str, ...], tuple[product.Mention, ...], tuple[str, ...]]] = []
        self.offered: tuple[str, ...] = ()  # what the section offers a hotfix for by name
        self.remedial: dict[int, None] = {}  # places in `corrections` of those by "install ...", not "corrected in ..."
        # where it reads: the section, its sub-headings once they are needed, the paragraph, the line of the sentence
        self.within = (0, 0)
        self.headings: list[tuple[prose.Subheading, tuple[str, ...]]] | None = None
        self.paragraph = prose.Paragraph(0, (), "")
        self.line = 0

    def section(self, first: int, end: int, wanted: Iterable[int]) -> None:
        """Read the paragraphs of one section that hold one of the lines `wanted`."""
        self.recent = ()
        self.within, self.headings, self.offered = (first, end), None, ()
        for paragraph in prose.paragraphs(self.article.lines, first, end, wanted):
            self.paragraph = paragraph
            text = paragraph.text
            for sentence in (_read_often if len(text) < 2000 else _read)(text):  # long ones are rare, and not kept
                self.line = paragraph.line(sentence.offset)
                self._confirmation(sentence)
                self.features = self.features or sentence.feature
                self._correction(sentence)
                if sentence.hotfix:
                    named = self._named(sentence.folded)
                    if named and "rollup" in sentence.folded:  # it has the name of what it is installed on
                        named = tuple(dict.fromkeys((*self._scope(), *named)))
                    elif named:
                        self.offered = named
                    promised = self._promised()
                    scope = named or self._scope() or (() if promised else self.offered)
                    self.hotfixes.append((sentence, self.line, scope, promised, self.recent))

    def finish(self) -> None:
        """Give each hotfix sentence its lines: what it names, the scope, what was confirmed, else what is affected.

        What is "corrected in Service Pack 3" is not corrected by a step that says "install Service Pack 2"; the steps
        of instructions correct nothing.
        """
        said: dict[str, set[str | None]] = {}
        for place, each in enumerate(self.corrections):
            if place not in self.remedial and each.kind is CorrectionKind.SERVICE_PACK:
                said.setdefault(each.product_line, set()).add(each.level)
        instructs = _INSTRUCTIONS.search(self.article.trailer_value("Issue type").lower()) is not None
        self.corrections = [
            each
            for place, each in enumerate(self.corrections)
            if place not in self.remedial
            or (not instructs and (each.level is None or each.level in said.get(each.product_line, {each.level})))
        ]
        confirmed = tuple(self.confirmed_lines)
        tabled = tuple(dict.fromkeys(row.product_line for row in self.rows if row.product_line is not None))
        others = tuple(name for name in self.affected if name not in self.servers)
        foreign = any(row.version is not None for row in self.rows) and not tabled and others
        for sentence, line, scope, promised, recent in self.hotfixes:
            self.line = line
            self.recent = recent
            names = scope or (self._lines(promised, ()) if promised else ())
            names = names or recent or confirmed or tabled or (others if foreign else self.servers) or self.affected
            for name in names:
                self._add(name, None, CorrectionKind.HOTFIX, sentence)

    # --- one sentence -------------------------------------------------------------------------------------------------

    def _scope(self) -> tuple[str, ...]:
        """Return the lines that the sub-headings above name: of the last that names any, else the release it tells."""
        if self.headings is None:
            self.headings = []
            names: tuple[str, ...] = ()
            for each in prose.subheadings(self.article.lines, *self.within):
                names = each.names or names
                self.headings.append((each, names))
        end = self.paragraph.first + len(self.paragraph.lines)
        above = bisect_left(self.headings, end, key=lambda heading: heading[0].line) - 1
        if above < 0:
            return ()
        last, names = self.headings[above]
        if names:
            return names
        match = re.fullmatch(r"(?:for )?versions? (\d\.\d+):?", last.text.lower())
        if match:
            return tuple(name for name in self.servers if name.endswith(" " + match.group(1)))
        return ()

    def _confirmation(self, sentence: _Sentence) -> None:
        rest = sentence.confirmed
        if rest is None:
            return
        self.bug = True
        named: list[str] = []
        for mention in product.mentions(rest):
            if self._is_client(mention, rest):
                return
            if self._runs_on(mention, rest):
                continue
            lines = mention.lines or self._complete(mention, ())
            named += lines
            pack = _CONFIRMED_PACK.match(rest, mention.end) if len(lines) == 1 else None
            if pack and product.line(lines[0]).level(f"SP{pack.group(1)}") is not None:
                self._confirm(lines[0], sentence, f"SP{pack.group(1)}")
        if not named and rest.strip(" .") and not _LISTED_ABOVE.search(rest):
            named += self._meant(rest)
            # Something without a release of its own is a part of what is listed.
            if not named and (_NUMBER.search(rest) or not self.affected):
                named += _titled(sentence.text)
        for name in named:
            self._confirm(name, sentence)
        if named:
            self.recent = tuple(dict.fromkeys(named))

    def _runs_on(self, mention: product.Mention, text: str) -> bool:
        """Whether a product is only what another runs on, or a part of its name: `Windows Messaging for Windows 95`."""
        if not mention.product.startswith("Windows") or not set(self.affected).isdisjoint(mention.lines):
            return False
        if not mention.lines and _NAMED_AFTER.match(text, mention.end):
            return True
        before = text[: mention.start]
        return _FOR.search(before) is not None and _PACK_FOR.search(before) is None

    def _is_client(self, mention: product.Mention, text: str) -> bool:
        """Whether a server's name is that of its clients: `Exchange 4.0 Windows clients`."""
        return set(self.affected).isdisjoint(mention.lines) and _CLIENTS.match(text, mention.end) is not None

    def _meant(self, text: str) -> tuple[str, ...]:
        """Return the affected lines that `text` means: by words, `MASM 6.0`, else by a release, `Extern.exe 3.2.16`."""
        said = frozenset(_WORD.findall(text))
        found = [name for name in self.affected[:_MOST] if _shares(name, said)]
        released = [name for name in found if name.rsplit(" ", 1)[-1].lower() in said]
        if released or found:
            return tuple(released or found)
        numbers = [number + "." for number in _NUMBER.findall(text)]
        return tuple(
            name for name in self.affected if any(n.startswith(name.rsplit(" ", 1)[-1] + ".") for n in numbers)
        )

    def _confirm(self, name: str, sentence: _Sentence, level: str | None = None) -> None:
        if name not in self.confirmed_lines:
            self.confirmed_lines[name] = None
            self.confirmed.append(Affected(name, level, self.line, sentence.text))

    def _correction(self, sentence: _Sentence) -> None:
        folded = sentence.folded
        if not sentence.corrected and "pack" not in folded and "sp" not in folded:
            return
        if _FURTHER.match(folded) or sentence.text.startswith("("):
            return
        if _NEGATED.search(folded) and not re.search(
            r"\b(?:was|has been|is) (?:also |first )*(?:corrected|fixed|included)", folded
        ):
            return
        done = False
        for start, end in sentence.corrected:
            before = folded[:start]
            if _CAUSED.search(before) or (_WEAK.match(folded, start) and not _SUBJECT.search(before)):
                continue
            if _NEGATED.search(before[-40:] + folded[start:end]):
                continue
            done = self._packs(sentence, folded[end:], before) or done
            if not done:
                strong = _WEAK.match(folded, start) is None
                done = self._release(sentence, folded[end:]) or (strong and self._own_release(sentence, folded[end:]))
        if done or _PREREQUISITE.search(folded):
            return
        step = _STEP.match(self.paragraph.lines[0])
        remedy = _REMEDY.search(folded) or (None if step else _IMPERATIVE.search(folded))
        if remedy and not _AFTER.search(folded[remedy.end() :]) and not _FOR_PACK.search(folded, remedy.end()):
            latest = _LATEST.search(folded, remedy.start())
            if latest is not None or _PACK.search(folded, remedy.end()):
                first = len(self.corrections)
                self._packs(sentence, folded[remedy.end() :], folded[: remedy.end()], remedy=True)
                self.remedial.update(dict.fromkeys(range(first, len(self.corrections))))

    def _packs(self, sentence: _Sentence, rest: str, before: str, *, remedy: bool = False) -> bool:
        """Record each service pack that `rest` names; whether there was any.

        `rest` is what follows "corrected in"; `before` is what stands before it, for "to resolve this in Windows NT
        4.0, install Service Pack 4".
        """
        stop = _STOP.search(rest)
        if stop:
            rest = rest[: stop.start()]
        if _ROLLUP_PACKAGE.search(rest) and _PACK.search(rest) and re.search(r"\b(?:rollup|roll-up|hrp|srp)\b", rest):
            for mention in product.mentions(rest):
                for name in mention.lines:
                    self._add(name, None, CorrectionKind.HOTFIX, sentence)
            return True
        events: list[tuple[int, str, object]] = [(m.start, "product", m) for m in product.mentions(rest)]
        events += [(m.start(), "pack", m) for m in _PACK.finditer(rest)]
        latest = _LATEST.search(rest)
        if latest and not any(kind == "pack" for _, kind, _ in events):
            mentioned = [m for m in product.mentions(rest) if isinstance(m, product.Mention)]
            unknown = not mentioned and _FILLING.sub("", rest[: latest.end()].replace("service", ""))
            names = () if unknown else self._lines(mentioned or _released(before), self._scope())
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
                pending.append(thing)
                continue
            assert isinstance(thing, re.Match)
            if _RELATIVE.search(rest[: thing.start()]) or re.search(r"\bhotfix(?:es)?\b", rest[: thing.start()]):
                continue
            if remedy and (_PART.match(rest[thing.end() :]) or not self._only_named(rest[: thing.start()])):
                continue
            again = levels
            levels = [f"SP{int(thing.group(1))}{thing.group(2) or ''}"]
            if levels == again and re.fullmatch(r"\W*\(", rest[end : thing.start()]):
                end = thing.end()  # Office 2000 Service Pack 2 (SP2)
                continue
            if not pending:
                following = re.match(r"[ )(a-z0-9]{0,12}?\b(?:for|of|to)\b (.*)", rest[thing.end() :])
                if following:
                    pending = list(product.mentions(following.group(1)))[:1]
            unknown = not pending and _FILLING.sub("", rest[end : thing.start()])
            end = thing.end()
            for name in () if unknown else self._lines(pending or _released(before), self._scope()):
                found = self._pack(name, levels, sentence) or found
            if not found:
                self._problem(sentence, f"{levels[0]} of which product?")
            pending = []
        if (
            found
            and not remedy
            and pending
            and re.fullmatch(r" ?(?:and|or)(?: in)?(?: the)? ", rest[end : pending[0].start])
        ):
            self._release(sentence, rest[pending[0].start :])
        return found

    def _only_named(self, text: str) -> bool:
        """Whether `text` holds nothing but products, service packs and filling words."""
        for mention in reversed(product.mentions(text)):
            text = text[: mention.start] + text[mention.end :]
        return not _FILLING.sub("", _PACK.sub("", text))

    def _pack(self, name: str, levels: Sequence[str], sentence: _Sentence) -> bool:
        """Record the levels that the line really has; whether there was any."""
        of = product.line(name)
        known = [of.renamed.get(level, level) for level in levels]
        real = [level for level in known if not of.levels or of.level(level) is not None]
        for level in real:
            self._add(name, level, CorrectionKind.SERVICE_PACK, sentence)
        return bool(real)

    def _release(self, sentence: _Sentence, rest: str) -> bool:
        """Record `corrected in Exchange 2000 Server`: the release has the fix from its beginning."""
        words = _RELEASE_WORDS.match(rest)
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
        for name in mention.lines:
            self._add(name, product.RTM, CorrectionKind.RELEASE, sentence)
        return True

    def _own_release(self, sentence: _Sentence, rest: str) -> bool:
        """Record a release of what is affected: `corrected in MASM 6.1`, `in version 1.2`, `in 5.0 of the client`.

        A bare number is one of what was confirmed, else of the one product that is affected.
        """
        match = _OWN_RELEASE.match(rest)
        if match is None or _is_other(rest, match.end(2)):
            return False
        before, release, of = match.groups()
        words = _WORD.findall(f"{before} {of or ''}")
        if not words and not self.bug:
            return False
        released = (name.rsplit(" ", 1) for name in (self.affected if words else self.recent or self.affected))
        named = dict.fromkeys(each[0] for each in released if len(each) == 2 and each[1][0].isdigit())
        bases = [base for base in named if not re.search(r"\d\.\d", base) and (not words or _means(base, words))]
        if len(bases) != 1:
            return False
        known = product.spellings(bases[0])
        if known and release not in known:
            return False
        self._add(known.get(release, f"{bases[0]} {release}"), product.RTM, CorrectionKind.RELEASE, sentence)
        return True

    # --- which product ------------------------------------------------------------------------------------------------

    def _lines(self, mentioned: Sequence[product.Mention], scope: tuple[str, ...]) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for mention in mentioned:
            for name in mention.lines or self._complete(mention, scope):
                names.setdefault(name)
        if names:
            return tuple(names)
        if mentioned:
            return ()
        if scope:
            return scope
        recent = tuple(name for name in self.recent if product.line(name).levels)
        if recent:
            return recent
        return self.servers if len(self.servers) == 1 else (self.affected if len(self.affected) == 1 else ())

    def _complete(self, mention: product.Mention, scope: tuple[str, ...]) -> tuple[str, ...]:
        """Return the lines that a product without a release means here."""

        def same(names: Iterable[str]) -> tuple[str, ...]:
            return tuple(name for name in names if product.line(name).product == mention.product)

        for names in (
            same(scope),
            same(self.recent),
            same(self.confirmed_lines),
            same(self.affected),
        ):
            if names:
                return tuple(dict.fromkeys(names))
        known = [each.name for each in product.lines() if each.product == mention.product]
        return tuple(known) if len(known) == 1 else self._in_text(mention.product)

    def _in_text(self, name: str) -> tuple[str, ...]:
        """Return the one release of a product that the whole text names, () when it names several or none."""
        if self.spoken is None:
            first, end = self.article.body
            text = " ".join(line.strip() for line in self.article.lines[first - 1 : end - 1])
            # The whole text is not worth keeping in their caches.
            mentions = product.mentions.__wrapped__(product.fold.__wrapped__(text))
            self.spoken = frozenset(line for mention in mentions for line in mention.lines)
        found = tuple(line for line in self.spoken if product.line(line).product == name)
        return found if len(found) == 1 else ()

    def _named(self, folded: str) -> tuple[str, ...]:
        """Return the lines that a hotfix sentence names with their release."""
        return tuple(dict.fromkeys(name for m in product.mentions(folded) for name in m.lines))

    def _promised(self) -> tuple[product.Mention, ...]:
        """Return the products of "the next X service pack" in a hotfix paragraph."""
        match = _NEXT.search(product.fold(self.paragraph.text[:20_000]))
        return product.mentions(match.group(1)) if match else ()

    # --- results ------------------------------------------------------------------------------------------------------

    def _add(self, name: str, level: str | None, kind: CorrectionKind, sentence: _Sentence) -> None:
        self.corrections.append(
            Correction(self.article.id, name, level, kind, Method.SENTENCE, self.article.id, self.line, sentence.text)
        )

    def _problem(self, sentence: _Sentence, message: str) -> None:
        self.problems.append(Problem(self.line, f"{message} {sentence.text[:160]}", "product-unclear"))
