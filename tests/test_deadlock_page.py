"""Text and HTML: a golden page, words, widths, nothing from elsewhere, foreign text made harmless."""

import functools
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction

import pytest

from kbcheck import deadlock
from kbcheck.deadlock import model, show, words
from kbcheck.deadlock.model import Search, Variant
from kbcheck.deadlock.simulation import Result
from kbcheck.deadlock.threads import Frame, Observed, ThreadsRun

PAGE = """\
OpenMsgStore deadlock, Q241556: 2 threads x 3 calls
The article: T1 holds CS1 and waits for CS2, held by T2, which waits for CS1; it
may occur after some time, and was first corrected in Exchange Server 5.5
Service Pack 4.
Our model, not the article's: two paths that take the locks in opposite order
are the fault, one order for all threads is the fix. The article does not say
which path takes which lock, nor how the fix works.

1. Proof: every interleaving of 2 threads x 3 calls

                                       faulty  fixed
---------------------  ----------------------  -----
states                                    115     88
transitions                               150     96
deadlocked states                           9      0
schedules                                 370     20
deadlocking schedules                     158      0
chance of a deadlock   1951/2048 = 0.95263671      0
shortest deadlock                          12   none

faulty  a deadlock is possible: proved, the shortest takes 2 steps, 12
fixed   no deadlock: proved for 2 threads x 3 calls, every interleaving
The chance: where each step is drawn evenly from the threads that can step.
An independent judge: give SPIN the model that kbcheck simulate --promela
prints.

2. One run of the faulty variant, seed 0

schedule 2221211112

step  T1              T2
----  --------------  --------------
   1                  acquires CS2
   2                  acquires CS1
   3                  releases CS1
   4  acquires CS1
   5                  releases CS2 *
   6  acquires CS2
   7  releases CS2
   8  releases CS1 *
   9  acquires CS1
  10                  acquires CS2
   -  waits for CS2   waits for CS1
* a call is complete

T1 holds CS1 and waits for CS2, held by T2
T2 holds CS2 and waits for CS1, held by T1
Deadlock after 2 completed calls: T1 -> T2 -> T1
The same schedule, fixed variant: refused at step 4: T1 cannot acquire CS1, held
  by T2.
After some time: if a thread is preempted before 1 step in 10,000, half of all
programs with two such threads hang within 3,466 calls, 9 of 10 within 11,513.

Result: confirmed: fault proved possible; one lock order removes it
"""
LOCKS = """\
SIMULATED: what !locks of a debugger would list here, in the layout of Windows
NT 4.0. sim! is no module, OwningThread 1 is T1.

CritSec sim!CS1+0 at 00001000
LockCount          1
RecursionCount     1
OwningThread       1
EntryCount         0
ContentionCount    1
*** Locked

CritSec sim!CS2+0 at 00001018
LockCount          1
RecursionCount     1
OwningThread       2
EntryCount         0
ContentionCount    1
*** Locked

Scanned 2 critical sections
"""
# What real threads did once, as a value: the pages with it are the same each time
FRAMES = {
    "CS1": Frame("victim.py", 42, "acquire_cs1", "CS1.acquire()"),
    "CS2": Frame("victim.py", 47, "acquire_cs2", "CS2.acquire()"),
}
CALL = Frame("victim.py", 150, "call", "open_msg_store()")
FAULTY = ThreadsRun(
    Variant.FAULTY,
    Observed.DEADLOCK,
    20_345,
    0.0131,
    (("CS1", "T3"), ("CS2", "T2")),
    (("T1", "CS1"), ("T2", "CS1"), ("T3", "CS2")),
    (("T1", (FRAMES["CS1"], CALL)), ("T2", (FRAMES["CS1"], CALL)), ("T3", (FRAMES["CS2"], CALL))),
    0.0002,
)
FIXED = ThreadsRun(Variant.FIXED, Observed.FINISHED, 1, 0.5)


def simulate(**options: object) -> Result:
    return deadlock.simulate(deadlock.Options(no_threads=True, **options))  # type: ignore[arg-type]


def with_threads(**options: object) -> Result:
    return replace(simulate(**options), threads_run=(FAULTY, FIXED))


# The largest size, with its numbers as the search finds them: here they are only written
LARGEST = Search(
    4,
    10,
    Variant.FAULTY,
    319_561,
    503_360,
    48_400,
    83059198738661343711200462840,
    34084845170403570647674100024,
    Fraction(
        694746371036514249910756226470094975680955678989979360748091292123,
        694746371036514308018209471701334159511575085430227577330978521088,
    ),
    "12",
)
MAKERS = {
    "page": lambda: simulate(),
    "threads": lambda: with_threads(threads=3),
    "given": lambda: simulate(schedule="21", calls=1),
    "finished": lambda: simulate(seed=0, calls=1),
    "largest": lambda: replace(simulate(threads=4), proof=(LARGEST, LARGEST)),
    "behind": lambda: simulate(threads=4, schedule="34"),
    "nine": lambda: simulate(threads=9, calls=1, variant=Variant.TRYLOCK),
    "long": lambda: simulate(threads=2, calls=100, variant=Variant.TRYLOCK),
    "fixed": lambda: simulate(variant=Variant.FIXED),
    "runs": lambda: simulate(runs=3000),
    "locks": lambda: simulate(locks=True),
    "promela": lambda: simulate(promela=True),
}


