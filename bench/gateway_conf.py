"""The configurations that `script/bench marker` compares. Pure: files in, files out.

All come from the gateway's own rendered files, so that they differ in nothing but the switch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.output import BenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

UPSTREAM_PORT = 3000
# The smallest upstream there is, so that the gateway is what is measured.
UPSTREAM = f"""
pid /tmp/nginx.pid;
worker_processes 1;
error_log /dev/stderr warn;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    access_log off;
    keepalive_requests 100000000;
    server {{
        listen {UPSTREAM_PORT};
        location / {{ return 200 "ok"; }}
    }}
}}
"""


def with_marker(rendered: Mapping[str, str]) -> dict[str, str]:
    """As it is deployed, but for one worker (so that its time is the requests') and no log.

    Without the log, which costs every variant the same, the marker's share looks larger.
    """
    main, log = rendered["nginx.conf"], rendered["mixins/log.conf"]
    return {
        **rendered,
        "nginx.conf": _swap(main, "worker_processes auto;", "worker_processes 1;"),
        "mixins/log.conf": _swap(log, "access_log /dev/stdout json;", "access_log off;"),
    }


def without(rendered: Mapping[str, str], service: str, colour: str = "blue") -> dict[str, str]:
    """The same with a static upstream: no file test, no name looked up while it runs."""
    files = with_marker(rendered)
    variable = service.replace("-", "_")
    public = files["public.conf"]
    for old, new in (
        ("include colours.conf;", ""),
        (f"${variable}_colour;", f"{colour};"),
        ('if ($colour = "") { return 503; }', ""),
        (f"proxy_pass http://{variable}_$colour;", "proxy_pass http://live;"),
    ):
        public = _swap(public, old, new)
    main = files["nginx.conf"]
    for name in ("internal.conf", "private.conf"):
        main = _swap(main, f"include {name};", "")
    return files | {
        "nginx.conf": main,
        "public.conf": public,
        "services.conf": static_upstream(service, colour),
    }


def static_upstream(service: str, colour: str) -> str:
    """What a gateway that reloads has in a file, and rewrites for a switch."""
    server = f"server {service}-{colour}:{UPSTREAM_PORT} max_fails=0;"
    return f"upstream live {{ zone live 64k; {server} keepalive 32; keepalive_timeout 2s; }}\n"


def _swap(text: str, old: str, new: str) -> str:
    """A template that changed must not turn the comparison into one of equals unnoticed."""
    if old not in text:
        raise BenchError(f"the gateway's configuration has no `{old}` any more")
    return text.replace(old, new)
