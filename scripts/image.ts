import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// Lays out what an image of Gantry holds (Containerfile): the program and the dependencies it runs with, without those of development.
//
//     node scripts/image.ts SOURCE TARGET

interface Locked {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
}

const [source = ".", target = ""] = process.argv.slice(2);
if (target === "") throw new Error("usage: node scripts/image.ts SOURCE TARGET");
if (!existsSync(join(source, "dist/main.js"))) throw new Error("there is no dist/main.js: npm run build makes it");

const home = join(target, "usr/lib/gantry");
const { packages } = JSON.parse(readFileSync(join(source, "package-lock.json"), "utf8")) as Locked;
for (const [path, { dev, devOptional }] of Object.entries(packages)) {
  // Packages within packages come with these.
  if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev === true || devOptional === true) continue;
  // Another machine's Node is not installed.
  if (existsSync(join(source, path))) cpSync(join(source, path), join(home, path), { recursive: true });
}
cpSync(join(source, "dist"), join(home, "dist"), { recursive: true });
copyFileSync(join(source, "package.json"), join(home, "package.json"));
mkdirSync(join(target, "usr/local/bin"), { recursive: true });
copyFileSync(join(source, "scripts/image.sh"), join(target, "usr/local/bin/gantry"));
chmodSync(join(target, "usr/local/bin/gantry"), 0o755);
