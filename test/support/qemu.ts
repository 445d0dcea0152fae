import { existsSync } from "node:fs";
import type { RealPart } from "./real-part.ts";

/** Virtual machines, and what the smallest of them run. */
export const qemuPart: RealPart = {
  name: "qemu",
  packages: ["qemu-system-x86", "qemu-utils", "ipxe-qemu", "ovmf", "xorriso", "iproute2"],
  present: () =>
    ["/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-img", "/usr/bin/xorriso", "/usr/share/OVMF/OVMF_CODE_4M.fd"].every(
      (path) => existsSync(path),
    ) && existsSync("/usr/lib/ipxe/qemu/pxe-virtio.rom"),
};

/**
 * A disk of 1 MiB whose first sector says something on the serial port, and then waits for the power button, at which it switches off: a
 * system that shuts down as it should. `deaf`: it does not look at the button. `endless`: it says it again and again.
 */
export function bootDisk(greeting: string, kind: "willing" | "deaf" | "endless" = "willing"): Buffer {
  const say = [
    [0x31, 0xc0, 0x8e, 0xd8, 0xfc], // xor ax,ax; mov ds,ax; cld
    [0xbe, 0x00, 0x00], // mov si,greeting
    [0xba, 0xf8, 0x03], // mov dx,0x3f8: the first serial port
    [0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8], // next: lodsb; test al,al; jz +3; out dx,al; jmp next
  ].flat();
  const wait = [
    [0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef], // mov dx,0x602; mov ax,0x100; out dx,ax: the power button counts
    [0xfb, 0xf4, 0xba, 0x00, 0x06, 0xed, 0xf6, 0xc4, 0x01, 0x74, 0xf6], // sti; hlt; in ax,0x600; test ah,1; jz sti
    [0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef], // mov dx,0x604; mov ax,0x2000; out dx,ax: off
  ].flat();
  const ends = { willing: [...wait, 0xf4], deaf: [0xfb, 0xf4, 0xeb, 0xfc], endless: [0xeb, 0x100 - say.length - 2] };
  const code = Buffer.from([...say, ...ends[kind]]);
  code.writeUInt16LE(0x7c00 + code.length, 6);
  const disk = Buffer.alloc(1024 * 1024);
  code.copy(disk);
  disk.write(`${greeting}\r\n\0`, code.length, "latin1");
  disk.set([0x55, 0xaa], 510);
  return disk;
}
