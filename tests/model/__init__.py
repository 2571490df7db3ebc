"""A host in memory, on which every call of a deploy is broken in every way that fits it.

`machine`, `disk`, `engine`, `shell` are the host; `guard`, `room`, `retiring` are guard.sh told
again (tests/cases/guard holds the two together); `edge` is the gateway and its users. `host` and
`docker_api` show all that to the deploy, `broken` and `faults` break it on the way. `scenarios`
says what is tried, `invariants` what must hold, `story` and `cases` bring the two together.
"""
