import type { Tool } from "../tools.ts";
import type { UserStep } from "./decide.ts";

/** useradd(8), usermod(8), userdel(8) and chpasswd(8): a step as calls. Pure. `root`: the folder of another system. */
export function shadowTools(name: string, step: Exclude<UserStep, { do: "keys" }>, root: string | undefined): Tool[] {
  const prefix = root === undefined ? [] : ["--prefix", root];
  switch (step.do) {
    case "add":
      return [
        {
          program: "useradd",
          arguments: [
            ...prefix,
            ...option("--uid", step.uid),
            ...(step.group === undefined ? ["--user-group"] : ["--gid", step.group]),
            ...(step.groups.length === 0 ? [] : ["--groups", step.groups.join(",")]),
            ...option("--shell", step.shell),
            ...option("--home-dir", step.home),
            ...option("--comment", step.comment),
            ...(step.system ? ["--system"] : []),
            step.createHome ? "--create-home" : "--no-create-home",
            name,
          ],
        },
      ];
    case "change":
      return [
        {
          program: "usermod",
          arguments: [
            ...prefix,
            ...option("--uid", step.uid),
            ...option("--gid", step.group),
            ...option("--shell", step.shell),
            ...option("--home", step.home),
            ...option("--comment", step.comment),
            name,
          ],
        },
      ];
    case "groups":
      return [{ program: "usermod", arguments: [...prefix, "--groups", step.all.join(","), name] }];
    case "password":
      // On its standard input: arguments can be seen by every user of the node.
      return [
        {
          program: "chpasswd",
          arguments: [...(root === undefined ? [] : ["--root", root]), "--encrypted"],
          input: `${name}:${step.hash}\n`,
        },
      ];
    case "remove":
      return [{ program: "userdel", arguments: [...prefix, ...(step.home ? ["--remove"] : []), name] }];
  }
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}