@functools.cache
def result_of(name: str) -> Result:
    return MAKERS[name]()


# --- text -------------------------------------------------------------------------------------------------------------


def test_the_page_without_threads() -> None:
    assert deadlock.text(simulate()) == PAGE
    assert deadlock.text(simulate()) == deadlock.text(simulate())


def test_the_locks_of_a_debugger() -> None:
    assert deadlock.text(simulate(locks=True)) == LOCKS


def test_only_held_locks_are_listed() -> None:
    text = deadlock.text(simulate(locks=True, variant=Variant.FIXED))
    assert text.endswith("OwningThread 1 is T1.\n\nScanned 2 critical sections\n")
    behind = simulate(locks=True, threads=4, schedule="34").run
    assert behind is not None
    sections = words.critical_sections(behind)
    assert [(each.lock_count, each.owning_thread, each.contention_count) for each in sections] == [(2, 3, 2), (2, 4, 2)]


@pytest.mark.parametrize("name", sorted(set(MAKERS) - {"promela"}))
@pytest.mark.parametrize("width", [80, 132])
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    result = result_of(name)
    for text in (deadlock.text(result, width), deadlock.short(result, width)):
        assert [line for line in text.splitlines() if len(line) > width] == []
        assert not re.search(r"[^\x20-\x7e\n]| \n|\n\n\n", text)
        assert text.endswith("\n")


def test_the_short_form_is_short() -> None:
    lines = deadlock.short(with_threads(threads=2)).splitlines()
    assert 10 <= len(lines) <= 14
    assert lines[0] == "OpenMsgStore deadlock, Q241556: 2 threads x 3 calls"
    assert "T1 holds CS1 and waits for CS2, held by T2" in lines[4]
    assert lines[-1] == "Result: confirmed: fault proved possible and observed; one lock order removes it"


def test_the_words_of_the_thread_part() -> None:
    text = deadlock.text(result_of("threads"))
    assert text.endswith(
        """\
3. Real threads on this machine, in a child process

faulty  deadlock observed after 20,345 calls, 0.01 s
T1 waits for CS1, held by T3 (behind the cycle)
    at acquire_cs1 (victim.py:42)  CS1.acquire()
    at call (victim.py:150)        open_msg_store()
T2 holds CS2 and waits for CS1, held by T3
    at acquire_cs1 (victim.py:42)  CS1.acquire()
    at call (victim.py:150)        open_msg_store()
T3 holds CS1 and waits for CS2, held by T2
    at acquire_cs2 (victim.py:47)  CS2.acquire()
    at call (victim.py:150)        open_msg_store()
Looked at again after 0.25 s: the same, and 0.000 s of processor time used

fixed   no deadlock observed in 1 call, 0.50 s

Result: confirmed: fault proved possible and observed; one lock order removes it
"""
    )
    lines = [words.observed_line(ThreadsRun(Variant.FAULTY, each, 7, 2.0, problem="no\x1b")) for each in Observed]
    assert lines == [
        "deadlock observed after 7 calls, 2.00 s",
        "no deadlock observed in 7 calls, 2.00 s",
        "not reproduced in 7 calls, 2.00 s",
        "nothing observed: no\ufffd",
    ]
    assert words.observed_line(replace(FAULTY, schedule="12")).endswith("0.01 s (the first steps follow the schedule)")


def test_each_variant_has_its_result() -> None:
    assert {variant: deadlock.text(simulate(variant=variant)).splitlines()[-1] for variant in Variant} == {
        "faulty": "Result: confirmed: faulty: a deadlock is proved possible",
        "fixed": "Result: confirmed: fixed: no deadlock, proved for 2 threads x 3 calls",
        "trylock": "Result: confirmed: trylock: no deadlock, proved for 2 threads x 3 calls",
    }
    trylock = deadlock.text(simulate(variant=Variant.TRYLOCK))
    assert "no end of them" in trylock
    assert "threads may try again for ever" in " ".join(trylock.split())


def test_the_chance_of_the_largest_size() -> None:
    narrow, wide = deadlock.text(result_of("largest"), 80), deadlock.text(result_of("largest"), 200)
    for text in (narrow, wide, deadlock.html(result_of("largest"))):
        assert "1 - 8.4e-17" in text
        assert "1.0000" not in text
    assert "about 8.31e+28" in narrow
    assert "83,059,198,738,661,343,711,200,462,840" in wide


def test_a_long_run_shows_its_beginning_and_its_end() -> None:
    run = result_of("long").run
    assert run is not None
    lines = show.timeline(run, 80)
    assert len(lines) < 60
    assert lines[14].split() == ["...", "...", "..."]
    steps = [line for line in lines if line[:4].strip().isdigit()]
    assert steps[-1].startswith(f"{len(run.steps):>4}  ")


