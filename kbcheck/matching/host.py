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
    alone = product.line(installation.product_line).on
    if alone is not None and not any(product.line(name).platform for name in others):
        heard = {level for each in beside for name, level in each.platform if name == alone and level is not None}
        if heard or not any(each.platform for each in beside):  # what another row of the host says of its system
            others[alone] = heard.pop() if len(heard) == 1 else None  # else it is there, with whatever service pack
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
    for _, level in _older(of, [each for each in found if each is not None], profile):
        found.setdefault(level)
    return tuple(sorted(found, key=lambda each: (each is not None, product.level_key(each) if each else (0, "")))) or (
        None,
    )


def older_files(profile: Profile) -> tuple[tuple[str, str], ...]:
    """Return the reported files that are older than those of the levels that the host tells, with the level of each."""
    of = product.line(profile.product_line)
    builds = (product.level_of_build(of, build) for build in profile.builds)
    return _older(of, [each for each in (*profile.levels, *builds) if each is not None], profile)


def _older(of: product.Line, stated: Sequence[str], profile: Profile) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for known in filter(None, map(of.level, stated)) if profile.files else ():
        files = dict(known.files)
        for name, build, _ in profile.files:
            wanted = files.get(name)
            if wanted is None or len(build) < 3 or build[:2] != wanted[:2]:
                continue
            # An older file on the stated level's own branch (another build of the same level) is no lower level.
            level = product.level_of_build(of, build) if product.build_key(build) < product.build_key(wanted) else None
            if level is not None and product.level_key(level) < product.level_key(known.name):
                found.setdefault(name, level)
    return tuple(found.items())


def level_text(profile: Profile) -> str:
    """Return the level for a table: `SP3`, `unknown`, `SP3 or SP4`; `+QFE` where hotfixes or newer files are told."""
    levels = [level for level in candidate_levels(profile) if level is not None]
    text = " or ".join(levels) if levels else "unknown"
    return f"{text} +QFE" if profile.hotfixes or (profile.files and levels) else text
