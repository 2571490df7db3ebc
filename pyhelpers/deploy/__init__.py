"""Replace a running service so that nobody notices: facts → plan → execute.

Pure: `model`, `marker`, `compose_file`, `release`, `commands`, `history`, `versions`, `preflight`,
`plan`, `verdict`, `report`.
The rest touches the world; `execute` is the algorithm, a line a step.
"""
