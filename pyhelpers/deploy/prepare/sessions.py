"""sshd and logind: how fast a dead line is noticed, and that the guard outlives its line. Pure."""

from __future__ import annotations

import configparser

SSHD_PATH = "/etc/ssh/sshd_config.d/10-protostar.conf"
LOGIND_PATH = "/etc/systemd/logind.conf.d/90-protostar.conf"
ALIVE_S, ALIVE_COUNT, SESSIONS = 5, 3, 10


def sshd_conf(user: str) -> str:
    """A Match block counts above what is set for all, wherever that stands, and for us only."""
    return (
        "# Written by `protostar deploy prepare`.\n"
        f"# A cut line is noticed after {ALIVE_S * ALIVE_COUNT} s, and what it held is free.\n"
        f"Match User {user}\n"
        "    AllowTcpForwarding yes\n"
        "    DisableForwarding no\n"
        f"    ClientAliveInterval {ALIVE_S}\n"
        f"    ClientAliveCountMax {ALIVE_COUNT}\n"
        f"    MaxSessions {SESSIONS}\n"
    )


def sshd_is_right(told: str) -> bool:
    """`told` is `sshd -T` for the user: `key value` lines, keys in small letters."""
    said = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    interval = int(said.get("clientaliveinterval", "0"))
    return (
        0 < interval <= ALIVE_S
        and int(said.get("clientalivecountmax", "99")) <= ALIVE_COUNT
        and int(said.get("maxsessions", "0")) >= SESSIONS
        and said.get("allowtcpforwarding") == "yes"
        and said.get("disableforwarding", "no") == "no"
    )


def logind_conf(told: str, user: str) -> str:
    users = [*_logind(told).get("killexcludeusers", "root").split(), user]
    return (
        "# Written by `protostar deploy prepare`.\n"
        "# With KillUserProcesses=yes a lost connection would take the guard along, which is the\n"
        "# one that puts the old colour back.\n"
        f"[Login]\nKillExcludeUsers={' '.join(dict.fromkeys(users))}\n"
    )


def kills_processes_of(told: str, user: str) -> bool:
    """Would logind end what `user` left running when his connection ends?"""
    said = _logind(told)
    kills = said.get("killuserprocesses", "no").lower() in ("yes", "true", "1", "on")
    only = said.get("killonlyusers", "").split()
    spared = said.get("killexcludeusers", "root").split()
    return kills and user not in spared and (not only or user in only)


def _logind(told: str) -> dict[str, str]:
    """Several files, one after another: the later one counts."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(told)
    except configparser.Error:
        return {}
    return {k: v or "" for k, v in parser.items("Login")} if parser.has_section("Login") else {}
