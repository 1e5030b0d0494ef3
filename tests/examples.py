"""Example articles: one builder for the archive's layout, one table of small articles and what they mean.

Every text is in our own words; only the formulas that the parser must know ("This problem was first corrected in
Exchange Server 5.5 Service Pack 4.") stand as the archive has them. Ids from Q900000 on exist nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kbcheck.model import CorrectionKind, Kind, Method

HEADER_RULE = "=" * 70
APPLIES_RULE = "-" * 79
CLOSING_RULE = "=" * 77
CLOSING = ("Example text of kbcheck's own tests.", "", "Copyright nobody.")

_GLUED = ("kbbuglist", "kbfaq", "kbfixlist")
_CUT = 87


def text(
    ident: str = "Q900001",
    *,
    date: str = "07-MAY-2001",
    category: str = "exchange",
    title: str = "XADM: Store Stops When Two Folders Share a Name",
    product: str = "Microsoft Exchange",
    prod_ver: str = ":5.5",
    oper_sys: str = "",
    keywords: str = "exc55",
    keywords_header: str | None = None,
    applies_to: tuple[Any, ...] | None = ("Microsoft Exchange Server, version 5.5",),
    preface: str = "",
    sections: tuple[tuple[str, str], ...] = (("SYMPTOMS", "The store stops."),),
    query_words: str | None = "",
    trailer: Mapping[str, str] | None = None,
    closing: tuple[str, ...] = CLOSING,
) -> bytes:
    """Return an article's bytes: CRLF line ends, cp1252, no line end behind the last line.

    `applies_to` holds texts, or (level, text) for nested items; None leaves the block out. `sections` are (heading,
    text) with LF inside the text. `trailer` adds to Keywords; an empty value stays, None drops an entry, and with
    `closing=()` the text ends above the trailer's rule.
    """
    if keywords_header is None:
        keywords_header = _header_keywords(keywords)
    lines = [
        f"DOCUMENT:{ident}  {date}  [{category}]",
        f"TITLE   :{title}",
        f"PRODUCT :{product}",
        f"PROD/VER:{prod_ver[:_CUT]}",
        f"OPER/SYS:{oper_sys}",
        f"KEYWORDS:{keywords_header}",
        "",
        HEADER_RULE,
    ]
    if applies_to is not None:
        lines += [APPLIES_RULE, "The information in this article applies to:", ""]
        for item in applies_to:
            level, words = item if isinstance(item, tuple) else (0, item)
            lines.append(f" {'   ' * level}- {words} ")
        lines += [APPLIES_RULE, ""]
    if preface:
        lines += [*preface.split("\n"), ""]
    for heading, words in sections:
        lines += [heading, "=" * len(heading), "", *words.split("\n"), ""]
    if query_words is not None:
        lines += [*f"Additional query words: {query_words}".split("\n"), ""]
    if closing:
        entries = {"Keywords": keywords, "Version": prod_ver, **(trailer or {})}
        lines.append(HEADER_RULE)
        lines += [f"{name:<18}: {value} " for name, value in entries.items() if value is not None]
        lines += ["", CLOSING_RULE, "", *closing]
    return "\r\n".join(lines).encode("cp1252")


def _header_keywords(keywords: str) -> str:
    """Return the keywords as the header has them: the last one glued, the whole cut at 87 characters."""
    words = keywords.split()
    if len(words) > 1 and words[-1] in _GLUED:
        words[-2:] = [words[-2] + words[-1]]
    return " ".join(words)[:_CUT]


def mutations(data: bytes) -> dict[str, bytes]:
    """Return writings of `data` that mean the same: only line ends, blanks at line ends and the last line differ."""
    lines = data.split(b"\r\n")
    return {
        "lf": b"\n".join(lines),
        "cr": b"\r".join(lines),
        "mixed line ends": b"".join(line + (b"\r\n", b"\n")[i % 2] for i, line in enumerate(lines[:-1])) + lines[-1],
        "trailing blanks": b"\r\n".join(line + b"   " for line in lines),
        "trailing tabs": b"\r\n".join(line + b"\t" for line in lines),
        "last line ends": data + b"\r\n",
        "blank lines at the end": data + b"\r\n\r\n\r\n",
        "utf-8 with mark": b"\xef\xbb\xbf" + data.decode("cp1252").encode("utf-8"),
    }


# --- what the examples mean -------------------------------------------------------------------------------------------

SP, RELEASE, HOTFIX, UNNAMED = (
    CorrectionKind.SERVICE_PACK,
    CorrectionKind.RELEASE,
    CorrectionKind.HOTFIX,
    CorrectionKind.UNNAMED,
)
SENTENCE, KEYWORD, TABLE = Method.SENTENCE, Method.KEYWORD, Method.FILE_TABLE

E40, E50, E55, E2000 = "Exchange Server 4.0", "Exchange Server 5.0", "Exchange Server 5.5", "Exchange 2000 Server"
NT, TSE = "Windows NT 4.0", "Windows NT Server 4.0, Terminal Server Edition"
SMS20, SNA30, SNA40 = "Systems Management Server 2.0", "SNA Server 3.0", "SNA Server 4.0"


@dataclass(frozen=True)
class Example:
    """A small article and its meaning.

    `affected` are (line, level), each named once; `corrections` (line, level, kind, method) of its own fault; `members`
    (id, line, level) of the others that it lists; `files` (file, version, the line that it judges); `problems` the
    kinds of what was not understood; `first_fixed` what the article alone amounts to.
    `like` names the archive's article with the same shape.
    """

    name: str
    like: str
    article: dict[str, Any]
    affected: tuple[tuple[str, str | None], ...]
    corrections: frozenset[tuple[str, str | None, CorrectionKind, Method]] = frozenset()
    members: tuple[tuple[str, str, str | None], ...] = ()
    files: tuple[tuple[str, str | None, str | None], ...] = ()
    kind: Kind = Kind.BUG
    problems: tuple[str, ...] = ()
    first_fixed: dict[str, str | None] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        """The article's bytes."""
        return text(**self.article)


