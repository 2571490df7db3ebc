"""What a text in jobs/*.yml may look like, each rule with the words that say so."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pyhelpers.config.rules import Rule

MAX_LEVELS = 5

# What XML 1.0 can hold; a carriage return would come back as a line feed. Said by what it is not,
# so that Python's and an editor's regular expressions both read it.
_NEVER = r"\x7f-\x9f\ud800-\udfff\ufffe\uffff"
_LINES = rf"[^\x00-\x08\x0b-\x1f{_NEVER}]*"
_LINE = rf"[^\x00-\x1f{_NEVER}]*"

# A name is a part of a URL and of a path on the controller's disk, and Jenkins refuses `..`, `/`
# and most signs in it.
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?<!\.)"
FullName = Annotated[
    str,
    Rule(
        rf"{_PART}(/{_PART}){{0,{MAX_LEVELS - 1}}}",
        f"must be a name, or folder/name, at most {MAX_LEVELS} levels: letters, digits, . _ -",
    ),
]
# Jenkins takes others, but these need no quotes anywhere.
CredentialId = Annotated[
    str,
    Rule(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}",
        "must be the id of a credential: letters, digits, . _ -",
    ),
]
ParameterName = Annotated[
    str,
    Rule(
        r"[A-Za-z_][A-Za-z0-9_]{0,62}",
        "must be a name that a shell can read: letters, digits and _, no digit first",
    ),
]
BranchName = Annotated[
    str,
    Rule(
        r"(?!.*(\.\.|//|@\{))[A-Za-z0-9_][^\s~^:?*\[\\\x00-\x20\x7f]{0,199}(?<![/.])",
        "must be a branch's name as git allows it, as in main or release/2",
    ),
]
# What a login may be called; it stands in the XML and on a page.
UserName = Annotated[
    str,
    Rule(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}", "must be a user: letters, digits, . _ @ -"),
]
# `user:password@` would end up in the job, where everybody reads it. So would `token@`.
RemoteUrl = Annotated[
    str,
    Rule(
        r"(?!-)(?!https?://[^/\s]*@)(?![a-z+]+://[^/@\s]*:[^/@\s]*@)[^\s<>\x22\x27\x00-\x20\x7f]{3,500}",
        "must be a repository's URL without a password or token, as in git@host:team/app.git",
    ),
]
ScriptPath = Annotated[
    str,
    Rule(
        r"(?!(.*/)?\.\.(/|$))[A-Za-z0-9_.][A-Za-z0-9_./ -]{0,199}",
        "must be the Jenkinsfile's path in the repository, without ..",
    ),
]
Line = Annotated[str, Rule(_LINE, "must be one line of text")]


def _stripped(text: str) -> str:
    return text.strip()


# A block of YAML ends with a line feed, which nobody means.
Lines = Annotated[
    str, AfterValidator(_stripped), Rule(_LINES, "must be text without control characters")
]
Cron = Annotated[
    str,
    AfterValidator(_stripped),
    Rule(
        r"([^\S\n]*(#.*|TZ=\S+|@[a-z]+|([HLW0-9*/,()#?A-Za-z-]+[^\S\n]+){4}[HLW0-9*/,()#?A-Za-z-]+)"
        r"?[^\S\n]*(\n|$))+",
        "must be lines of minute, hour, day, month and weekday, as in H 3 * * *, or @daily",
    ),
]


def _text_or_bool(value: object) -> object:
    if not isinstance(value, str | bool) or re.fullmatch(_LINES, str(value)) is None:
        raise PydanticCustomError("rule", "{words}", {"words": "must be text, true or false"})
    return value


# Not a union: pydantic would tell two errors for one value.
TextOrBool = Annotated[
    Any, AfterValidator(_text_or_bool), WithJsonSchema({"type": ["string", "boolean"]})
]
