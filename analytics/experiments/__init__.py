"""What an experiment shows: from centred sums that SQL made to differences, intervals, checks.

Pure: tables of a few hundred rows in, numbers out. No unit is ever seen here; which units count,
and what of theirs, SQL says.
"""
