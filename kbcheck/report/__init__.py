"""Writers: assessments and articles to text; each returns a string or an iterator of strings and never writes.

Rules:
- Text from articles and inventories is cleaned here, where it meets its output: `clean` for terminals, `markdown` for
  Markdown, `spreadsheet` for CSV. The data stay as they were read.
- Views decide what is shown and in which order; writers only lay it out.
"""
