# protostar/prometheus:3 from the official image, which has no folder for an agent's log.
FROM prom/prometheus:v3.13.3
USER 0:0
RUN install -d -o 65534 -g 65534 /collector
USER 65534:65534
ENTRYPOINT []
CMD ["prometheus"]
