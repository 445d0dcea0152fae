import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RECORD_FILE, type BundleFile } from "./ansible-render.ts";
import { tgzOf } from "./bundle.ts";
import { placeFile, placeFolder } from "./bundle-folder.ts";

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-folder-"));
  out = join(folder, "lab");
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(path: string, content = path): BundleFile {
  return { path, mode: 0o644, content };
}

function bundle(...paths: readonly string[]) {
  return tgzOf(
    [RECORD_FILE, "ansible.cfg", ...paths].map((path) => file(path)),
    new Date(0),
  );
}

function archive(header: Partial<Header> & { readonly name: string }, content = ""): AsyncIterable<Uint8Array> {
  const made = pack();
  made.entry(header, content);
  made.finalize();
  return made.pipe(createGzip() as never) as unknown as AsyncIterable<Uint8Array>;
}

const plain = { force: false, each: false };

describe("a folder", () => {
  test("is made, and made anew, with what is somebody's own left in it", async () => {
    await placeFolder(bundle("hosts/host_vars/a.yml", "files/x"), out, plain);
    writeFileSync(join(out, "site.yml"), "mine");
    await placeFolder(bundle("hosts/host_vars/b.yml"), out, plain);
    expect(readdirSync(out).toSorted()).toEqual(["ansible.cfg", RECORD_FILE, "hosts", "site.yml"]);
    expect(readdirSync(join(out, "hosts/host_vars"))).toEqual(["b.yml"]);
    expect(statSync(join(out, "hosts")).mode & 0o777).toBe(0o755);
    expect(readdirSync(folder)).toEqual(["lab"]);
  });

  test("that no export has made is left alone, unless told otherwise", async () => {
    mkdirSync(out);
    writeFileSync(join(out, "ansible.cfg"), "mine");
    await expect(placeFolder(bundle(), out, plain)).rejects.toMatchObject({ code: "export_folder_occupied" });
    expect(readFileSync(join(out, "ansible.cfg"), "utf8")).toBe("mine");
    await placeFolder(bundle(), out, { ...plain, force: true });
    expect(readFileSync(join(out, "ansible.cfg"), "utf8")).toBe("ansible.cfg");
  });

  test("holds a folder for each host, without those that are gone", async () => {
    function each(...hosts: readonly string[]) {
      const inner = hosts.map((host) => ({ path: `${host}.tgz`, bundle: () => bundle(`hosts/${host}`) }));
      return tgzOf([file(RECORD_FILE), ...inner], new Date(0));
    }
    await placeFolder(each("a", "b"), out, { force: false, each: true });
    await placeFolder(each("b", "c"), out, { force: false, each: true });
    expect(readdirSync(out).toSorted()).toEqual(["b", "c", RECORD_FILE]);
    expect(existsSync(join(out, "c/hosts/c"))).toBe(true);
  });

  test.each<[string, Partial<Header> & { readonly name: string }]>([
    ["leads out", { name: "../evil" }],
    ["is absolute", { name: "/evil" }],
    ["is a link", { name: "hosts", type: "symlink", linkname: "/etc" }],
    ["is a hard link", { name: "hosts", type: "link", linkname: "/etc/passwd" }],
    ["is hidden", { name: ".ssh/config" }],
  ])("is not made from a bundle that %s", async (_what, header) => {
    await expect(placeFolder(archive(header), out, plain)).rejects.toMatchObject({ code: "export_unreadable" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("stays as it was when a bundle ends too early", async () => {
    await placeFolder(bundle("hosts/a"), out, plain);
    const chunks: Buffer[] = [];
    for await (const chunk of bundle("hosts/b")) chunks.push(chunk as Buffer);
    const broken = [Buffer.concat(chunks).subarray(0, 100)];
    async function* cut() {
      yield* broken;
    }
    await expect(placeFolder(cut(), out, plain)).rejects.toMatchObject({ code: "export_unreadable" });
    expect(existsSync(join(out, "hosts/a"))).toBe(true);
    expect(readdirSync(folder)).toEqual(["lab"]);
  });
});

test("a file is replaced only when told so", async () => {
  await placeFile(bundle(), out, plain);
  await expect(placeFile(bundle(), out, plain)).rejects.toMatchObject({ code: "export_folder_occupied" });
  await placeFile(bundle(), out, { force: true });
  expect(readdirSync(folder)).toEqual(["lab"]);
});
