"""`none`: what travels, from where it goes on, and what becomes of what is not right."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest

from pyhelpers.deploy import commands as deploy_commands
from pyhelpers.deploy.images import archive, commands
from pyhelpers.deploy.images.sources import OwnEngine, Sources
from pyhelpers.deploy.model import ImageFacts, Way
from pyhelpers.deploy.start import fetch_image
from pyhelpers.errors import FailedBeforeSwitch, ProtostarError, Unreachable
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import ROOT, Engine, MemoryHost, run_of, seen
from tests.unit.deploy.images.test_archive import chunks, config_of, packed, saved, sha

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pyhelpers.deploy.run import Run

BASE, APP = b"base" * 1000, b"app" * 1000
LAYERS = [BASE, APP]
DIFF_IDS = [f"sha256:{sha(one)}" for one in LAYERS]
CONFIG = sha(config_of(LAYERS))
TAG = "protostar-release/api:v2"
ROOM = ROOT / "incoming" / "api" / CONFIG
IMAGE = ImageFacts(f"sha256:{CONFIG}", f"sha256:{CONFIG}", (), present=False, way=Way.SHIP)


def blob(data: bytes) -> PurePosixPath:
    return ROOM / "blobs" / "sha256" / sha(data)


class OwnMachine:
    """The deployer's engine: it knows the image and saves it."""

    name = "this machine"

    def __init__(self) -> None:
        self.engine = Engine()
        self.engine.images[IMAGE.reference] = {"RootFS": {"Layers": DIFF_IDS}}
        self.archive = packed(saved(LAYERS, LAYERS))
        self.saves = 0
        cast("Any", self.engine).get_image = self.get_image

    def docker(self) -> Any:
        return self.engine

    def get_image(self, image: str, chunk_size: int) -> Iterator[bytes]:
        assert image == IMAGE.reference
        self.saves += 1
        return chunks(self.archive, 4096)

    def close(self) -> None:
        """Nothing is held."""


class FarHost(MemoryHost):
    """Has `images` by their chains; loads what it was sent, if it knows what to do with it."""

    def __init__(self, *images: Sequence[bytes]) -> None:
        super().__init__()
        self.chains = [[f"sha256:{sha(one)}" for one in image] for image in images]
        self.sent: list[tuple[str, int]] = []
        self.renewed: list[str] = []
        self.hang_up_at = 0
        self.needs_all = False
        self.loaded_as = f"sha256:{CONFIG}"
        self.spoil: set[str] = set()
        self.full: Exception | None = None
        self.cut_after: int | None = None
        self.then: Callable[[], tuple[int, str]] = self.load
        self.ends = self.answer

    def answer(self, argv: Sequence[str]) -> tuple[int, str]:
        if argv == commands.layer_chains():
            return 0, "".join(f"{json.dumps(chain)}\n" for chain in self.chains)
        if argv == commands.free_bytes(ROOT):
            return 0, f"{7 << 20}\n"
        words = list(argv[argv.index("--kill-after=5") + 2 :])
        if words[0] == "sha256sum":
            return 0, f"{hashlib.sha256(self.files[PurePosixPath(words[2])]).hexdigest()}  x\n"
        if words[0] == "rm":
            self.remove(PurePosixPath(words[3]))
        if commands.RENEW in words:
            self.renewed += [PurePosixPath(word).name for word in words[5:]]
        if words == commands.load(ROOM):
            return self.load()
        return 0, ""

    def remove(self, path: PurePosixPath) -> None:
        self.files = {
            one: data for one, data in self.files.items() if path not in (one, *one.parents)
        }

    def load(self) -> tuple[int, str]:
        told = json.loads(self.files[ROOM / "manifest.json"])[0]
        there = {str(path.relative_to(ROOM)) for path in self.files if ROOM in path.parents}
        if self.needs_all and not set(told["Layers"]) <= there:
            return 1, "layer not found"
        (tag,) = told["RepoTags"]
        self.engine.images[tag] = {"Id": self.loaded_as, "RootFS": {"Layers": DIFF_IDS}}
        return 0, ""

    def forget(self) -> tuple[int, str]:
        """Ends well, and there is no image; the next time there is."""
        self.load = self.then  # type: ignore[method-assign]  # a double of a double
        return 0, ""

    def append(self, path: PurePosixPath, chunks: Iterable[bytes], *, at: int) -> None:
        def counted() -> Iterator[bytes]:
            for chunk in chunks:
                if len(self.sent) + 1 == self.hang_up_at:
                    self.line.hang_up()
                data = chunk if self.cut_after is None else chunk[: self.cut_after]
                self.sent.append((path.name, len(data)))
                if self.full is not None:
                    raise self.full
                yield data[:-1] + b"?" if path.name in self.spoil else data
                if self.cut_after is not None:
                    raise Unreachable(error="the line to a5 is cut")

        super().append(path, counted(), at=at)


def shipping(host: MemoryHost, own: OwnMachine) -> Run:
    sources = Sources(own_engine=lambda: cast("OwnEngine", own))
    return run_of(host, builders.plan(pull=True, image=IMAGE), sources=sources)


