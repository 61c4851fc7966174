"""What experiments say, one by one and in aggregate.

Pure: sums and results in, estimates and verdicts out. SQL makes the sums, files hold the plans.
"""
