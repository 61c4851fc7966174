"""What SQL can't say well: findings, charts, pages. Pure: tables in, words and pictures out.

Nothing here knows how the tables were made; they are read from a published DuckDB file.
"""
