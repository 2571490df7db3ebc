"""Every bad file of tests/cases/config is refused in exactly the words that stand beside it."""

from __future__ import annotations

import pytest

from pyhelpers.config.loading import parse
from pyhelpers.errors import ConfigurationError, Exit
from tests.unit.config.cases import Case, read_cases


@pytest.mark.parametrize("case", list(read_cases()), ids=lambda case: case.name)
def test_a_bad_file_is_refused_with_all_its_problems(case: Case) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse(case.text, "protostar.yml", case.environ)
    error = refused.value
    told = [line.removeprefix("protostar.yml:").lstrip() for line in error.error.splitlines()]
    assert told == case.lines
    assert error.exit_code is Exit.CONFIGURATION
    assert error.state == "nothing was changed"
    assert error.try_ == "protostar config check"
