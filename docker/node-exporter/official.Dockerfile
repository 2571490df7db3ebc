# protostar/node-exporter:1 where the official image can be pulled.
FROM prom/node-exporter:v1.12.1
USER 65534:65534
