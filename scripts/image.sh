#!/bin/sh
# `gantry` in the image (Containerfile): with words the command line; alone what GANTRY_MODE says.
home=/usr/lib/gantry
for node in "$home"/node_modules/node-linux-*/bin/node; do :; done
options="--max-semi-space-size=1 --disable-warning=ExperimentalWarning"

if [ $# -gt 0 ]; then
  # shellcheck disable=SC2086
  exec "$node" $options "$home/dist/main.js" "$@"
fi
case ${GANTRY_MODE:-agent} in
  server)
    # How the C library keeps memory that was freed: by default more and more.
    export MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=8192 MALLOC_TOP_PAD_=0
    # shellcheck disable=SC2086
    exec "$node" $options --max-semi-space-size=8 "$home/dist/main.js" server run
    ;;
  agent | client)
    # shellcheck disable=SC2086
    exec "$node" $options "$home/dist/agent.mjs"
    ;;
  worker)
    # shellcheck disable=SC2086
    exec "$node" $options "$home/dist/main.js" worker run
    ;;
  *)
    echo "gantry: GANTRY_MODE is $GANTRY_MODE; it can be server, agent or worker" >&2
    exit 2
    ;;
esac
