# protostar/redis:8 from the official image: its programs, without its start script, which begins
# as root and changes the user: a container without capabilities cannot.
FROM redis:8
ENTRYPOINT []
USER 999:999
CMD ["redis-server", "--protected-mode", "no"]
