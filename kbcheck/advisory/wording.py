"""The wording of statements about corrections: its patterns, and the sentences that may state something.

Above a pattern stands what it matches, as articles write it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from kbcheck import product
from kbcheck.advisory import prose
from kbcheck.advisory.affected import lines_of

# Service Pack 4.0 / service packs 1 and 2 / SP3 / Service Pack Service Pack 1 / Service Pack 6/6a / SP1a
PACK = re.compile(
    r"\b(?:service packs?|sp)(?: service packs?| sp)? ?(\d{1,2})(?:\.0)?(?:/\d?[a-z])?([a-z])?(?![\w]"
    r"|\.\d)((?: (?:and|or) (?:service pack |sp)?\d(?![\w.]))*)"
)
_SHORT = re.compile(r"(?<=\d)sp(?=\d)")
_VERB = (
    r"(?:corrected|fixed|addressed|resolved|eliminated|repaired|solved|remedied|rectified"
    r"|included|incorporated|implemented|available|contained)"
)
# "included in" corrects something only where it speaks of a fix; not "the form is available with Service Pack 1"
WEAK = re.compile(r"(?:included|incorporated|implemented|available|contained)\b")
SUBJECT = re.compile(
    r"(?<!original )\b(?:fix(?:es)?|hotfix(?:es)?|features?|support|corrections?|updates?"
    r"|patch(?:es)?|modifications?|solution)\b"
    r"(?:(?!\bfiles?\b|\boriginal\b)[^.]){0,90}?\b(?:is|are|was|were|been|be)(?: (?:also|first|now|already))* $"
)
# a change that a service pack brought with it, and that is the fault
CAUSED = re.compile(
    r"\b(?:introduced|exposed|caused|due to|because|related to|confirmed|resulted?|original|regression"
    r"|similar to|similar (?:\w+ )?(?:problem|issue|bug|symptom)s?|(?:another|other) (?:problem|issue|bug)s?"
    r"|in addition to)\b"
)

# This problem was first corrected in ..., A fix has been included in ..., The problem is fixed by installing ...
_CORRECTED = re.compile(
    rf"\b(?:(?:corrected|fixed) and (?:is|was|has been) (?:now )?)?{_VERB}\b"
    r"(?: \(?(?:also|first|now|beginning|starting)\)?)*"
    r"(?: as of| with| in| by| by (?:installing|applying|upgrading to))\b"
)
# To resolve this problem obtain ..., To correct this problem install ..., To fix this issue upgrade to ...
REMEDY = re.compile(
    r"\bto (?:resolve|correct|fix|eliminate|solve|address|prevent|avoid|(?:get|obtain) (?:this|the|these) )\b.{0,160}?"
    r"\b(?:obtain|install|apply|upgrade|update|get|download|use|move)\b(?! the latest files)"
)
IMPERATIVE = re.compile(
    r"^(?:- |1\. )?(?:please )?(?:obtain|install|apply|upgrade to|update to"
    r"|update all servers)\b(?! the (?:following )?(?:fix|hotfix))"
)
# Exchange Server 5.0 Service Pack 1 addresses this problem; Windows NT 4.0 Service Pack 6a has been released to fix it
ACTIVE = re.compile(
    r"(.{0,80}?\b(?:service pack|sp) ?\d[a-z]?(?: \(sp ?\d[a-z]?\))?) (?:(?:has been|was|is) released to"
    r" (?:fix|correct|resolve|address)|fixes|corrects|resolves|addresses) this (?:problem|issue|bug)\b"
)
# "9. Apply the latest service pack" is a step of a procedure, not the correction
STEP = re.compile(r" *(\d\d?)\. ")
_LONGEST = 2500
MANY = 20  # statements or service packs in a sentence; real ones have a few
MOST = 200  # product lines of an article; real ones list some dozens
AND = re.compile(r"[ ,]*and (?:in )?(?:the )?")
LATEST = re.compile(r"\b(?:latest|most recent|newest|current)\b(?:[^.]|\.\d){0,70}?\bservice packs?\b")
# A supported fix is now available / A supported fix that corrects this is now available / hotfix has been posted
_HOTFIX = re.compile(
    r"\b(?:supported|private) (?:fix|hotfix|feature|update|patch|modification)\b.{0,110}?\b(?:is"
    r"|are) (?:now |also )*available\b"
    r"|\b(?:fix|hotfix|patch|update)(?:es)? (?:is|has been|was|are|have been)(?: now)? (?:posted|made available)\b"
    r"|\bthis (?:fix|hotfix|update|patch)\b.{0,40}? has been posted\b|\bthis (?:fix|hotfix|update|patch) is available\b"
    r"|\bto obtain (?:this|the) (?:fix|hotfix|update|patch)(?: immediately)? (?:please )?contact\b"
    r"|\bto (?:resolve|correct|fix|work around) this (?:problem|issue)(?: immediately)?,? (?:you must )?"
    r"(?:contact (?:product|technical|premier|pss|support)\b"
    r"|(?:either )?obtain the (?:hotfix|fix|update|patch|following fix|individual package|[^.]{0,80}? rollup package"
    r"|[^.]{0,40}\d\.\d[^.]{0,60}? rollup package)|apply the (?:fix|hotfix|patch)|install the (?:hotfix|fix"
    r"|patch))\b"
    r"|\b(?:resolved|corrected|fixed|addressed) by the following (?:updated |new |replacement )?(?:file|version)s?\b"
    r"|\bcontact .{0,40}?(?:technical|product) support.{0,30}? to obtain the (?:following )?(?:fix|hotfix|update"
    r"|patch)\b"
    r"|\bobtain the following (?:fix|hotfix|update|patch)\b"
    r"|\bservice pack\b(?:[^.;]|\.\d){0,80} or the individual (?:software update|package)\b"
    r"|\bpatch(?:es)?\b(?:[^.;]|\.\d){0,60} (?:has|have) been provided as part of\b(?!.{0,80}\bservice pack)"
)
# A patch is available, an update to SNA Server 3.0 is available: of what the article is about, if that is a fault; not:
# a more recent update is available, a fix is available in Service Pack 3
_OFFERED = re.compile(
    r"(?:(?<!recent )(?<!newer )(?<!later )\b(?:fix|hotfix|patch|update)(?:es)? (?:is|has been|was|are|have been)"
    r"(?: now)?|\b(?:hot ?fix|fix|patch|update)(?:es)? (?:to|for) (?!the (?:latest )?service pack)(?:[^.;]|\.\d){1,80}?"
    r" (?:is|are)(?: now| also| currently)?)"
    r" (?:available|developed|created)\b(?! (?:in|with|as)\b)"
    r"|\bto (?:resolve|correct|fix) this (?:problem|issue),? the following files? (?:is|are) available for download\b"
    r"|\bis a (?:patch|fix|update) that (?:fixes|corrects|resolves)\b"
    # to resolve this problem, obtain an updated version of Schannel.dll; an updated version of Afd.sys has been created
    r"|\bto (?:resolve|correct|fix|work around) this (?:problem|issue),? (?:please )?obtain (?:the|an|a) "
    r"(?:updated|corrected|fixed|new) (?:version )?of [\w$~-]+\.(?:exe|dll|sys|ocx|drv|vxd)\b(?! (?:from|by)\b)"
    r"|(?<!no )\b(?:updated|corrected|fixed|new) (?:version )?of [\w$~-]+\.(?:exe|dll|sys|ocx|drv|vxd)"
    r" (?:is now available|has been (?:created|compiled))\b(?! (?:in|with|as|from)\b)"
)
_OFFERING = ("available", "developed", "created", "that fixes", "that corrects", "that resolves", "obtain", "compiled")
# Install the hotfix mentioned below: where another sentence offers it
_POINTING = re.compile(
    r"\b(?:fix|hotfix|update|patch) (?:that is )?(?:mentioned|referenced|described|referred to|listed|noted|identified)"
    r" (?:below|above|later|in the status)\b"
)
# A supported fix is now available for version 1.1
FOR_RELEASE = re.compile(r"\bavailable for (?:version )?(\d\.\d+[a-z]?)(?![\w.]*\w)")
# This fix applies to Systems Management Server 1.2 only, Q176544; this hotfix is only available for Site Server 3.0
_ONLY_FOR = re.compile(
    r"\bthis (?:fix|hotfix|update|patch) (?:(?:only )?applies (?:only )?to|is (?:only )?(?:available )?(?:only )?for)"
    r" ((?:[^.]|\.\d){3,80})"
)
# available on HP's BBS, from Lotus, from the following IBM Web site: in a text as it is written
_FOREIGN = re.compile(
    r"\bavailable (?:\w+ ){0,3}?(?:from|on|through|by|at) (?:the )?(?:following )?"
    r"(?!Microsoft|Internet|World|Web|WWW|MS|FTP|BBS|PSS|PPSS|CompuServe|Product|Technical|Windows|Download|Q\d)[A-Z][\w'/&-]*"
    r"|\b[Cc](?:ontact|all) (?!Microsoft|MS|Product|Technical|Premier|PSS|Support|Customer)[A-Z]\w*"
)
NEGATED = re.compile(
    r"\b(?:not|never|isn't|wasn't|cannot) (?:yet )?(?:been |be )?(?:corrected|fixed|included|addressed|resolved"
    r"|available|implemented|incorporated)\b"
    r"|\b(?:will|may|might|should|would|could|to|can) (?:also )?(?:be |have been )(?:first "
    r"|permanently )?(?:corrected|fixed|included|addressed|resolved|considered)\b"
    r"|\bno (?:separate )?(?:fix|hotfix|patch|update)\b|\berroneously\b"
    r"|\bscheduled\b|\bplanned\b|\bwait for\b|\bre-?appl|\bre-?install|\bif you have\b|\bunless\b.{0,60}\bwait\b"
)
# corrected in Service Pack 3, but only in a domain of Windows NT 4.0; fixed in SP6, but if you need
LIMITED = re.compile(r",? but (?:only|if|not)\b")
# Most occurrences of this problem were / This particular problem was: of several
PARTIAL = re.compile(r"\b(?:most (?:occurrences|cases|instances)|particular (?:problem|issue))\b")
# This problem does not occur in (the retail version of) Exchange Server 5.0, or in 5.5
_ABSENT = re.compile(
    r"(?:note: ?)?(?:however,? )?(?:this|the) (?:problem|issue|bug|behavior|error) does not (?:occur|exist)"
    r" (?:in|with|on|under) (?:the )?(?:retail (?:of )?|released )?"
)
# what follows the offer of a hotfix: obtain the following fix, or wait for the next service pack
_ALTERNATIVE = re.compile(r" available\b| or wait for\b")
# what is said of a correction itself, not only of what holds it
STRONG = re.compile(r"\b(?:corrected|fixed|resolved|addressed|solved|eliminated)\b", re.IGNORECASE)
# After you install Windows NT 4.0 Service Pack 4, ...: what it brought
_AFTER_PACK = re.compile(
    r"\b(?:after|once|when) (?:you |the |a )?(?:appl|install|upgrad)\w*(?: to| the)?(?: \S+){0,8}?"
    r" (?:service pack|sp) ?(\d[a-z]?)\b"
    r"|\bafter (?:\S+ ){0,6}?(?:service pack|sp) ?(\d[a-z]?)(?: \S+){0,6}? (?:is|was|has been) (?:appl|install)"
)
# The problem no longer occurs after Service Pack 4 is installed
_GONE = re.compile(r"\b(?:not occur|no longer occurs?|until)\b[^.]*$")
# This hotfix is not included in Service Pack 6; the problem was not corrected in Service Pack 5
DENIED = re.compile(
    r"\b(?:this|the) (?:fix|hotfix|update|patch|problem|issue|error|bug) (?:is|was|has) not (?:yet )?(?:been )?"
    r"(?:corrected|fixed|included|resolved|contained) in\b"
)
DENIED_END = re.compile(r"[;.] |;|,? (?:however|but|although|though|while|it is|and (?:is|was|it))\b")
# Steps to reproduce the problem
REPRODUCES = re.compile(r"\b(?:reproduc|recreat)", re.IGNORECASE)
# this problem
_ABOUT_THIS = re.compile(r"\b(?:this|the|these) (?:problem|issue|bug|error)s?\b")
# The LSA2-FIX is a hotfix that is also (included in Service Pack 4): told in passing
RELATIVE_CLAUSE = re.compile(r"\b(?:that|which) (?:is|are|was|were|has been|have been)(?: \w+){0,2} $")
PREREQUISITE = re.compile(
    r"\b(?:requires?|required|prerequisite|must (?:first )?(?:be (?:applied|installed|running|at)|have|apply|install)"
    r"|prior to|before (?:you |applying|installing)|depend(?:s|encies))\b"
)
# Because of file dependencies, this hotfix requires Windows NT 4.0 Service Pack 6a / This fix can be installed on ... /
# You must apply ... before applying this fix / Before you apply the hotfix, install ...
REQUIRES = re.compile(
    r"\b(?:this|the) (?:fix|hotfix|update|patch) (?:requires?"
    r"|(?:can|should|must) (?:only )?be (?:installed|applied) (?:only )?(?:on|to|after)) ([^;]*)"
    r"|\byou must (?:first )?(?:apply|install|be running) ([^;]{3,120}?)"
    r" (?:before (?:you |apply|install)|to (?:apply|install) )"
    r"|\bbefore you (?:apply|install) (?:this|the) (?:fix|hotfix|update|patch)\b[^;]{0,60}? install ([^;]*)"
)
# one is in each sentence that REQUIRES, NEEDED or POST_PACK finds
REQUIRING = ("requires", "must", "be installed", "be applied", "before you", "post")
# The English version of this post-SP3 hotfix / The post-SMS 2.0 Service Pack 3 (SP3) version of this fix
POST_PACK = re.compile(
    r"\b(?:of (?:this|the)|this is a) post-? ?[^;]{0,40}?\b(?:service pack|sp) ?\d[a-z]?(?: \(sp ?\d[a-z]?\))?"
    r" (?:fix|hotfix|update|patch)\b"
    r"|\bpost-? ?[^;]{0,40}?\b(?:service pack|sp) ?\d[a-z]?(?: \(sp ?\d[a-z]?\))?"
    r" (?:version )?of (?:this|the) (?:fix|hotfix|update|patch)\b"
)
# Because of file dependencies, Exchange Server 5.5 Service Pack 4 must be applied before you apply this fix / Service
# Pack 3 must be applied to Windows NT 4.0 prior to applying this fix
NEEDED = re.compile(
    r"(?:note: )?(?:because of file dependencies )?"
    r"((?:[^;]{0,80}? )?\b(?:service pack|sp) ?\d[a-z]?(?: \(sp ?\d[a-z]?\))?"
    r" must be (?:applied|installed)(?: (?:to|on) [^;]{3,60}?)?)"
    r" (?:before (?:you )?|prior to )(?:apply|install)(?:ing)? this (?:fix|hotfix|update|patch)\b"
)
# .../fixes/Eng/Exchg5.0/Post-SP2-STORE/, .../fixes/usa/NT40/hotfixes-postSP3/: what the hotfix there was made after
POSTED = re.compile(r"/(exchg[45]\.[05]|nt351|nt40tse|nt40)/\s*(?:hotfixes-)?post-?sp(\d[a-z]?)(?![a-z0-9])")
POSTED_FOR = {
    "exchg4.0": "Exchange Server 4.0",
    "exchg5.0": "Exchange Server 5.0",
    "exchg5.5": "Exchange Server 5.5",
    "nt351": "Windows NT 3.51",
    "nt40": "Windows NT 4.0",
    "nt40tse": "Windows NT Server 4.0, Terminal Server Edition",
}
NEEDED_BY = re.compile(r"(?: \(sp ?\d[a-z]?\))? must be (?:applied|installed) (?:to|on) (.*)")
# Service Pack 4 for Windows NT 4.0
OF_PRODUCT = re.compile(r"[ )(a-z0-9]{0,12}?\b(?:for|of|to)\b (.*)")
# Service Pack 4 Hotfix Rollup Package (HRP), SP6a Security Rollup Package: what came after it
ROLLUP_OF = re.compile(
    r"(?<!post-)(?<!post )\b(?:service pack|sp) ?(\d[a-z]?) (?:hotfix |security )?(?:rollup|roll-up|hrp|srp)\b"
)
AFTER = re.compile(r"\b(?:afterwards?|after (?:you )?(?:install|appl|upgrad))")
# Microsoft has confirmed this to be a problem in ... / confirmed that this is a bug in
_CONFIRMS = (
    r"\bconfirmed\b.{0,60}?\b(?:problem|bug|issue|error|limitation|behavior|defect|vulnerability)s?\b.{0,40}?\b(?:in"
    r"|with|of)"
)
_CONFIRMED = re.compile(_CONFIRMS + r"\b(.*)")
# the same in a text as it is written, to keep the name as it is written
_CONFIRMED_IN = re.compile(_CONFIRMS + r" (?:the )?(?:Microsoft )?(.*)", re.IGNORECASE)
# Microsoft Windows NT Server Service Pack 3.; not where other service packs follow
CONFIRMED_PACK = re.compile(
    r"(?: server| workstation)* (?:service pack|sp) ?(\d[a-z]?)(?![\w.]*\w)(?! ?(?:and|or|\d|sp))"
)
# the Microsoft Exchange version 4.0 Windows 3.x and Windows NT clients
CLIENTS = re.compile(
    r"(?: (?:win\w*|nt|9[58]|\d\.\w+|ms-?dos|mac\w*|outlook|and|or|for|\d\d-bit|messaging|mail|server)(?= )){0,12}"
    r" clients?\b"
)
# the Windows Messaging Client for Windows 95; not: Service Pack 3 for Windows NT 4.0
FOR = re.compile(r"\b(?:for|on|under|running) $")
# Windows Messaging; not: Windows and, Windows NT Server when
NAMED_AFTER = re.compile(
    r" (?!(?:and|or|server|workstation|when|that|if|is|does|for|on|in|with|where|which|service|sp\d?)\b)[a-z]"
)
PACK_FOR = re.compile(r"\b(?:packs?|sp) ?\d{0,2}[a-z]? \w+ $")
WORD = re.compile(r"[a-z0-9][\w+#&-]*(?:\.\w+)*")
NUMBER = re.compile(r"(?<![\w.])\d+\.\d[\w.]*(?<!\.)")
# Words that tell no product from another; windows tells only where nothing else does.
_COMMON = frozenset(
    (
        *("a", "an", "and", "edition", "for", "in", "macintosh", "network", "networks", "of", "or", "pc", "server"),
        *("standard", "system", "the", "version", "versions", "windows"),
    )
)
LISTED_ABOVE = re.compile(r"\b(?:products? (?:that are )?listed|listed (?:above|at the beginning)|above)\b")
_FEATURE = re.compile(r"\bfeature (?:was|has been|is) (?:first )?(?:included|added)\b")
NEXT = re.compile(r"\bthe next\b(.{0,60}?)\bservice (?:pack|release)\b")
# A paragraph without any of these states nothing; most sections have none of them. A blank may be a line's end.
TRIGGERS = (
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
    "available for download",
    "not occur",
    "not exist",
)
TRIGGER_PATTERNS = (
    ("pack", re.compile(r"service\s+pack")),
    ("sp", re.compile(r"sp\s*\d")),
    ("sr", re.compile(r"sr-?\s?\d")),
    ("service r", re.compile(r"service\s+release\s+\d")),
)
# A sentence without any of these states nothing.
_SAYING = (
    *("service release", "provided as part"),
    *("confirmed", "corrected", "fixed", "addressed", "solved", "eliminated", "repaired", "remedied", "rectified"),
    *("included", "incorporated", "implemented", "available", "contained", "posted", "developed", "created", "contact"),
    "obtain",
    *("apply the", "install the", "feature", "pack", "patch that", "not occur", "not exist", "applies"),
)
_SHORT_PACK = re.compile(r"s(?:p ?|r ?-? ?)\d", re.IGNORECASE)
RELATIVE = re.compile(
    r"(?:\b(?:post|pre)-? ?|\b(?:later than|newer than|earlier than|after|since|prior to|before|beyond"
    r"|than)(?: the)? (?:[a-z ]+[\d.]* )?)$"
)
# "Proxy Server 2.0 Service Pack 1" names a product that is not known: what stands between must be filling words only
FILLING = re.compile(
    r"\b(?:the|an?|this|that|these|latest|most|recent|newest|current|following|new|any|either|both|and|or|of|for|in|with|by|on|to|"
    r"u\.s|english|german|french|spanish|italian|japanese|korean|chinese|dutch|language|international|north|american|"
    r"\d+-bit|bit|installing|applying|upgrading|install|apply|upgrade|obtain|or later|later|available|version|its|your|"
    r"all|servers?|clients?|computers?|use|using|run|running|service|be|is|was|first|also|beginning|starting|then|packs?|update|release)\b|[^a-z]+"
)
# further reading
FURTHER = re.compile(
    r"^(?:- )?(?:for (?:more |additional |further )?(?:information|details)\b"
    r"|the following (?:knowledge base )?article)"
)
# Q323206 SMS: List of Bugs Fixed in SMS 2.0 SP4, QQ323206 ...: a title that is cited
_CITATION = re.compile(r"(?:- )?q+ ?\d{5,6}\b")
# Install the SNA Server 4.0 Service Pack 2 client: a part of it, not the service pack
PART = re.compile(
    r"^\W*(?:sp\d\w?\W*)?(?:rc ?\d|beta|windows|client|english|version|cd|release|files?|hotfix|patch|edition)\b"
)
# Apply the update to Windows NT 4.0 Service Pack 2; install Service Pack 1 again
FOR_PACK = re.compile(r"\b(?:update|fix|patch) (?:to|for) [a-z0-9. ]{0,60}\b(?:service pack|sp) ?\d|\bagain\b")
STOP = re.compile(
    r"\bor (?:upgrade|update|move) to\b"
    r"|\b(?:requires|must|confirmed|however|but|if you|when you|because|instead of|rather than|introduced in"
    r"|does not occur|do not|only intended|problem in|bug in)\b"
)
RELEASE_WORDS = re.compile(
    r"(?: the)?(?: retail| final| released| released? of| release of)*(?: (?:upgrade|product) (?:to|of))? ?"
)
# what makes of a product, or of its release, something else: SNA Server 3.0 SP1, Windows NT 4.0 Resource Kit
NO_RELEASE = re.compile(
    r" ?(?:and )?\(?(?:service (?:pack|\d)|(?:security )?rollup|s[pr][ -]?\d|osr|oem|hotfix|patch|(?:software )?update"
    r"|post|\d|beta|setup|documentation|help|readme|(?:server )?resource kit|cd|client)"
)
# version 1.2 / the MASM 6.1 / NMAKE version 1.2 for MS-DOS / version 5.0 of the client; at most four words before it
OWN_RELEASE = re.compile(
    r" ?(?:the )?((?:(?!build|file|driver|service|sp\d)[a-z][\w+#()-]* ){0,4})(\d{1,2}\.\d{1,2}[a-z]?)(?![\w.]*\w)"
    r"(?: (?:release )?of ([^.;(]{3,60}))?"
)
# (corrected in) version 3.4.041 of PWAFSCSI.XEC: in a text as it is written
OF_FILE = re.compile(
    r"\b(?:in|by|with) (?:the )?(?:build|version) (\d[\w.]*\w)(?: or later)? of (?:the )?(?:new )?"
    r"([\w$~-]+\.[A-Za-z]\w{1,2})\b"
)
# PATCH: Printing with FoxBase
FAULT_TITLE = re.compile(r"(?:BUG|FIX|PATCH|PRB) ?:")
INSTRUCTIONS = re.compile(r"\b(?:kbhowto|kbinfo)\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that may state something, `offset` being where it begins in its paragraph.

    `folded` is its text for the patterns (see product.fold; `5.5sp4` becomes `5.5 sp4`), `confirmed` what follows
    "confirmed this to be a problem in", `corrected` where "corrected in" stands; `loose`: it offers a hotfix in words
    that may be about anything; `points`: to a hotfix that another sentence offers; `absent` is what follows "this
    problem does not occur in", `only` what follows "this fix applies only to".
    """

    text: str
    folded: str
    offset: int
    confirmed: str | None
    corrected: tuple[tuple[int, int], ...]
    feature: bool
    hotfix: bool
    loose: bool
    points: bool
    absent: str | None
    only: str | None


