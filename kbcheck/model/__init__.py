"""The nouns of kbcheck, as frozen dataclasses; no parsing and no I/O.

Rules:
- Line numbers are 1-based and count the lines of the file as it was read.
- A product line is named by its canonical name ("Exchange Server 5.5"), a level by "RTM", "SP3", "SP6a".
- Absent collections are empty tuples, never None; None means "unknown" or "not stated".
- The text that a fact was read from stands beside the fact.
"""

from __future__ import annotations

from kbcheck.model.articles import (
    HOTFIX_ONLY,
    UNSPECIFIED,
    Advisory,
    Affected,
    AppliesTo,
    Article,
    ArticleKnowledge,
    Conflict,
    Correction,
    CorrectionKind,
    Decision,
    Facts,
    FileVersion,
    FixedFile,
    Kind,
    LineKnowledge,
    Method,
    Problem,
    Section,
    Setting,
    Stored,
)
from kbcheck.model.hosts import (
    LONGEST_NAME,
    Extra,
    Fleet,
    Folded,
    Installation,
    Profile,
    Refusal,
    Row,
    Source,
    Sources,
    folded,
)
from kbcheck.model.verdicts import (
    Assessment,
    Column,
    Evidence,
    HostOfScan,
    HostRow,
    Reason,
    Remedy,
    Status,
    Verdict,
    heard_of,
)

__all__ = [
    "HOTFIX_ONLY",
    "LONGEST_NAME",
    "UNSPECIFIED",
    "Advisory",
    "Affected",
    "AppliesTo",
    "Article",
    "ArticleKnowledge",
    "Assessment",
    "Column",
    "Conflict",
    "Correction",
    "CorrectionKind",
    "Decision",
    "Evidence",
    "Extra",
    "Facts",
    "FileVersion",
    "FixedFile",
    "Fleet",
    "Folded",
    "HostOfScan",
    "HostRow",
    "Installation",
    "Kind",
    "LineKnowledge",
    "Method",
    "Problem",
    "Profile",
    "Reason",
    "Refusal",
    "Remedy",
    "Row",
    "Section",
    "Setting",
    "Source",
    "Sources",
    "Status",
    "Stored",
    "Verdict",
    "folded",
    "heard_of",
]
