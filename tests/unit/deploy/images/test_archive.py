"""What `docker save` streams: of every engine's making, with every byte checked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.deploy.images import archive
from pyhelpers.deploy.images.archive import ArchiveError, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYERS = [b"first layer", b"second layer"]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def config_of(layers: list[bytes]) -> bytes:
    return json.dumps({"rootfs": {"diff_ids": [f"sha256:{sha(one)}" for one in layers]}}).encode()


def packed(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def saved(stored: list[bytes] = LAYERS, layers: list[bytes] = LAYERS) -> dict[str, bytes]:
    """As an engine of today saves: blobs by their digest, the papers last."""
    config = config_of(layers)
    blobs = {f"blobs/sha256/{sha(data)}": data for data in [*stored, config]}
    paths = [f"blobs/sha256/{sha(data)}" for data in stored]
    told = [{"Config": f"blobs/sha256/{sha(config)}", "RepoTags": None, "Layers": paths}]
    return {**blobs, "oci-layout": b"{}", "manifest.json": json.dumps(told).encode()}


def chunks(data: bytes, size: int = 700) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(tmp_path: Path, files: dict[str, bytes], skip: frozenset[str] = frozenset()) -> Any:
    return unpack(chunks(packed(files)), tmp_path, skip)


def test_layers_and_configuration_become_files_by_their_digests(tmp_path: Path) -> None:
    image = read(tmp_path, saved())
    assert [layer.hex for layer in image.layers] == [sha(one) for one in LAYERS]
    assert [layer.file.read_bytes() for layer in image.layers] == LAYERS
    assert image.diff_ids == tuple(f"sha256:{sha(one)}" for one in LAYERS)
    assert image.config.hex == sha(config_of(LAYERS))
    assert [blob.digest for blob in image.to_send()] == [
        image.config.digest,
        *(layer.digest for layer in image.layers),
    ]


def test_a_layer_that_the_host_has_is_not_kept_but_known(tmp_path: Path) -> None:
    image = read(tmp_path, saved(), frozenset([f"sha256:{sha(LAYERS[0])}"]))
    assert image.layers[0].file is None
    assert image.layers[0].size_bytes == len(LAYERS[0])
    assert [blob.hex for blob in image.to_send()] == [image.config.hex, sha(LAYERS[1])]


def test_one_that_an_older_engine_names_by_no_digest_is_not_kept_either(tmp_path: Path) -> None:
    told = [{"Config": "c.json", "Layers": ["one/layer.tar", "two/layer.tar", "three/layer.tar"]}]
    files = {
        "c.json": config_of([*LAYERS, LAYERS[0]]),
        "one/layer.tar": LAYERS[0],
        "two/layer.tar": LAYERS[1],
        "manifest.json": json.dumps(told).encode(),
    }
    data = packed(files, {"three/layer.tar": "../one/layer.tar"})
    image = unpack(chunks(data), tmp_path, frozenset([f"sha256:{sha(LAYERS[0])}"]))
    assert [layer.file is None for layer in image.layers] == [True, False, True]
    assert [layer.hex for layer in image.layers] == [sha(LAYERS[0]), sha(LAYERS[1]), sha(LAYERS[0])]
    assert [blob.hex for blob in image.to_send()] == [image.config.hex, sha(LAYERS[1])]


def test_one_that_containerds_store_has_packed_is_known_by_its_place(tmp_path: Path) -> None:
    stored = [gzip.compress(one) for one in LAYERS]
    image = read(tmp_path, saved(stored), frozenset([f"sha256:{sha(LAYERS[0])}"]))
    assert [blob.hex for blob in image.to_send()] == [image.config.hex, sha(stored[1])]
    first = image.layers[0]
    assert (first.hex, first.size_bytes) == (sha(stored[0]), len(stored[0]))
    assert first.media_type == archive.LAYER + "+gzip"
    assert image.diff_ids == tuple(f"sha256:{sha(one)}" for one in LAYERS)


def test_what_is_not_kept_takes_no_room_on_the_disk(tmp_path: Path) -> None:
    stored = [gzip.compress(one) for one in LAYERS]
    image = read(tmp_path, saved(stored), frozenset(f"sha256:{sha(one)}" for one in LAYERS))
    assert [blob.digest for blob in image.to_send()] == [image.config.digest]
    left = {path.read_bytes() for path in tmp_path.iterdir()}
    assert left.isdisjoint(stored)


def test_layers_that_its_configuration_does_not_tell_of_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="not of one image"):
        read(tmp_path, saved(LAYERS, LAYERS[:1]))


def test_a_layer_that_stands_twice_travels_once(tmp_path: Path) -> None:
    image = read(tmp_path, saved([LAYERS[0], LAYERS[0]], [LAYERS[0], LAYERS[0]]))
    assert len(image.layers) == 2
    assert len(image.to_send()) == 2


def test_an_older_engines_names_and_links_are_understood(tmp_path: Path) -> None:
    config = config_of([LAYERS[0], LAYERS[0]])
    told = [{"Config": "c.json", "Layers": ["one/layer.tar", "two/layer.tar"]}]
    manifest = json.dumps(told).encode()
    files = {"c.json": config, "one/layer.tar": LAYERS[0], "manifest.json": manifest}
    data = packed(files, {"two/layer.tar": "../one/layer.tar"})
    image = unpack(chunks(data), tmp_path, frozenset())
    assert [layer.hex for layer in image.layers] == [sha(LAYERS[0])] * 2


def test_packed_layers_of_containerds_store_say_so(tmp_path: Path) -> None:
    stored = [gzip.compress(LAYERS[0]), LAYERS[1]]
    image = read(tmp_path, saved(stored))
    assert [layer.media_type for layer in image.layers] == [archive.LAYER + "+gzip", archive.LAYER]


def test_bytes_that_are_not_what_their_name_says_are_refused(tmp_path: Path) -> None:
    files = saved()
    files[f"blobs/sha256/{sha(LAYERS[0])}"] = b"First layer"
    with pytest.raises(ArchiveError, match=f"{sha(LAYERS[0])} holds sha256:{sha(b'First layer')}"):
        read(tmp_path, files)


@pytest.mark.parametrize("length", [515, 2100, 3072])
def test_an_archive_that_ends_too_early_is_refused(tmp_path: Path, length: int) -> None:
    data = packed(saved())
    with pytest.raises(ArchiveError):
        unpack(chunks(data[:length]), tmp_path, frozenset())


@pytest.mark.parametrize("gone", ["manifest.json", f"blobs/sha256/{sha(LAYERS[1])}"])
def test_one_that_lacks_a_part_is_refused(tmp_path: Path, gone: str) -> None:
    files = saved()
    del files[gone]
    with pytest.raises(ArchiveError, match="not of one image"):
        read(tmp_path, files)


def test_nothing_is_written_beside_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    files = {"../outside": b"x", "/outside": b"x", **saved()}
    unpack(chunks(packed(files)), inside, frozenset())
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


def test_its_papers_are_read_by_both_kinds_of_image_store(tmp_path: Path) -> None:
    image = read(tmp_path, saved())
    papers = {name: json.loads(data) for name, data in image.papers("ours/api:v1").items()}
    (blob,) = (name for name in papers if name.startswith("blobs/"))
    config, layers = image.config.hex, [layer.hex for layer in image.layers]
    assert papers["manifest.json"] == [
        {
            "Config": f"blobs/sha256/{config}",
            "RepoTags": ["ours/api:v1"],
            "Layers": [f"blobs/sha256/{one}" for one in layers],
        }
    ]
    assert [one["digest"] for one in papers[blob]["layers"]] == [f"sha256:{one}" for one in layers]
    (described,) = papers["index.json"]["manifests"]
    assert blob == f"blobs/sha256/{described['digest'].removeprefix('sha256:')}"
    assert described["annotations"]["io.containerd.image.name"] == "docker.io/ours/api:v1"
    assert described["size"] == len(image.papers("ours/api:v1")[blob])


def test_a_large_layer_is_never_in_memory(tmp_path: Path) -> None:
    large = bytes(32 << 20)
    data = packed(saved([large], [large]))
    tracemalloc.start()
    try:
        unpack(chunks(data, 256 << 10), tmp_path, frozenset())
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
