"""How often kbcheck is right, measured on a database of the real archive; prints the tables of docs/accuracy.md.

    kbcheck import kbarchive-master.zip
    python benchmarks/accuracy.py [--db FILE-or-URL]

Three measures:
1. Fix lists against the articles themselves. For each article that a fix list names, the first correction is weighed
   once more without the lists. Recall: how often the article's own words name the list's service pack. Precision: of
   those that name one, how often it is the list's. This is how far an article alone can be trusted.
2. A labelled sample (tests/data/labelled.csv): articles of all families, read and decided by hand.
3. What the parser refused to guess, and the share of bug articles of which everything was understood.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import platformdirs

from kbcheck import knowledge
from kbcheck.model import CorrectionKind, Facts, Kind, Method
from kbcheck.store import Store

LABELLED = Path(__file__).resolve().parent.parent / "tests" / "data" / "labelled.csv"
# What an article that speaks of a correction says
SPEAKS = re.compile(r"service pack|supported (?:fix|hotfix)|hotfix|file attributes", re.IGNORECASE)


def lists(facts: list[Facts]) -> None:
    """Print recall and precision of the articles' own words against the fix lists, by product line."""
    named: Counter[str] = Counter()
    told: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for each in facts:
        levels: dict[str, set[str]] = defaultdict(set)
        for c in each.corrections:
            if c.method is Method.FIX_LIST and c.kind is CorrectionKind.SERVICE_PACK and c.level is not None:
                levels[c.product_line].add(c.level)
        own = tuple(c for c in each.corrections if c.source == each.id)
        alone = knowledge.first_fixed(knowledge.weigh(replace(each, corrections=own))) if levels else {}
        for line, expected in levels.items():
            named[line] += 1
            level = alone.get(line)
            if level is not None and re.fullmatch(r"SP\d\w?", level):
                told[line] += 1
                right[line] += level in expected
    print("| product line | articles in its lists | the article itself names the service pack | and it is the list's |")
    print("|---|---:|---:|---:|")
    for line, number in sorted(named.items(), key=lambda pair: -pair[1]):
        precision = f"{100 * right[line] / told[line]:.1f} %" if told[line] else "-"
        print(f"| {line} | {number:,} | {told[line]:,} ({100 * told[line] / number:.1f} %) | {precision} |")
    total, said, good = sum(named.values()), sum(told.values()), sum(right.values())
    print(f"| all | {total:,} | {said:,} ({100 * said / total:.1f} %) | {100 * good / said:.1f} % |")


def labelled(facts: dict[str, Facts]) -> None:
    """Print the share of right answers on the labelled sample, and each wrong one."""
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    wrong = []
    with LABELLED.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["article"] not in facts:
                continue
            got = knowledge.first_fixed(knowledge.weigh(facts[row["article"]])).get(row["product_line"]) or ""
            allowed = [row["first_fixed"], *(row["acceptable"].split("|") if row["acceptable"] else [])]
            every[row["difficulty"]] += 1
            if got in allowed:
                right[row["difficulty"]] += 1
            else:
                wrong.append(
                    f"| {row['article']} | {row['product_line']} | {got or '-'} | {allowed[0] or '-'} | {row['note']} |"
                )
    print("| labelled answers | right | share |\n|---|---:|---:|")
    for name in sorted(every):
        print(f"| {name} | {right[name]} of {every[name]} | {100 * right[name] / every[name]:.1f} % |")
    total = sum(every.values())
    if total:
        print(f"| all | {sum(right.values())} of {total} | {100 * sum(right.values()) / total:.1f} % |")
    if wrong:
        print("\n| article | product line | kbcheck | by hand | why |\n|---|---|---|---|---|")
        print("\n".join(wrong))


def understood(store: Store, facts: list[Facts]) -> None:
    """Print the problems by kind, and the share of bug articles without one."""
    troubled = store.problem_articles()
    bugs = [each.id for each in facts if each.kind is Kind.BUG]
    clear = sum(ident not in troubled for ident in bugs)
    print("| what was not understood | statements | for example |\n|---|---:|---|")
    unclear = [(problem.kind, stored.facts.id) for stored in store.articles(troubled) for problem in stored.problems]
    first = dict(reversed(unclear))
    for kind, number in sorted(Counter(kind for kind, _ in unclear).items(), key=lambda pair: (-pair[1], pair[0])):
        print(f"| {kind} | {number} | {first[kind]} |")
    share = 100 * clear / max(len(bugs), 1)
    print(f"\nOf {len(bugs):,} articles that report a bug, {clear:,} ({share:.2f} %) hold nothing unclear.")
    speaking = [stored for stored in store.articles(bugs) if SPEAKS.search(stored.article.text)]
    known = sum(bool(stored.facts.corrections) for stored in speaking)
    print(f"{len(speaking):,} of them speak of service packs, hotfixes or files; of {known:,} a correction is known.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--db", default=str(Path(platformdirs.user_data_dir("kbcheck", appauthor=False)) / "kbcheck.db")
    )
    with Store(parser.parse_args().db, create=False) as store:
        facts = [stored.facts for stored in store.articles()]
        print(f"{len(facts):,} articles\n\n### Fix lists against the articles themselves\n")
        lists(facts)
        print("\n### Labelled sample\n")
        labelled({each.id: each for each in facts})
        print("\n### What was not understood\n")
        understood(store, facts)


if __name__ == "__main__":
    main()
