"""An installation's profile against what is known about one article: the verdict, with its evidence. Pure.

`verdict` states the rules and their order; `host` reads what a profile says of itself, `demands` what an article
requires, and `fleetwide` judges all profiles of a fleet at once.
"""

from kbcheck.matching.fleetwide import Fleetwide, spoken_of
from kbcheck.matching.host import candidate_levels, level_text, matters_beside, older_files, profile_of
from kbcheck.matching.verdict import assess, elsewhere, fixable, serviced_beside

__all__ = [
    "Fleetwide",
    "assess",
    "candidate_levels",
    "elsewhere",
    "fixable",
    "level_text",
    "matters_beside",
    "older_files",
    "profile_of",
    "serviced_beside",
    "spoken_of",
]
