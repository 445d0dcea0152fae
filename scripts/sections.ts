import { readFileSync } from "node:fs";
import { join } from "node:path";
import { keepGenerated, repository } from "./generated.ts";

/** Keeps the part of a page between `<!-- begin NAME -->` and `<!-- end NAME -->`, as `keepGenerated` keeps whole files. */
export function keepSection(path: string, name: string, text: string, command: string): void {
  const page = readFileSync(join(repository, path), "utf8");
  keepGenerated(path, withSection(page, name, text), command);
}

/** The page with another text in the section. Throws when it has no such section. */
export function withSection(page: string, name: string, text: string): string {
  const begin = `<!-- begin ${name} -->`;
  const [from, to] = [page.indexOf(begin), page.indexOf(`<!-- end ${name} -->`)];
  if (from < 0 || to < from) throw new Error(`the page lacks the section ${name}`);
  return `${page.slice(0, from)}${begin}\n\n${text.trim()}\n\n${page.slice(to)}`;
}
