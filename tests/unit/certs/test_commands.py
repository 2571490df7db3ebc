"""What is done to a host's certificates: the scripts are run here, in a folder of the test's."""

from __future__ import annotations

import os
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from pyhelpers.certs import commands
from pyhelpers.certs.reading import held_of

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "shop.test"
OWNER = str(os.getuid())


def run(
    text: str, place: Path, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """As in the container, where the host's folder is /certificates."""
    argv = ["sh", "-c", text.replace("/certificates", str(place)), "test", FOLDER, *arguments]
    return subprocess.run(
        argv, input=stdin, capture_output=True, text=True, check=False, timeout=20
    )


def signed(place: Path, request: str, days: int = 30) -> str:
    """What an authority makes of a request."""
    (place / "request.pem").write_text(request)
    argv = ["openssl", "x509", "-req", "-in", "request.pem", "-days", str(days)]
    argv += ["-copy_extensions", "copy", "-signkey", f"{FOLDER}/{key_file(place)}"]
    return subprocess.run(
        argv, cwd=place, capture_output=True, text=True, check=True, timeout=20
    ).stdout


def key_file(place: Path) -> str:
    return ".privkey.next" if (place / FOLDER / ".privkey.next").exists() else "privkey.pem"


def requested(place: Path, kind: str = "same") -> str:
    done = run(commands.REQUEST, place, f"DNS:{FOLDER}", kind)
    assert done.returncode == 0, done.stderr
    return done.stdout


def placed(place: Path, kind: str = "same") -> str:
    chain = signed(place, requested(place, kind))
    done = run(commands.PLACE, place, OWNER, stdin=chain)
    assert done.returncode == 0, done.stderr
    return chain


def key(place: Path) -> str:
    return (place / FOLDER / "privkey.pem").read_text()


def test_the_first_one_brings_a_key_that_its_owner_alone_may_read(tmp_path: Path) -> None:
    chain = placed(tmp_path)
    assert (tmp_path / FOLDER / "fullchain.pem").read_text() == chain
    assert (tmp_path / FOLDER / "privkey.pem").stat().st_mode & 0o777 == 0o400
    held = held_of(run(commands.LOOK, tmp_path).stdout)
    assert held is not None
    assert held.names == {FOLDER}
    assert held.key_fits


def test_a_renewal_keeps_the_key_and_what_was_there_can_be_put_back(tmp_path: Path) -> None:
    first = placed(tmp_path)
    kept = key(tmp_path)
    second = placed(tmp_path)
    assert second != first
    assert key(tmp_path) == kept
    assert run(commands.BACK, tmp_path).returncode == 0
    assert (tmp_path / FOLDER / "fullchain.pem").read_text() == first


def test_a_new_key_is_put_back_with_its_certificate(tmp_path: Path) -> None:
    first = placed(tmp_path)
    kept = key(tmp_path)
    placed(tmp_path, "new")
    assert key(tmp_path) != kept
    run(commands.BACK, tmp_path)
    assert key(tmp_path) == kept
    assert (tmp_path / FOLDER / "fullchain.pem").read_text() == first


def test_one_for_another_key_is_never_placed(tmp_path: Path) -> None:
    first = placed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    strange = placed(other)
    done = run(commands.PLACE, tmp_path, OWNER, stdin=strange)
    assert done.returncode != 0
    assert "another key" in done.stderr
    assert (tmp_path / FOLDER / "fullchain.pem").read_text() == first


def test_a_key_that_does_not_fit_is_seen(tmp_path: Path) -> None:
    placed(tmp_path)
    (tmp_path / FOLDER / "privkey.pem").unlink()
    assert commands.OTHER_KEY in run(commands.LOOK, tmp_path).stdout


def test_where_there_is_none_nothing_is_seen(tmp_path: Path) -> None:
    done = run(commands.LOOK, tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("new_key", [True, False])
def test_all_names_stand_in_the_request(*, new_key: bool) -> None:
    argv = commands.request(
        PurePosixPath("/srv/p"), "nginx:1", FOLDER, ["a.test", "b.test"], new_key=new_key
    )
    assert argv[-3:] == [FOLDER, "DNS:a.test,DNS:b.test", "new" if new_key else "same"]
    assert argv[:3] == ["docker", "run", "--rm"]
    assert "/srv/p/certificates:/certificates" in argv
    assert argv[argv.index("--network") + 1] == "none"
