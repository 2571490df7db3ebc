# protostar/postgres:18 from the official image with pgvector in it: as it is, but for the folder
# of the data, which is the same in both.
FROM pgvector/pgvector:0.8.6-pg18
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
USER 999:999
