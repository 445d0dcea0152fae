import { expect, test } from "vitest";
import { whatImageLacks } from "./diagnose.ts";

test("an image in which Node runs lacks nothing", () => {
  expect(whatImageLacks({ exitCode: 0, output: "v24.0.0\n" })).toBeUndefined();
});

test.each([
  [
    { exitCode: 1, output: "exec /opt/gantry/bin/node: no such file or directory\n" },
    /^lacks glibc and its loader, which the agent's Node needs: images built on musl/,
  ],
  [
    {
      refused:
        'OCI runtime create failed: exec: "/opt/gantry/bin/node": stat /opt/gantry/bin/node: no such file or directory',
      output: "",
    },
    /^lacks glibc and its loader/,
  ],
  [
    {
      exitCode: 127,
      output:
        "/opt/gantry/bin/node: error while loading shared libraries: libstdc++.so.6: cannot open shared object file: No such file or directory\n",
    },
    /^lacks libstdc\+\+ \(libstdc\+\+\.so\.6\), which the agent's Node needs$/,
  ],
  [
    {
      exitCode: 127,
      output: "node: error while loading shared libraries: libatomic.so.1: cannot open shared object file",
    },
    /^lacks libatomic\.so\.1, which/,
  ],
  [
    { exitCode: 1, output: "node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by node)\n" },
    /^has a glibc older than the agent's Node needs \(GLIBC_2\.28\)$/,
  ],
  [
    { exitCode: 1, output: "node: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.21' not found (required by node)\n" },
    /^has a libstdc\+\+ older than/,
  ],
  [
    { exitCode: 1, output: "exec /opt/gantry/bin/node: exec format error\n" },
    /^is for machines of another architecture/,
  ],
  [{ exitCode: 134, output: "out of memory" }, /^does not run the agent's Node \(exit code 134\): out of memory$/],
])("%j", (attempt, expected) => {
  expect(whatImageLacks(attempt)).toMatch(expected);
});
