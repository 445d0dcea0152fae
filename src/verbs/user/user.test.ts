// oxlint-disable gantry/no-shell -- the shell a user logs in with
import { describe, expect, it } from "vitest";
import { busyboxTool } from "../group/decide.ts";
import { parseVerb } from "../parse.ts";
import type { Tool } from "../tools.ts";
import { readAccounts } from "./accounts.ts";
import { busyboxTools } from "./busybox.ts";
import { decideUser, keysAfter, type UserStep } from "./decide.ts";

const words = (tools: readonly Tool[]): string[] => tools.map((tool) => [tool.program, ...tool.arguments].join(" "));

describe("the text of USER and GROUP", () => {
  it("reads all there is to say", () => {
    const text =
      "--uid 4100 --group web --groups wheel,audio --append --shell /bin/sh --comment 'Ada L.' --no-create-home ada";
    expect(parseVerb("USER", text).parameters).toEqual({
      name: "ada",
      uid: 4100,
      group: "web",
      groups: ["wheel", "audio"],
      append: true,
      shell: "/bin/sh",
      comment: "Ada L.",
      create_home: false,
    });
    expect(parseVerb("GROUP", "--gid 4000 --system web").parameters).toEqual({ name: "web", gid: 4000, system: true });
    expect(parseVerb("USER", "--groups '' ada").parameters).toEqual({ name: "ada", groups: [] });
  });

  it.each([
    ["USER", "", /needs one name/],
    ["USER", "ada bob", /needs one name/],
    ["USER", "-- -ada", /is not a name/],
    ["USER", "--absent --uid 1 ada", /uid does not go with absent/],
    ["USER", "--append ada", /append goes with groups/],
    ["USER", "--password secret ada", /is not the hash of a password/],
    ["USER", "--key nonsense ada", /is not one public key/],
    ["USER", "--shell '/bin/sh:x' ada", /holds a colon/],
    ["GROUP", "--absent --gid 1 web", /do not go with absent/],
  ])("%s refuses %s", (verb, text, message) => {
    expect(() => parseVerb(verb, text)).toThrow(
      expect.objectContaining({ code: "verb_text_wrong", message: expect.stringMatching(message) }),
    );
  });
});

describe("accounts", () => {
  it("are read without what is none", () => {
    const accounts = readAccounts({
      passwd: "root:x:0:0:root:/root:/bin/sh\n+::::::\n# note\nbroken\n",
      group: "root:x:0:\nweb:x:10:a,b\n",
      shadow: "root:$6$x:1::::::\n",
    });
    expect(accounts.users.map(({ name }) => name)).toEqual(["root"]);
    expect(accounts.groups[1]).toEqual({ name: "web", gid: 10, members: ["a", "b"] });
    expect(accounts.passwords.get("root")).toBe("$6$x");
  });

  it("that are as wanted need nothing", () => {
    const accounts = readAccounts({
      passwd: "ada:x:5:10:Ada:/home/ada:/bin/sh\n",
      group: "web:x:10:\naudio:x:29:ada\n",
      shadow: "ada:$6$x:1::::::\n",
    });
    const wanted = { name: "ada", state: "present", uid: 5, group: "10", groups: ["29"], password: "$6$x" } as const;
    expect(decideUser({ ...wanted, groups: [...wanted.groups] }, accounts, undefined)).toEqual({ steps: [], diff: [] });
  });
});

describe("the lines of authorized_keys", () => {
  const [one, two] = ["ssh-ed25519 AAAA one", "ssh-rsa BBBB two"];

  it("keep what is there, in its order, with comments", () => {
    expect(keysAfter([two], false, ["# mine", one])).toEqual(["# mine", one, two]);
    expect(keysAfter([one], false, [one])).toEqual([one]);
  });

  it("take a key once, with the options that are wanted now", () => {
    const limited = `restrict,command="/bin/true" ${one}`;
    expect(keysAfter([limited], false, [one, two])).toEqual([limited, two]);
  });

  it("lose other keys where only these are wanted", () => {
    expect(keysAfter([two], true, ["# mine", one])).toEqual(["# mine", two]);
  });
});

describe("the tools of busybox", () => {
  const added: UserStep = {
    do: "add",
    uid: 4100,
    group: "web",
    groups: ["wheel"],
    shell: "/bin/sh",
    home: "/home/ada",
    createHome: false,
    comment: "Ada",
    system: true,
  };

  it("are called as they want it", () => {
    expect(words(busyboxTools("ada", added, undefined))).toEqual([
      "adduser -D -H -S -u 4100 -G web -s /bin/sh -h /home/ada -g Ada ada",
      "addgroup ada wheel",
    ]);
    const groups: UserStep = { do: "groups", join: ["audio"], leave: ["wheel"], all: ["audio"] };
    expect(words(busyboxTools("ada", groups, undefined))).toEqual(["delgroup ada wheel", "addgroup ada audio"]);
    expect(busyboxTools("ada", { do: "password", hash: "$6$x" }, undefined)).toEqual([
      { program: "chpasswd", arguments: ["-e"], input: "ada:$6$x\n" },
    ]);
    expect(words(busyboxTools("ada", { do: "remove", home: true }, undefined))).toEqual(["deluser --remove-home ada"]);
    const group = { name: "web", state: "present", gid: 4000, system: true } as const;
    expect(words([busyboxTool("add", group, undefined), busyboxTool("remove", group, undefined)])).toEqual([
      "addgroup -g 4000 -S web",
      "delgroup web",
    ]);
  });

  it("say what they cannot do", () => {
    const change: UserStep = {
      do: "change",
      uid: 1,
      group: undefined,
      shell: undefined,
      home: undefined,
      comment: undefined,
    };
    expect(() => busyboxTools("ada", change, undefined)).toThrow(/install the package shadow/);
    expect(() => busyboxTools("ada", added, "/other")).toThrow(/install the package shadow/);
  });
});