def ship(host: MemoryHost, own: OwnMachine | None = None) -> Run:
    run = shipping(host, own or OwnMachine())
    fetch_image(run)
    return run


class TestWhatTravels:
    def test_all_of_an_image_that_shares_nothing(self) -> None:
        host = FarHost([b"other"])
        ship(host)
        assert {name for name, _ in host.sent} == {CONFIG, sha(BASE), sha(APP)}
        assert TAG in host.engine.images

    def test_only_the_layers_above_those_that_some_image_there_has(self) -> None:
        host = FarHost([b"other"], [BASE, b"app of v1"])
        run = ship(host)
        assert {name for name, _ in host.sent} == {CONFIG, sha(APP)}
        assert seen(run)[-1].endswith("2 of 2 layers")

    def test_the_same_bytes_on_other_layers_are_another_layer(self) -> None:
        host = FarHost([b"other", BASE])
        ship(host)
        assert sha(BASE) in {name for name, _ in host.sent}

    def test_an_engine_that_cannot_build_on_what_it_has_gets_all(self) -> None:
        host = FarHost([BASE])
        host.needs_all = True
        own = OwnMachine()
        run = ship(host, own)
        assert {name for name, _ in host.sent} == {CONFIG, sha(BASE), sha(APP)}
        assert len(host.sent) == 3  # what had arrived does not travel again
        assert own.saves == 2
        assert any("all of them are sent" in line for line in seen(run))

    def test_so_does_one_that_makes_nothing_of_it_without_a_word(self) -> None:
        host = FarHost([BASE])
        whole, host.load = host.load, host.forget  # type: ignore[method-assign]  # a double of a double
        host.then = whole
        ship(host)
        assert {name for name, _ in host.sent} == {CONFIG, sha(BASE), sha(APP)}
        assert TAG in host.engine.images

    def test_packed_layers_of_containerds_store_stay_at_home_too(self) -> None:
        """`docker save` gives them as they are stored: their digests are not the diff ids."""
        host, own = FarHost([BASE, b"app of v1"]), OwnMachine()
        stored = [gzip.compress(one) for one in LAYERS]
        own.archive = packed(saved(stored, LAYERS))
        ship(host, own)
        assert {name for name, _ in host.sent} == {CONFIG, sha(stored[1])}
        assert TAG in host.engine.images

    def test_nothing_is_left_of_it_but_the_image(self) -> None:
        host = FarHost()
        host.files[ROOT / "incoming" / "api" / "older" / "blobs" / "x"] = b"left by a cut"
        host.files[ROOT / "incoming" / "other" / "y"] = b"of another service"
        ship(host)
        assert set(host.files) == {ROOT / "incoming" / "other" / "y"}

    def test_it_is_named_by_the_load_and_nothing_else_names_it(self) -> None:
        host = FarHost()
        ship(host)
        assert deploy_commands.tag(IMAGE.reference, "api", "v2") not in host.typed()


class TestGoingOn:
    def test_a_part_that_has_arrived_is_not_sent_again(self) -> None:
        host = FarHost()
        host.files[blob(BASE)] = BASE[:1500]
        host.files[blob(APP)] = APP
        ship(host)
        assert dict(host.sent) == {CONFIG: len(config_of(LAYERS)), sha(BASE): len(BASE) - 1500}

    def test_a_cut_leaves_what_has_arrived(self) -> None:
        host = FarHost()
        host.cut_after = 1000
        with pytest.raises(Unreachable, match="the line to a5 is cut"):
            ship(host)
        assert sum(len(data) for data in host.files.values()) > 0
        host.cut_after = None
        host.sent.clear()
        ship(host)
        assert sum(count for _, count in host.sent) < len(BASE) + len(APP) + len(config_of(LAYERS))
        assert TAG in host.engine.images

    @pytest.mark.parametrize("left", [b"rotten" * 100, BASE + b"more", b"x" * len(BASE)])
    def test_what_is_not_a_part_of_it_is_said_and_sent_anew(self, left: bytes) -> None:
        host = FarHost()
        host.files[blob(BASE)] = left
        run = ship(host)
        assert TAG in host.engine.images
        assert any("was corrupt" in line for line in seen(run)) is (len(left) <= len(BASE))

    def test_only_what_had_begun_becomes_a_file_of_its_own_first(self) -> None:
        """Another deployer, cut off without knowing it, may have it open still."""
        host = FarHost()
        host.files[blob(BASE)] = BASE[:1500]
        host.files[blob(APP)] = APP
        ship(host)
        assert host.renewed == [sha(BASE)]

    def test_at_the_first_attempt_nothing_is_copied(self) -> None:
        host = FarHost()
        ship(host)
        assert host.renewed == []


