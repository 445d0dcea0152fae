import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NETBOX_TOKEN, startNetBox, type NetBox } from "../../test/support/netbox.ts";
import type { ForeignRow, InventoryBackend } from "../inventory/index.ts";
import { baseOf, netBoxBackend } from "./netbox.ts";

const SITE = { id: 1, name: "Oslo", slug: "oslo" };

function device(id: number, purpose: string): object {
  return { id, name: `kvm${id}`, site: SITE, role: { slug: "x" }, custom_fields: { purpose } };
}

let folder: string;
let netbox: NetBox;
let backend: InventoryBackend;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-netbox-"));
  netbox = await startNetBox({
    "/api/dcim/sites/": [SITE],
    "/api/dcim/devices/": [1, 2, 3, 4, 5].map((id) => device(id, `p${id}`)),
  });
  writeFileSync(join(folder, "token"), `${NETBOX_TOKEN}\n`, { mode: 0o600 });
  writeFileSync(
    join(folder, "mapping.yaml"),
    `endpoints:
  - { path: api/dcim/sites/, as: sites }
  - { path: api/dcim/devices/, as: devices, members: { description: custom_fields.purpose } }
`,
  );
  const settings = { tokenFile: join(folder, "token"), mapping: join(folder, "mapping.yaml"), every: 60, poll: 15 };
  backend = netBoxBackend({ name: "dcim", site: "oslo" }, { url: netbox.url, ...settings });
});
afterEach(async () => {
  await netbox.close();
  rmSync(folder, { recursive: true });
});

function read(): Promise<readonly ForeignRow[]> {
  return backend.read(AbortSignal.timeout(10_000));
}

describe("a NetBox as a backend (its API as an emulator of ours answers it)", () => {
  it("is read over all its pages, and members come from where the mapping says", async () => {
    const structures = (await read()).filter(({ kind }) => kind === "structure");
    expect(structures.map(({ data }) => [data["name"], data["site"], data["description"]])).toEqual(
      [1, 2, 3, 4, 5].map((id) => [`kvm${id}`, "oslo", `p${id}`]),
    );
    expect(backend.write).toBeUndefined();
  });

  it("is asked only for what changed", async () => {
    await read();
    expect(netbox.answers).toEqual({ whole: 4, unchanged: 0, looks: 2 });
    netbox.lists.set("/api/dcim/sites/", [{ ...SITE, description: "new" }]);
    const again = await read();
    expect(netbox.answers).toEqual({ whole: 5, unchanged: 3, looks: 4 });
    expect(again.find(({ kind }) => kind === "site")?.data).toMatchObject({ description: "new" });
  });

  it("says by one small answer for each list whether something changed since it was read", async () => {
    const probe = (): Promise<boolean> => backend.probe!(AbortSignal.timeout(10_000));
    const devices = netbox.lists.get("/api/dcim/devices/")!;
    await read();
    expect([await probe(), await probe()]).toEqual([false, false]);
    expect(netbox.answers).toMatchObject({ whole: 4, looks: 6 });
    netbox.lists.set("/api/dcim/devices/", [
      ...devices.slice(0, 4),
      { ...device(5, "new"), last_updated: "2026-02-03" },
    ]);
    expect(await probe()).toBe(true);
    await read();
    expect(await probe()).toBe(false);
    netbox.lists.set("/api/dcim/devices/", devices.slice(0, 4));
    expect(await probe()).toBe(true);
    await netbox.close();
    await expect(probe()).rejects.toMatchObject({ code: "backend_lost" });
  });

  it("is lost when it does not answer, refuses, or has no such list", async () => {
    netbox.lists.delete("/api/dcim/devices/");
    await expect(read()).rejects.toMatchObject({ code: "backend_lost", message: expect.stringContaining("404") });
    writeFileSync(join(folder, "token"), "wrong");
    await expect(read()).rejects.toMatchObject({ code: "backend_lost", message: expect.stringContaining("403") });
    await netbox.close();
    await expect(read()).rejects.toMatchObject({ code: "backend_lost" });
  });

  it("gives its token to nobody else", async () => {
    netbox.elsewhere = "https://netbox.example.org/api/dcim/sites/?offset=2";
    await expect(read()).rejects.toMatchObject({
      code: "backend_unreadable",
      message: expect.stringContaining("goes on at another server"),
    });
    expect(() => baseOf("http://netbox.example.org")).toThrowError(/https/);
    expect(() => baseOf("file:///etc")).toThrowError(/https/);
    expect(baseOf("https://netbox.example.org/x").href).toBe("https://netbox.example.org/x/");
  });

  it("needs a token file that is the owner's alone, and a mapping that is one", async () => {
    chmodSync(join(folder, "token"), 0o644);
    await expect(read()).rejects.toMatchObject({ code: "backend_token_file" });
    chmodSync(join(folder, "token"), 0o600);
    for (const wrong of [
      "endpoints: [",
      "endpoints: [{ path: ../x, as: sites }]",
      "endpoints: [{ path: a/, as: x }]",
    ]) {
      writeFileSync(join(folder, "mapping.yaml"), wrong);
      await expect(read()).rejects.toMatchObject({ code: "backend_mapping" });
    }
  });
});
