import { expect, test } from "vitest";
import { addressText, engineAddress, namedEngine } from "./address.ts";

test.each([
  [{}, { kind: "unix", path: "/var/run/docker.sock" }, "unix:///var/run/docker.sock"],
  [{ DOCKER_HOST: "" }, { kind: "unix", path: "/var/run/docker.sock" }, "unix:///var/run/docker.sock"],
  [
    { DOCKER_HOST: "unix:///run/user/1000/docker.sock" },
    { kind: "unix", path: "/run/user/1000/docker.sock" },
    "unix:///run/user/1000/docker.sock",
  ],
  [{ DOCKER_HOST: "tcp://engine.lab" }, { kind: "tcp", host: "engine.lab", port: 2375 }, "tcp://engine.lab:2375"],
  [{ DOCKER_HOST: "tcp://[fd00::1]:99/" }, { kind: "tcp", host: "fd00::1", port: 99 }, "tcp://[fd00::1]:99"],
  [
    { DOCKER_HOST: "tcp://engine.lab", DOCKER_TLS_VERIFY: "1", HOME: "/home/ada" },
    { kind: "tcp", host: "engine.lab", port: 2376, certificates: "/home/ada/.docker" },
    "tcp://engine.lab:2376",
  ],
  [
    { DOCKER_HOST: "tcp://engine.lab:5", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" },
    { kind: "tcp", host: "engine.lab", port: 5, certificates: "/certs" },
    "tcp://engine.lab:5",
  ],
])("%j", (environment, address, text) => {
  expect(engineAddress(environment)).toEqual(address);
  expect(addressText(engineAddress(environment))).toBe(text);
});

test.each(["ssh://me@engine.lab", "npipe:////./pipe/docker_engine", "engine.lab:2375", "tcp://a b", "unix://relative"])(
  "%s is not supported",
  (text) => {
    expect(() => engineAddress({ DOCKER_HOST: text })).toThrow(
      expect.objectContaining({ code: "docker_host_unsupported" }),
    );
  },
);

const HOST = { name: "host1", address: "10.0.0.7" };

test.each([
  [{ engine: "unix:///run/other.sock" }, null, "unix:///run/other.sock"],
  [{ engine: "tcp://{host}:2375" }, HOST, "tcp://10.0.0.7:2375"],
  [{ engine: "tcp://{host}" }, { name: "host1", address: "fd00::7" }, "tcp://[fd00::7]:2375"],
  [{ engine: "tcp://{host}", engine_certificates: "/certs" }, HOST, "tcp://10.0.0.7:2376"],
])("the engine of a foundation with %j on %j is %s", (given, host, text) => {
  const found = namedEngine({ name: "web1", given, host });
  expect(found && addressText(found)).toBe(text);
});

test("a foundation that names no engine has that of the worker; one on nothing has no host", () => {
  expect(namedEngine({ name: "web1", given: {}, host: HOST })).toBeUndefined();
  expect(() => namedEngine({ name: "web1", given: { engine: "tcp://{host}:1" }, host: null })).toThrow(
    "the engine of foundation web1 is tcp://{host}:1, and it is placed on no structure with an address",
  );
});
