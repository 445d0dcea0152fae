import { errorKind } from "../../kernel/errors.ts";

export const QEMU_IMAGE_INVALID = errorKind("qemu_image_invalid", {
  status: 422,
  summary: "The image of a virtual machine's disk is missing, or not what the attributes say.",
  remedy: "Give a path of the worker's machine that holds a qcow2 or raw image; `qemu-img info PATH` shows what it is.",
});

export const QEMU_DISK_FAILED = errorKind("qemu_disk_failed", {
  status: 500,
  summary: "A disk, the firmware's variables or the seed of a virtual machine could not be made.",
  remedy: "The program's words stand in the message. Check the free space and the permissions of Gantry's data folder.",
});

export const QEMU_FIRMWARE_MISSING = errorKind("qemu_firmware_missing", {
  status: 422,
  summary: "A virtual machine is to start by UEFI, and the worker's machine has no firmware for it.",
  remedy: "Install Debian's package ovmf there, or set `firmware: bios`.",
});

export const QEMU_ACCELERATION_MISSING = errorKind("qemu_acceleration_missing", {
  status: 422,
  summary: "A virtual machine asks for KVM, and KVM does not work on the worker's machine.",
  remedy: "Set `acceleration: auto` to do without it where it does not work, or use another machine.",
});

export const QEMU_NETWORK_FAILED = errorKind("qemu_network_failed", {
  status: 422,
  summary: "A virtual machine could not be plugged into a network.",
  remedy: "Make the bridge on the worker's machine, and run the worker with the right to use it (CAP_NET_ADMIN).",
});

export const QEMU_PORT_TAKEN = errorKind("qemu_port_taken", {
  status: 409,
  summary: "A port that is to lead to a virtual machine is in use on the worker's machine.",
  remedy: "Forward another port, or stop what uses it.",
});

export const QEMU_ENDED = errorKind("qemu_ended", {
  status: 502,
  summary: "A virtual machine ended before it had started.",
  remedy: "QEMU's last words stand in the message; all of them are in `qemu.log` in the machine's folder.",
});

export const QEMU_UNANSWERED = errorKind("qemu_unanswered", {
  status: 502,
  summary: "The process of a virtual machine runs, and does not answer at its control socket, or not like QEMU.",
  remedy: "Run the same again. If it stays so, switch the machine off, which ends the process, and on again.",
});
