import { describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import { apk } from "./apk.ts";
import { apt } from "./apt.ts";
import { dnfManager } from "./dnf.ts";
import { changesBetween, changesText, managerOrder, type PackageRequest, wantedPackage } from "./managers.ts";

function request(packages: readonly string[], more: Partial<PackageRequest> = {}): PackageRequest {
  return {
    state: "present",
    packages: packages.map(wantedPackage),
    exclude: [],
    purge: false,
    recommends: undefined,
    lockSeconds: 60,
    ...more,
  };
}

const words = (steps: readonly { readonly real: { readonly arguments: readonly string[] } }[]) =>
  steps.map(({ real }) => real.arguments.join(" "));

describe("the text of PACKAGE", () => {
  it("reads names, versions and options; DNF is the same verb", () => {
    const text = "--latest --exclude=kernel,foo --exclude bar --clear-metadata --lock-seconds 5 wget curl";
    const { parameters } = parseVerb("DNF", text);
    expect(parameters).toEqual({
      packages: ["wget", "curl"],
      state: "latest",
      exclude: ["kernel", "foo", "bar"],
      refresh: "always",
      lock_seconds: 5,
    });
    expect(parseVerb("PACKAGE", "nginx=1.22*").parameters).toEqual({ packages: ["nginx=1.22*"] });
    expect(parseVerb("PACKAGE", "{{ tool }}").parameters).toEqual({ packages: ["{{ tool }}"] });
  });

  it.each([
    ["", /needs the name/],
    ["--latest --absent wget", /contradict/],
    ["--absent wget=1", /leave out the version/],
    ["--purge wget", /purge goes with absent/],
    ["-- -y", /is not NAME or NAME=VERSION/],
    ["--manager brew wget", /manager/],
    ["--latests wget", /did you mean --latest\?/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("PACKAGE", text)).toThrow(
      expect.objectContaining({ code: "verb_text_wrong", message: expect.stringMatching(message) }),
    );
  });
});

describe("which package manager", () => {
  it.each([
    ["ID=debian\n", "apt"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf"],
    ["ID=fedora\n", "dnf"],
    ["ID=alpine\n", "apk"],
    ["", "apt"],
  ])("by %j", (release, first) => {
    expect(managerOrder(release)[0]).toBe(first);
  });
});

describe("apt", () => {
  const installed = apt.readInstalled(
    "wget\tamd64\tinstalled\t1.21-1\t\nexim4\tamd64\tinstalled\t4.9\tmail-transport-agent, default-mta (= 4)\n" +
      "gone\tamd64\tconfig-files\t1\t\nlibc6\tamd64\tinstalled\t2\t\nlibc6\ti386\tinstalled\t2\t\n",
  );

  it("sees what is installed, in any architecture, and what that provides", () => {
    expect([...installed.keys()]).toEqual(["wget", "exim4", "libc6", "libc6:i386"]);
    expect(apt.steps(request(["wget", "mail-transport-agent", "wget:amd64"]), installed, "")).toEqual([]);
  });

  it("asks only for what is not as wanted", () => {
    expect(words(apt.steps(request(["wget", "curl"]), installed, ""))[0]).toMatch(/ install -- curl$/);
    expect(words(apt.steps(request(["wget"], { state: "latest" }), installed, ""))[0]).toMatch(/ install -- wget$/);
    expect(apt.steps(request(["wget=1.21*"]), installed, "")).toEqual([]);
    expect(words(apt.steps(request(["wget=1.20"]), installed, ""))[0]).toMatch(
      /--allow-downgrades install -- wget=1\.20$/,
    );
    expect(apt.steps(request(["curl"], { state: "absent" }), installed, "")).toEqual([]);
    expect(words(apt.steps(request(["wget"], { state: "absent", purge: true }), installed, ""))[0]).toMatch(
      / purge -- wget$/,
    );
  });

  it("waits for locks, answers no questions, and leaves excluded packages alone", () => {
    const [step] = apt.steps(request(["curl"], { exclude: ["libc6"], recommends: false }), installed, "/tmp/p");
    expect(step?.real.arguments).toEqual(
      expect.arrayContaining([
        "--yes",
        "--option=DPkg::Lock::Timeout=60",
        "--option=Dir::Etc::Preferences=/tmp/p",
        "--no-install-recommends",
      ]),
    );
    expect(step?.real.environment).toMatchObject({ DEBIAN_FRONTEND: "noninteractive" });
    expect(apt.preferences?.(request(["curl"], { exclude: ["a", "b"] }))).toBe(
      "Package: a\nPin: release *\nPin-Priority: -1\n\nPackage: b\nPin: release *\nPin-Priority: -1\n",
    );
  });

  it("reads what a trial would do", () => {
    const said = `
Inst libfoo [1.0] (1.1 Debian:12.1/stable [amd64]) []
Inst curl (7.88 Debian:12.1/stable, Debian-Security:12/stable-security [amd64])
Remv old [3:1-2]
Purg older [1] []
Conf curl (7.88 Debian:12.1/stable [amd64])
`;
    expect(changesText(apt.readTrial(said, installed))).toBe(
      "-libfoo 1.0\n+libfoo 1.1\n+curl 7.88\n-old 3:1-2\n-older 1\n",
    );
  });
});

describe("dnf", () => {
  const installed = dnfManager.readInstalled("wget\t0\t1.21-1\twget \nvim\t2\t9.0-1\tvim editor \n");

  it("installs what is missing and upgrades what is there", () => {
    expect(words(dnfManager.steps(request(["wget", "curl"], { state: "latest" }), installed, ""))).toEqual([
      "--assumeyes --setopt=exit_on_lock=False install curl",
      "--assumeyes --setopt=exit_on_lock=False upgrade wget",
    ]);
    expect(words(dnfManager.steps(request(["curl"], { exclude: ["a"], recommends: false }), installed, ""))).toEqual([
      "--assumeyes --exclude=a --setopt=install_weak_deps=False --setopt=exit_on_lock=False install curl",
    ]);
  });

  it("takes a version for any of its releases", () => {
    expect(dnfManager.steps(request(["wget=1.21", "vim=2:9.0", "editor"]), installed, "")).toEqual([]);
    expect(words(dnfManager.steps(request(["wget=1.20"]), installed, ""))[0]).toMatch(/install wget-1\.20-\*$/);
  });

  it("reads the table of a transaction, also where a name takes a line of its own", () => {
    const said = `Last metadata expiration check: 0:01:00 ago.
Dependencies resolved.
================================================================================
 Package                 Architecture      Version           Repository    Size
================================================================================
Installing:
 curl                    x86_64            7.88-1            base         352 k
Upgrading:
 wget                    x86_64            1.22-1            updates      800 k
     replacing  wget-old.x86_64 1.0-1
Installing dependencies:
 a-very-long-name-of-a-package-that-fills-its-column
                         noarch            1:2.0-1           base          10 k
Removing unused dependencies:
 vim                     x86_64            2:9.0-1           @base        1.7 M

Transaction Summary
================================================================================
Install  2 Packages
`;
    expect(changesText(dnfManager.readTrial(said, installed))).toBe(
      "+curl 7.88-1\n-wget 1.21-1\n+wget 1.22-1\n+a-very-long-name-of-a-package-that-fills-its-column 1:2.0-1\n-vim 2:9.0-1\n",
    );
  });

  it("knows that a trial ends with an error it means well", () => {
    expect(dnfManager.trialWorked(1, "\nOperation aborted.\n")).toBe(true);
    expect(dnfManager.trialWorked(1, "Error: Unable to find a match: x\n")).toBe(false);
  });
});

describe("apk", () => {
  const installed = apk.readInstalled(
    "WARNING: opening /var/cache: No such file\nbusybox-1.35.0-r17 - Size optimized toolbox\nlibcrypto1.1-1.1.1q-r0 - Crypto\n",
  );

  it("asks only for what is not as wanted", () => {
    expect([...installed].map(([name, { version }]) => `${name} ${version}`)).toEqual([
      "busybox 1.35.0-r17",
      "libcrypto1.1 1.1.1q-r0",
    ]);
    expect(words(apk.steps(request(["busybox", "curl", "git=2.36*", "vim=9.0-r1"]), installed, ""))).toEqual([
      "--no-progress --wait 60 add curl git~2.36 vim=9.0-r1",
    ]);
    expect(words(apk.steps(request(["busybox"], { state: "latest" }), installed, ""))).toEqual([
      "--no-progress --wait 60 add --upgrade busybox",
    ]);
    expect(words(apk.steps(request(["busybox", "curl"], { state: "absent" }), installed, ""))).toEqual([
      "--no-progress --wait 60 del busybox",
    ]);
  });

  it("reads what a trial would do", () => {
    const said = `(1/3) Installing ca-certificates (20220614-r0)
(2/3) Upgrading busybox (1.35.0-r17 -> 1.35.0-r29)
(3/3) Purging old (1.0-r0)
OK: 7 MiB in 17 packages
`;
    expect(changesText(apk.readTrial(said, installed))).toBe(
      "+ca-certificates 20220614-r0\n-busybox 1.35.0-r17\n+busybox 1.35.0-r29\n-old 1.0-r0\n",
    );
  });
});

describe("what changed", () => {
  it("is what differs between two looks", () => {
    const one = apt.readInstalled("a\tall\tinstalled\t1\t\nb\tall\tinstalled\t1\t\n");
    const two = apt.readInstalled("b\tall\tinstalled\t2\t\nc\tall\tinstalled\t1\t\n");
    expect(changesBetween(one, two)).toEqual([
      { name: "a", from: "1", to: null },
      { name: "b", from: "1", to: "2" },
      { name: "c", from: null, to: "1" },
    ]);
  });
});
