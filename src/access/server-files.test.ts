import { describe, expect, it } from "vitest";
import { ADMINISTRATOR } from "./testing.ts";
import { BUILT_IN_ROLES } from "./permissions.ts";
import { rightsIn, type Grant } from "./policy.ts";
import { requireToNameFiles } from "./server-files.ts";

function holding(...grants: readonly Grant[]) {
  return { name: "eve", rightsIn: (tenantId: string) => rightsIn(grants, tenantId) };
}

const OF_TENANT = holding({ permissions: BUILT_IN_ROLES.admin, scope: { kind: "tenant", tenantId: "t" } });
const OF_SERVER = holding({ permissions: BUILT_IN_ROLES.admin, scope: { kind: "server" } });
const SETTINGS = { url: "https://ns.example.org", keyFile: "/srv/key" };

describe("settings that name files of the server's machine", () => {
  it("are for who manages the server, and for nobody who is admin of a tenant", () => {
    for (const one of [OF_SERVER, ADMINISTRATOR]) requireToNameFiles(one, SETTINGS);
    expect(() => requireToNameFiles(OF_TENANT, SETTINGS)).toThrow(/eve does not hold .* server\.manage .*keyFile/);
    expect(() => requireToNameFiles(holding(), { folder: "/srv", keyFile: "/k" })).toThrow(
      /folder, keyFile name files/,
    );
  });

  it("may stay as they are; beside the same file, another address may not be given", () => {
    requireToNameFiles(OF_TENANT, SETTINGS, { keyFile: "/srv/key", url: "https://ns.example.org" });
    for (const change of [{ url: "https://eve.example.org" }, { keyFile: "/srv/other" }, { ca: "/srv/ca" }])
      expect(() => requireToNameFiles(OF_TENANT, { ...SETTINGS, ...change }, SETTINGS)).toThrow(
        expect.objectContaining({ code: "server_file_forbidden" }),
      );
  });

  it("that name none are everybody's", () => {
    expect(() => requireToNameFiles(holding(), { url: "https://ns.example.org", port: 53 })).not.toThrow();
  });
});
