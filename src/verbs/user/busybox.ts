import { GantryError } from "../../kernel/errors.ts";
import type { Tool } from "../tools.ts";
import type { UserStep } from "./decide.ts";
import { ACCOUNT_REFUSED } from "./errors.ts";

/** adduser, addgroup, deluser and chpasswd of busybox: a step as calls. Pure. Throws `account_refused` for what they cannot do. */
export function busyboxTools(name: string, step: Exclude<UserStep, { do: "keys" }>, root: string | undefined): Tool[] {
  if (root !== undefined) throw refused(`change the system in ${root}`);
  switch (step.do) {
    case "add":
      return [
        {
          program: "adduser",
          arguments: [
            "-D",
            ...(step.createHome ? [] : ["-H"]),
            ...(step.system ? ["-S"] : []),
            ...option("-u", step.uid),
            ...option("-G", step.group),
            ...option("-s", step.shell),
            ...option("-h", step.home),
            ...option("-g", step.comment),
            name,
          ],
        },
        ...step.groups.map((group) => ({ program: "addgroup", arguments: [name, group] })),
      ];
    case "groups":
      return [
        ...step.leave.map((group) => ({ program: "delgroup", arguments: [name, group] })),
        ...step.join.map((group) => ({ program: "addgroup", arguments: [name, group] })),
      ];
    case "password":
      return [{ program: "chpasswd", arguments: ["-e"], input: `${name}:${step.hash}\n` }];
    case "remove":
      return [{ program: "deluser", arguments: [...(step.home ? ["--remove-home"] : []), name] }];
    case "change":
      throw refused("change the number, group, shell, home or comment of a user that is there");
  }
}

function refused(what: string): GantryError {
  return new GantryError(ACCOUNT_REFUSED, `the tools of busybox cannot ${what}; install the package shadow`);
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}
