"""What `docker save` streams, unpacked to files: layers go to disk, never whole into memory."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import tarfile
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK_BYTES = 256 << 10
BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
LAYER = "application/vnd.oci.image.layer.v1.tar"
PACKED = {b"\x1f\x8b": "+gzip", b"\x28\xb5": "+zstd"}
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class ArchiveError(Exception):
    """The archive is not what an engine saves, or its bytes are not what their name says."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file by its digest. `file` None: the host has it, so it was not kept."""

    digest: str
    size_bytes: int
    media_type: str
    file: Path | None

    @property
    def hex(self) -> str:
        return self.digest.removeprefix("sha256:")

    def as_descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size_bytes}


@dataclass(frozen=True, slots=True)
class Image:
    """A saved image: its configuration, its layers from the bottom, and their diff ids."""

    config: Blob
    layers: tuple[Blob, ...]
    diff_ids: tuple[str, ...]

    def to_send(self) -> tuple[Blob, ...]:
        """What has to be there, each once, the configuration first."""
        blobs = {blob.digest: blob for blob in (self.config, *self.layers) if blob.file}
        return tuple(blobs.values())

    def papers(self, tag: str) -> dict[str, bytes]:
        """The small files of an archive: Docker's own manifest, and the OCI layout beside it.

        The classic image store reads the first and looks for a layer's file only when it lacks
        the layer; containerd's reads the second and lacks no blob that it has.
        """
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self.config.as_descriptor(),
                "layers": [layer.as_descriptor() for layer in self.layers],
            }
        )
        digest = hashlib.sha256(manifest).hexdigest()
        paths = [f"blobs/sha256/{layer.hex}" for layer in self.layers]
        config = f"blobs/sha256/{self.config.hex}"
        return {
            f"blobs/sha256/{digest}": manifest,
            "manifest.json": _json([{"Config": config, "RepoTags": [tag], "Layers": paths}]),
            "index.json": _json(_index(f"sha256:{digest}", len(manifest), tag)),
            "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        }


def _index(digest: str, size_bytes: int, tag: str) -> dict[str, Any]:
    named = {
        "io.containerd.image.name": f"docker.io/{tag}",
        "org.opencontainers.image.ref.name": tag.rpartition(":")[2],
    }
    one = {"mediaType": MANIFEST, "digest": digest, "size": size_bytes, "annotations": named}
    return {"schemaVersion": 2, "manifests": [one]}


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def unpack(chunks: Iterable[bytes], folder: Path, skip: frozenset[str]) -> Image:
    """Read the archive to its end. Layers whose diff id is in `skip` are read and not kept.

    Raises `ArchiveError` when it is broken, `OSError` when `folder` has no room.
    """
    members: dict[str, Blob] = {}
    links: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=_Chunks(chunks), mode="r|") as archive:
            for member in archive:
                name = posixpath.normpath(member.name)
                if member.issym() or member.islnk():
                    links[name] = _target(name, member)
                elif member.isfile():
                    content = archive.extractfile(member)
                    if content is not None:
                        members[name] = _kept(name, member.size, content, folder, skip)
    except tarfile.TarError as problem:
        raise ArchiveError(f"the engine's archive is broken ({problem})") from None
    linked = {name: members[to] for name, to in links.items() if to in members}
    return _image(members | linked, skip)


def _target(name: str, member: tarfile.TarInfo) -> str:
    """A symbolic link is relative to its own folder, a hard link to the archive's."""
    folder = posixpath.dirname(name) if member.issym() else ""
    return posixpath.normpath(posixpath.join(folder, member.linkname))


def _kept(
    name: str, size_bytes: int, content: IO[bytes], folder: Path, skip: frozenset[str]
) -> Blob:
    named = BLOB.fullmatch(name)
    promised = f"sha256:{named[1]}" if named else ""
    if promised in skip:  # a layer that is not packed has its diff id for its name
        return Blob(promised, size_bytes, LAYER, None)
    file = folder / hashlib.sha256(name.encode()).hexdigest()
    digest, beginning = _write(content, file)
    if promised and promised != digest:
        raise ArchiveError(f"the engine's archive is broken: {promised} holds {digest}")
    return Blob(digest, size_bytes, LAYER + PACKED.get(beginning[:2], ""), file)


def _write(content: IO[bytes], file: Path) -> tuple[str, bytes]:
    """The digest and the first bytes of what was written."""
    digest, beginning = hashlib.sha256(), b""
    with file.open("wb") as out:
        while chunk := content.read(CHUNK_BYTES):
            beginning = beginning or chunk[:2]
            digest.update(chunk)
            out.write(chunk)
    return f"sha256:{digest.hexdigest()}", beginning


def _image(members: dict[str, Blob], skip: frozenset[str]) -> Image:
    try:
        (told,) = _read(members["manifest.json"])
        config = members[told["Config"]]
        stored = [members[posixpath.normpath(name)] for name in told["Layers"]]
        diff_ids = tuple(_read(config)["rootfs"]["diff_ids"])
        pairs = tuple(zip(stored, diff_ids, strict=True))
    except (KeyError, ValueError, TypeError) as problem:
        raise ArchiveError(f"the engine's archive is not of one image ({problem!r})") from None
    paper = Blob(config.digest, config.size_bytes, CONFIG, config.file)
    layers = tuple(_dropped(layer) if diff_id in skip else layer for layer, diff_id in pairs)
    return Image(paper, layers, diff_ids)


def _dropped(layer: Blob) -> Blob:
    # Only its place tells what it is: engines before 25 name no layer by its digest, and those
    # with containerd's store have them packed.
    if layer.file is not None:
        layer.file.unlink(missing_ok=True)
    return replace(layer, file=None)


def _read(blob: Blob) -> Any:  # noqa: ANN401 - JSON
    if blob.file is None:
        raise ValueError("a paper was left out")
    return json.loads(blob.file.read_bytes())


class _Chunks(io.RawIOBase):
    """An iterator of bytes as a file that is read once; holds a chunk at most."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """As tarfile asks: `size` bytes, fewer only at the end."""
        got = bytearray()
        while len(got) < size:
            if not self._rest:
                self._rest = memoryview(next(self._chunks, b""))
                if not self._rest:
                    break
            part = self._rest[: size - len(got)]
            self._rest = self._rest[len(part) :]
            got += part
        return bytes(got)
