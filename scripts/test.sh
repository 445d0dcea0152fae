#!/usr/bin/env bash
# `npm test`: installs the dependencies when needed, then runs every test under the project's own Node.
# Arguments go to vitest: `npm test -- src/jobs`.
set -u
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
# shellcheck source=scripts/install.sh
source "$root/scripts/install.sh"
install_dependencies "$root" || exit
cd "$root" || exit 1
export PATH=$root/node_modules/.bin:$PATH
exec "$node" --disable-warning=ExperimentalWarning node_modules/vitest/vitest.mjs run "$@"
