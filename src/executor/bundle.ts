import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import type { Plugin } from "esbuild";

/**
 * The agent as one file, for machines that have nothing but what the server sends. In the checkout it is made from source, in memory; what is
 * published holds it ready beside the program.
 */

const here = dirname(fileURLToPath(import.meta.url));
let made: Promise<Uint8Array> | undefined;

/** The program. Its name ends in `.mjs` wherever it is put. */
export function agentBundle(): Promise<Uint8Array> {
  const published = join(here, "agent.mjs");
  made ??= existsSync(published) ? readFile(published) : buildAgentBundle();
  // A failure is not kept.
  made.catch(() => {
    made = undefined;
  });
  return made;
}

/** Makes the bundle from source with esbuild, a tool of development: it is not there in what is published. */
export async function buildAgentBundle(): Promise<Uint8Array> {
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [join(here, "../agent/main.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
    plugins: [templateEngine, oneLanguage],
    define: { "process.env.GANTRY_VERSION": JSON.stringify(await ownVersion()) },
    // Libraries written for CommonJS ask for Node's own modules this way.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error("esbuild made no file");
  return file.contents;
}

async function ownVersion(): Promise<string> {
  const text = await readFile(join(here, "../../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * minijinja reads its WebAssembly from a file beside it. The bundle has no files beside it: it holds the bytes itself, compressed, because
 * every agent reads all of its file, and most never render a template.
 */
const templateEngine: Plugin = {
  name: "minijinja inside",
  setup(builder) {
    const folder = join(dirname(createRequire(import.meta.url).resolve("minijinja-js/package.json")), "dist/web");
    builder.onResolve({ filter: /^minijinja-js$/ }, () => ({ path: "minijinja", namespace: "inside" }));
    builder.onLoad({ filter: /^minijinja$/, namespace: "inside" }, () => ({
      resolveDir: folder,
      contents: `
        import { brotliDecompressSync } from "node:zlib";
        import { initSync } from "./minijinja_js.js";
        import bytes from "./minijinja_js_bg.wasm";
        initSync({ module: brotliDecompressSync(bytes) });
        export * from "./minijinja_js.js";
      `,
      loader: "js",
    }));
    builder.onLoad({ filter: /minijinja_js_bg\.wasm$/ }, async ({ path }) => ({
      contents: brotliCompressSync(await readFile(path), { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
      loader: "binary",
    }));
  },
};

/** Of Brotli: a better one takes seconds. */
const QUALITY = 7;

/** zod brings its messages in fifty languages, which are half of it. Ours are in English. */
const oneLanguage: Plugin = {
  name: "one language",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      resolveDir: dirname(path),
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};
