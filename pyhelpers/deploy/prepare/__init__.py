"""A new Debian or Ubuntu server → one that can be deployed to: facts → steps → script or apply."""
