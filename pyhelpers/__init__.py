"""Protostar: deploys that nobody notices, on plain Docker Compose."""

import os
import sys

__version__ = "0.1.0"

# docker-py imports paramiko wherever it is installed, for an SSH transport of its own that only
# DOCKER_HOST=ssh://… needs: 0.1 s and 18 MB at each command (measured). It takes an ImportError
# for "not installed", and None here is one.
if not os.environ.get("DOCKER_HOST", "").startswith("ssh://"):
    sys.modules.setdefault("docker.transport.sshconn", None)  # type: ignore[arg-type] # as above
