"""A result as a page of text.

Rules. *Proved* is what the search found, with its bound; *observed* what real threads did; *possible* what the model
allows. A bystander, blocked behind the cycle and not on it, is named apart from it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal

from kbcheck.deadlock import model, words
from kbcheck.deadlock.model import LOCKS, Histogram, Law, Outcome, Run, Search
from kbcheck.deadlock.simulation import Result
from kbcheck.deadlock.threads import Observed, ThreadsRun

# Longer runs show their first and last steps
_HEAD_STEPS, _TAIL_STEPS = 12, 36
_HISTOGRAM_ROWS = 15
_NARROWEST = 80


def text(result: Result, width: int = 80) -> str:
    """Return the page; no line is wider than `width`, but for the model for SPIN; 80 is the narrowest."""
    width = max(width, _NARROWEST)
    if result.promela:
        return result.promela
    if result.histogram is not None:
        return _joined(_histogram(result.histogram, width))
    if result.options.locks and result.run is not None:
        return _joined([*_folded(words.host_line(result), width), *locks(result.run, width)])
    return _joined(
        [
            f"{words.TITLE}: {words.bound(result)}",
            *_folded(words.ARTICLE, width),
            *_folded(words.FIX_MODEL, width),
            *_folded(words.host_line(result), width),
            *_proof(result, width),
            *_run(result, width),
            *_threads(result, width),
            "",
            words.result_line(result),
        ]
    )


def short(result: Result, width: int = 80) -> str:
    """Return the page in a dozen lines."""
    width = max(width, _NARROWEST)
    lines = [f"{words.TITLE}: {words.bound(result)}"]
    lines += [words.host_line(result)] if result.host else []
    lines += [f"{search.variant:<8}{words.proof_line(search)}" for search in result.proof]
    if result.run is not None:
        shown = result.run.schedule if len(result.run.schedule) <= 40 else f"{result.run.schedule[:37]}..."
        lines += [f"run     {shown}", *(f"  {line}" for line in words.outcome_lines(result.run))]
    refused = words.refusal_line(result)
    lines += [f"  {refused}"] if refused else []
    lines += [f"threads {run.variant}: {words.observed_line(run)}" for run in result.threads_run]
    lines += ["The paths and the fix are our model; the cycle is the article's.", words.result_line(result)]
    return _joined(part for line in lines for part in _folded(line, width, "    "))


def locks(run: Run, width: int = 80) -> list[str]:
    """Return the lines of `!locks` as a debugger of the time would have printed them at the end of a run."""
    lines = _folded(
        "SIMULATED: what !locks of a debugger would list here, in the layout of Windows NT 4.0. "
        "sim! is no module, OwningThread 1 is T1.",
        width,
    )
    for section in words.critical_sections(run):
        lines += ["", f"CritSec {section.symbol} at {section.address:08x}"]
        fields = (
            ("LockCount", str(section.lock_count)),
            ("RecursionCount", str(section.recursion_count)),
            ("OwningThread", f"{section.owning_thread:x}"),
            ("EntryCount", str(section.entry_count)),
            ("ContentionCount", str(section.contention_count)),
        )
        lines += [f"{label:<19}{value}" for label, value in fields]
        lines.append("*** Locked")
    return [*lines, "", f"Scanned {len(LOCKS)} critical sections"]


# --- the parts of the page --------------------------------------------------------------------------------------------


def proof_rows(proof: Sequence[Search], widest: int) -> list[tuple[str, ...]]:
    """Return the table of the search: a head and a row for each figure; figures wider than `widest` are rounded."""
    return [
        ("", *(str(search.variant) for search in proof)),
        ("states", *(f"{search.states:,}" for search in proof)),
        ("transitions", *(f"{search.transitions:,}" for search in proof)),
        ("deadlocked states", *(f"{search.deadlocked_states:,}" for search in proof)),
        ("schedules", *(_count(search.schedules, widest) for search in proof)),
        ("deadlocking schedules", *(_count(search.deadlocking_schedules, widest) for search in proof)),
        ("chance of a deadlock", *(_chance(search, widest) for search in proof)),
        ("shortest deadlock", *(search.shortest or "none" for search in proof)),
    ]


def _proof(result: Result, width: int) -> list[str]:
    if not result.proof:
        return []
    rows = proof_rows(result.proof, (width - 24) // len(result.proof) - 2)
    lines = ["", f"1. Proof: every interleaving of {words.bound(result)}", "", *_table(rows), ""]
    for search in result.proof:
        lines += _folded(f"{search.variant:<8}{words.proof_line(search)}", width, " " * 8)
    return [
        *lines,
        *_folded("The chance: where each step is drawn evenly from the threads that can step.", width),
        *_folded("An independent judge: give SPIN the model that kbcheck simulate --promela prints.", width),
    ]


def _run(result: Result, width: int) -> list[str]:
    run = result.run
    if run is None:
        return []
    drawn = f"seed {run.seed}" if run.seed is not None else "schedule given"
    lines = ["", f"2. One run of the {run.variant} variant, {drawn}", ""]
    lines += [*textwrap.wrap(f"schedule {run.schedule}", width, subsequent_indent=" " * 9), ""]
    lines += [*timeline(run, width), ""]
    for line in [*words.outcome_lines(run), words.refusal_line(result)]:
        lines += _folded(line, width, "  ")
    if run.outcome is Outcome.DEADLOCK and run.threads == 2:
        lines += _folded(words.law_line(), width)
    return lines


def timeline(run: Run, width: int) -> list[str]:
    """Return a run with a column for each thread; the last row is where the threads of a deadlock wait."""
    column = max(min((width - 6) // run.threads, 16) - 2, 6)
    rows = [("step", *(model.name(thread) for thread in range(run.threads)))]
    rows.append(("----", *("-" * column for _ in range(run.threads))))
    for number, step in enumerate(run.steps, start=1):
        if _HEAD_STEPS < number <= len(run.steps) - _TAIL_STEPS:
            if number == _HEAD_STEPS + 1:
                rows.append((" ...", *("..." for _ in range(run.threads))))
            continue
        cells = [""] * run.threads
        cells[step.thread] = _fit(words.step_text(step), column)
        rows.append((f"{number:>4}", *cells))
    waits = dict(run.standing.waits)
    if waits:
        ends = (waits.get(model.name(thread), "") for thread in range(run.threads))
        rows.append(("   -", *(_fit(f"waits for {lock}", column) if lock else "" for lock in ends)))
    lines = ["  ".join(cell.ljust(column if index else 4) for index, cell in enumerate(row)).rstrip() for row in rows]
    legend = ["* a call is complete"] if any(step.completes for step in run.steps) else []
    if column < 14 or any(cell.startswith("?") for row in rows for cell in row):
        legend.append("+ acquires, - releases, ? tries: y got, n held, ! waits for")
    return [*lines, *legend]


def _threads(result: Result, width: int) -> list[str]:
    if not result.threads_run:
        return []
    lines = ["", "3. Real threads on this machine, in a child process"]
    for run in result.threads_run:
        lines += ["", *_folded(f"{run.variant:<8}{words.observed_line(run)}", width, " " * 8)]
        if run.outcome is Observed.DEADLOCK:
            lines += stack_lines(run)
    return lines


def stack_lines(run: ThreadsRun) -> list[str]:
    """Return the stacks of threads in a deadlock, the innermost line first, and that they wait rather than spin."""
    holders = {owner for _, owner in run.owners}
    lines = []
    for thread, frames in run.stacks:
        (standing,) = words.standing_lines(run.owners, run.waits, [thread])
        lines.append(standing if thread in holders else f"{standing} (behind the cycle)")
        calls = [f"    at {frame.function} ({frame.file}:{frame.line})" for frame in frames]
        widest = max(map(len, calls), default=0)
        lines += [f"{call:<{widest}}  {frame.text}" for call, frame in zip(calls, frames, strict=True)]
    if run.cpu_seconds is not None:
        lines.append(f"Looked at again after 0.25 s: the same, and {run.cpu_seconds:.3f} s of processor time used")
    return lines


def _histogram(drawn: Histogram, width: int) -> list[str]:
    last = min(drawn.observed[-1][0], _HISTOGRAM_ROWS - 1)
    observed = dict(drawn.observed)
    rows = [(str(calls), observed.get(calls, 0), drawn.law.chance(calls)) for calls in range(last + 1)]
    rest = sum(count for calls, count in drawn.observed if calls > last)
    rows.append((f"{last + 1}+", rest, drawn.law.beyond(last)))
    widest = max(max(count, float(chance) * drawn.runs) for _, count, chance in rows)
    room = width - 41
    lines = _folded(
        f"{counted_runs(drawn)} of the faulty variant: 2 threads that call for ever, each step drawn evenly from the "
        f"threads that can step, seeds {drawn.first_seed} to {drawn.first_seed + drawn.runs - 1}",
        width,
    )
    lines += ["", "calls before the", "deadlock          observed    expected"]
    for label, count, chance in rows:
        expected = float(chance) * drawn.runs
        bar = list("#" * round(room * count / widest))
        place = round(room * expected / widest)
        bar += [" "] * (place + 1 - len(bar))
        bar[place] = "|"
        lines.append(f"{label:>16}{count:>10,}{expected:>12,.1f}  {''.join(bar)}".rstrip())
    lines += [f"{'mean':>16}{drawn.mean:>10.3f}{float(drawn.law.mean):>12.3f}", ""]
    lines += _folded("# observed, | expected by the exact law, p the chance of being preempted before a step:", width)
    lines += ["P(0) = p, P(c) = 2p(1-p)^2 (1-2p+2p^2)^(c-1), mean 1/(2p); here p = 1/2."]
    rare = Law(words.RARE)
    return [*lines, *_folded(f"{words.law_line()} The mean is {int(rare.mean):,}.", width)]


def counted_runs(drawn: Histogram) -> str:
    """Return `1,000 runs`."""
    return words.counted(drawn.runs, "run")


# --- layout -----------------------------------------------------------------------------------------------------------


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _folded(line: str, width: int, indent: str = "") -> list[str]:
    """Return a line folded at blanks, nothing for an empty one; names longer than a line stay whole."""
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    ruled = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in ruled
    ]


def _count(count: int | None, widest: int) -> str:
    if count is None:
        return "no end of them"
    exact = f"{count:,}"
    if len(exact) <= widest:
        return exact
    return f"about {Decimal(count):.2e}"


def _chance(search: Search, widest: int) -> str:
    about = model.about(search.p_deadlock)
    exact = str(search.p_deadlock)
    both = f"{exact} = {about}"
    return about if exact == about else both if len(both) <= widest else about


def _fit(cell: str, width: int) -> str:
    """Return the text of a cell, in signs where the words are too wide: `+CS1` acquires, `-CS1` releases."""
    if len(cell) <= width:
        return cell
    signs = (
        ("acquires ", "+"),
        ("releases ", "-"),
        ("tries ", "?"),
        ("waits for ", "!"),
        (": got", "y"),
        (": held", "n"),
    )
    for word, sign in signs:
        cell = cell.replace(word, sign)
    return cell
