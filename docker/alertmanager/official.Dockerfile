# protostar/alertmanager:0 where the official image can be pulled.
FROM prom/alertmanager:v0.34.0
ENTRYPOINT []
USER 65534:65534
CMD ["alertmanager"]
