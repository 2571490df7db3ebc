"""The new cache takes the old one's place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pyhelpers.build.cache_folder import keep


def written(folder: Path, size_bytes: int, name: str = "blob") -> None:
    folder.mkdir()
    (folder / name).write_bytes(b"x" * size_bytes)


def test_the_new_one_takes_the_old_ones_place(tmp_path: Path) -> None:
    written(tmp_path / "c", 10, "old")
    written(tmp_path / "c.new", 2_000_000, "new")
    assert keep(PurePosixPath(tmp_path / "c"), limit_mb=3) == "2 MB"
    assert [each.name for each in (tmp_path / "c").iterdir()] == ["new"]
    assert not (tmp_path / "c.new").exists()


def test_one_that_is_too_large_is_removed(tmp_path: Path) -> None:
    written(tmp_path / "c.new", 2_000_000)
    assert "removed" in keep(PurePosixPath(tmp_path / "c"), limit_mb=1)
    assert list(tmp_path.iterdir()) == []


def test_where_none_was_written_the_old_one_stays(tmp_path: Path) -> None:
    written(tmp_path / "c", 10)
    assert keep(PurePosixPath(tmp_path / "c"), limit_mb=1) == "the builder wrote none"
    assert (tmp_path / "c" / "blob").exists()
