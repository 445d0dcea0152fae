import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import { authenticate } from "./authenticate.ts";
import { adminTokenPath, hashToken, openAdminToken, readAdminToken } from "./index.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-access-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("the administrator's token", () => {
  it("is written once, for its owner only, and stays the same", async () => {
    const first = await openAdminToken(folder, systemRandom);
    const text = await readFile(adminTokenPath(folder), "utf8");
    const second = await openAdminToken(folder, systemRandom);
    expect(await readFile(adminTokenPath(folder), "utf8")).toBe(text);
    expect(second.sha256.equals(first.sha256)).toBe(true);
    expect((await stat(adminTokenPath(folder))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["admin.token"]);
  });

  it("is one token when many start at once", async () => {
    const hashes = await Promise.all(Array.from({ length: 20 }, () => openAdminToken(folder, systemRandom)));
    expect(new Set(hashes.map((hash) => hash.sha256.toString("hex"))).size).toBe(1);
    expect(await readdir(folder)).toEqual(["admin.token"]);
  });

  it("is closed to others when the file was open to them", async () => {
    await openAdminToken(folder, systemRandom);
    await chmod(adminTokenPath(folder), 0o644);
    await openAdminToken(folder, systemRandom);
    expect((await stat(adminTokenPath(folder))).mode & 0o777).toBe(0o600);
  });

  it("is refused when the file holds something else, with a coded error", async () => {
    await writeFile(adminTokenPath(folder), "");
    await expect(openAdminToken(folder, systemRandom)).rejects.toMatchObject({ code: "token_file_unusable" });
    await expect(openAdminToken(join(folder, "missing"), systemRandom)).rejects.toMatchObject({
      code: "token_file_unusable",
    });
    expect(await readAdminToken(join(folder, "missing"))).toBeUndefined();
  });
});

describe("who is asking", () => {
  const administrator = hashToken("gantry_right");

  it("is the administrator with the token or through the socket", () => {
    expect(authenticate({ authorization: "Bearer gantry_right", throughSocket: false }, administrator)).toMatchObject({
      kind: "administrator",
      name: "administrator (token)",
    });
    expect(authenticate({ throughSocket: true }, administrator)).toMatchObject({ name: "administrator (socket)" });
  });

  it.each([
    ["nothing", undefined, false],
    ["a wrong token", "Bearer gantry_wrong", false],
    ["a wrong token through the socket", "Bearer gantry_wrong", true],
    ["another scheme", "Basic Z2FudHJ5X3JpZ2h0", false],
    ["an empty token", "Bearer ", false],
    ["an empty header", "", true],
  ])("is refused with %s", (_what, authorization, throughSocket) => {
    expect(() => authenticate({ authorization, throughSocket }, administrator)).toThrowError(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });
});
