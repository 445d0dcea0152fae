/** Why the agent's Node does not run in an image or another root file system. */

export interface Attempt {
  /** What was said when the container could not even be started. */
  readonly refused?: string;
  readonly exitCode?: number;
  /** What the program, or the loader of its libraries, printed. */
  readonly output: string;
}

/**
 * What an image lacks, as the end of a sentence that begins with its name; undefined when Node ran in it.
 * The texts are those of runc, docker-init (tini), init.lxc and glibc's loader.
 */
export function whatImageLacks({ refused = "", exitCode, output }: Attempt): string | undefined {
  if (refused === "" && exitCode === 0) return undefined;
  const said = `${refused}\n${output}`;
  const library = /error while loading shared libraries: ([^\s:]+)/.exec(said)?.[1];
  if (library !== undefined) return `lacks ${libraryName(library)}, which the agent's Node needs`;
  const symbol = /version [`'](GLIBC|GLIBCXX|CXXABI)_([\d.]+)' not found/.exec(said);
  if (symbol !== null) {
    const name = symbol[1] === "GLIBC" ? "glibc" : "libstdc++";
    return `has a ${name} older than the agent's Node needs (${symbol[1]}_${symbol[2]})`;
  }
  if (/exec format error/i.test(said)) return "is for machines of another architecture than the agent's Node";
  // The program is there, so what the kernel does not find is the loader that the program names.
  if (/no such file or directory/i.test(said)) {
    return "lacks glibc and its loader, which the agent's Node needs: images built on musl (Alpine) and empty ones (scratch) have none";
  }
  const how = refused === "" ? `exit code ${exitCode}` : "not started";
  return `does not run the agent's Node (${how}): ${said.trim().slice(-500)}`;
}

function libraryName(file: string): string {
  return file.startsWith("libstdc++") ? `libstdc++ (${file})` : file;
}
