#!/bin/sh
# The chassis of a machine that the tests' BMCs switch: chassis.sh FOLDER MC get|set NAME [VALUE]. A virtual machine of QEMU starts from
# FOLDER/disk.img, or from the network the next time when it was told to. ipmi_sim calls it so (chassis_control, lan_config_program), and the
# Redfish emulator does the same. FOLDER/lan holds what `get` of other names answers, a line `name:value` each.
folder=$1
operation=$3
shift 3

running() {
  pid=$(cat "$folder/pid" 2>/dev/null) && [ -n "$pid" ] && grep -qa "$folder/disk.img" "/proc/$pid/cmdline" 2>/dev/null
}

on() {
  running && return
  order=c
  [ "$(cat "$folder/boot" 2>/dev/null)" = pxe ] && order=n
  rm -f "$folder/boot" "$folder/pid"
  for end in in out; do [ -p "$folder/monitor.$end" ] || mkfifo "$folder/monitor.$end"; done
  # However the tests end, no machine is there for longer than five minutes.
  timeout --signal=KILL 300 qemu-system-x86_64 -machine pc,accel=tcg,graphics=off -m 16 -nodefaults -no-user-config -display none \
    -serial "file:$folder/serial.log" -drive "file=$folder/disk.img,format=raw,if=virtio,snapshot=on" -boot "order=$order,strict=on" \
    -netdev user,id=net0 -device virtio-net-pci,netdev=net0 -chardev "pipe,id=monitor,path=$folder/monitor" -mon monitor \
    -pidfile "$folder/pid" </dev/null >"$folder/qemu.log" 2>&1 &
  count=0
  until running || [ $count -gt 500 ]; do sleep 0.02; count=$((count + 1)); done
}

off() {
  if running; then
    kill -KILL "$pid"
    while running; do sleep 0.02; done
  fi
  rm -f "$folder/pid"
}

tell() {
  if running; then echo "$1" >"$folder/monitor.in"; fi
}

case $operation in
get)
  for name in "$@"; do
    case $name in
    power) if running; then echo power:1; else echo power:0; fi ;;
    boot) echo "boot:$(cat "$folder/boot" 2>/dev/null || echo default)" ;;
    *) grep "^$name:" "$folder/lan" 2>/dev/null ;;
    esac
  done
  ;;
set)
  echo "$@" >>"$folder/told"
  case $1 in
  power) if [ "$2" = 1 ]; then on; else off; fi ;;
  shutdown) tell system_powerdown ;;
  reset) tell system_reset ;;
  boot) echo "$2" >"$folder/boot" ;;
  esac
  ;;
esac
exit 0
