"""Themes of feedback, learned from texts that people coded by hand; offline and explainable.

Belongs here: learning, proposing, measuring. Does not belong here: the keyword taxonomy that the
warehouse counts by (`registry/themes.yml`); a person decides what of a proposal goes there.
"""
