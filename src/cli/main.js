// The program's first file. Not TypeScript: compiled code is kept between starts, with types already taken out, but only once that has been
// said. A first file with types would bring Node's TypeScript compiler into every process: 50 ms and 20 MB.
import { enableCompileCache } from "node:module";
import { userInfo } from "node:os";
import { join } from "node:path";

const folder = cacheFolder();
if (folder !== undefined) enableCompileCache(folder);

const parameters = process.argv.slice(2);
// Of agents there are many on one machine, and drivers start them: they need no help texts.
const { run } = parameters[0] === "agent" ? await import("./agent.ts") : await import("./program.ts");
process.exitCode = await run(parameters);

/**
 * In the user's own home, and not in the folder for temporary files, which is Node's choice: what lies there is run, and anybody may put
 * something there. Not $HOME: agents of this machine have another one each, and share the cache.
 */
function cacheFolder() {
  try {
    return join(process.env["XDG_CACHE_HOME"] || join(userInfo().homedir, ".cache"), "gantry/compiled");
  } catch {
    // A user without an entry in the system's list has no home.
    return undefined;
  }
}
