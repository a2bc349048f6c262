"""Output as text, JSON, Markdown and HTML: the only code that renders.

Every command has a document (`migrator/<name>@1`, whose shape `schemas` holds) and lines for people; `screen` puts one
of the two on stdout, and talk on stderr. Imported by commands only when they have something to say.
"""