class TestWhatGoesWrong:
    def failed(self, host: FarHost, own: OwnMachine | None = None) -> ProtostarError:
        with pytest.raises(FailedBeforeSwitch) as failed:
            ship(host, own)
        assert TAG not in host.engine.images
        assert failed.value.try_
        return failed.value

    def test_a_layer_that_arrives_corrupt_is_removed_and_said(self) -> None:
        host = FarHost()
        host.spoil = {sha(APP)}
        error = self.failed(host).error
        assert f"layer sha256:{sha(APP)[:12]} arrived corrupt on a5" in error
        assert blob(APP) not in host.files
        assert blob(BASE) in host.files

    @pytest.mark.parametrize(
        "full",
        [
            OSError(errno.ENOSPC, "No space left on device"),
            Unreachable(
                error="a5: /srv/x cannot be written: sh: write error: No space left on device"
            ),
        ],
        ids=["local", "ssh"],
    )
    def test_a_full_disk_is_said_with_what_is_free_and_emptied_again(self, full: Exception) -> None:
        host = FarHost()
        host.full = full
        error = self.failed(host)
        said = "a5 cannot write the image: no space left on device; 7 MiB were free"
        assert said in error.error.replace("No", "no")
        assert host.files == {}
        assert error.try_.startswith(f"df -h {ROOT}")

    def test_an_engine_that_loads_nothing_is_quoted(self) -> None:
        host = FarHost()
        host.load = lambda: (1, "Error: no space left on device")  # type: ignore[method-assign]  # a double of a double
        assert self.failed(host).error == (
            "docker load failed on a5: Error: no space left on device"
        )

    def test_a_disk_that_was_full_at_the_load_is_emptied_again(self) -> None:
        host = FarHost([BASE])
        host.load = lambda: (1, "Error: no space left on device")  # type: ignore[method-assign]  # a double of a double
        self.failed(host)
        assert host.files == {}
        assert sha(BASE) not in {name for name, _ in host.sent}, "more would not fit either"

    def test_an_image_that_became_another_one_is_not_kept_under_our_name(self) -> None:
        host = FarHost()
        host.loaded_as = "sha256:" + "0" * 64
        with pytest.raises(ProtostarError, match="engine made sha256:000000000000 of what was"):
            ship(host)
        assert commands.untag(TAG) in host.typed()

    def test_a_broken_archive_of_our_own_engine_is_not_sent(self) -> None:
        host, own = FarHost(), OwnMachine()
        own.archive = own.archive[:600]
        assert "archive is broken" in self.failed(host, own).error
        assert host.sent == []

    def test_a_deployer_without_room_says_where_to_find_some(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        own = OwnMachine()

        def full(image: str, chunk_size: int) -> Iterator[bytes]:
            raise OSError(errno.ENOSPC, "No space left on device")

        cast("Any", own.engine).get_image = full
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        error = self.failed(FarHost(), own)
        assert "this machine cannot keep the saved image: No space left" in error.error
        assert "TMPDIR" in error.try_
        assert list(tmp_path.iterdir()) == []

    def test_a_guard_that_is_lost_stops_it_before_the_next_layer(self) -> None:
        host = FarHost()
        host.line.hang_up()
        with pytest.raises(ProtostarError, match="the guard on the host is gone"):
            ship(host)
        assert host.sent == []

    def test_a_guard_that_is_lost_stops_it_in_the_middle_of_a_layer(self) -> None:
        host, own = FarHost(), OwnMachine()
        large = b"large" * archive.CHUNK_BYTES
        own.archive = packed(saved([BASE, large], [BASE, large]))
        host.hang_up_at = 4  # chunks: the configuration, the base, two of five
        with pytest.raises(ProtostarError, match="the guard on the host is gone"):
            ship(host, own)
        assert len(host.sent) == 4

    def test_a_folder_that_cannot_be_made_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TMPDIR", "/nowhere/at/all")
        error = self.failed(FarHost())
        assert error.error.startswith("this machine cannot keep the saved image: No such file")


def test_what_had_begun_is_copied_and_nobody_else_has_the_copy_open(tmp_path: Path) -> None:
    """By a real shell. What a late writer adds goes to the file that nobody finds any more."""
    room = tmp_path / "it's a room"
    room.mkdir()
    file = room / "blob"
    file.write_bytes(b"begun")
    with file.open("ab") as late:
        subprocess.run(commands.renew(PurePosixPath(room), [PurePosixPath(file)]), check=True)
        late.write(b" and late")
    assert file.read_bytes() == b"begun"
    assert [path.name for path in room.iterdir()] == ["blob"]


def test_the_load_command_packs_what_an_engine_reads(tmp_path: Any) -> None:
    """By a real tar; `docker` here lists what it is given."""
    room = tmp_path / "it's a room"
    (room / "blobs" / "sha256").mkdir(parents=True)
    for name in ("index.json", "manifest.json", "oci-layout", "blobs/sha256/x"):
        (room / name).touch()
    double = tmp_path / "docker"
    double.write_text("#!/bin/sh\nexec tar -tf -\n", encoding="utf-8")
    double.chmod(0o755)
    done = subprocess.run(
        commands.load(PurePosixPath(room)),
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert {"blobs/sha256/x", "index.json", "manifest.json", "oci-layout"} <= set(
        done.stdout.split()
    )
