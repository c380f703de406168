"""A `RepositoryDiff` as people and programs read it: text, Markdown, HTML, JSON; each a pure function."""
