"""Jinja templates of one folder; a mistake in one is told with file and line."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError

from pyhelpers.errors import ProtostarError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".j2"


class TemplateWrong(Exception):
    """FILE:LINE: what is wrong."""


class Templates:
    """`shown`: the folder as messages name it."""

    def __init__(self, folder: Path, shown: str, **globals_: Any) -> None:  # noqa: ANN401 - Jinja's
        self._shown = shown
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - configuration, not HTML
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals.update(globals_)

    def render(self, name: str) -> bytes:
        """Raises `TemplateWrong`."""
        try:
            return self._environment.get_template(name).render().encode()
        except TemplateSyntaxError as wrong:
            raise TemplateWrong(
                f"{self._shown}/{wrong.name or name}:{wrong.lineno}: {wrong.message}"
            ) from None
        except ProtostarError:
            raise
        # A template can run into whatever an expression can.
        except Exception as wrong:  # noqa: BLE001 - as said above
            place = f"{self._shown}/{name}{_line(wrong, name)}"
            raise TemplateWrong(f"{place}: {_words(wrong)}") from None


def _line(wrong: Exception, name: str) -> str:
    """Jinja makes its frames look like the template's own lines."""
    frames = traceback.extract_tb(wrong.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.endswith(name)]
    return f":{lines[-1]}" if lines else ""


def _words(wrong: Exception) -> str:
    return str(wrong) or type(wrong).__name__
