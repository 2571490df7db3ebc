"""Write the dashboards' JSON."""

from __future__ import annotations

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import FOLDER, backups, hosts, queue, services


def texts() -> dict[str, str]:
    """Each file's name and what it holds."""
    made = [each.made() for each in (services, hosts, queue, backups)]
    encoder = JSONEncoder(sort_keys=True, indent=2)
    return {f"{each.uid}.json": f"{encoder.encode(each)}\n" for each in made}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
