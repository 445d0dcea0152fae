import { access, constants, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { PROGRAM_LATE } from "../errors.ts";
import { runProgram } from "../programs.ts";
import type { QemuAttributes } from "./attributes.ts";
import { QEMU_ACCELERATION_MISSING } from "./errors.ts";
import type { Accelerator } from "./model.ts";
import { SYSTEM } from "./process.ts";

/**
 * Whether KVM is worth using. That there is a /dev/kvm says little: inside a virtual machine it may fail at the first instruction of a
 * firmware, or be slower than no KVM at all. So a whole machine is started once, firmware and all, whose disk's first sector ends it.
 */

/** Milliseconds; a KVM that works takes 300, and QEMU without it 100 to 1,000. */
const LIMIT = 2000;

/** mov dx,0xf4; mov al,0x10; out dx,al; hlt: QEMU's exit device then ends it with code 2 * 0x10 + 1. */
const SECTOR = Buffer.alloc(512);
SECTOR.set([0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4]);
SECTOR.set([0x55, 0xaa], 510);
const EXIT_CODE = 33;

/** Asked for once a worker; the answer does not change while a machine is up. */
export function createAcceleratorChooser(): (
  wanted: QemuAttributes["acceleration"],
  context: FunctionContext,
) => Promise<Accelerator> {
  let works: Promise<boolean> | undefined;
  /** Throws `qemu_acceleration_missing`. */
  return async (wanted, context) => {
    if (wanted === "tcg") return "tcg";
    const known = (works ??= kvmWorks(context));
    // A probe that was cancelled says nothing.
    known.catch(() => (works = works === known ? undefined : works));
    if (await known) return "kvm";
    if (wanted === "auto") return "tcg";
    throw new GantryError(QEMU_ACCELERATION_MISSING, "KVM starts no machine here within 2 s");
  };
}

async function kvmWorks(context: FunctionContext): Promise<boolean> {
  const allowed = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!allowed) return false;
  const folder = await mkdtemp(join(tmpdir(), "gantry-kvm-"));
  try {
    const floppy = join(folder, "probe.img");
    await writeFile(floppy, SECTOR);
    const words = [
      ["-machine", "pc,accel=kvm", "-cpu", "host", "-m", "16", "-nodefaults", "-display", "none"],
      ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-boot", "a"],
      ["-drive", `file=${floppy.replaceAll(",", ",,")},format=raw,if=floppy,readonly=on`],
    ].flat();
    const { code } = await runProgram(SYSTEM, {
      ...context,
      arguments: words,
      limit: LIMIT,
      package: "qemu-system-x86",
    });
    return code === EXIT_CODE;
  } catch (error) {
    if (error instanceof GantryError && error.kind === PROGRAM_LATE) return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
