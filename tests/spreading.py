"""How test files are spread over processes, so that no costly fixture is made twice.

Belongs here: which files stay together, and which come first. Does not belong here: what they share
(the fixtures of their folders).
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# Files that share a fixture of a whole session, by that fixture.
TOGETHER = {
    "finished": (
        "tests/pipeline/test_forget.py",
        "tests/pipeline/test_harmless.py",
        "tests/pipeline/test_held_back.py",
        "tests/pipeline/test_poison.py",
        "tests/pipeline/test_publishing.py",
        "tests/pipeline/test_publishing_refused.py",
        "tests/pipeline/test_questions.py",
        "tests/pipeline/test_readme_commands.py",
        "tests/pipeline/test_robustness.py",
    ),
    "accounts_replay": ("tests/sql/test_deals.py", "tests/sql/test_revenue.py"),
    "experiments_built": (
        "tests/sql/test_experiment_baseline.py",
        "tests/sql/test_experiment_oracle.py",
        "tests/sql/test_experiment_promise.py",
    ),
    "voice_built": (
        "tests/sql/test_research.py",
        "tests/sql/test_survey.py",
        "tests/sql/test_velocity.py",
        "tests/sql/test_voice.py",
    ),
}
# They come first, because a long one that came last would run alone.
LONG = (
    *TOGETHER["finished"],
    "tests/sql/test_incremental.py",
    "tests/unit/expectations/test_mutations.py",
)
_GROUP = {file: group for group, files in TOGETHER.items() for file in files}


def place(nodeid: str) -> int:
    """When the test's file comes; all but the long ones come in their own order."""
    file = nodeid.partition("::")[0]
    return LONG.index(file) if file in LONG else len(LONG)


class Spread(LoadFileScheduling):
    """Gives a process a file at a time, or all files that stay together; in their order."""

    def __init__(self, config, log) -> None:
        # By itself it begins with files of many tests, and those of a few long ones come last.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return _GROUP.get(file, file)
