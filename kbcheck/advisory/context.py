"""What the sentences of an article are about: the product lines that they name, or that the text around them names.

Rule: a sentence is about the lines that it names; else the ones that the sub-heading above it names; else the ones that
the sentences before it in the section confirmed; else the affected ones.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from kbcheck import product
from kbcheck.advisory import prose, wording
from kbcheck.advisory.affected import lines_of
from kbcheck.advisory.wording import Sentence
from kbcheck.model import Affected, Article

# in 4.0 SP1, and not in SP2; in 4.0, and is fixed in 4.0 SP4; in 4.0 (SP4 is not affected)
_DENIAL = re.compile(
    r"\b(?:not|but|is|was|are|fixed|corrected|running|on|under|with|when|that|prior|before|after)\b|\("
)
_ASIDE = re.compile(r"\b(?:not|but|is|was|are|fixed|corrected|running|on|under|with)\b[^;]*$")


def _packs(text: str) -> Iterator[tuple[str, str]]:
    """Return the (line, level) pairs of a product's service packs in which a fault is said to be."""
    told = re.sub(r",? and (?=\d)", " ", _DENIAL.split(text, maxsplit=1)[0]).rstrip(" .")
    for name, level in lines_of(told) if "sp" in told or "service pack" in told else ():
        if level is not None and product.line(name).level(level) is not None:
            yield name, level