BUG = {"Issue type": "kbbug"}
FIXED_BUG = {"Issue type": "kbbug", "Solution Type": "kbfix"}
LATEST_55 = (
    "To resolve this problem, obtain the latest service pack for Exchange Server\n5.5.\n\n"
    "   Q191014 XGEN: How to Obtain the Latest Exchange Server 5.5 Service Pack"
)
CONFIRMED_55 = "Microsoft has confirmed this to be a problem in Microsoft Exchange Server\nversion 5.5."
SUPPORTED = (
    "A supported fix is now available from Microsoft, but it is only intended to\ncorrect this one problem. "
    "Unless it troubles you, wait for the next {} service pack that\ncontains this fix."
)
ATTRIBUTES = "The English version of this fix should have the following file attributes or\nlater:"


def box(*rows: str) -> str:
    """Return a box table; the first row is its header, cells are divided by `|`."""
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    rule = "+" + "-" * (sum(widths) + 3 * len(widths) - 1) + "+"
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " | " for row in cells]
    return "\n".join([rule, *(part for line in lines for part in (line, rule))])


EXAMPLES = [
    Example(
        "service pack by sentence and keyword",
        "Q241556",
        {
            "keywords": "exc55 kbExchange550preSP4fix kbExchange550sp4Fix",
            "trailer": FIXED_BUG,
            "sections": (
                ("SYMPTOMS", "A program waits for ever."),
                ("RESOLUTION", LATEST_55),
                (
                    "STATUS",
                    f"{CONFIRMED_55} This problem was first corrected in Exchange Server 5.5 Service\nPack 4.",
                ),
            ),
        },
        ((E55, None),),
        frozenset(
            {
                (E55, None, UNNAMED, SENTENCE),
                (E55, "SP4", SP, SENTENCE),
                (E55, "SP4", SP, KEYWORD),
                (E55, None, HOTFIX, KEYWORD),
            }
        ),
        first_fixed={E55: "SP4"},
    ),
    Example(
        "latest U.S. service pack",
        "Q177268",
        {
            "ident": "Q900002",
            "trailer": BUG,
            "sections": (
                (
                    "STATUS",
                    f"{CONFIRMED_55} This problem has been corrected in the latest U.S. Service Pack for\n"
                    "Microsoft Exchange Server version 5.5. For information on obtaining the service\npack, query on "
                    "the following word (without the spaces):\n\n   S E R V P A C K",
                ),
            ),
        },
        ((E55, None),),
        frozenset({(E55, None, UNNAMED, SENTENCE)}),
        first_fixed={E55: "SP (unspecified)"},
    ),
    Example(
        "one sub-heading for each release",
        "Q193256",
        {
            "ident": "Q900003",
            "prod_ver": ":5.0,5.0 SP1,5.0 SP2,5.5,5.5 SP1,5.5 SP2",
            "keywords": "exc5 exc55 EXC55SP3Fix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Exchange Server, versions 5.0, 5.0 SP1, 5.0 SP2, 5.5, 5.5 SP1, 5.5 SP2",),
            "sections": (
                (
                    "RESOLUTION",
                    "Exchange Server 5.0\n-------------------\n\n"
                    + SUPPORTED.format("Microsoft Exchange Server version 5.0")
                    + f"\n\n{ATTRIBUTES}\n\nComponent: Information Store\n\n"
                    + box("File name|Version", "Store.exe|5.0.1461.63", "Mdbmsg.dll|5.0.1461.63")
                    + "\n\nExchange Server 5.5\n-------------------\n\n"
                    + LATEST_55
                    + f"\n\n{ATTRIBUTES}\n\nComponent: Information Store\n\n"
                    + box("File name|Version", "Store.exe|5.5.2515.0"),
                ),
                (
                    "STATUS",
                    "Exchange Server 5.0\n-------------------\n\n"
                    "Microsoft has confirmed this to be a problem in Exchange Server version 5.0.\n\n"
                    "Exchange Server 5.5\n-------------------\n\n"
                    f"{CONFIRMED_55} This problem was first corrected in Exchange Server 5.5 Service\nPack 3.",
                ),
            ),
        },
        ((E50, "RTM"), (E50, "SP1"), (E50, "SP2"), (E55, "RTM"), (E55, "SP1"), (E55, "SP2")),
        frozenset(
            {
                (E50, None, HOTFIX, SENTENCE),
                (E50, None, HOTFIX, TABLE),
                (E55, None, UNNAMED, SENTENCE),
                (E55, "SP3", SP, SENTENCE),
                (E55, "SP3", SP, KEYWORD),
                (E55, None, HOTFIX, TABLE),
            }
        ),
        files=(
            ("Store.exe", "5.0.1461.63", E50),
            ("Mdbmsg.dll", "5.0.1461.63", E50),
            ("Store.exe", "5.5.2515.0", E55),
        ),
        first_fixed={E50: "hotfix only", E55: "SP3"},
    ),
    Example(
        "two products in one sentence, 'Service Pack 4.0'",
        "Q194812",
        {
            "ident": "Q900004",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Clock Runs Backward After Restart",
            "prod_ver": "winnt:4.0",
            "keywords": "kbWinNT400sp4fix TSESP4Fix",
            "trailer": {**FIXED_BUG, "Hardware": "ALPHA x86"},
            "applies_to": (
                "Microsoft Windows NT Server version 4.0",
                "Microsoft Windows NT Workstation version 4.0",
                "Microsoft Windows NT Server version 4.0, Terminal Server Edition",
            ),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Windows NT 4.0 and Windows NT\n"
                    "Server 4.0, Terminal Server Edition. This problem was first corrected in Windows\n"
                    "NT 4.0 Service Pack 4.0 and Windows NT Server 4.0, Terminal Server Edition\nService Pack 4.",
                ),
            ),
        },
        ((NT, None), (TSE, None)),
        frozenset(
            {(NT, "SP4", SP, SENTENCE), (TSE, "SP4", SP, SENTENCE), (NT, "SP4", SP, KEYWORD), (TSE, "SP4", SP, KEYWORD)}
        ),
        first_fixed={NT: "SP4", TSE: "SP4"},
    ),
    Example(
        "supported hotfix with a box, its prerequisite is no fix",
        "Q284954",
        {
            "ident": "Q900005",
            "keywords": "exc55 kbExchange550preSP5fix",
            "trailer": FIXED_BUG,
            "sections": (
                (
                    "RESOLUTION",
                    SUPPORTED.format("Microsoft Exchange Server 5.5")
                    + "\n\nTo resolve this problem immediately, contact Microsoft Product Support Services\nto obtain "
                    f"the fix.\n\n{ATTRIBUTES}\n\nComponent: Information store\n\n"
                    + box("File name|Version", "Store.exe|5.5.2654.54")
                    + "\n\nNOTE: Because of file dependencies, this fix requires Microsoft Exchange Server\n"
                    "version 5.5 Service Pack 4.",
                ),
                ("STATUS", CONFIRMED_55),
            ),
        },
        ((E55, None),),
        frozenset({(E55, None, HOTFIX, SENTENCE), (E55, None, HOTFIX, KEYWORD), (E55, None, HOTFIX, TABLE)}),
        files=(("Store.exe", "5.5.2654.54", E55),),
        first_fixed={E55: "hotfix only"},
    ),
    Example(
        "hotfix with columns of date, time, size, name and platform",
        "Q195734",
        {
            "ident": "Q900006",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Printing Stops on Long Share Names",
            "prod_ver": "winnt:4.0",
            "keywords": "kbWinNT400PreSP7Fix",
            "trailer": BUG,
            "applies_to": ("Microsoft Windows NT Server versions 4.0, 4.0 SP5",),
            "sections": (
                (
                    "RESOLUTION",
                    SUPPORTED.format("Windows NT 4.0")
                    + f"\n\n{ATTRIBUTES}\n\n"
                    + "   Date      Time                 Size    File name     Platform\n"
                    + "   -------------------------------------------------------------\n"
                    + "   04/02/99  11:02a              172,304  Localspl.dll  x86\n"
                    + "   04/02/99  11:01a              254,224  Localspl.dll  Alpha",
                ),
                ("STATUS", "Microsoft has confirmed this to be a problem in Windows NT 4.0."),
            ),
        },
        ((NT, "RTM"), (NT, "SP5")),
        frozenset({(NT, None, HOTFIX, SENTENCE), (NT, None, HOTFIX, KEYWORD)}),
        files=(("Localspl.dll", None, NT), ("Localspl.dll", None, NT)),
        first_fixed={NT: "hotfix only"},
    ),
    Example(
        "'Service Pack Service Pack 1'",
        "Q235991",
        {
            "ident": "Q900007",
            "category": "sms",
            "product": "Microsoft Systems Management Server",
            "title": "SMS: Inventory Skips the Second Disk",
            "prod_ver": "winnt:2.0",
            "keywords": "kbsms200sp1fix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Systems Management Server version 2.0",),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Microsoft Systems Management\nServer version 2.0. "
                    "This problem was first corrected in Systems Management Server\n2.0 Service Pack Service Pack 1.",
                ),
            ),
        },
        ((SMS20, None),),
        frozenset({(SMS20, "SP1", SP, SENTENCE), (SMS20, "SP1", SP, KEYWORD)}),
        first_fixed={SMS20: "SP1"},
    ),
    Example(
        "'SNA Server version 4.0 Service Pack 3', the name wrapped",
        "Q195354",
        {
            "ident": "Q900008",
            "category": "sna",
            "product": "Microsoft SNA Server",
            "title": "Print Server Loses the Last Page",
            "prod_ver": "WINDOWS:3.0,3.0SP1,4.0",
            "keywords": "kbsna400sp3fix kbsna300sp1",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft SNA Server, versions 3.0, 3.0 SP1, 4.0",),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Microsoft SNA Server versions\n3.0, 3.0 SP1 and "
                    "4.0. This problem was first corrected in SNA Server version\n4.0 Service Pack 3.",
                ),
            ),
        },
        ((SNA30, "RTM"), (SNA30, "SP1"), (SNA40, None)),
        frozenset({(SNA40, "SP3", SP, SENTENCE), (SNA40, "SP3", SP, KEYWORD)}),
        first_fixed={SNA30: None, SNA40: "SP3"},
    ),
    Example(
        "Exchange 2000 without a release number",
        "Q266638",
        {
            "ident": "Q900009",
            "prod_ver": ":",
            "keywords": "exc2000 kbExchange2000SP1Fix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Exchange 2000 Server",),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Microsoft Exchange 2000 Server.\n"
                    "This problem was first corrected in Microsoft Exchange 2000 Server Service Pack 1.",
                ),
            ),
        },
        ((E2000, None),),
        frozenset({(E2000, "SP1", SP, SENTENCE), (E2000, "SP1", SP, KEYWORD)}),
        first_fixed={E2000: "SP1"},
    ),
    Example(
        "corrected in the next release",
        "Q177958",
        {
            "ident": "Q900010",
            "prod_ver": "winnt:5.0",
            "keywords": "exc5",
            "trailer": BUG,
            "applies_to": ("Microsoft Exchange Server, version 5.0",),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Microsoft Exchange Server\nversion 5.0. A fix for "
                    "this problem has been included in Exchange Server version\n5.5.",
                ),
            ),
        },
        ((E50, None), (E55, None)),
        frozenset({(E55, "RTM", RELEASE, SENTENCE)}),
        first_fixed={E50: None, E55: "RTM"},
    ),
    Example(
        "a feature first included in a service pack",
        "Q183290",
        {
            "ident": "Q900011",
            "keywords": "exc55 exc55sp2fea",
            "trailer": {"Issue type": "kbinfo"},
            "sections": (
                ("SUMMARY", "The service can sign what it sends."),
                ("STATUS", "This feature was first included in Exchange Server 5.5 Service Pack 2."),
            ),
        },
        ((E55, None),),
        frozenset({(E55, "SP2", SP, SENTENCE), (E55, "SP2", SP, KEYWORD)}),
        kind=Kind.FEATURE,
        first_fixed={E55: "SP2"},
    ),
    Example(
        "by design",
        "Q60837",
        {
            "ident": "Q900012",
            "trailer": {"Issue type": "kbprb"},
            "sections": (("CAUSE", "Names are compared without case."), ("STATUS", "This behavior is by design.")),
        },
        ((E55, None),),
        kind=Kind.PROBLEM,
        first_fixed={E55: None},
    ),
    Example(
        "how-to with steps, kind from the title",
        "Q174197",
        {
            "ident": "Q900013",
            "title": "XADM: How to Move a Mailbox by Hand",
            "sections": (
                ("SUMMARY", "This moves one mailbox."),
                ("MORE INFORMATION", "1. Stop the service.\n2. Move the mailbox.\n3. Start the service again."),
            ),
        },
        ((E55, None),),
        kind=Kind.HOWTO,
        first_fixed={E55: None},
    ),
    Example(
        "information with a table of versions that is no fix",
        "Q158336",
        {
            "ident": "Q900014",
            "title": "XGEN: Builds of the Server",
            "trailer": {"Issue type": "kbinfo"},
            "sections": (("MORE INFORMATION", "Known builds:\n\n" + box("File name|Version", "Store.exe|5.5.1960.6")),),
        },
        ((E55, None),),
        kind=Kind.INFO,
        first_fixed={E55: None},
    ),
    Example(
        "confirmed and still researched",
        "Q163522",
        {
            "ident": "Q900015",
            "trailer": {"Issue type": "kbbug", "Solution Type": "kbpending"},
            "sections": (
                (
                    "STATUS",
                    f"{CONFIRMED_55} We are researching this problem and will post new\ninformation here.",
                ),
            ),
        },
        ((E55, None),),
        first_fixed={E55: None},
    ),
    Example(
        "keyword alone",
        "Q224550",
        {
            "ident": "Q900016",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "prod_ver": "winnt:4.0",
            "title": "Driver Leaks a Handle",
            "keywords": "kbWinNT4sp6fix",
            "trailer": BUG,
            "applies_to": ("Microsoft Windows NT Workstation version 4.0",),
        },
        ((NT, None),),
        frozenset({(NT, "SP6", SP, KEYWORD)}),
        first_fixed={NT: "SP6"},
    ),
    Example(
        "tags of affected service packs are no fixes",
        "Q216259",
        {
            "ident": "Q900017",
            "prod_ver": ":5.5 SP3",
            "keywords": "exc55 exc55sp3",
            "trailer": {**BUG, "Technology": "kbExchangeSearch kbExchange550SP3 kbExchange550"},
            "applies_to": ("Microsoft Exchange Server, version 5.5 SP3",),
            "sections": (("STATUS", CONFIRMED_55),),
        },
        ((E55, "SP3"),),
        first_fixed={E55: None},
    ),
    Example(
        "fix list of one service pack",
        "Q242221",
        {
            "ident": "Q900018",
            "title": "XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 1",
            "prod_ver": ":5.5 SP1",
            "keywords": "exc55sp1 kbfixlist",
            "applies_to": ("Microsoft Exchange Server, version 5.5 SP1",),
            "sections": (
                (
                    "SUMMARY",
                    "What this service pack mends. The other lists:\n\n"
                    "   Q900019 XGEN: List of Bugs Fixed in Exchange Server 5.5 Service Pack 2",
                ),
                (
                    "MORE INFORMATION",
                    "SERVICE PACK 1\n\n"
                    "   Q900101 XADM: First Mended Fault\n"
                    "   Q900102 XCON: Second Mended Fault Whose Title Is So Long That It Goes\n"
                    "   on Below\n"
                    "   Q900101 XADM: First Mended Fault",
                ),
            ),
        },
        ((E55, "SP1"),),
        members=(("Q900101", E55, "SP1"), ("Q900102", E55, "SP1")),
        kind=Kind.FIX_LIST,
    ),
    Example(
        "fix list of two service packs with bullets",
        "Q188070",
        {
            "ident": "Q900020",
            "category": "sna",
            "product": "Microsoft SNA Server",
            "title": "List of Bugs Fixed in SNA Server 4.0 Service Packs 1 and 2",
            "prod_ver": "WINDOWS:4.0SP1,4.0SP2",
            "keywords": "",
            "applies_to": ("Microsoft SNA Server, versions 4.0 SP1, 4.0 SP2",),
            "sections": (
                ("SUMMARY", "What both service packs mend."),
                (
                    "MORE INFORMATION",
                    "Newest first.\n\nService Pack 2\n--------------\n\n"
                    " - Q900103 A Lost Page\n - Q900104 A Lost Line\n\n"
                    "Service Pack 1\n--------------\n\n - Q900105 A Lost Word",
                ),
            ),
        },
        ((SNA40, "SP1"), (SNA40, "SP2")),
        members=(("Q900103", SNA40, "SP2"), ("Q900104", SNA40, "SP2"), ("Q900105", SNA40, "SP1")),
        kind=Kind.FIX_LIST,
    ),
    Example(
        "fix list in a box",
        "Q131338",
        {
            "ident": "Q900021",
            "category": "sms",
            "product": "Microsoft Systems Management Server",
            "title": "FIXLIST.TXT for SMS 1.1 Service Pack 1",
            "prod_ver": "winnt:1.1",
            "keywords": "smsdistrib",
            "applies_to": ("Microsoft Systems Management Server version 1.1",),
            "sections": (
                (
                    "MORE INFORMATION",
                    "List of Bugs Fixed in SMS 1.1 U.S. Service Pack 1\n"
                    "-------------------------------------------------\n\n"
                    + box("Q Number|Description", "Q900106|A Colour Is Wrong", "Q900107|A Font Is Wrong"),
                ),
            ),
        },
        (("Systems Management Server 1.1", None),),
        members=(
            ("Q900106", "Systems Management Server 1.1", "SP1"),
            ("Q900107", "Systems Management Server 1.1", "SP1"),
        ),
        kind=Kind.FIX_LIST,
    ),
    Example(
        "list inside a readme",
        "Q158699",
        {
            "ident": "Q900022",
            "title": "XGEN: README.TXT: Microsoft Exchange 4.0 U.S. Service Pack 4",
            "prod_ver": "winnt:4.0",
            "keywords": "",
            "applies_to": ("Microsoft Exchange Server, version 4.0",),
            "preface": (
                "1.0 Introduction\n----------------\n\nSee Q900108 first.\n\n"
                "3.0  List of Bugs Fixed in Microsoft Exchange Server Service Packs\n"
                "------------------------------------------------------------------\n\n"
                "List of Bugs Fixed in Microsoft Exchange Server 4.0 U.S. Service Pack 1\n"
                "-----------------------------------------------------------------------\n\n"
                " Q900109: A Fault\n Q900110: Another Fault\n\n"
                "List of Bugs Fixed in Microsoft Exchange Server 4.0 U.S. Service Pack 4\n"
                "-----------------------------------------------------------------------\n\n"
                " Q900111: A Third Fault"
            ),
            "sections": (),
        },
        ((E40, None),),
        members=(("Q900109", E40, "SP1"), ("Q900110", E40, "SP1"), ("Q900111", E40, "SP4")),
        kind=Kind.FIX_LIST,
    ),
    Example(
        "rollup with dated blocks",
        "Q268886",
        {
            "ident": "Q900023",
            "title": "XADM: Exchange Server 5.5 Post-SP3 Emsmdb32.dll Fixes Available",
            "keywords": "exc55 kbfixlist",
            "trailer": {"Issue type": "kbinfo"},
            "sections": (
                ("SUMMARY", "Faults of one file, mended after Service Pack 3. See also:\n\n   Q900024 Another Rollup"),
                (
                    "MORE INFORMATION",
                    "Information store service provider fixes include the following files:\n\n"
                    + box("File name|Current version", "Emsmdb32.dll|5.5.2652.61")
                    + "\n\nFixes Released on July 19, 2000\n-------------------------------\n\n"
                    "The following files are modified:\n\n - All files incremented to version 5.5.2652.61\n\n"
                    "The following fixes are included:\n\n   Q900112 XIMS: A Leak\n\n"
                    "   Q900113 XADM: A Hang That Needs\n   Two Threads\n\n"
                    "Fixes Released on March 7, 2000\n-------------------------------\n\n"
                    "The following files are modified:\n\n - Emsmdb32.dll incremented to version 5.5.2652.10\n\n"
                    "The following fixes are included:\n\n   Q900114 XWEB: A Crash",
                ),
            ),
        },
        ((E55, None),),
        members=(("Q900112", E55, None), ("Q900113", E55, None), ("Q900114", E55, None)),
        files=(("Emsmdb32.dll", "5.5.2652.61", E55),),
        kind=Kind.FIX_LIST,
    ),
    Example(
        "corrected in another product",
        "Q174748",
        {
            "ident": "Q900025",
            "trailer": FIXED_BUG,
            "sections": (
                (
                    "RESOLUTION",
                    "To resolve this problem, obtain the latest service pack for Windows NT 4.0.",
                ),
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in Windows NT 4.0. This problem was\n"
                    "first corrected in Windows NT 4.0 Service Pack 4.0.",
                ),
            ),
        },
        ((E55, None), (NT, None)),
        frozenset({(NT, None, UNNAMED, SENTENCE), (NT, "SP4", SP, SENTENCE)}),
        first_fixed={E55: None, NT: "SP4"},
    ),
    Example(
        "a service pack with a letter, below a table of another section",
        "Q241211",
        {
            "ident": "Q900026",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Winsock Refuses Ports Above 1024",
            "prod_ver": "winnt:4.0 SP6",
            "keywords": "kbWinNT400sp6afix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Windows NT Server version 4.0 SP6",),
            "sections": (("STATUS", "This problem was first corrected in Windows NT Server 4.0 Service Pack 6a."),),
        },
        ((NT, "SP6"),),
        frozenset({(NT, "SP6a", SP, SENTENCE), (NT, "SP6a", SP, KEYWORD)}),
        first_fixed={NT: "SP6a"},
    ),
    Example(
        "sentences glued without a blank",
        "Q165989",
        {
            "ident": "Q900027",
            "trailer": FIXED_BUG,
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a problem in the products listed at the\nbeginning of this "
                    "article.This problem was first corrected in Exchange Server 5.5 Service Pack 2.",
                ),
            ),
        },
        ((E55, None),),
        frozenset({(E55, "SP2", SP, SENTENCE)}),
        first_fixed={E55: "SP2"},
    ),
    Example(
        "'Service Packs 1, 2, 3' belong to one release",
        "Q230719",
        {
            "ident": "Q900028",
            "prod_ver": ":5.5 Service Packs 1,2,3",
            "applies_to": (
                "Microsoft Exchange Server, version 5.5 Service Packs 1, 2, 3",
                "Microsoft Outlook Web Access, version 5.5 Service Pack 1",
            ),
            "trailer": BUG,
        },
        ((E55, "SP1"), (E55, "SP2"), (E55, "SP3")),
        first_fixed={E55: None},
    ),
    Example(
        "Terminal Server Edition as a suffix of the list",
        "Q230449",
        {
            "ident": "Q900029",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Session Keeps a Drive Letter",
            "prod_ver": "winnt:4.0,4.0 SP6",
            "applies_to": ("Microsoft Windows NT Server versions 4.0, 4.0 SP6, Terminal Server Edition",),
            "keywords": "kbTSE400preSP7fix",
            "trailer": BUG,
        },
        ((TSE, "RTM"), (TSE, "SP6")),
        frozenset({(TSE, None, HOTFIX, KEYWORD)}),
        first_fixed={TSE: "hotfix only"},
    ),
    Example(
        "what the product ran on is not affected",
        "Q96535",
        {
            "ident": "Q900030",
            "prod_ver": ":5.5",
            "applies_to": (
                "Microsoft Exchange Server, version 5.5, on platform(s):",
                (1, "the operating system: Microsoft Windows NT 4.0, on platform(s):"),
                (2, "the hardware: DEC Alpha"),
                "Microsoft Outlook Web Access, version 5.5, used with:",
                (1, "the operating system: Microsoft Windows NT 4.0 SP3"),
            ),
            "trailer": BUG,
        },
        ((E55, None),),
        first_fixed={E55: None},
    ),
    Example(
        "developer product, two lines affected",
        "Q162253",
        {
            "ident": "Q900031",
            "category": "vbwin",
            "product": "Microsoft Visual Basic",
            "title": "FIX: Grid Shows the Wrong Row",
            "prod_ver": "WINDOWS:5.0",
            "keywords": "kbVBp500 kbVS97sp2fix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Visual Basic Professional Edition for Windows, version 5.0",),
            "sections": (
                (
                    "STATUS",
                    "Microsoft has confirmed this to be a bug in the products listed at the beginning\n"
                    "of this article. This bug has been fixed in Visual Studio 97 Service Pack 2.",
                ),
            ),
        },
        (("Visual Basic 5.0", None), ("Visual Studio 97", None)),
        frozenset({("Visual Studio 97", "SP2", SP, SENTENCE), ("Visual Studio 97", "SP2", SP, KEYWORD)}),
        first_fixed={"Visual Studio 97": "SP2", "Visual Basic 5.0": "SP2"},
    ),
    Example(
        "a product that no list knows",
        "Q95513",
        {
            "ident": "Q900032",
            "category": "word97",
            "product": "Microsoft Word",
            "title": "Word: Ruler Moves by Itself",
            "prod_ver": "MS-DOS:5.0,5.5",
            "keywords": "",
            "applies_to": ("Microsoft Word for MS-DOS, versions 5.0, 5.5",),
            "query_words": None,
        },
        (("Word for MS-DOS 5.0", None), ("Word for MS-DOS 5.5", None)),
        kind=Kind.PROBLEM,
    ),
    Example(
        "rows without a version, and one that fits no release",
        "Q195215",
        {
            "ident": "Q900033",
            "trailer": BUG,
            "sections": (
                (
                    "RESOLUTION",
                    f"{ATTRIBUTES}\n\nComponent: Message Transfer Agent (MTA)\n\n"
                    + box(
                        "File name|Version|Size",
                        "Emsmta.exe|2543.1|12,345",
                        "Logon.asp|N/A|-",
                        "Readme.txt||99",
                        "Mtacheck.exe|5.5.23.2650|1",
                    ),
                ),
            ),
        },
        ((E55, None),),
        frozenset({(E55, None, HOTFIX, TABLE)}),
        files=(
            ("Emsmta.exe", "2543.1", E55),
            ("Logon.asp", None, E55),
            ("Readme.txt", None, E55),
            ("Mtacheck.exe", "5.5.23.2650", None),
        ),
        problems=("file-version",),
        first_fixed={E55: "hotfix only"},
    ),
    Example(
        "promises and repairs correct nothing",
        "Q224493",
        {
            "ident": "Q900034",
            "trailer": BUG,
            "sections": (
                (
                    "WORKAROUND",
                    "To work around this problem, copy the file by hand, then reapply the latest\nservice pack for "
                    "Exchange Server 5.5.",
                ),
                (
                    "STATUS",
                    f"{CONFIRMED_55} This problem has not been corrected in Exchange Server 5.5 Service Pack 3.\n"
                    "It will be corrected in Exchange Server 5.5 Service Pack 5.",
                ),
            ),
        },
        ((E55, None),),
        first_fixed={E55: None},
    ),
    Example(
        "a keyword of a service pack that never came",
        "Q275653",
        {
            "ident": "Q900035",
            "keywords": "exc55 kbExchange550SP5Fea kbExchange500preSP3fix",
            "prod_ver": ":5.0,5.5",
            "trailer": BUG,
            "applies_to": ("Microsoft Exchange Server, versions 5.5, 5.0",),
        },
        ((E55, None), (E50, None)),
        frozenset({(E55, None, HOTFIX, KEYWORD), (E50, None, HOTFIX, KEYWORD)}),
        first_fixed={E55: "hotfix only", E50: "hotfix only"},
    ),
    Example(
        "old layout: text above the block, no trailer",
        "Q122337",
        {
            "ident": "Q900036",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Server Forgets Its Name",
            "prod_ver": "3.51",
            "keywords": "kbnetwork",
            "applies_to": None,
            "preface": (
                "3.51\nWINDOWS\nkbnetwork\n\n"
                f"{'-' * 69}\nThe information in this article applies to:\n\n"
                f" - Microsoft Windows NT Server version 3.51\n{'-' * 69}"
            ),
            "sections": (("SUMMARY", "See Q900115."),),
            "query_words": None,
            "closing": (),
        },
        (("Windows NT 3.51", None),),
        problems=("cut-off",),
        kind=Kind.UNKNOWN,
        first_fixed={"Windows NT 3.51": None},
    ),
    Example(
        "the sentence and the keyword disagree",
        "Q276057",
        {
            "ident": "Q900037",
            "keywords": "exc55 EXC55SP3Fix",
            "trailer": FIXED_BUG,
            "sections": (
                (
                    "STATUS",
                    f"{CONFIRMED_55} This problem was first corrected in Exchange Server 5.5 SP2.",
                ),
            ),
        },
        ((E55, None),),
        frozenset({(E55, "SP2", SP, SENTENCE), (E55, "SP3", SP, KEYWORD)}),
        first_fixed={E55: "SP2"},
    ),
    Example(
        "plain text instead of sub-headings, 'Version 5.0'",
        "Q189755",
        {
            "ident": "Q900038",
            "prod_ver": ":5.0,5.5",
            "keywords": "exc5 exc55",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Exchange Server, versions 5.0, 5.5",),
            "sections": (
                (
                    "STATUS",
                    "Exchange Server Version 5.0:\n\nThis problem was first corrected in Service Pack 1.\n\n"
                    "Exchange Server Version 5.5:\n\nThis problem was first corrected in Service Pack 2.",
                ),
            ),
        },
        ((E50, None), (E55, None)),
        frozenset({(E50, "SP1", SP, SENTENCE), (E55, "SP2", SP, SENTENCE)}),
        first_fixed={E50: "SP1", E55: "SP2"},
    ),
    Example(
        "a fix in no service pack, posted as a file",
        "Q299444",
        {
            "ident": "Q900039",
            "category": "winnt",
            "product": "Microsoft Windows NT",
            "title": "Spooler Accepts Jobs Without a Name",
            "prod_ver": "winnt:4.0",
            "keywords": "kbWinNT400nospFix",
            "trailer": FIXED_BUG,
            "applies_to": ("Microsoft Windows NT Server version 4.0",),
            "sections": (
                (
                    "RESOLUTION",
                    "This hotfix has been posted to the following Internet location as Exmplfix.exe:\n\n"
                    "   ftp://example.invalid/fixes/",
                ),
            ),
        },
        ((NT, None),),
        frozenset({(NT, None, HOTFIX, SENTENCE), (NT, None, HOTFIX, KEYWORD)}),
        first_fixed={NT: "hotfix only"},
    ),
]
BY_NAME = {example.name: example for example in EXAMPLES}
