"""The picture shows every part, and one that is not well in another colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import installation_picture as picture
from bench.parts import Part

if TYPE_CHECKING:
    from pathlib import Path


def drawn(folder: Path, *parts: Part) -> str:
    path = folder / "installation.svg"
    picture.draw(parts, "path A: 9 requests", "path B: 3 requests", "A title", path)
    return path.read_text(encoding="utf-8")


def test_a_part_that_is_well_one_that_is_not_and_one_that_is_left_out(tmp_path: Path) -> None:
    well = Part("a5", "gateway", "serves")
    only = drawn(tmp_path, well)
    assert picture.WELL in only
    assert picture.ILL not in only
    both = drawn(tmp_path, well, Part("proxy", "nginx", "", well=False))
    assert picture.ILL in both
    assert picture.ABSENT in drawn(tmp_path, Part("a5", "cadvisor", "left out", well=None))


def test_the_same_parts_make_the_same_file(tmp_path: Path) -> None:
    part = Part("centre", "s3", "403")
    assert drawn(tmp_path, part) == drawn(tmp_path, part)


def test_no_box_lies_on_another(tmp_path: Path) -> None:
    many = [Part("centre", f"part {number}", "") for number in range(12)]
    tops = picture.tops_of(many)
    assert tops["a5"] < tops["centre"] - picture.HEAD - 12 * picture.ROW
    assert "part 11" in drawn(tmp_path, *many)