class Context:
    """The place in an article that is being read, and what was said before it.

    `affected` are the lines of the applies-to block, `servers` those of them that are servers, `confirmed` the lines in
    which sentences confirm the fault, `recent` those that the section confirmed last; `bug`: some sentence confirms it.
    """

    def __init__(self, article: Article, affected: Sequence[Affected]) -> None:
        self.affected = tuple(dict.fromkeys(a.product_line for a in affected))
        self.servers = tuple(name for name in self.affected if product.line(name).server)
        self.confirmed: dict[str, Affected] = {}
        self.levels: list[Affected] = []  # service packs in which the fault is confirmed
        self.recent: tuple[str, ...] = ()
        self.bug = False
        self.heading = ""
        self.paragraph = prose.Paragraph(0, (), "")
        self._article = article
        self._within = (0, 0)
        self._headings: list[tuple[prose.Subheading, tuple[str, ...]]] | None = None  # once they are needed
        self._spoken: frozenset[str] | None = None

    def section(self, heading: str, first: int, end: int) -> None:
        """Go to the begin of a section."""
        self.recent, self.heading = (), heading
        self._within, self._headings = (first, end), None

    def above(self) -> prose.Subheading | None:
        """Return the sub-heading above the paragraph."""
        found = self._above()
        return found[0] if found is not None else None

    def scope(self) -> tuple[str, ...]:
        """Return the lines that the sub-headings above name: of the last that names any, else the release it tells."""
        found = self._above()
        if found is None:
            return ()
        last, names = found
        if names:
            return names
        match = re.fullmatch(r"(?:for )?versions? (\d\.\d+):?", last.text.lower())
        if match:
            return tuple(name for name in self.servers if name.endswith(" " + match.group(1)))
        return ()

    def _above(self) -> tuple[prose.Subheading, tuple[str, ...]] | None:
        """Return the sub-heading above the paragraph, and the lines of the last one that names any."""
        if self._headings is None:
            self._headings = []
            names: tuple[str, ...] = ()
            for each in prose.subheadings(self._article.lines, *self._within):
                names = each.names or names
                self._headings.append((each, names))
        end = self.paragraph.first + len(self.paragraph.lines)
        place = bisect_left(self._headings, end, key=lambda heading: heading[0].line) - 1
        return self._headings[place] if place >= 0 else None

    def confirmation(self, sentence: Sentence, line: int) -> None:
        """Take what a sentence confirms the fault in; `line` is where it stands."""
        rest = sentence.confirmed
        if rest is None:
            return
        self.bug = True
        named: list[str] = []
        mentions = product.mentions(rest)
        ends = [*(each.start for each in mentions[1:]), len(rest)]
        for mention, end in zip(mentions, ends, strict=False):  # there is an end without any mention
            if self._is_client(mention, rest):
                return
            if self._runs_on(mention, rest) or rest.startswith(" edition", mention.end):
                continue  # nor is Outlook for Macintosh, Exchange Server Edition, a server
            lines = mention.lines or self._complete(mention, ())
            named += lines
            if ("sp" in rest or "service pack" in rest) and _ASIDE.search(rest, 0, mention.start) is None:
                self.levels += (Affected(*told, line, sentence.text) for told in _packs(rest[mention.start : end]))
            pack = wording.CONFIRMED_PACK.match(rest, mention.end) if len(lines) == 1 else None
            if pack and product.line(lines[0]).level(f"SP{pack.group(1)}") is not None:
                self._confirm(Affected(lines[0], f"SP{pack.group(1)}", line, sentence.text))
        if not named and rest.strip(" .") and not wording.LISTED_ABOVE.search(rest):
            named += self._meant(rest)
            # Something without a release of its own is a part of what is listed.
            if not named and (wording.NUMBER.search(rest) or not self.affected):
                named += wording.titled(sentence.text)
        for name in named:
            self._confirm(Affected(name, None, line, sentence.text))
        if named:
            self.recent = tuple(dict.fromkeys(named))

    def _runs_on(self, mention: product.Mention, text: str) -> bool:
        """Whether a product is only what another runs on, or a part of its name: `Windows Messaging for Windows 95`."""
        if not mention.product.startswith("Windows") or not set(self.affected).isdisjoint(mention.lines):
            return False
        if not mention.lines and wording.NAMED_AFTER.match(text, mention.end):
            return True
        before = text[: mention.start]
        return wording.FOR.search(before) is not None and wording.PACK_FOR.search(before) is None

    def _is_client(self, mention: product.Mention, text: str) -> bool:
        """Whether a server's name is that of its clients: `Exchange 4.0 Windows clients`.

        So is `Exchange version 4.0`, with no "Server", where clients are all that is listed.
        """
        if not set(self.affected).isdisjoint(mention.lines):
            return False
        if wording.CLIENTS.match(text, mention.end) is not None:
            return True
        called = mention.product.partition(" ")[0]
        listed = bool(self.affected) and all("client" in name.lower() and called in name for name in self.affected)
        return listed and "server" not in text[mention.start : mention.end]

    def _meant(self, text: str) -> tuple[str, ...]:
        """Return the affected lines that `text` means: by words, `MASM 6.0`, else by a release, `Extern.exe 3.2.16`."""
        said = frozenset(wording.WORD.findall(text))
        found = [name for name in self.affected[: wording.MOST] if wording.shares(name, said)]
        released = [name for name in found if name.rsplit(" ", 1)[-1].lower() in said]
        if released or found:
            return tuple(released or found)
        numbers = [number + "." for number in wording.NUMBER.findall(text)]
        return tuple(
            name for name in self.affected if any(n.startswith(name.rsplit(" ", 1)[-1] + ".") for n in numbers)
        )

    def _confirm(self, each: Affected) -> None:
        self.confirmed.setdefault(each.product_line, each)

    def lines(self, mentioned: Sequence[product.Mention], scope: tuple[str, ...]) -> tuple[str, ...]:
        """Return the lines that products mean; without any, those that the place is about."""
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
            same(self.confirmed),
            same(self.affected),
        ):
            if names:
                return tuple(dict.fromkeys(names))
        known = [each.name for each in product.lines() if each.product == mention.product]
        if len(known) == 1:
            return tuple(known)
        below = same({name for name in (product.line(each).on for each in self.affected) if name is not None})
        return below if len(below) == 1 else self._in_text(mention.product)

    def _in_text(self, name: str) -> tuple[str, ...]:
        """Return the one release of a product that the whole text names, () when it names several or none."""
        if self._spoken is None:
            first, end = self._article.body
            text = " ".join(line.strip() for line in self._article.lines[first - 1 : end - 1])
            # The whole text is not worth keeping in their caches.
            mentions = product.mentions.__wrapped__(product.fold.__wrapped__(text))
            self._spoken = frozenset(line for mention in mentions for line in mention.lines)
        found = tuple(line for line in self._spoken if product.line(line).product == name)
        return found if len(found) == 1 else ()
