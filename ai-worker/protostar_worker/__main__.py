"""`python -m protostar_worker`."""

from protostar_worker.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
