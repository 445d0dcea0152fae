import { describe, expect, it } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import {
  createKeyPair,
  JOIN_SECRET_BYTES,
  joinTokenText,
  parseJoinToken,
  pinOf,
  signChallenge,
  signJoin,
  signRequest,
  verifyChallenge,
  verifyJoin,
  verifyRequest,
} from "./identity.ts";
import { createTestAuthority } from "./testing.ts";

describe("a challenge", () => {
  const keys = createKeyPair();
  const challenge = { nonce: "nonce", pin: "pin", executor: "me" };
  const signature = signChallenge(keys.privateKey, challenge);

  it("is proven by the key's owner", () => {
    expect(verifyChallenge(keys.publicKey, challenge, signature)).toBe(true);
  });

  it.each([
    ["another nonce", { ...challenge, nonce: "other" }],
    ["another server", { ...challenge, pin: "other" }],
    ["another executor", { ...challenge, executor: "you" }],
    ["parts that join up to the same text", { ...challenge, nonce: 'nonce","pin', pin: "" }],
  ])("is not proven for %s", (_name, other) => {
    expect(verifyChallenge(keys.publicKey, other, signature)).toBe(false);
  });

  it("is not proven by another key, by rubbish, or with a signature made for something else", () => {
    expect(verifyChallenge(createKeyPair().publicKey, challenge, signature)).toBe(false);
    expect(verifyChallenge(keys.publicKey, challenge, "rubbish")).toBe(false);
    expect(verifyChallenge("rubbish", challenge, signature)).toBe(false);
    expect(verifyChallenge(keys.publicKey, challenge, signJoin(keys.privateKey, "nonce"))).toBe(false);
  });

  it("has sisters for joining and for requests", () => {
    expect(verifyJoin(keys.publicKey, "secret", signJoin(keys.privateKey, "secret"))).toBe(true);
    expect(verifyJoin(keys.publicKey, "other", signJoin(keys.privateKey, "secret"))).toBe(false);
    const request = { executor: "me", time: 1, path: "/v1/link/content/x" };
    expect(verifyRequest(keys.publicKey, request, signRequest(keys.privateKey, request))).toBe(true);
    expect(verifyRequest(keys.publicKey, { ...request, path: "/y" }, signRequest(keys.privateKey, request))).toBe(
      false,
    );
  });
});

describe("a join token", () => {
  it("carries its secret and the server's pin", async () => {
    const { authority } = await createTestAuthority();
    const token = { secret: systemRandom.token(JOIN_SECRET_BYTES), pin: pinOf(authority) };
    expect(joinTokenText(token)).toMatch(/^gantry-join-/);
    expect(parseJoinToken(` ${joinTokenText(token)}\n`)).toEqual(token);
  });

  it.each(["", "gantry-join-", "gantry-join-abc.def", "hello", `gantry-join-${"a".repeat(24)}.${"b".repeat(44)}`])(
    "is refused when it is %j",
    (text) => {
      expect(() => parseJoinToken(text)).toThrow(expect.objectContaining({ code: "join_token_malformed" }));
    },
  );

  it("is never repeated in the error about it", () => {
    const secret = "s".repeat(24);
    expect(() => parseJoinToken(`gantry-join-${secret}`)).toThrow(
      expect.not.stringContaining(secret) as unknown as Error,
    );
  });
});
