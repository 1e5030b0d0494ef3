"""The first law over the real archive: raising a level, a build or a file never turns `fixed` into `exposed`."""

import itertools
import os
import tarfile
from pathlib import Path

import pytest

from kbcheck import advisory, article, knowledge, matching, product
from kbcheck.model import ArticleKnowledge, LineKnowledge, Profile, Status

ARCHIVE = Path(
    os.environ.get("KBCHECK_CORPUS", Path(__file__).parent.parent.parent / "shared" / "corpus" / "kb-articles.tar.xz")
)
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not ARCHIVE.is_file(), reason=f"no archive of articles at {ARCHIVE} (KBCHECK_CORPUS names one)"),
]
CATEGORIES = ("exchange", "winnt", "sna", "sms", "iis")


@pytest.fixture(scope="module")
def known() -> list[ArticleKnowledge]:
    """The server articles of the archive, weighed with all lists among them."""
    advisories = []
    with tarfile.open(ARCHIVE, "r|*") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            data = stream.read() if stream is not None else b""
            if any(f"[{name}]".encode() in data[:60] for name in CATEGORIES):
                advisories.append(advisory.extract(article.parse(data)))
    return [each for each in map(knowledge.weigh, knowledge.gather(advisories)) if each.advisory]


def _never_exposed_again(known: ArticleKnowledge, profiles: list[Profile]) -> int:
    """Assert the law along `profiles`, each at or past the one before; return how many verdicts were fixed."""
    seen = [matching.assess(profile, known) for profile in profiles]
    fixed = [verdict.status is Status.FIXED for verdict in seen]
    for before, after in itertools.combinations(range(len(seen)), 2):
        broken = fixed[before] and seen[after].status is Status.EXPOSED
        assert not broken, (known.id, profiles[before], seen[before].reason, profiles[after], seen[after].reason)
    return sum(fixed)


def _lines(known: ArticleKnowledge) -> list[LineKnowledge]:
    return [line for line in known.lines if line.listed and product.line(line.product_line).levels]


def test_levels(known: list[ArticleKnowledge]) -> None:
    fixed = 0
    for each in known:
        for line in _lines(each):
            levels = [level.name for level in product.line(line.product_line).levels]
            fixed += _never_exposed_again(each, [Profile(line.product_line, (level,)) for level in levels])
    assert fixed > 1000


def test_builds(known: list[ArticleKnowledge]) -> None:
    fixed = 0
    for each in known:
        for line in _lines(each):
            of = product.line(line.product_line)
            builds = [level.build for level in of.levels if level.build]
            steps = (
                sorted((*build[:3], minor) for build in builds for minor in (0, 50)) if of.scheme == "branch" else []
            )
            fixed += _never_exposed_again(each, [Profile(of.name, builds=(build,)) for build in steps])
    assert fixed > 1000


def test_files(known: list[ArticleKnowledge]) -> None:
    """Each fixed file at, just before and just past its version, and at the beginning of each branch, at each level."""
    fixed = 0
    for each in known:
        for line in _lines(each):
            of = product.line(line.product_line)
            rows = {product.file_key(row.file): row.build for row in line.fixed_files}
            for correction in line.corrections:
                rows.update((file.file.casefold(), file.build) for file in correction.files if file.build)
            branches = [(*level.build, 0) for level in of.levels if level.build]
            for name, build in list(rows.items())[:4]:
                around = [(*build[:-1], max(build[-1] + step, 0)) for step in (-1, 0, 1)]
                steps = sorted({*around, *branches}, key=product.build_key)
                for level in of.levels:
                    told = [(name, step, ".".join(map(str, step))) for step in steps]
                    profiles = [Profile(of.name, (level.name,), files=(file,)) for file in told]
                    fixed += _never_exposed_again(each, profiles)
    assert fixed > 1000
