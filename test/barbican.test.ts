import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import { openRoom, SECRET_ROOM_MIGRATIONS } from "../src/secrets/testing/room.ts";
import { startBarbican } from "./support/barbican.ts";
import { openSqlite } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

describeReal("barbican", "a master key in Barbican", () => {
  it("is got as bytes or as text, gone over to, and waited for", async () => {
    const barbican = await startBarbican();
    const key = randomBytes(32).toString("base64");
    const bytes = await barbican.store(key, "application/octet-stream");
    const text = await barbican.store(randomBytes(32).toString("base64"), "text/plain");
    const { url, project } = barbican;
    const settings = { barbican: { url, project, ca: null, tokenFile: null }, source: `barbican:${bytes}` };
    const room = await openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS), settings);
    expect(room.secrets.state()).toMatchObject({ state: "open" });
    const owner = { kind: "tenant", name: "default" } as const;
    const data = { kind: "text", value: Buffer.from("a value"), description: "", expiresAt: null } as const;
    const { id } = await room.secrets.service.create(ADMINISTRATOR, { name: "db", owner, ...data });
    const read = async (secrets = room.secrets) => (await secrets.service.value(ADMINISTRATOR, id)).value.text();

    expect(await read(await room.again())).toBe("a value");
    expect(await room.secrets.keys.rotateMaster(ADMINISTRATOR, `barbican:${text}`)).toMatchObject({
      source: `barbican:${text}`,
      dataKeys: 1,
      configured: false,
    });
    expect(await read(await room.again({ source: `barbican:${text}` }))).toBe("a value");
    await expect(room.secrets.keys.rotateMaster(ADMINISTRATOR, `barbican:${text}`)).rejects.toMatchObject({
      code: "master_key_unchanged",
    });

    await barbican.stop();
    const next = await room.again({ source: `barbican:${text}` });
    expect(next.state()).toMatchObject({ state: "locked", reason: expect.stringContaining("cannot be reached") });
    expect(await read()).toBe("a value");
  });

  it("that is not there, or is no key, is told", async () => {
    const barbican = await startBarbican();
    const { url, project } = barbican;
    const reason = async (secret: string): Promise<string | null> => {
      const settings = { barbican: { url, project, ca: null, tokenFile: null }, source: `barbican:${secret}` };
      const { secrets } = await openRoom(await openSqlite(SECRET_ROOM_MIGRATIONS), settings);
      return secrets.state().reason;
    };
    expect(await reason("00000000-0000-4000-8000-000000000000")).toContain("answers 404");
    const wrong = await reason(await barbican.store("canary", "text/plain"));
    expect(wrong).toContain("does not hold 32 bytes in base64");
    expect(wrong).not.toContain("canary");
  });
});