def test_the_timeline_in_signs_has_a_legend() -> None:
    assert "+ acquires, - releases, ? tries: y got, n held, ! waits for" in deadlock.text(result_of("nine"))
    crowded = simulate(threads=9, calls=1, schedule="12")
    assert "   -  !CS2    !CS1    !CS1    !CS2" in deadlock.text(crowded)


def test_the_histogram_is_beside_the_law() -> None:
    text = deadlock.text(result_of("runs"))
    assert "seeds 0 to 2999" in " ".join(text.split())
    observed = dict(model.histogram(3000).observed)
    assert re.search(rf"^ +0 +{observed[0]:,} +1,500\.0  #+", text, re.MULTILINE)
    counts = re.findall(r"^ +\d+\+? +([\d,]+) +[\d,.]+  ", text, re.MULTILINE)
    assert sum(int(count.replace(",", "")) for count in counts) == 3000
    assert "within 3,466 calls, 9 of 10 within 11,513. The mean is 5,000." in " ".join(text.split())


# --- the host ---------------------------------------------------------------------------------------------------------


def test_a_host_is_told_with_what_judged_it() -> None:
    known = replace(simulate(variant=Variant.FAULTY), host="EXCH03", judged_by="its level, SP3")
    unknown = replace(simulate(), host="EXCH09", judged_by="no level and no Emsmdb32.dll is given")
    for result, line, variant in (
        (known, "Host EXCH03 has the faulty variant, judged by its level, SP3.", "faulty"),
        (unknown, "Host EXCH09: undetermined which variant it has (no level and no Emsmdb32.dll is given).", None),
    ):
        assert line in " ".join(deadlock.text(result).split())
        assert line in deadlock.html(result)
        assert line in " ".join(deadlock.short(result).split())
        host = deadlock.json_document(result)["host"]
        assert host == {"name": result.host, "variant": variant, "judged_by": result.judged_by}
    assert "host" not in deadlock.json_document(simulate())


def test_foreign_text_is_made_harmless() -> None:
    hostile = "<script>alert('&')</script>\x1b[31m\u202e\n"
    result = replace(
        with_threads(threads=3),
        host=hostile,
        judged_by=hostile,
        code=1,
        result=f"not {hostile}",
        options=simulate().options,
    )
    for text in (deadlock.text(result), deadlock.short(result)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
    page = deadlock.html(result)
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)" in page
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", page)
    assert 'class="result"' in page


# --- the HTML page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_html_needs_nothing_else(name: str) -> None:
    page = deadlock.html(result_of(name))
    for forbidden in ("http", "src=", "@import", "<script", "<link", "url(//", "href="):
        assert forbidden not in page
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= {"#asks", "#holds"}
    doctype, rest = page.split("\n", 1)
    assert doctype == "<!DOCTYPE html>"
    root = ET.fromstring(rest)
    identifiers = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identifiers) == len(set(identifiers))
    assert root.get("lang") == "en"
    assert "prefers-color-scheme: dark" in page
    for drawing in root.iter("svg"):
        assert drawing.get("role") == "img"
        title, description = drawing[0], drawing[1]
        assert (title.tag, description.tag) == ("title", "desc")
        assert (drawing.get("aria-labelledby") or "").split() == [title.get("id"), description.get("id")]
        assert title.text
        assert description.text


def test_the_lanes_are_the_run() -> None:
    """Every stretch of the run has a bar, over the steps in which the lock is held or awaited; the last have no end."""
    root = ET.fromstring(deadlock.html(result_of("page")).split("\n", 1)[1])
    lanes, cycle = root.iter("svg")
    bars = [rect for rect in lanes.iter("rect") if rect.get("class") != "lane"]
    held = [rect for rect in bars if "wait" not in (rect.get("class") or "")]
    # 2221211112: T2 holds CS2 1-5 and CS1 2-3; T1 holds CS1 4-8 and CS2 6-7; T1 holds CS1 from 9, T2 CS2 from 10
    assert sorted((int(rect.get("x") or 0) - 92) // 30 + 1 for rect in held) == [1, 2, 4, 6, 9, 10]
    assert sorted(int(rect.get("width") or 0) // 30 for rect in held if int(rect.get("width") or 0) <= 120) == [
        1,
        1,
        4,
        4,
    ]
    labels = [text.text for text in lanes.iter("text")]
    assert labels.count("waits for CS1") == labels.count("waits for CS2") == 1
    assert labels.count("T1") == labels.count("T2") == 1
    assert len(list(lanes.iter("circle"))) == 10
    said = [text.text for text in cycle.iter("text")]
    assert sorted(said, key=str) == ["CS1", "CS2", "T1", "T2", "held by", "held by", "waits for", "waits for"]


def test_bystanders_are_drawn_apart() -> None:
    page = deadlock.html(result_of("behind"))
    assert page.count("behind the cycle, not on it</text>") == 2
    assert "The cycle" in page
    assert "The cycle" not in deadlock.html(result_of("finished"))


def test_a_long_run_is_drawn_from_its_last_steps() -> None:
    run = result_of("long").run
    assert run is not None
    page = deadlock.html(result_of("long"))
    assert f"The first {len(run.steps) - 240} steps are not drawn." in page
    assert page.count('<circle class="step"') == 240
