# protostar/registry:2 where the official image can be pulled.
FROM registry:2
