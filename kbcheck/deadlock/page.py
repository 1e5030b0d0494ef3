"""A result as one HTML page that needs nothing else: no script, no font, no resource from elsewhere.

Rules. All text is escaped. The drawings are inline SVG with a title and a description that says in words what they
show; no meaning rests on colour alone. The page is well-formed XML after its first line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from kbcheck.deadlock import model, show, words
from kbcheck.deadlock.model import LOCKS, Histogram, Outcome, Run, Standing
from kbcheck.deadlock.simulation import CONFIRMED, Result
from kbcheck.deadlock.threads import Observed, ThreadsRun

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --lane: #f3f5f7;
  --one: #0b62c4; --two: #9a4b00; --bad: #b3261e; --good: #1a6b34; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e6e9ed; --soft: #a2abb5; --line: #3a424b;
  --lane: #1e2329; --one: #6cb0ff; --two: #f0a35a; --bad: #ff8a80; --good: #7ddb97; --on: #14171b; } }
body { background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 60rem; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.result { border-left: .35rem solid var(--bad); padding: .2rem .8rem; font-weight: 600; }
.confirmed { border-color: var(--good); }
.wide { overflow-x: auto; } .digits { overflow-wrap: anywhere; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .8rem .2rem 0; text-align: right; }
th:first-child, caption { text-align: left; } thead th { border-bottom-width: 2px; } tbody th { font-weight: 400; }
caption { color: var(--soft); padding-bottom: .3rem; }
pre { background: var(--lane); border-radius: .3rem; font-size: .85rem; overflow-x: auto; padding: .6rem .8rem; }
svg { display: block; } svg text { fill: var(--text); font: 13px system-ui, sans-serif; }
svg .small { fill: var(--soft); font-size: 11px; } svg .strong { font-weight: 600; font-size: 15px; }
svg .lane { fill: var(--lane); } svg .grid { stroke: var(--line); } svg .end { stroke: var(--bad); stroke-width: 2; }
svg .one { fill: var(--one); } svg .two { fill: var(--two); } svg .on { fill: var(--on); font-weight: 600; }
svg .wait { fill: none; stroke-dasharray: 4 3; stroke-width: 1.5; }
svg .wait.one, svg .edge.one { stroke: var(--one); fill: none; }
svg .wait.two, svg .edge.two { stroke: var(--two); fill: none; }
svg .edge { stroke-width: 2.5; fill: none; stroke: var(--text); }
svg .asks { stroke: var(--bad); stroke-dasharray: 6 4; }
svg .thread { fill: var(--lane); stroke: var(--text); stroke-width: 2; } svg .step { fill: var(--text); }
svg .head { fill: var(--text); } svg .ask { fill: var(--bad); }
"""
_CLASSES = ("one", "two")
_MAX_STEPS = 240


def html(result: Result) -> str:
    """Return the page."""
    title = words.TITLE if result.histogram is not None else f"{words.TITLE}: {words.bound(result)}"
    parts: list[str] = [f"<h1>{escape(title)}</h1>"]
    if result.promela:
        parts.append(f"<pre>{_text(result.promela)}</pre>")
    elif result.histogram is not None:
        parts = [f"<h1>{escape(words.TITLE)}: calls before the deadlock</h1>", *_histogram(result.histogram)]
    elif result.options.locks and result.run is not None:
        parts += [*_paragraphs(words.host_line(result)), _pre(show.locks(result.run))]
    else:
        confirmed = " confirmed" if result.result == CONFIRMED else ""
        parts.append(f'<p class="result{confirmed}">{_text(words.result_line(result))}</p>')
        parts += _paragraphs(words.host_line(result), words.ARTICLE, words.FIX_MODEL)
        parts += [*_run(result), *_proof(result), *_threads(result)]
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    """Return foreign text for HTML, its line ends kept and other control characters replaced."""
    return "\n".join(escape(words.clean(line)) for line in text.split("\n"))


def _paragraphs(*lines: str) -> list[str]:
    return [f"<p>{_text(line)}</p>" for line in lines if line]


def _pre(lines: Sequence[str]) -> str:
    return f"<pre>{_text(chr(10).join(lines))}</pre>"


