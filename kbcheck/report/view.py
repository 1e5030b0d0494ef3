"""Views of an assessment: what a table shows, in which order, and the lines around it."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from kbcheck import matching, product
from kbcheck.model import Assessment, HostRow, Profile, Refusal, Remedy, Status, Verdict

DEADLOCK = "Q241556"
SHORT = {Status.EXPOSED: "EXPOSED", Status.FIXED: "fixed", Status.NOT_APPLICABLE: "n/a", Status.UNDETERMINED: "undet."}


@dataclass(frozen=True, slots=True)
class View:
    """A table with what stands above and below it; `numbers` are the indexes of right-aligned columns."""

    above: tuple[str, ...]
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def counts(assessment: Assessment) -> Counter[Status]:
    """Return how many installation-article pairs have each status."""
    total: Counter[Status] = Counter(dict.fromkeys(Status, 0))
    for profile, tally in enumerate(assessment.tallies):
        for status, number in tally.items():
            total[status] += number * assessment.sizes[profile]
    assert sum(total.values()) == len(assessment.hosts) * len(assessment.articles)
    return total


def remedy_text(remedy: Remedy, own: str = "", *, brief: bool = False) -> str:
    """Return a remedy in a few words: `SP4`, `Store.exe 5.5.2656.8 (Q309010)`, `hotfix (Q288562)`.

    `own` is the product line of the table's row, which need not be repeated; `brief` leaves the files out.
    """
    if remedy.level == product.RTM:
        return f"upgrade to {remedy.product_line}"
    of = "" if remedy.product_line == own else f"{product.line(remedy.product_line).short} "
    needs = f"needs {of}{remedy.requires}" if remedy.requires is not None else ""
    if remedy.level is not None:
        return f"{of}{remedy.level}" + (f" ({needs})" if needs else "")
    source = f"({remedy.source}, {needs})" if needs else f"({remedy.source})"
    if brief or not remedy.files:
        return f"hotfix {source}"
    names = {product.file_key(each.file) for each in remedy.files}  # a table may have each for Alpha and for Intel
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{remedy.files[0].file} {remedy.files[0].version}{more} {source}"


def next_step(profile: Profile, verdicts: Iterable[Verdict]) -> str:
    """Return what to do next for a profile: the one step that closes most, and how many exposures it closes."""
    by_status: dict[Status, list[Verdict]] = {status: [] for status in Status}
    for verdict in verdicts:
        by_status[verdict.status].append(verdict)
    exposed, undetermined = by_status[Status.EXPOSED], by_status[Status.UNDETERMINED]
    packs: Counter[tuple[str, str]] = Counter()
    hotfixes: Counter[str] = Counter()
    for verdict in exposed:
        for remedy in verdict.remedies:
            if remedy.level is not None:
                packs[remedy.product_line, remedy.level] += 1
            elif remedy.source is not None:
                hotfixes[remedy.source] += 1
    if matching.candidate_levels(profile) == (None,) and undetermined:
        return "give service_pack or build"
    # The host's own product first, then what else it runs; a service pack of anything else is no next step here.
    for line in (profile.product_line, *(name for name, _ in profile.beside)):
        levels = [level for name, level in packs if name == line and level != product.RTM]
        if levels:
            top = max(levels, key=product.level_key)
            closed = sum(number for (name, level), number in packs.items() if name == line and level in levels)
            label = top if line == profile.product_line else f"{product.line(line).short} {top}"
            return f"{label} ({closed:,})"
    if undetermined and len(matching.candidate_levels(profile)) > 1:
        return "settle service_pack and build"
    if hotfixes:
        source, number = min(hotfixes.items(), key=lambda pair: (-pair[1], pair[0]))
        return (
            f"{source} ({number:,})"
            if number > 1 or len(hotfixes) == 1
            else plural(len(hotfixes), "hotfix", "hotfixes")
        )
    if undetermined:
        wanted = Counter(
            field.split(":")[-1 if field.startswith("files:") else 0]
            for verdict in undetermined
            for field in verdict.evidence.missing
        )
        return f"give {wanted.most_common(1)[0][0]}" if wanted else "see explain"
    return "no fix known" if exposed else "-"


def by_host(
    assessment: Assessment, *, all_hosts: bool = False, limit: int = 20, statuses: Sequence[Status] = ()
) -> View:
    """One line for each host and product that has one of `statuses` (none: for all).

    Hosts that share a profile are folded unless `all_hosts`.
    """
    tally = assessment.tallies
    having = [not statuses or any(each[status] for status in statuses) for each in tally]
    levels = sum(having)
    if all_hosts:
        chosen: Iterable[HostRow] = (row for row in assessment.hosts if having[row.profile])
    else:
        chosen = sorted(
            (row for row in assessment.leaders.values() if having[row.profile]),
            key=lambda row: (
                -tally[row.profile][Status.EXPOSED],
                -tally[row.profile][Status.UNDETERMINED],
                row.host.casefold(),
            ),
        )[:limit]
    rows = []
    told: dict[int, tuple[str, ...]] = {}  # what hosts of one profile share
    for row in chosen:
        if row.profile not in told:
            profile = assessment.profiles[row.profile]
            told[row.profile] = (
                product.line(profile.product_line).short,
                matching.level_text(profile),
                *(f"{tally[row.profile][status]:,}" for status in Status),
                next_step(profile, assessment.verdicts(row.profile)),
            )
        more = assessment.sizes[row.profile] - 1
        rows.append((row.host + (f" +{more}" if more and not all_hosts else ""), *told[row.profile]))
    below = []
    if not all_hosts and levels > limit:
        below.append(f"... {plural(levels - limit, 'more level')} (-v lists every host)")
    if not all_hosts and len(assessment.profiles) < len(assessment.hosts):
        below.append("+n: n more hosts at exactly the level of the one shown (-v lists them)")
    return View(
        _head(assessment),
        ("host", "product", "level", "exposed", "fixed", "n/a", "undet.", "to do (closes)"),
        tuple(rows),
        (*below, *_foot(assessment, limit)),
        (3, 4, 5, 6),
    )


def by_article(assessment: Assessment, *, limit: int = 20, statuses: Sequence[Status] = ()) -> View:
    """One line for each advisory: how many installations have each status."""
    table: dict[str, Counter[Status]] = {}
    fixes: dict[str, str] = {}
    for ident, column in zip(assessment.articles, assessment.columns, strict=True):
        table[ident] = Counter()
        for verdict, profiles, size in assessment.spread(column):
            table[ident][verdict.status] += size
            if verdict.status is Status.EXPOSED and verdict.remedies and ident not in fixes:
                own = assessment.profiles[profiles[0]].product_line
                remedy = replace(verdict.remedies[0], requires=None)  # --by remedy has it
                fixes[ident] = remedy_text(remedy, own, brief=True)
    wanted = tuple(statuses) or (Status.EXPOSED, Status.UNDETERMINED)
    kept = [ident for ident in table if any(table[ident][status] for status in wanted)]
    kept.sort(
        key=lambda ident: (
            ident != DEADLOCK,
            -table[ident][Status.EXPOSED],
            -table[ident][Status.UNDETERMINED],
            int(ident[1:]),
        )
    )
    rows = [
        (
            ident,
            assessment.articles[ident][0],
            *(f"{table[ident][status]:,}" for status in Status),
            fixes.get(ident, "-"),
        )
        for ident in kept[:limit]
    ]
    below = [f"... {plural(len(kept) - limit, 'more article')} (-v lists them all)"] if len(kept) > limit else []
    return View(
        _head(assessment),
        ("article", "title", "exposed", "fixed", "n/a", "undet.", "fix"),
        tuple(rows),
        (*below, *_foot(assessment, limit)),
        (2, 3, 4, 5),
    )


def by_remedy(assessment: Assessment, *, limit: int = 20) -> View:
    """One line for each remedy: how many exposures it closes, on how many hosts."""
    closes: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], set[int]] = defaultdict(set)
    what: dict[tuple[str, str], set[str]] = defaultdict(set)
    packs: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for column in assessment.columns:
        for verdict, profiles, size in assessment.spread(column):
            if verdict.status is not Status.EXPOSED:
                continue
            for remedy in verdict.remedies or (Remedy("", None, None),):
                text = remedy_text(remedy, remedy.product_line, brief=True) if remedy.product_line else "no fix known"
                key = (text, product.line(remedy.product_line).short if remedy.level != product.RTM else "")
                if remedy.level not in (None, product.RTM):
                    packs[remedy.product_line].setdefault(remedy.level or "", key)
                closes[key] += size
                where[key].update(profiles)
                what[key].add(verdict.article)
    for levels in packs.values():  # a service pack holds those before it
        for before, level in pairwise(sorted(levels, key=product.level_key)):
            closes[levels[level]] += closes[levels[before]]
            where[levels[level]] |= where[levels[before]]
            what[levels[level]] |= what[levels[before]]
    order = sorted(closes, key=lambda key: (-closes[key], key))
    alike = {frozenset(where[key]) for key in order[:limit]}
    hosts = {profiles: _hosts(assessment, profiles) for profiles in alike}
    rows = [
        (
            text,
            line,
            f"{hosts[frozenset(where[text, line])]:,}",
            f"{len(what[text, line]):,}",
            f"{closes[text, line]:,}",
        )
        for text, line in order[:limit]
    ]
    below = ["An exposure may have several remedies: a service pack, one after it, a hotfix before it."]
    if len(order) > limit:
        more = plural(len(order) - limit, "more remedy", "more remedies")
        below.insert(0, f"... {more} (-v lists them all)")
    return View(
        _head(assessment),
        ("remedy", "product", "hosts", "articles", "exposures closed"),
        tuple(rows),
        (*below, *_foot(assessment, limit)),
        (2, 3, 4),
    )


def _hosts(assessment: Assessment, profiles: Collection[int]) -> int:
    """Return how many hosts have an installation with one of `profiles`."""
    if assessment.hosts.host_count == len(assessment.hosts):
        return assessment.size(profiles)
    return len(set(map(str.casefold, assessment.names(profiles))))


def _names(assessment: Assessment, profiles: Collection[int]) -> Iterator[str]:
    """Return the hosts that have an installation with one of `profiles`, in order, each once."""
    seen = set()
    for name in assessment.names(profiles):
        key = name.casefold()
        if key not in seen:
            seen.add(key)
            yield name


def matrix(
    assessment: Assessment,
    *,
    all_hosts: bool = False,
    limit: int = 20,
    columns: int = 6,
    statuses: Sequence[Status] = (),
) -> View:
    """Hosts by articles: of more than `columns` those to which most installations are exposed.

    A host has a row if it has one of `statuses` (none: any) there; hosts that share a profile are folded unless
    `all_hosts`.
    """
    exposed = {
        ident: sum(size for verdict, _, size in assessment.spread(column) if verdict.status is Status.EXPOSED)
        for ident, column in zip(assessment.articles, assessment.columns, strict=True)
    }
    articles = list(assessment.articles)
    if len(articles) > columns:
        articles = sorted(articles, key=lambda ident: (ident != DEADLOCK, -exposed[ident], int(ident[1:])))[:columns]
    shown = dict(zip(assessment.articles, assessment.columns, strict=True))
    of_profile = {
        number: [assessment.verdict(number, shown[ident]).status for ident in articles] for number in assessment.leaders
    }
    kept = {number for number, answers in of_profile.items() if not statuses or not {*statuses}.isdisjoint(answers)}
    rows = []
    every: Iterable[HostRow] = assessment.hosts if all_hosts else assessment.leaders.values()
    for row in islice((each for each in every if each.profile in kept), limit):
        more = f" +{assessment.sizes[row.profile] - 1}" if assessment.sizes[row.profile] > 1 and not all_hosts else ""
        profile = assessment.profiles[row.profile]
        rows.append(
            (
                row.host + more,
                product.line(profile.product_line).short,
                matching.level_text(profile),
                *(SHORT[status] for status in of_profile[row.profile]),
            )
        )
    below = []
    if not all_hosts and len(kept) > limit:
        below.append(f"... {plural(len(kept) - limit, 'more level')} (-v lists every host)")
    if len(articles) < len(assessment.articles):
        left = plural(len(assessment.articles) - len(articles), "more article")
        below.append(f"{left}: choose with --article" + (", -v shows all that are chosen" if columns < 10**6 else ""))
    return View(
        _head(assessment), ("host", "product", "level", *articles), tuple(rows), (*below, *_foot(assessment, limit))
    )


def _head(assessment: Assessment) -> tuple[str, ...]:
    return (
        f"{plural(len(assessment.hosts), 'installation')} on {plural(assessment.hosts.host_count, 'host')}, "
        f"{plural(len(assessment.profiles), 'distinct level')}, against "
        f"{plural(len(assessment.articles), 'advisory', 'advisories')}",
        *_left_out(assessment),
    )


def _left_out(assessment: Assessment) -> Iterator[str]:
    """Return what the tables do not count."""
    if assessment.refusals:
        yield f"refused: {plural(len(assessment.refusals), 'row or cell', 'rows or cells')} (see below)"
    if assessment.other_articles:
        number = plural(assessment.other_articles, "other article")
        yield f"not judged: {number} on these products (no fault, or no known fix)"


def _foot(assessment: Assessment, limit: int) -> tuple[str, ...]:
    """Return what must not be missed: the deadlock, refused rows, the command that asks why."""
    lines = []
    shown_of_each = max(limit // 6, 1)
    exposed: tuple[str, str] | None = None
    if DEADLOCK in assessment.articles:
        column = assessment.columns[list(assessment.articles).index(DEADLOCK)]
        by_status: dict[Status, list[int]] = {status: [] for status in Status}
        for verdict, profiles, _ in assessment.spread(column):
            by_status[verdict.status] += profiles
        numbers = (
            f"{assessment.size(profiles)} {SHORT[status].lower().replace('undet.', 'undetermined')}"
            for status, profiles in by_status.items()
        )
        if any(profiles for status, profiles in by_status.items() if status is not Status.NOT_APPLICABLE):
            lines += ["", f"{DEADLOCK} {assessment.articles[DEADLOCK][0].removeprefix('XADM: ')}"]
            lines.append(f"  {', '.join(numbers)}")
        for status in (Status.EXPOSED, Status.UNDETERMINED):
            having = frozenset(by_status[status])
            shown = list(islice(_names(assessment, having), 8))
            if shown:
                others = _hosts(assessment, having) - len(shown)
                more = f" and {others} more" if others else ""
                lines.append(f"  {status.value}: {' '.join(shown)}{more}")
            if shown and status is Status.EXPOSED:
                exposed = (shown[0], DEADLOCK)
        if exposed is not None:
            lines.append(f"  see it happen: kbcheck simulate {host_option(exposed[0])}")
    if assessment.refusals:
        lines.append("")
    lines += said("Refused", assessment.refusals, shown_of_each)
    lines += said("Note", assessment.remarks, shown_of_each)
    if exposed is None:
        exposed = next(
            (
                (row.host, verdict.article)
                for row in assessment.leaders.values()
                if assessment.tallies[row.profile][Status.EXPOSED]
                for verdict in assessment.verdicts(row.profile)
                if verdict.status is Status.EXPOSED
            ),
            None,
        )
    if exposed is not None:
        host, dashes = typed(exposed[0]), "-- " if exposed[0].startswith("-") else ""
        lines.append(f"Why is {exposed[0]} exposed: kbcheck explain {dashes}{host} {exposed[1]}")
    if assessment.number is not None:
        lines.append(f"Stored as scan {assessment.number}: kbcheck report {assessment.number}")
    return tuple(lines)


def typed(word: str) -> str:
    """Return a word as it can be typed in a shell; HOST where the shells of Windows have no safe quotes for it."""
    if re.fullmatch(r"[\w.:/@+=,-]+", word):
        return word
    if os.name != "nt":
        return shlex.quote(word)
    return f'"{word}"' if re.fullmatch(r"[\w .:/@+=,-]+", word) else "HOST"


def host_option(host: str) -> str:
    """Return `--host EXCH03` as it can be typed."""
    return f"--host{'=' if host.startswith('-') else ' '}{typed(host)}"


def said(label: str, entries: Sequence[Refusal], limit: int) -> Iterator[str]:
    """Return what was said of rows, the first `limit` and how many more there are."""
    for each in entries[:limit]:
        yield f"{label}: {each}"
    if len(entries) > limit:
        yield f"{label}: {len(entries) - limit:,} more (-v lists them all)"


def plural(number: int, word: str, several: str = "") -> str:
    """Return a number with its word: `1 article`, `2 articles`."""
    return f"{number:,} {word if number == 1 else several or word + 's'}"
