import { describe, expect, test } from "vitest";
import { ipmiAttributes } from "./attributes.ts";
import { ipmiFoundations } from "./index.ts";
import {
  bootCommand,
  passwordCommand,
  placeFor,
  readFailure,
  readLan,
  readPower,
  readUsers,
  sessionArguments,
} from "./model.ts";

const PLAIN = { address: "10.0.0.5", user: "ADMIN", password: "secret" };

test("the password is no argument", () => {
  const words = sessionArguments(ipmiAttributes.parse(PLAIN), "ADMIN", { wait: 2, retries: 3 });
  expect(words.join(" ")).toBe("-v -I lanplus -H 10.0.0.5 -p 623 -U ADMIN -E -C 17 -L ADMINISTRATOR -N 2 -R 3");
});

describe("what is wrong with attributes", () => {
  test.each([
    [{ ...PLAIN, password: { $secret: "bmc" } }, []],
    [{}, ["address: is missing", "user: is missing", "password: is missing"]],
    [{ ...PLAIN, address: "-oops" }, ["address: is neither an address nor a host's name"]],
    [
      { ...PLAIN, password: "x".repeat(21) },
      ["password: is longer than the 20 bytes that IPMI takes, or has a line's end in it"],
    ],
    [{ ...PLAIN, user: "seventeen-letters" }, ["user: is not a user's name of 1 to 16 characters without spaces"]],
    [{ ...PLAIN, cipher: 0 }, ["cipher: is 3 or 17"]],
    [{ ...PLAIN, adress: "x" }, ["there is no attribute adress; did you mean address?"]],
  ])("%j", (attributes, expected) => {
    expect(ipmiFoundations.problems(attributes).map(({ message }) => message)).toEqual(expected);
  });
});

test("what the machine starts from", () => {
  expect(bootCommand("pxe", true, "bios").join(" ")).toBe("chassis bootdev pxe");
  expect(bootCommand("disk", false, "uefi").join(" ")).toBe("chassis bootdev disk options=persistent,efiboot");
  expect(bootCommand("default", false, "bios").join(" ")).toBe("chassis bootdev none options=persistent");
});

test("on, off, and neither", () => {
  expect(readPower("Running Get VSO\nChassis Power is on\n")).toBe("on");
  expect(readPower("Chassis Power is off")).toBe("off");
  expect(readPower("Chassis Power is unknown")).toBeUndefined();
});

test("the BMC's network interface, as far as it tells of it", () => {
  const text = `IP Address Source       : Static Address
IP Address              : 10.0.0.5
Subnet Mask             : 255.255.252.0
MAC Address             : 52:54:00:AA:00:05
Default Gateway IP      : 0.0.0.0`;
  expect(readLan(text)).toEqual({
    name: "bmc",
    mac: "52:54:00:aa:00:05",
    addresses: [{ address: "10.0.0.5", prefix: 22 }],
    network: null,
    gateway: null,
  });
  expect(readLan("IP Address : 0.0.0.0\nMAC Address : 00:00:00:00:00:00\nSubnet Mask : rubbish")).toBeUndefined();
  expect(readLan("IP Address : 10.0.0.5\nSubnet Mask : 255.0.255.0")?.addresses).toEqual([
    { address: "10.0.0.5", prefix: 32 },
  ]);
});

test("a user keeps the place it has, and gets the first that is free; the first of all is nobody's", () => {
  const users = readUsers(
    "1,,true,false,false,Unknown (0x00)\n2,ADMIN,true,false,true,ADMINISTRATOR\n3,,true,false,false,x\n",
  );
  expect(users).toEqual([
    { place: 2, name: "ADMIN" },
    { place: 3, name: "" },
  ]);
  expect(placeFor(users, "ADMIN")).toEqual({ place: 2, taken: true });
  expect(placeFor(users, "gantry")).toEqual({ place: 3, taken: false });
  expect(placeFor(users.slice(0, 1), "gantry")).toBeUndefined();
});

test("a password goes in bytes: 16 of them, or 20 where it is longer", () => {
  expect(passwordCommand(3, "a b")).toBe(`raw 0x06 0x47 0x03 0x02 0x61 0x20 0x62${" 0x00".repeat(13)}`);
  expect(passwordCommand(3, "x".repeat(17))).toBe(`raw 0x06 0x47 0x83 0x02${" 0x78".repeat(17)}${" 0x00".repeat(3)}`);
});

describe("why it failed", () => {
  const end = "Error: Unable to establish IPMI v2 / RMCP+ session";
  test.each([
    [`Loading IANA PEN Registry...\n> RAKP 2 HMAC is invalid\n${end}`, "ipmi_login_refused", /password/],
    [`RAKP 2 message indicates an error : unauthorized name\n${end}`, "ipmi_login_refused", /the user/],
    [
      `Error in open session response message : invalid authentication algorithm\n${end}`,
      "ipmi_cipher_refused",
      /cipher/,
    ],
    [`Error in open session response message : no matching cipher suite\n${end}`, "ipmi_cipher_refused", /cipher/],
    [
      `Error: Received an Unexpected Open Session Response\nGet Auth Capabilities error\n${end}`,
      "ipmi_answer_unknown",
      /no BMC/,
    ],
    ["IPMI Request Match NOT FOUND\nUnable to get Chassis Power Status", "ipmi_unreachable", /too late/],
    [`Get Auth Capabilities error\n${end}`, "ipmi_unreachable", /no answer/],
    [`Address lookup for node9-bmc failed\n${end}`, "ipmi_unreachable", /nobody knows/],
    [
      "Loading IANA PEN Registry...\nSet Chassis Power Control to Up/On failed: Insufficient privilege level",
      "ipmi_refused",
      /^Set Chassis Power Control to Up\/On failed: Insufficient privilege level$/,
    ],
    ["", "ipmi_refused", /does not say why/],
  ])("%j", (text, code, why) => {
    const failure = readFailure(text);
    expect(failure.kind.code).toBe(code);
    expect(failure.why).toMatch(why);
  });
});