def _table(caption: str, rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in rows[0])
    body = "\n".join(
        f'<tr><th scope="row">{_text(row[0])}</th>' + "".join(f"<td>{_text(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows[1:]
    )
    return (
        f'<div class="wide"><table><caption>{_text(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


# --- the parts --------------------------------------------------------------------------------------------------------


def _proof(result: Result) -> list[str]:
    if not result.proof:
        return []
    verdicts = [f"{search.variant}: {words.proof_line(search)}" for search in result.proof]
    return [
        "<h2>Proof: every interleaving</h2>",
        _table(words.bound(result), show.proof_rows(result.proof, 48)),
        *_paragraphs(*verdicts),
        '<p class="soft">The chance: where each step is drawn evenly from the threads that can step.</p>',
    ]


def _run(result: Result) -> list[str]:
    run = result.run
    if run is None:
        return []
    drawn = f"seed {run.seed}" if run.seed is not None else "schedule given"
    parts = [
        f"<h2>One run of the {run.variant} variant, {drawn}</h2>",
        *_lanes(run),
        *_paragraphs(*words.outcome_lines(run)),
    ]
    if run.outcome is Outcome.DEADLOCK:
        parts.append(f'<div class="wide">{_cycle(run)}</div>')
    parts += _paragraphs(words.refusal_line(result))
    if run.outcome is Outcome.DEADLOCK and run.threads == 2:
        parts += _paragraphs(words.law_line())
    return [*parts, f'<p class="soft digits">Schedule: {run.schedule}</p>']


def _threads(result: Result) -> list[str]:
    if not result.threads_run:
        return []
    parts = ["<h2>Real threads on this machine</h2>"]
    for run in result.threads_run:
        parts += _paragraphs(f"{run.variant}: {words.observed_line(run)}")
        parts += _stacks(run)
    return parts


def _stacks(run: ThreadsRun) -> list[str]:
    return [_pre(show.stack_lines(run))] if run.outcome is Observed.DEADLOCK else []


def _histogram(drawn: Histogram) -> list[str]:
    observed = dict(drawn.observed)
    rows = [("calls", "observed", "expected")]
    for calls in range(drawn.observed[-1][0] + 1):
        expected = float(drawn.law.chance(calls)) * drawn.runs
        rows.append((str(calls), f"{observed.get(calls, 0):,}", f"{expected:,.2f}"))
    rows.append(("mean", f"{drawn.mean:.3f}", f"{float(drawn.law.mean):.3f}"))
    seeds = f"seeds {drawn.first_seed} to {drawn.first_seed + drawn.runs - 1}"
    return [_table(f"{words.counted(drawn.runs, 'run')}, {seeds}", rows), *_paragraphs(words.law_line())]


# --- the drawings -----------------------------------------------------------------------------------------------------


def _lanes(run: Run) -> list[str]:
    """Return the lanes and their legend: in each thread's lane a row for each lock, filled while held, dashed while
    waited for.
    """
    skipped = max(len(run.steps) - _MAX_STEPS, 0)
    steps, states = run.steps[skipped:], model.history(run)[skipped:]
    unit = 30 if len(steps) <= 26 else 18 if len(steps) <= 80 else 11
    deadlocked = run.outcome is Outcome.DEADLOCK
    left, top, row, gap = 92, 26, 24, 12
    lane = len(LOCKS) * row + 6
    right = left + len(steps) * unit + (130 if deadlocked else 20)
    bottom = top + run.threads * (lane + gap)
    last = left + (len(steps) - 1) * unit
    parts = []
    for number in range(len(steps)):
        x = left + number * unit
        every = 1 if unit == 30 else 5
        if (skipped + number + 1) % every == 0:
            parts.append(f'<text class="small" x="{x}" y="16" text-anchor="middle">{skipped + number + 1}</text>')
            parts.append(f'<line class="grid" x1="{x}" y1="20" x2="{x}" y2="{bottom - gap}"/>')
    for thread in range(run.threads):
        y = top + thread * (lane + gap)
        parts.append(f'<rect class="lane" x="{left}" y="{y}" width="{right - left}" height="{lane}"/>')
        parts.append(f'<text class="strong" x="8" y="{y + lane / 2 + 5:g}">{model.name(thread)}</text>')
        for lock, title in enumerate(LOCKS):
            line = y + 3 + lock * row
            parts.append(f'<text class="small" x="{left - 8}" y="{line + 16}" text-anchor="end">{title}</text>')
            for begin, end, held in _spans(states, model.name(thread), title):
                # State 0 is before the first step; state i begins with step i, and the last one has no end
                x = left + max(begin - 1, 0) * unit
                stop = left + (end - 1) * unit if end < len(states) else right - 8
                if stop > x:
                    label = last if deadlocked and end == len(states) else None
                    parts += _bar(x, line, stop - x, title, _CLASSES[lock], held, label)
        for number, step in enumerate(steps):
            if step.thread == thread:
                parts.append(f'<circle class="step" cx="{left + number * unit}" cy="{y + lane}" r="3"/>')
    if deadlocked:
        parts.append(f'<line class="end" x1="{last}" y1="20" x2="{last}" y2="{bottom - gap}"/>')
    title = f"The {run.variant} run, step by step"
    beginning = f"The first {skipped} steps are not drawn. " if skipped else ""
    told = f"{beginning}A lane for each thread, a bar while it holds a lock, a dashed frame while it waits. "
    caption = (
        f'<p class="soft">{_text(beginning)}From left to right the steps; a dot: the step is this thread\'s. '
        "Filled: holds the lock. Dashed: waits for it.</p>"
    )
    drawing = _svg("lanes", right + 8, bottom, title, told + " ".join(words.outcome_lines(run)), parts)
    return [f'<div class="wide">{drawing}</div>', caption]


def _spans(states: Sequence[Standing], thread: str, lock: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (first state, state after the last, held) for each stretch in which the thread holds or awaits the lock."""
    begin, before = 0, ""
    for index in range(len(states) + 1):
        now = ""
        if index < len(states):
            state = states[index]
            now = "held" if (lock, thread) in state.owners else "waits" if (thread, lock) in state.waits else ""
        if now != before:
            if before:
                yield begin, index, before == "held"
            begin, before = index, now


def _bar(x: int, y: int, width: int, lock: str, colour: str, held: bool, forever: int | None) -> list[str]:
    """Return a bar; one that has no end has its label where for ever begins, the others have it where there is room."""
    if held:
        parts = [f'<rect class="{colour}" x="{x}" y="{y}" width="{width}" height="20" rx="3"/>']
        label = f"holds {lock}" if width >= 88 or forever is not None else lock if width >= 42 else ""
        kind = "on"
    else:
        inner = max(width - 2, 1)
        parts = [f'<rect class="wait {colour}" x="{x + 1}" y="{y + 1}" width="{inner}" height="18" rx="3"/>']
        label = f"waits for {lock}" if forever is not None else "waits" if width >= 50 else ""
        kind = "label"
    if label:
        at = (x if forever is None else forever) + 8
        parts.append(f'<text class="{kind}" x="{at}" y="{y + 15}">{label}</text>')
    return parts


def _cycle(run: Run) -> str:
    """Return the cycle as a ring of two threads and two locks, and beside it who is blocked behind it."""
    owner = dict(run.standing.owners)
    one, two = run.standing.cycle
    upper, lower = (lock for lock in (dict(run.standing.waits)[one], dict(run.standing.waits)[two]))
    behind = {
        lock: [thread for thread in run.standing.bystanders if dict(run.standing.waits)[thread] == lock]
        for lock in (upper, lower)
    }
    width = 720 if any(behind.values()) else 520
    places = {one: (80, 130), two: (420, 130), upper: (250, 45), lower: (250, 215)}
    parts = [
        _marker("holds", "head"),
        _marker("asks", "ask"),
        *(_edge(places[one], places[upper], "asks", "waits for", -10)),
        *(_edge(places[upper], places[two], "holds", "held by", -10)),
        *(_edge(places[two], places[lower], "asks", "waits for", 18)),
        *(_edge(places[lower], places[one], "holds", "held by", 18)),
    ]
    for lock in (upper, lower):
        x, y = places[lock]
        parts.append(
            f'<rect class="{_CLASSES[LOCKS.index(lock)]}" x="{x - 38}" y="{y - 20}" width="76" height="40" rx="5"/>'
        )
        parts.append(f'<text class="on" x="{x}" y="{y + 5}" text-anchor="middle">{lock}</text>')
        if behind[lock]:
            names = ", ".join(behind[lock])
            parts.append(
                f'<path class="edge asks" d="M 540 {y} L {x + 46} {y}" marker-end="url(#asks)"/>'
                f'<text class="strong" x="550" y="{y + 5}">{names}</text>'
                f'<text class="small" x="550" y="{y + 22}">behind the cycle, not on it</text>'
            )
    for thread in (one, two):
        x, y = places[thread]
        parts.append(f'<circle class="thread" cx="{x}" cy="{y}" r="30"/>')
        parts.append(f'<text class="strong" x="{x}" y="{y + 5}" text-anchor="middle">{thread}</text>')
    assert owner[upper] == two
    assert owner[lower] == one
    return _svg("cycle", width, 260, "The cycle", " ".join(words.outcome_lines(run)), parts)


def _edge(begin: tuple[int, int], end: tuple[int, int], kind: str, label: str, lift: int) -> list[str]:
    """Return an arrow between two places of the ring, drawn short of both, with its label beside its middle."""
    (x1, y1), (x2, y2) = begin, end
    ax, ay = x1 + (x2 - x1) * 0.26, y1 + (y2 - y1) * 0.26
    bx, by = x1 + (x2 - x1) * 0.72, y1 + (y2 - y1) * 0.72
    x, y = (x1 + x2) / 2, (y1 + y2) / 2 + lift
    outward = f'x="{x + 10:g}" y="{y:g}"' if max(x1, x2) > 250 else f'x="{x - 10:g}" y="{y:g}" text-anchor="end"'
    style = "edge asks" if kind == "asks" else "edge"
    return [
        f'<path class="{style}" d="M {ax:g} {ay:g} L {bx:g} {by:g}" marker-end="url(#{kind})"/>',
        f'<text class="small" {outward}>{label}</text>',
    ]


def _marker(name: str, style: str) -> str:
    return (
        f'<defs><marker id="{name}" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="12" markerHeight="12" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{style}" d="M 0 0 L 10 5 L 0 10 z"/></marker></defs>'
    )


def _svg(name: str, width: int, height: int, title: str, description: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'aria-labelledby="{name}-title {name}-desc">\n<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-desc">{escape(description)}</desc>\n' + "\n".join(parts) + "\n</svg>"
    )
