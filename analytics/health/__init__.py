"""Who is likely to be lost: weights of what is known of accounts, and how well they foretell.

Pure: tables in, numbers out. What is known of an account and what a loss is, SQL says.
"""
