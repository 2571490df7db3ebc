"""Configuration to a host. So far: rendering a server's files from protostar.yml."""
