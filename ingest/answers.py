"""What an object store's answers mean, in words that say what to do next.

Belongs here: errors. Does not belong here: asking (`ingest.buckets`).
"""

from __future__ import annotations

import re


class BrokenDownloadError(Exception):
    """An object could not be fetched whole; the message says why."""


class NoAnswerError(BrokenDownloadError):
    """The store as a whole answers no more, or with its own errors: others will fare alike."""


class TakenError(Exception):
    """Another content is already there, or what was there has changed."""


def lacks_bucket(error: Exception) -> bool:
    """Whether the bucket as a whole is not there."""
    return "NoSuchBucket" in str(error)


def broken(error: Exception, words: str) -> BrokenDownloadError:
    """A download that failed: by the store, or by what it says of this one object alone."""
    denied = {"PermissionDeniedError", "UnauthenticatedError", "InvalidPathError"}
    # 408 and 429 say that the store is too busy, whatever it was asked for.
    told = re.search(r"(?:status code:| ) ?4(?!08|29)\d\d ", str(error))
    if type(error).__name__ in denied or told:
        return BrokenDownloadError(words)
    return NoAnswerError(words)


def explain(error: Exception, url: str, bucket: str, endpoint: str) -> str:
    """An error in plain words; of the server's answer nothing but its code."""
    text = str(error)
    found = re.search(r"<Code>(\w+)</Code>", text)
    code = found[1] if found else ""
    name = type(error).__name__
    if code == "NoSuchBucket":
        return (
            f"{url}: the bucket {bucket} does not exist at {endpoint}. Make "
            "it, or correct `storage:` in productops.yml."
        )
    if name in {"PermissionDeniedError", "UnauthenticatedError"} or " 403 " in text:
        return (
            f"{url}: {endpoint} refuses these credentials ({code or name}). See to "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights to list, read, write and "
            "delete below this prefix."
        )
    if name == "InvalidPathError":
        place = re.search(r'path "?([^"\n]*)', text)
        return (
            f"{url}: an object's name can't be used "
            f"({place[1] if place else 'empty part between two slashes'}). Rename or remove it."
        )
    if status := re.search(r"status code: (\d+ [\w ]+)", text):
        return f"{url}: {endpoint} answers {status[1]} {code}. Run again later."
    return (
        f"{url}: {endpoint} can't be reached, or broke off ({name}). See to the "
        "network and to `storage: endpoint` in productops.yml, then run again."
    )
