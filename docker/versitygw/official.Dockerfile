# protostar/versitygw:1.8 from the official image: its program, without its start script, with curl
# and a user of its own. The official one runs as root, and keeps its users in /tmp.
FROM versity/versitygw:v1.8.0
RUN apk add --no-cache curl \
 && addgroup -S -g 990 versitygw && adduser -S -D -H -u 990 -G versitygw versitygw \
 && install -d -o versitygw -g versitygw -m 0700 /data /iam
VOLUME /data /iam
USER 990:990
EXPOSE 7070
ENTRYPOINT []
CMD ["versitygw", "--port", ":7070", "--iam-dir", "/iam", "--health", "/health", "posix", "/data"]
