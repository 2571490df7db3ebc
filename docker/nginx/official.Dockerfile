# protostar/nginx:1.30 from the official image: its programs, without its start script, which
# rewrites /etc/nginx and needs a writable root.
FROM nginx:1.30.6
ENTRYPOINT []
USER 101:101
CMD ["nginx", "-g", "daemon off;"]
