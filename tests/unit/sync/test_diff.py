"""What a person is shown of a change: everything but secrets."""

from __future__ import annotations

from pyhelpers.sync.diff import lines
from pyhelpers.sync.model import File, Files

SECRETS = ("hunter2", "correct horse")


def files(**texts: str) -> Files:
    names = {"env": "compose/db.env", "conf": "compose/redis.conf", "key": "compose/secrets/key"}
    return {names[key]: File(text.encode()) for key, text in texts.items()}


def test_a_changed_file_is_shown_line_by_line() -> None:
    assert lines(files(conf="a\nb\n"), files(conf="a\nc\n")) == [
        "--- compose/redis.conf (host)",
        "+++ compose/redis.conf",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]


def test_of_an_env_file_the_names_and_what_changed() -> None:
    old = files(env="PASSWORD=hunter2\nSAME=1\n# was hunter2\n")
    new = files(env="PASSWORD='correct horse'\nSAME=1\nMORE=hunter2\n")
    told = lines(old, new)
    assert not [word for word in SECRETS if word in "\n".join(told)]
    assert "-PASSWORD=*** (another value)" in told
    assert "+PASSWORD=*** (the new value)" in told
    assert " SAME=***" in told
    assert "+MORE=***" in told


def test_of_a_secrets_file_its_size() -> None:
    told = lines(files(key="hunter2"), files(key="correct horse"))
    assert told[-2:] == ["-*** 7 bytes", "+*** 13 bytes"]


def test_a_change_that_the_mask_hides_is_said() -> None:
    told = lines(files(key="hunter2"), files(key="hunter3"))
    assert told[-1] == " changed where it is masked"


def test_a_new_file_and_one_that_is_gone() -> None:
    told = lines(files(conf="a\n"), files(env="A=1\n"))
    assert told[:2] == ["--- /dev/null", "+++ compose/db.env"]
    assert "+++ /dev/null" in told


def test_nothing_of_what_is_the_same_or_follows_from_the_rest() -> None:
    assert lines(files(conf="a"), files(conf="a")) == []
    made = {"compose/override.yml": File(b"1"), "nginx/digest.conf": File(b"1")}
    assert lines(made, {}) == []


def test_another_mode_is_said() -> None:
    old, new = ({"compose/x.conf": File(b"a", mode)} for mode in (0o644, 0o600))
    assert lines(old, new)[-1] == " mode 644 → 600"
