"""What the keywords of an article say by their conventions: the service pack or hotfix that corrects it."""

from __future__ import annotations

import re

from kbcheck import product
from kbcheck.model import Article, Correction, CorrectionKind, Method

# kbWinNT400nospFix, kbWin2000FixNoSP, kbExchange550fix
_KEYWORD_PLAIN = re.compile(r"(.+?)(nospfix|fixnosp|fix)", re.IGNORECASE)


def read(article: Article) -> list[Correction]:
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
