import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RealPart } from "./real-part.ts";

/** dnf and rpm beside apt: for the verb that works with either. */
export const dnfPart: RealPart = {
  name: "dnf",
  packages: ["dnf", "createrepo-c", "rpm"],
  present: () => ["dnf", "createrepo_c", "rpmbuild"].every((name) => existsSync(`/usr/bin/${name}`)),
};

const run = promisify(execFile);

/** A package of the tests' own: nothing but its name. */
export interface TestPackage {
  readonly name: string;
  readonly version: string;
  readonly needs?: string;
}

/** Systems of the tests' own, each in a folder, with a repository of packages that do nothing. The machine's packages stay as they are. */
export interface PackageSystem {
  /** For the verb: what leads the package manager there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes packages, and the index of all that were made. */
  publish(packages: readonly TestPackage[]): Promise<void>;
}

/** dpkg and apt over a root of their own, by their own configuration. */
export function aptSystem(folder: string): PackageSystem {
  const [root, repository] = [join(folder, "apt-root"), join(folder, "debs")];
  for (const path of ["lists/partial", "archives/partial"])
    mkdirSync(join(root, path.startsWith("lists") ? "var/lib/apt" : "var/cache/apt", path), { recursive: true });
  for (const path of ["etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d", "var/log/apt"])
    mkdirSync(join(root, path), { recursive: true });
  for (const path of ["info", "updates", "triggers"]) mkdirSync(join(root, "var/lib/dpkg", path), { recursive: true });
  for (const path of ["status", "available"]) writeFileSync(join(root, "var/lib/dpkg", path), "");
  mkdirSync(repository, { recursive: true });
  writeFileSync(join(root, "etc/apt/sources.list"), `deb [trusted=yes] file:${repository} ./\n`);
  const configuration = join(folder, "apt.conf");
  writeFileSync(
    configuration,
    [
      `Dir "${root}/";`,
      `Dir::State::status "${root}/var/lib/dpkg/status";`,
      'Dir::Bin::dpkg "/usr/bin/dpkg";',
      `DPkg::Options { "--root=${root}"; "--force-not-root"; };`,
      'APT::Sandbox::User "root";',
      "",
    ].join("\n"),
  );
  return {
    environment: { APT_CONFIG: configuration, DPKG_ADMINDIR: join(root, "var/lib/dpkg") },
    async publish(packages) {
      for (const { name, version, needs } of packages) {
        const made = join(folder, `${name}-${version}`);
        mkdirSync(join(made, "DEBIAN"), { recursive: true });
        writeFileSync(
          join(made, "DEBIAN/control"),
          `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Tests <tests@example.org>\n` +
            `${needs === undefined ? "" : `Depends: ${needs}\n`}Description: nothing\n`,
        );
        await run("dpkg-deb", ["--build", made, join(repository, `${name}_${version}_all.deb`)]);
      }
      let index = "";
      for (const file of readdirSync(repository).filter((one) => one.endsWith(".deb"))) {
        const path = join(repository, file);
        const { stdout } = await run("dpkg-deb", ["--field", path]);
        const bytes = readFileSync(path);
        const hash = createHash("sha256").update(bytes).digest("hex");
        index += `${stdout}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${hash}\n\n`;
      }
      writeFileSync(join(repository, "Packages"), index);
    },
  };
}

/** rpm and dnf over a root of their own, by programs of their names in front of the PATH. */
export function dnfSystem(folder: string): PackageSystem {
  const [root, repository, programs] = [join(folder, "dnf-root"), join(folder, "rpms"), join(folder, "programs")];
  for (const path of [join(root, "etc/yum.repos.d"), repository, programs]) mkdirSync(path, { recursive: true });
  writeFileSync(
    join(root, "etc/yum.repos.d/tests.repo"),
    `[tests]\nname=tests\nbaseurl=file://${repository}\ngpgcheck=0\nmetadata_expire=0\n`,
  );
  for (const [name, words] of [
    ["dnf", `--installroot=${root} --releasever=1 --setopt=reposdir=${root}/etc/yum.repos.d`],
    ["rpm", `--root=${root}`],
  ] as const) {
    writeFileSync(join(programs, name), `#!/bin/sh\nexec /usr/bin/${name} ${words} "$@"\n`);
    chmodSync(join(programs, name), 0o755);
  }
  return {
    environment: { PATH: `${programs}:/usr/sbin:/usr/bin:/sbin:/bin` },
    async publish(packages) {
      for (const { name, version, needs } of packages) {
        const text = join(folder, `${name}-${version}.spec`);
        writeFileSync(
          text,
          `Name: ${name}\nVersion: ${version}\nRelease: 1\nSummary: nothing\nLicense: none\nBuildArch: noarch\n` +
            `${needs === undefined ? "" : `Requires: ${needs}\n`}%description\nnothing\n%files\n`,
        );
        const defines = ["--define", `_topdir ${folder}/build`, "--define", `_rpmdir ${repository}`];
        await run("rpmbuild", ["-bb", ...defines, text]);
      }
      await run("createrepo_c", ["--quiet", repository]);
    },
  };
}
