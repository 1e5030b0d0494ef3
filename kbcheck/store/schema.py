"""The tables, and the steps from an older schema to this one.

Rules:
- A fact has a subject and a source: a correction is stored once for each article that states it, and replaced with it.
- Nothing is ordered or compared as text: levels and builds are compared in Python.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 7  # a database with a higher one is refused, with a lower one upgraded

metadata = sa.MetaData()
meta = sa.Table(
    "meta", metadata, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
)
article = sa.Table(
    "article",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("date", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("advisory", sa.Integer, index=True),  # None: its corrections changed, it must be weighed again
    sa.Column("setting", sa.Text),  # line and words as a list
)
# Of the lines about which some correction speaks; of any other nothing is to be decided.
decision = sa.Table(
    "decision",
    metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("product_line", sa.Text, nullable=False),
    sa.Column("listed", sa.Integer, nullable=False),
    sa.Column("first_fixed", sa.Text),
    sa.Column("earliest", sa.Text),
    sa.Column("latest", sa.Text),
    sa.Column("rank", sa.Integer, nullable=False),
)
affected = sa.Table(
    "affected",
    metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("product_line", sa.Text, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
fixed_file = sa.Table(
    "fixed_file",
    metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("version", sa.Text),
    sa.Column("component", sa.Text),
    sa.Column("product", sa.Text),
    sa.Column("platform", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("date", sa.Text),
    sa.Column("size", sa.Text),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("product_line", sa.Text),
    sa.Column("build", sa.Text, nullable=False),
)
correction = sa.Table(
    "correction",
    metadata,
    sa.Column("source", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("subject", sa.Integer, nullable=False, index=True),
    sa.Column("product_line", sa.Text, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("released", sa.Text),
    sa.Column("block", sa.Integer, nullable=False),
    sa.Column("requires", sa.Text),
)
problem = sa.Table(
    "problem",
    metadata,
    sa.Column("article", sa.Integer, nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
scan = sa.Table(
    "scan",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
scan_profile = sa.Table(
    "scan_profile",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("profile", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("of_group", sa.Integer),  # None: a group of its own, with the number of the profile
)
# What host rows have in common; see model.Folded.
scan_shape = sa.Table(
    "scan_shape",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("shape", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
scan_extra = sa.Table(
    "scan_extra",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("extra", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
# Host rows, some thousands in each row here: their hosts as a list; lines, shapes and extras as little-endian numbers.
scan_hosts = sa.Table(
    "scan_hosts",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("hosts", sa.Text, nullable=False),
    sa.Column("lines", sa.LargeBinary, nullable=False),
    sa.Column("shapes", sa.LargeBinary, nullable=False),
    sa.Column("extras", sa.LargeBinary, nullable=False),
)
# One row for each distinct verdict about an article: the groups of profiles that have it, and the profiles whose group
# has another; as ranges, "0-12 15".
finding = sa.Table(
    "finding",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("article", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_fixed", sa.Text),
    sa.Column("detail", sa.Integer, nullable=False),
    sa.Column("of_groups", sa.Text, nullable=False),
    sa.Column("of_profiles", sa.Text, nullable=False),
)
# What a finding rests on, and the facts that it names by number.
detail = sa.Table(
    "finding_detail",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("detail", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
fact = sa.Table(
    "finding_fact",
    metadata,
    sa.Column("scan", sa.Integer, nullable=False, index=True),
    sa.Column("fact", sa.Integer, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
ROWS = (article, affected, fixed_file, correction, problem, decision)
OF_ARTICLE = (
    (affected, affected.c.article),
    (fixed_file, fixed_file.c.article),
    (correction, correction.c.source),
    (problem, problem.c.article),
    (decision, decision.c.article),
)
OF_SCAN = (scan_shape, scan_extra, scan_hosts, finding, detail, fact)
# From schema n to n + 1; a copy of an SQLite database is made before the first step.
STEPS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE article ADD COLUMN advisory INTEGER",
        "CREATE INDEX ix_article_advisory ON article (advisory)",
        "CREATE TABLE decision (article INTEGER NOT NULL, product_line TEXT NOT NULL, listed INTEGER NOT NULL, "
        "first_fixed TEXT, earliest TEXT, latest TEXT, rank INTEGER NOT NULL)",
        "CREATE INDEX ix_decision_article ON decision (article)",
        "CREATE INDEX ix_decision_product_line ON decision (product_line)",
    ),
    2: (
        "ALTER TABLE scan_profile ADD COLUMN of_group INTEGER",
        "ALTER TABLE scan_host RENAME TO old_host",
        "ALTER TABLE finding RENAME TO old_finding",
        "ALTER TABLE finding_detail RENAME TO old_detail",
        "DROP INDEX ix_scan_host_scan",
        "DROP INDEX ix_finding_scan",
        "DROP INDEX ix_finding_detail_scan",
    ),
    3: ("ALTER TABLE scan_hosts RENAME TO old_hosts", "DROP INDEX ix_scan_hosts_scan"),
    # What the layout held is read from the text again; no question asks by the columns of these indexes.
    4: (
        "ALTER TABLE article DROP COLUMN layout",
        "DROP INDEX ix_article_category",
        "DROP INDEX ix_decision_product_line",
        "DROP INDEX ix_correction_product_line",
        "DELETE FROM decision WHERE first_fixed IS NULL AND NOT EXISTS (SELECT 1 FROM correction WHERE "
        "correction.subject = decision.article AND correction.product_line = decision.product_line)",
    ),
    5: (),  # scans name the host of a refused row
    # What hotfixes require, and what must be set, is read from the stored texts by the next import or scan.
    6: (
        "ALTER TABLE correction ADD COLUMN requires TEXT",
        "ALTER TABLE article ADD COLUMN setting TEXT",
        "DELETE FROM meta WHERE key = 'reader'",
    ),
}
# FTS5 adds a part to its index with each batch. Merged only when there are 16 of a size, not 4, they cost no more than
# an index made at the end. https://sqlite.org/fts5.html#the_automerge_configuration_option
MERGE = "INSERT INTO article_search(article_search, rank) VALUES ('automerge', 16)"
# Schema 4 gathered 16 MiB of words instead; this is the default again.
GATHER = "INSERT INTO article_search(article_search, rank) VALUES ('hashsize', 1048576)"
# What a new database needs beside its tables: the index for search, and one that is not the same everywhere, since
# PostgreSQL's usual one refuses a text of some 2,700 bytes, and that of hashes takes any.
BESIDE = {
    "sqlite": (
        "CREATE INDEX ix_affected_product_line ON affected (product_line)",
        "CREATE VIRTUAL TABLE article_search USING fts5(id, title, text, content='article', content_rowid='number', "
        'tokenize="unicode61 remove_diacritics 2")',
        MERGE,
    ),
    "postgresql": (
        "CREATE INDEX ix_affected_product_line ON affected USING hash (product_line)",
        "ALTER TABLE article ADD COLUMN search tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', id || ' ' "
        "|| title), 'A') || to_tsvector('simple', left(text, 200000))) STORED",
        "CREATE INDEX article_search ON article USING gin (search)",
    ),
}
