"""docs/bootstrap.md as the end-to-end test reads it."""

from __future__ import annotations

import subprocess

import yaml

from bench import bootstrap
from pyhelpers.config.loading import parse

PAGE = """
<!-- bootstrap: protostar.yml -->

```yaml
project: shop
```

<!-- bootstrap: list -->

```sh
echo one
echo 'two; three'
```

```sh
echo not of the list
```

<!-- bootstrap: without what is pulled -->

```sh
echo without
```

<!-- bootstrap: list -->

```sh
false
echo never
```
"""


def test_the_list_is_the_marked_blocks_in_the_pages_order() -> None:
    assert bootstrap.commands(PAGE, pulled=True) == [
        "echo one",
        "echo 'two; three'",
        "false",
        "echo never",
    ]
    assert "echo without" in bootstrap.commands(PAGE, pulled=False)


def test_each_command_is_shown_before_it_runs_and_the_first_failure_ends_it() -> None:
    script = bootstrap.script(bootstrap.commands(PAGE, pulled=True))
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    shown = ["$ echo one", "one", "$ echo 'two; three'", "two; three", "$ false"]
    assert (done.returncode, done.stdout.splitlines()) == (1, shown)


def test_no_block_of_the_page_is_marked_as_something_that_nobody_reads() -> None:
    known = {bootstrap.CONFIG, bootstrap.LIST, bootstrap.NOT_HERE}
    assert {kind for kind, _ in bootstrap.blocks(bootstrap.page())} == known
    assert bootstrap.page().count("<!-- bootstrap: ") == len(bootstrap.blocks(bootstrap.page()))


def test_the_pages_own_protostar_yml_is_right() -> None:
    text = bootstrap.configuration(bootstrap.page())
    assert set(parse(text, "protostar.yml", {}).hosts) == set(yaml.safe_load(text)["hosts"])
