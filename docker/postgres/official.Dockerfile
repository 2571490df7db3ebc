# protostar/postgres:18 from the official image with pgvector in it: as it is, but for the user. Its
# start script then has nothing to do as root, and needs no capability.
FROM pgvector/pgvector:0.8.6-pg18
USER 999:999
