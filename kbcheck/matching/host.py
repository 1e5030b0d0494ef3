"""What a host's own data say: its profile, and the levels that they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kbcheck import product
from kbcheck.model import Installation, Profile


def matters_beside(product_line: str) -> bool:
    """Whether a product that a host runs may decide about its others: one with service packs, or a platform."""
    of = product.line(product_line)
    return bool(of.levels) or of.platform


def profile_of(installation: Installation, beside: Sequence[Installation] = ()) -> Profile:
    """Return the profile of an installation; `beside` are all installations of the same host, or those that matter."""
    others: dict[str, str | None] = {}
    for line, _ in installation.platform:
        told = {level for name, level in installation.platform if name == line and level is not None}
        others[line] = told.pop() if len(told) == 1 else None  # two rows that contradict each other leave it open
    for other in beside:
        if other.product_line != installation.product_line and matters_beside(other.product_line):
            levels = candidate_levels(profile_of(replace(other, platform=())))
            others[other.product_line] = levels[0] if len(levels) == 1 else None
    others.pop(installation.product_line, None)
    return Profile(
        installation.product_line,
        installation.levels,
        installation.builds,
        installation.foreign,
        installation.hotfixes,
        installation.files,
        tuple(sorted(others.items(), key=str)),
    )


def candidate_levels(profile: Profile) -> tuple[str | None, ...]:
    """Return every level that the host's own data speak for: one when they agree, (None,) when they tell none."""
    of = product.line(profile.product_line)
    found: dict[str | None, None] = dict.fromkeys(profile.levels)
    for build in profile.builds:
        level = product.level_of_build(of, build)
        if level is not None:
            found.setdefault(level)
    if profile.foreign:
        found.setdefault(None)
    for level in [each for each in found if each is not None]:
        older = _older_file(of, level, profile)
        if older is not None:
            found.setdefault(older)
    return tuple(sorted(found, key=lambda each: (each is not None, product.level_key(each) if each else (0, "")))) or (
        None,
    )


def _older_file(of: product.Line, stated: str, profile: Profile) -> str | None:
    """Return the level whose known file a reported file matches, where it is older than the stated level's own."""
    known = of.level(stated)
    if known is None or not known.files:
        return None
    for name, build, _ in profile.files:
        wanted = dict(known.files).get(name)
        if (
            wanted is not None
            and len(build) >= 3
            and build[:2] == wanted[:2]
            and product.build_key(build) < product.build_key(wanted)
        ):
            level = product.level_of_build(of, build)
            # An older file on the stated level's own branch (another build of the same level) is no lower level
            if level is not None and product.level_key(level) < product.level_key(stated):
                return level
    return None


def level_text(profile: Profile) -> str:
    """Return the level for a table: `SP3`, `unknown`, `SP3 or SP4`; `+QFE` where hotfixes or newer files are told."""
    levels = [level for level in candidate_levels(profile) if level is not None]
    text = " or ".join(levels) if levels else "unknown"
    return f"{text} +QFE" if profile.hotfixes or (profile.files and levels) else text
