"""jobs/*.yml → `Jobs`, or every problem of every file at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.config import document
from pyhelpers.config.problems import Problem, Refused, render
from pyhelpers.errors import ConfigurationError
from pyhelpers.jobs.crossings import SECTIONS, crossings
from pyhelpers.jobs.model import Item, JobsFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyhelpers.config.document import Document

TRY = "protostar jobs check"


@dataclass(frozen=True, slots=True)
class Jobs:
    """All files together; `items` by full name, a folder before what is in it."""

    installation: str
    items: Mapping[str, Item]


def load(folder: Path, environ: Mapping[str, str]) -> Jobs:
    """Read every *.yml and *.yaml of the folder.

    Raises `ConfigurationError`: also where there is no file, so that a wrong folder is never taken
    for one that declares nothing.
    """
    paths = sorted(each for each in folder.glob("*.y*ml") if each.suffix in (".yml", ".yaml"))
    if not paths:
        raise ConfigurationError(error=f"{folder}: there is no *.yml in it", try_=f"{TRY} FOLDER")
    texts: dict[str, str] = {}
    told: list[str] = []
    for path in paths:
        try:
            texts[str(path)] = document.text_of(path)
        except (document.CannotBeRead, Refused) as wrong:
            told.append(_words(str(path), wrong))
    return parse(texts, environ, told)


def parse(texts: Mapping[str, str], environ: Mapping[str, str], told: list[str]) -> Jobs:
    """The texts of the files by name; `told`: what is wrong with files that are not among them.

    Raises `ConfigurationError` whose `error` has a line for each problem:
    `jobs/api.yml:LINE: pipelines.api.scm.url: message`.
    """
    documents, told = _documents(texts, environ, told)
    data = {name: each.data for name, each in documents.items()}
    files: list[JobsFile] = []
    for name, found in documents.items():
        file, problems = document.validate(found, JobsFile, crossings(name, data))
        told = [*told, render(name, problems)] if problems else told
        files += [file] if file else []
    if told or not files:
        raise ConfigurationError(error="\n".join(told), try_=TRY)
    return Jobs(files[0].installation, dict(sorted(_items(files), key=_depth)))


def _documents(
    texts: Mapping[str, str], environ: Mapping[str, str], told: list[str]
) -> tuple[dict[str, Document], list[str]]:
    documents: dict[str, Document] = {}
    for name, text in texts.items():
        try:
            documents[name] = document.read(text, environ)
        except (document.CannotBeRead, Refused) as wrong:
            told = [*told, _words(name, wrong)]
    return documents, told


def _words(name: str, wrong: document.CannotBeRead | Refused) -> str:
    problems = wrong.problems if isinstance(wrong, Refused) else [Problem(0, 0, (), str(wrong))]
    return render(name, problems)


def _items(files: list[JobsFile]) -> Iterator[tuple[str, Item]]:
    for file in files:
        for section in SECTIONS:
            yield from getattr(file, section).items()


def _depth(entry: tuple[str, Item]) -> tuple[int, str]:
    return entry[0].count("/"), entry[0]
