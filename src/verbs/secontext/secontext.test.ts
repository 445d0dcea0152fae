import { describe, expect, it } from "vitest";
import { parseVerb } from "../parse.ts";
import type { Tool, Tools } from "../tools.ts";
import { applyContext } from "./apply.ts";
import { plainPart } from "./decide.ts";
import { type SecontextParameters, secontextParameters } from "./model.ts";
import { planContext } from "./plan.ts";

/** As `semanage fcontext --list --locallist --noheading` prints it. */
const LISTED = `/srv/www(/.*)?                                     all files          system_u:object_r:httpd_sys_content_t:s0
/srv/link                                          symbolic link      staff_u:object_r:var_t:s0:c1
`;

function node(enabled = true) {
  const ran: string[] = [];
  const tools: Tools = {
    has: async () => true,
    async run({ program, arguments: words }: Tool) {
      if (words.includes("--list")) return { code: 0, stdout: LISTED, stderr: "" };
      ran.push([program, ...words].join(" "));
      return { code: 0, stdout: "", stderr: "" };
    },
  };
  return { ran, world: { tools, isEnabled: async () => enabled } };
}

function wanted(text: string): SecontextParameters {
  return secontextParameters.parse(parseVerb("SECONTEXT", text).parameters);
}

describe("SECONTEXT", () => {
  it("adds a rule, and gives it to the files that are there", async () => {
    const { ran, world } = node();
    const parameters = wanted("--setype httpd_log_t --ftype d '/var/log/web(/.*)?'");
    expect(await planContext(parameters, world)).toEqual({
      changed: true,
      diff: "+/var/log/web(/.*)? system_u:object_r:httpd_log_t:s0\n",
    });
    expect(ran).toEqual([]);
    expect(await applyContext(parameters, world)).toMatchObject({ changed: true });
    expect(ran).toEqual([
      "semanage fcontext --add --seuser system_u --type httpd_log_t --range s0 --ftype d /var/log/web(/.*)?",
      "restorecon -R -F -i /var/log/web",
    ]);
  });

  it("changes a rule, and keeps what is not said anew", async () => {
    const { ran, world } = node();
    expect(await applyContext(wanted("--setype etc_t --ftype l --no-restore /srv/link"), world)).toMatchObject({
      changes: ["-/srv/link staff_u:object_r:var_t:s0:c1", "+/srv/link staff_u:object_r:etc_t:s0:c1"],
    });
    expect(ran).toEqual(["semanage fcontext --modify --seuser staff_u --type etc_t --range s0:c1 --ftype l /srv/link"]);
  });

  it("leaves a rule that is as wanted, and removes one", async () => {
    const { ran, world } = node();
    expect(await applyContext(wanted("--setype httpd_sys_content_t '/srv/www(/.*)?'"), world)).toMatchObject({
      changed: false,
    });
    expect(await applyContext(wanted("--absent /srv/nothing"), world)).toMatchObject({ changed: false });
    expect(ran).toEqual([]);
    expect(await applyContext(wanted("--absent '/srv/www(/.*)?'"), world)).toMatchObject({ changed: true });
    expect(ran).toEqual(["semanage fcontext --delete --ftype a /srv/www(/.*)?", "restorecon -R -F -i /srv/www"]);
  });

  it("says that SELinux is off, also when it is planned", async () => {
    const { world } = node(false);
    await expect(planContext(wanted("--setype etc_t /srv/x"), world)).rejects.toMatchObject({ code: "selinux_off" });
    await expect(applyContext(wanted("--setype etc_t /srv/x"), world)).rejects.toMatchObject({ code: "selinux_off" });
  });

  it.each([
    ["/srv/www", "/srv/www"],
    ["/srv/www(/.*)?", "/srv/www"],
    ["/srv/a.b", "/srv/a.b"],
    ["/srv/a\\.b", "/srv/a.b"],
    ["/srv/a.*", "/srv"],
    ["/srv/[ab]/c", "/srv"],
    ["/.*", undefined],
  ])("restores from %s: %s", (target, folder) => {
    expect(plainPart(target)).toBe(folder);
  });

  it.each([
    ["/srv/x", /needs a type/],
    ["--setype etc_t srv", /is not an absolute path/],
    ["--setype etc_t", /needs one path/],
    ["--absent --setype etc_t /x/y", /does not go with absent/],
    ["--setype etc_t --ftype x /x/y", /file_type/],
  ])("refuses %s", (text, message) => {
    expect(() => parseVerb("SECONTEXT", text)).toThrow(message);
  });
});
