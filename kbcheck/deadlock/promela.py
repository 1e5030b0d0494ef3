"""The model in Promela, so that SPIN can count it: an independent judge of `model.search`.

`spin -o3 -run -noreduce -e -c0 model.pml` then reports states stored = ours, errors = our deadlocked states and
transitions = ours + 1 (it counts the first state). What that takes: a statement is a step, so no merging (-o3) and no
reduction; a lock is tested and set in one `d_step`; the counter is part of the last release, since a step of its own
would change every number; a thread parks at an `end:` label and never dies; -e -c0 counts all errors, stopping at none.
"""

from __future__ import annotations

from kbcheck.deadlock import model
from kbcheck.deadlock.model import LOCKS, Variant

COMMAND = "spin -o3 -run -noreduce -e -c0 model.pml"

_BLOCKING = """\
     d_step {{ !{second} -> {second} = 1 }};
     {second} = 0;
     d_step {{ {first} = 0; call++ }}"""

_TRYLOCK = """\
     if
     :: d_step {{ !{second} -> {second} = 1 }};
        {second} = 0;
        d_step {{ {first} = 0; call++ }}
     :: {second} -> {first} = 0
     fi"""

_THREAD = """\
active proctype {name}() {{
  {counter} call;
end:
  do
  :: d_step {{ call < {calls} && !{first} -> {first} = 1 }};
{rest}
  od
}}
"""


def model_text(threads: int, calls: int, variant: Variant) -> str:
    """Return the model of a size and variant as a Promela file."""
    size = model.predict(threads, calls, variant)
    # More states than its default depth of search: SPIN would cut the search and say so
    deep = " -m1000000" if size.states > 10_000 else ""
    rest = _TRYLOCK if variant is Variant.TRYLOCK else _BLOCKING
    bodies = []
    for thread in range(threads):
        first, second = (LOCKS[lock].lower() for lock in model.path(variant, thread))
        bodies.append(
            _THREAD.format(
                name=model.name(thread),
                counter="byte" if calls < 256 else "int",
                calls=calls,
                first=first,
                rest=rest.format(first=first, second=second),
            )
        )
    head = (
        f"/* OpenMsgStore (Q241556), {variant}: {threads} threads x {calls} calls.\n"
        f"   {COMMAND.replace(' model', f'{deep} model')}\n"
        f"   Expected: {size.states} states stored, {size.transitions + 1} transitions, "
        f"errors: {size.deadlocked_states}.\n"
        "   The cycle is the article's; the paths and the corrections are a model. */\n\n"
    )
    return head + f"bit {', '.join(lock.lower() for lock in LOCKS)};\n\n" + "\n".join(bodies)