@functools.lru_cache(maxsize=1024)
def _words(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the words that tell a product, its release left out; apart those in brackets, which are another name.

    `Macro Assembler (MASM) 6.0` is macro assembler, or masm.
    """
    words = product.fold(re.sub(r" \d[\w.]*$", "", name))
    inside = re.findall(r"\(([^)]*)\)", words)
    apart = (re.sub(r"\([^)]*\)", " ", words), *inside)
    every = (WORD.findall(each) for each in apart)
    return tuple(tuple(word for word in each if word not in _COMMON) or tuple(each) for each in every)


def shares(name: str, said: Collection[str]) -> bool:
    """Whether words mean a product line: its first telling word is among them, or half of all."""
    return any(
        words and (words[0] in said or 2 * sum(word in said for word in words) >= len(words)) for words in _words(name)
    )


def means(base: str, said: Sequence[str]) -> bool:
    """Whether words, all of them, name a product: NMAKE is the NMAKE Utility, Mail is not the Mail Development Kit."""
    said = [word for word in said if word not in _COMMON]
    return any(set(said) <= set(words) and 3 * len(said) >= len(words) for words in _words(base)) and bool(said)


def brought(text: str) -> frozenset[tuple[str, str]]:
    """Return (product, level) of the service packs after whose installation a fault is said to occur; "": any's."""
    found = set()
    folded = product.fold.__wrapped__(text)  # too long to be kept
    for match in _AFTER_PACK.finditer(folded):
        if _GONE.search(folded, max(match.start() - 60, 0), match.start() + 1):
            continue
        named = [mention.product for mention in product.mentions(match.group())]
        found.add((named[-1] if named else "", f"SP{match.group(1) or match.group(2)}"))
    return frozenset(found)


def titled(text: str) -> tuple[str, ...]:
    """Return the product lines in which a sentence confirms its fault, where the article lists none."""
    match = _CONFIRMED_IN.search(text)
    named = re.split(r";|\.(?!\w)| when | that | if ", match.group(1))[0] if match else ""
    if re.match(r"[\w$~-]+\.(?:dll|exe|sys|ocx|drv|vxd) files?\b", named, re.IGNORECASE):
        return ()  # the Msjt3032.dll file that ships with Jet 3.0
    named = re.sub(r",? and (?=\d)", ", ", named)
    # versions 3.0, 3.0b of Mail for Windows
    named = re.sub(r"^(versions? \d[\w., ]*?) of (?:the )?(?:Microsoft )?(.*)", r"\2, \1", named)
    return tuple(name for name, _ in lines_of(named)) if named[:1].isupper() and named[:7].lower() != "version" else ()


def _says(text: str) -> bool:
    lower = text.lower()
    for words in _SAYING:  # any() of a generator takes twice as long, and this is asked most
        if words in lower:
            return True
    return ("sp" in lower or "sr" in lower) and _SHORT_PACK.search(lower) is not None


def sentences(text: str) -> Iterable[Sentence]:
    """Return the sentences of a paragraph that may state something."""
    return _read_often(text) if len(text) < 2000 else _read(text)  # long ones are rare, and not kept


@functools.lru_cache(maxsize=8192)
def _read_often(text: str) -> tuple[Sentence, ...]:
    return tuple(_read(text))


def _read(text: str) -> Iterator[Sentence]:
    """Return those sentences of a paragraph that may state something; half of all paragraphs are the same few."""
    for offset, words in prose.sentences(text) if _says(text) else ():
        if not _says(words):
            continue
        folded = product.fold(words)
        if len(folded) > _LONGEST or _CITATION.match(folded):  # No statement is that long; a hostile text is.
            continue
        confirmed = _CONFIRMED.search(folded) if "confirmed" in folded else None
        spaced = _SHORT.sub(" sp", folded) if "sp" in folded else folded
        corrected = tuple(match.span() for match in islice(_CORRECTED.finditer(spaced), MANY))
        loose = _HOTFIX.search(spaced) is None
        offered = not loose or (any(map(spaced.__contains__, _OFFERING)) and _OFFERED.search(spaced) is not None)
        loose = loose and _ABOUT_THIS.search(spaced) is None
        told = _ALTERNATIVE.split(spaced, maxsplit=1)[0] if offered else ""
        hotfix = offered and not NEGATED.search(told) and not _FOREIGN.search(words)
        feature = "feature" in spaced and bool(_FEATURE.search(spaced))
        pack = ("sp" in spaced or "pack" in spaced) and (PACK.search(spaced) or LATEST.search(spaced))
        missing = _ABSENT.match(spaced) if " not " in spaced else None
        only = _ONLY_FOR.search(spaced) if " only" in spaced else None
        only = only if only is not None and "only" in only.group() else None
        if confirmed or corrected or hotfix or feature or pack or missing or only:
            rest = confirmed.group(1) if confirmed else None
            points = hotfix and _POINTING.search(spaced) is not None
            absent = spaced[missing.end() :] if missing else None
            alone = only.group(1) if only else None
            yield Sentence(words, spaced, offset, rest, corrected, feature, hotfix, loose, points, absent, alone)
