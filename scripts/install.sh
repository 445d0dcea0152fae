# Installs the dependencies when the lock file changed since the last installation. To be sourced, by `gantry` and
# by the npm scripts, so that both install in the same way:
#
#     install_dependencies ROOT      sets `node` to the project's own Node; returns 1 after saying what is wrong
#
# What was installed is known by a copy of the lock file in node_modules, written last: an interrupted
# installation has none, and is done again. It has the lock file's time, by which `gantry` knows it without reading
# either. Needs bash, coreutils, and for an installation Node >= 20 with npm.

say() { printf 'gantry: %s\n' "$*" >&2; }

# Sets `node`, or says why this machine cannot have one.
find_node() {
  local architecture
  case $HOSTTYPE in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) say "this machine is ${HOSTTYPE}; Gantry runs on Linux, x86_64 or aarch64" && return 1 ;;
  esac
  case $OSTYPE in
    linux-musl*) say "this system is built on musl (Alpine, for one); Gantry's Node needs glibc" && return 1 ;;
    linux*) ;;
    *) say "this system is ${OSTYPE}; Gantry runs on Linux, x86_64 or aarch64" && return 1 ;;
  esac
  node=$1/node_modules/node-linux-$architecture/bin/node
}

installed() {
  [[ -x $node ]] || return 1
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
  case $? in
    127) [[ $(<"$1/package-lock.json") == "$(<"$1/node_modules/.installed-lock.json")" ]] 2>/dev/null ;;
    0) ;;
    *) return 1 ;;
  esac
}

# `PID-START` of a process: a number that comes back after a reboot has another start time.
process_name() {
  local line fields
  read -r line <"/proc/$1/stat" || return 1
  read -ra fields <<<"${line##*) }"
  [[ ${fields[0]} != Z ]] && printf '%s-%s' "$1" "${fields[19]}"
} 2>/dev/null

# A lock names its holders, joined by `+`: the launcher, and npm, which outlives a launcher that is killed.
held() {
  local holder
  for holder in ${1//+/ }; do
    [[ $(process_name "${holder%%-*}") == "$holder" ]] && return 0
  done
  return 1
}

# Removes a lock whose holders are all dead. Who removes it holds a lock of its own, named after the dead holder: that
# name never comes again, so nobody can remove by mistake the lock that somebody else has taken meanwhile.
clear_stale_lock() {
  local holder guard
  holder=$(readlink -- "$1") || return 0
  held "$holder" && return 0
  guard=$1.$holder
  if ln -s "$me" "$guard" 2>/dev/null; then
    [[ $(readlink -- "$1") == "$holder" ]] && rm -f -- "$1"
    rm -f -- "$guard"
  else
    clear_stale_lock "$guard"
  fi
}

# A lock is a symbolic link to nothing: made in one step together with its content.
take_lock() {
  local told=
  until ln -s "$me" "$lock" 2>/dev/null; do
    if [[ ! -w ${lock%/*} ]]; then
      say "the dependencies must be installed, but ${lock%/*} is not writable; run it once as its owner"
      return 1
    fi
    clear_stale_lock "$lock"
    [[ -L $lock ]] || continue
    [[ -n $told ]] || say "another process installs the dependencies; waiting for it"
    told=yes
    sleep 0.2
  done
}

check_npm() {
  local version
  if ! version=$(node --version 2>/dev/null) || ! command -v npm >/dev/null; then
    say "the dependencies must be installed, which needs Node 20 or newer with npm; install it, then try again"
    return 1
  fi
  version=${version#v}
  if ((${version%%.*} < 20)); then
    say "the dependencies must be installed, which needs Node 20 or newer; this machine's is $version"
    return 1
  fi
}

run_npm() {
  rm -f -- "$1/node_modules/.installed-lock.json"
  (
    # The lock names npm before npm starts: `exec` keeps the process. (In `$(...)`, BASHPID would be another one.)
    own=$BASHPID
    ln -sf "$me+$(process_name "$own")" "$lock.next" && mv -f -- "$lock.next" "$lock" || exit 1
    cd -- "$1" || exit 1
    # No package needs its install script; and neither the user's `omit` nor NODE_ENV may leave something out.
    exec npm ci --include=dev --include=optional --ignore-scripts --no-audit --no-fund
  ) </dev/null >"$log" 2>&1 &
  child=$!
  wait "$child"
}

# Ends what was started, so that Ctrl-C leaves neither npm nor a lock behind.
abandon() {
  trap - INT TERM HUP
  [[ -n $child ]] && kill "$child" 2>/dev/null && wait "$child"
  rm -f -- "$lock" "$lock.next" "$log"
  exit "$1"
}

install_locked() {
  installed "$1" && return 0
  check_npm || return 1
  local seconds=$SECONDS
  say "installing dependencies (npm ci); this happens once for each lock file"
  if ! run_npm "$1"; then
    cat -- "$log" >&2
    say "npm could not install the dependencies; its output stands above. Try again when that is mended"
    return 1
  fi
  if ! "$node" --version >"$log" 2>&1; then
    cat -- "$log" >&2
    say "Node was installed as $node, but does not run here: it needs glibc and libstdc++"
    return 1
  fi
  cp --preserve=timestamps -- "$1/package-lock.json" "$1/node_modules/.installed-lock.json.new" || return 1
  mv -f -- "$1/node_modules/.installed-lock.json.new" "$1/node_modules/.installed-lock.json" || return 1
  # Only to be faster the first time.
  "$node" "$1/scripts/warm.js" >/dev/null 2>&1 || true
  say "dependencies installed in $((SECONDS - seconds)) s"
}

install_dependencies() {
  find_node "$1" || return 1
  local changed
  changed=$(stat --format=%y -- "$1/package-lock.json")
  if installed "$1"; then
    # The next start sees it by the times. Asked for before they were compared: it may have changed since.
    touch --no-create --date="$changed" -- "$1/node_modules/.installed-lock.json" 2>/dev/null
    return 0
  fi
  local me log child= lock=$1/.installing status PATH=$PATH
  # Inside `npm test` the PATH begins with node_modules/.bin, whose Node is about to be replaced.
  PATH=${PATH//"$1/node_modules/.bin:"/}
  me=$(process_name $$) || return 1
  take_lock || return 1
  trap 'abandon 130' INT
  trap 'abandon 143' TERM HUP
  log=$(mktemp) && install_locked "$1"
  status=$?
  trap - INT TERM HUP
  rm -f -- "$lock" "$log"
  return $status
}
