"""What must be set by hand before a correction takes effect: "after applying the fix, add the following value".

Rules:
- A sentence says so that names the fix, then a step, then a setting; or that says how the fix is switched on, or what
  is done in addition to installing it.
- So does the second step of a procedure whose first one installs the fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kbcheck.advisory import prose
from kbcheck.model import Article, Setting

_TRIGGERS = (
    *(
        "to activate th",
        "to enable th",
        "to turn on th",
        "in addition to ",
        "you must ",
        "also necessary",
        "activated",
        "following steps",
        " and the reg",
    ),
    *("(included ", "(which is included ", "2. ", "requires that", "be applied and", "add the following"),
    *(
        "then do the f",
        " uses a new ",
        "new registry",
        "fix applied, ",
        "in conjunction with ",
        "together with ",
        "the updated ",
        "has been added",
        "take advantage of th",
    ),
    *(
        f"{word} {verb}"
        for word in ("after", "once")
        for verb in ("appl", "install", "you appl", "you install", "you have", "you obtain")
    ),
)
# To activate this fix, you must add ...
_SWITCH = re.compile(
    r"\bto (?:activate|enable|turn on) (?:this|the) (?:fix|hotfix|feature|functionality|correction|(?:new )?behavior"
    r"|change)\b"
)
# After applying the service pack, use Registry Editor to add the following registry value; asked one after the other,
# each behind the one before, so that no text makes them slow.
_INSTALLED = re.compile(r"\b(?:after|once) (?:you |the |this |both )?(?:have )?(?:appl|install)\w*")
_STEPS = (
    re.compile(r"\b(?:fix|hotfix|service pack|update|patch|sp ?\d)\b"),
    re.compile(r"\b(?:add|create|set|modify|edit|change|enable)\b"),
    re.compile(r"\b(?:registry|value|key|parameter|entry)\b"),
)
# After applying the fix, perform the following steps / perform one of the following
_PROCEDURE = re.compile(
    r"\b(?:perform|take|use|follow|complete|do) (?:the (?:following )?steps|one of the following(?=:?$))"
)
_PASSIVE = re.compile(r"\b(?:must|has to|needs to|should) be (?:manually )?(?:added|set|created|changed|modified)\b")
# The fix requires that the following registry value be added; the fix should be applied and the setting be set
_REQUIRED = re.compile(
    r"\b(?:fix|hotfix|service pack|update|patch)\b(?:[^.]|\.\w){0,120}? (?:requires that|be applied and) [^.]{0,80}?"
    r"\b(?:registry|value|key|parameter|entry)\b[^.]{0,60}?\b(?:added|set|created)\b"
)
# In addition to applying the update, the following registry entry must be added
_ADDITION = re.compile(
    r"\bin addition to (?:obtaining|applying|installing) [^.]{0,60}\b(?:fix|hotfix|hotfixed|service pack|update|patch)"
)
_CHANGE = re.compile(r"\b(?:registry|value|key|parameter|entry|steps|changes?|action)\b")
# Obtain Service Pack 5 and then take the following steps; apply Service Pack 4 and the registry entry mentioned below;
# install Service Pack 3 and Mailbox Manager (included with SP3)
_AND_MORE = re.compile(
    r"\b(?:fix|hotfix|service pack|update|patch|sp ?\d)\b(?:[^.]|\.\d){0,80}? and (?:then )?"
    r"(?:perform|take|use|follow|complete|do) the (?:following )?steps\b"
    r"|\bservice pack \d[a-z]?(?: \(sp\d[a-z]?\))? and (?:the registry|[\w ]{3,40}\((?:which is )?included )"
)
# You must add the following registry value; not: to enable MS-CHAP, you must
_MUST = re.compile(
    r"(?:- |note: )?(?:for (?:this|the) (?:fix|hotfix|update|patch) to (?:work|take effect),? "
    r"|after the [^,.]{0,40} in place, )?(?:you must (?:also |then |manually )*"
    r"|(?:in order to [^.]{3,60}, )?it is also necessary to )"
    r"(?:add|configure|set|create|change|modify|edit)\b[^.]{0,160}\b(?:registry|value|key|parameter|entry)\b"
)
# Apply the updated Shell32.dll from the hotfix package and then change the registry setting
_UPDATED = re.compile(
    r"\b(?:apply|install|obtain) the updated \w+\.(?:dll|exe|sys)\b(?:[^.]|\.\w){0,80}? and then "
    r"(?:(?:add|create|set|modify|edit|change) (?:[^.]|\.\w){0,60}?\bregistry"
    r"|(?:perform|take|use|follow|complete|do) the (?:following )?steps)\b"
)
# below the files of a hotfix: And add the following entry in the [LME-PROFS] section of the Exchconn.ini file
_AND_ADD = re.compile(
    r"(?:and|then)(?: also| then)? add the following"
    r" (?:entry|value|line|parameter|registry|key)\b[^.]{0,40}(?:\bsection\b|\bregistry\b|\[)"
)
# After applying the hotfix, the following registry parameter will allow
_FOLLOWING = re.compile(r"\bthe following registry (?:value|key|parameter|entry|setting)\b")
# The new version of Store.exe uses a new registry key that turns on
_NEW_FILE = re.compile(r"\bnew version of [^ ]{3,40} uses a new registry (?:value|key|parameter|entry|setting)\b")
# This fix needs to be applied in conjunction with the preceding three changes
_TOGETHER = re.compile(
    r"\b(?:this|the) (?:fix|hotfix|update|patch) (?:needs to|must|should|has to) be (?:applied|installed)"
    r" (?:in conjunction|together|along) with (?:the|these) (?:preceding|following|above)"
    r" [^.]{0,30}\b(?:changes?|steps?|parameters?|settings?)\b"
)
# Apply the fix mentioned below, then do the following
_THEN_DO = re.compile(
    r"\b(?:apply|install|obtain) (?:the|this) (?:\w+ ){0,3}?(?:fix|hotfix|service pack|update|patch)\b"
    r"(?:[^.]|\.\d){0,60},? (?:and )?then do the following\b"
)
# You must also make a registry entry
_MAKE = re.compile(r"you must (?:also |then )?make (?:a|the following) registry (?:entry|change)\b")
# A new registry key value has been created to control this; with the fix applied, a registry value is available
_NEW = re.compile(
    r"\b(?:new registry (?:key )?(?:value|key|parameter|entry|setting)s?\b[^.]{0,60}? (?:is|are|has been|have been)"
    r" (?:now )?(?:available|added|created)"
    r"|(?:fix|hotfix|update|patch|pack) applied,? (?:a|the) registry (?:value|key|parameter|entry) is available"
    r"|support for [^.]{3,60} registry (?:value|key|parameter|entry) has been added)\b(?! automatically)"
)
# The new functionality can only be activated using the raw properties
_ONLY_BY = re.compile(
    r"\bthe (?:new )?(?:functionality|feature|fix|behavior) can only be (?:activated|enabled|turned on)"
    r" (?:by|using|through|with|from)\b"
)
# The following metabase key has been added to disable the removal of periods
_ADDED = re.compile(r"\bthe following (?:metabase|registry) (?:value|key|parameter|entry|setting) has been added\b")
# To take advantage of this new feature, LMHOSTS lookups must be enabled
_ADVANTAGE = re.compile(
    r"\bto take advantage of this (?:new )?(?:feature|fix|functionality|change)\b[^.]{0,80} must be\b"
)
# After you obtain this fix or a Service Pack that contains this fix, you should reinstall Microsoft Exchange Server
_AGAIN = re.compile(
    r"\bafter you (?:obtain|apply|install) (?:this|the) (?:fix|hotfix|update|service pack)\b[^.]{0,80}?"
    r" you (?:should|must) (?:reinstall|run|rerun|re-run)\b"
)
_FIRST = re.compile(r" *1\. +(?:install|apply|obtain|upgrade|update)\b.*\b(?:fix|hotfix|service pack|update|patch)\b")
_SECOND = re.compile(r" *2\. +(?! ).*\b(?:registry|regedt32|regedit|enable)\b")
_TELLING = (_SWITCH, _AND_MORE, _REQUIRED, _TOGETHER)
_TELLING_BELOW = (_UPDATED, _NEW_FILE, _NEW, _ADVANTAGE, _AGAIN, _THEN_DO)  # not where the fault is told
_TOLD_BEFORE = frozenset(("SYMPTOMS", "CAUSE", "WORKAROUND"))  # no correction is installed there
# What may be done, or what is done when the fault shows
_OPTIONAL = re.compile(
    r"\b(?:if you|can (?:also )?(?:manually )?|when (?:you|users)|users? that|this article|disable)\b"
)
_FAR = 120  # characters between two of them


def read(article: Article, body: prose.Body) -> Setting | None:
    """Return the first sentence that tells a setting, None when none does."""
    for heading, first, end, inside in prose.sections_with(article, body.lines_with(_TRIGGERS)):
        for paragraph in prose.paragraphs(article.lines, first, end, inside):
            if heading not in _TOLD_BEFORE and _is_second(article, first, end, paragraph):
                return Setting(paragraph.first, paragraph.text[:300])
            for offset, words in prose.sentences(paragraph.text):
                if _tells(words.lower(), heading):
                    return Setting(paragraph.line(offset), words[:300])
    return None


def _is_second(article: Article, first: int, end: int, paragraph: prose.Paragraph) -> bool:
    """Whether a paragraph is a setting, and the step before it installs the correction."""
    if _SECOND.match(paragraph.text.lower()) is None:
        return False
    above = paragraph.first - 1
    while above > first and not article.lines[above - 1].strip():
        above -= 1
    step = next(prose.paragraphs(article.lines, first, end, [above]), None)
    return step is not None and _FIRST.match(step.text.lower()) is not None


def _tells(words: str, heading: str) -> bool:
    if _ADDED.search(words) or _ONLY_BY.search(words):
        return heading not in _TOLD_BEFORE
    if _OPTIONAL.search(words):
        return False
    if any(each.search(words) for each in _TELLING):
        return True
    if _ADDITION.search(words) and _CHANGE.search(words):
        return True
    below = heading not in _TOLD_BEFORE
    if any(each.match(words) for each in (_MUST, _AND_ADD, _MAKE)):
        return below
    if below and any(each.search(words) for each in _TELLING_BELOW):
        return True
    match = _INSTALLED.search(words)
    told = ((_STEPS[0], _PROCEDURE), _STEPS, (_STEPS[0], _STEPS[2], _PASSIVE))
    if below and _in_turn(words, match, (_STEPS[0], _FOLLOWING)):
        return True
    return any(_in_turn(words, match, steps) for steps in told)


def _in_turn(words: str, match: re.Match[str] | None, steps: Iterable[re.Pattern[str]]) -> bool:
    """Whether behind a match each of `steps` follows, not far from the one before."""
    for step in steps:
        if match is None:
            return False
        end = match.end()
        match = step.search(words, end)
        if match is not None and match.start() - end > _FAR:
            return False
    return match is not None
