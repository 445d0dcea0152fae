import { describe, expect, it } from "vitest";
import { createGate } from "./gate.ts";
import { createPasswords, PRESENT_COST, requireGoodPassword } from "./password.ts";

const CHEAP = { log2N: 10, r: 8, p: 1 };
const WORD = "a long enough one";

describe("a local password", () => {
  it("is kept as a salted scrypt hash with its parameters, never twice the same", async () => {
    const passwords = createPasswords(createGate());
    const [one, two] = [await passwords.hash(WORD, "a"), await passwords.hash(WORD, "a")];
    expect(one).toMatch(/^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect(two).not.toBe(one);
    expect(await passwords.verify(WORD, one, "a")).toEqual({ right: true, outdated: false });
    expect(await passwords.verify(`${WORD} `, one, "a")).toEqual({ right: false, outdated: false });
    expect(PRESENT_COST.log2N).toBeGreaterThanOrEqual(15);
  });

  it("is still good when the parameters have grown, and is told to be hashed anew", async () => {
    const kept = await createPasswords(createGate(), CHEAP).hash(WORD, "a");
    const grown = createPasswords(createGate(), { ...CHEAP, log2N: 11 });
    expect(await grown.verify(WORD, kept, "a")).toEqual({ right: true, outdated: true });
  });

  it("is the same on every keyboard: composed letters or not", async () => {
    const passwords = createPasswords(createGate(), CHEAP);
    const kept = await passwords.hash("pa\u0308ssword of length", "a");
    expect((await passwords.verify("p\u00e4ssword of length", kept, "a")).right).toBe(true);
  });

  it.each([[undefined], [""], ["scrypt$15$8$3$x$y"], ["plain"]])("is never right where %j is kept", async (kept) => {
    const passwords = createPasswords(createGate(), CHEAP);
    expect((await passwords.verify("", kept, "a")).right).toBe(false);
    expect((await passwords.verify(WORD, kept, "a")).right).toBe(false);
  });

  it.each([
    ["too short", "eleven char", "has 11 characters"],
    ["too long", "x".repeat(1025), "more than 1024"],
    ["the name", " Alexandra.Smith", "the name of the account"],
  ])("is refused when it is %s", (_, password, text) => {
    expect(() => requireGoodPassword(password, "alexandra.smith")).toThrow(text);
  });
});

describe("the gate", () => {
  it("runs so much at once, keeps so much waiting, and refuses the rest", async () => {
    const gate = createGate({ atOnce: 2, waiting: 3, perAsker: 100 });
    const ends: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    };
    const all = Array.from({ length: 10 }, (_, at) =>
      gate.run(`${at}`, work).then(
        () => "done",
        (error) => error.code,
      ),
    );
    while ((await Promise.race([Promise.all(all), new Promise((resolve) => setImmediate(resolve, "open"))])) === "open")
      for (const end of ends.splice(0)) end();
    expect((await Promise.all(all)).filter((one) => one === "done")).toHaveLength(5);
    expect((await Promise.all(all)).filter((one) => one === "login_busy")).toHaveLength(5);
    expect(most).toBe(2);
    expect(await gate.run("again", async () => "free")).toBe("free");
  });

  it("leaves places to others than the one who asks most", async () => {
    const gate = createGate({ atOnce: 1, waiting: 100, perAsker: 2 });
    let open = (): void => {};
    const held = new Promise<void>((resolve) => (open = resolve));
    const first = [1, 2].map(() => gate.run("much", () => held));
    await expect(gate.run("much", () => held)).rejects.toMatchObject({
      code: "login_busy",
      details: { retryAfter: 1 },
    });
    const other = gate.run("other", async () => "in");
    open();
    expect(await other).toBe("in");
    await Promise.all(first);
  });

  it("is free again after work that fails", async () => {
    const gate = createGate({ atOnce: 1, waiting: 0, perAsker: 1 });
    for (let at = 0; at < 3; at += 1)
      await expect(gate.run("a", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await gate.run("a", async () => 1)).toBe(1);
  });
});
