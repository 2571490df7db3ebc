# protostar/inadyn:2 where the official image can be pulled.
FROM troglobit/inadyn:2.12.0
USER 0
# A new volume takes its owner from here.
RUN mkdir -p /var/cache/inadyn && chown 65534:65534 /var/cache/inadyn
USER 65534:65534
ENTRYPOINT ["inadyn"]
