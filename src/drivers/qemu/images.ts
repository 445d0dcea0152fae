import { constants } from "node:fs";
import { access, copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { Target } from "../driver.ts";
import { type Ended, lastWords, runProgram } from "../programs.ts";
import type { QemuAttributes } from "./attributes.ts";
import { QEMU_DISK_FAILED, QEMU_FIRMWARE_MISSING, QEMU_IMAGE_INVALID } from "./errors.ts";
import { machineUuid, type Places } from "./model.ts";

/** What a machine is made of: its disks, the firmware's variables, and the seed for cloud-init. */

/** Milliseconds for one run of a program: none of them copies an image. */
const LIMIT = 120_000;

/** Code and variables of UEFI, as Debian's package ovmf has them: those of 4 MB where they are. */
const FIRMWARE: readonly { readonly code: string; readonly variables: string }[] = [
  { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  { code: "/usr/share/OVMF/OVMF_CODE.fd", variables: "/usr/share/OVMF/OVMF_VARS.fd" },
];

const imageInfo = z.looseObject({ format: z.string(), "virtual-size": z.number() });

/** Makes the disks and, for UEFI, its variables. Throws `qemu_image_invalid`, `qemu_disk_failed`, `qemu_firmware_missing`. */
export async function makeDisks(
  target: Target<QemuAttributes>,
  places: Places,
  context: FunctionContext,
): Promise<void> {
  const { attributes } = target;
  if (attributes.firmware === "uefi") {
    const { variables } = await findFirmware();
    await copyFile(variables, places.variables, constants.COPYFILE_FICLONE);
  }
  for (const [index, disk] of attributes.disks.entries()) {
    context.message(`making disk ${index} of ${target.name}`);
    const size = disk.size === undefined ? [] : [String(disk.size)];
    const base = disk.image === undefined ? [] : await backing(disk.image, disk, context);
    const ended = await image(["create", "-q", "-f", "qcow2", ...base, places.disk(index), ...size], context);
    if (ended.code !== 0)
      throw new GantryError(QEMU_DISK_FAILED, `cannot make disk ${index} of ${target.name}: ${lastWords(ended)}`);
  }
}

/** Arguments that lay a disk over an image, once it is certain that the image is what it is said to be. */
async function backing(
  path: string,
  { format, size }: QemuAttributes["disks"][number],
  context: FunctionContext,
): Promise<readonly string[]> {
  const ended = await image(["info", "--output=json", ...(format === undefined ? [] : ["-f", format]), path], context);
  if (ended.code !== 0) throw invalid(path, lastWords(ended));
  const info = imageInfo.parse(JSON.parse(ended.stdout));
  if (info.format !== "qcow2" && info.format !== "raw") throw invalid(path, `it is of format ${info.format}`);
  if (size !== undefined && size < info["virtual-size"])
    throw invalid(path, `a disk of ${size} bytes cannot hold its ${info["virtual-size"]}`);
  return ["-b", path, "-F", info.format];
}

/** The code and the empty variables of UEFI. Throws `qemu_firmware_missing`. */
export async function findFirmware(): Promise<{ readonly code: string; readonly variables: string }> {
  for (const one of FIRMWARE) if (await exists(one.code, one.variables)) return one;
  throw new GantryError(QEMU_FIRMWARE_MISSING, `there is no ${FIRMWARE[0]?.code} on the worker's machine`);
}

/**
 * Makes the seed for cloud-init: a CD named CIDATA, with what the foundation needs to join as `gantry-join.json`, where it is to join.
 * Returns whether the machine has one. Throws `qemu_disk_failed`.
 */
export async function makeSeed(
  target: Target<QemuAttributes>,
  places: Places,
  context: FunctionContext,
): Promise<boolean> {
  const { user_data: user, meta_data: meta, network_config: network } = target.attributes;
  if ((user ?? meta ?? network) === undefined) return false;
  const { id, hostname, name, join: joining } = target;
  const files: Record<string, string> = {
    "user-data": user ?? "#cloud-config\n{}\n",
    "meta-data": meta ?? `instance-id: ${machineUuid(id)}\nlocal-hostname: ${hostname}\n`,
    ...(network === undefined ? {} : { "network-config": network }),
    ...(joining === undefined ? {} : { "gantry-join.json": `${JSON.stringify({ ...joining, name })}\n` }),
  };
  const folder = join(places.folder, "seed");
  const draft = `${places.seed}.new`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text, { mode: 0o600 });
    await rm(draft, { force: true });
    const words = ["-as", "genisoimage", "-quiet", "-volid", "CIDATA", "-joliet", "-rock", "-output", draft, folder];
    const ended = await runProgram("xorriso", { ...context, arguments: words, limit: LIMIT, package: "xorriso" });
    if (ended.code !== 0)
      throw new GantryError(QEMU_DISK_FAILED, `cannot make the seed of ${name}: ${lastWords(ended)}`);
    await rename(draft, places.seed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return true;
}

function image(words: readonly string[], context: FunctionContext): Promise<Ended> {
  return runProgram("qemu-img", { ...context, arguments: words, limit: LIMIT, package: "qemu-utils" });
}

function invalid(path: string, why: string): GantryError {
  return new GantryError(QEMU_IMAGE_INVALID, `the image ${path} cannot be used: ${why}`);
}

async function exists(...paths: readonly string[]): Promise<boolean> {
  return Promise.all(paths.map((path) => access(path))).then(
    () => true,
    () => false,
  );
}
