import { Option, type Command } from "commander";
import { collect, output, type Handle } from "./program-parts.ts";

/** Names, options and help of the commands for name servers and backends: what is told elsewhere, and what is kept there. */

type Names = typeof import("./dns.ts");
type Kept = typeof import("./backend.ts");

export function elsewhereCommands(program: Command, handle: Handle): void {
  const names = (action: keyof Names) => handle(async () => (await import("./dns.ts"))[action]);
  const kept = (action: keyof Kept) => handle(async () => (await import("./backend.ts"))[action]);

  const dns = program.command("dns").summary("names: zones from the inventory, and the name servers that are told");
  dns
    .command("zones")
    .summary("every zone, forward and reverse, with its serial")
    .addOption(output())
    .action(names("zones"));
  dns
    .command("show <zone>")
    .summary("the records of a zone")
    .option("--view <view>", "as this view sees it")
    .option("--file", "as a zone file")
    .addOption(output())
    .action(names("show"));
  dns
    .command("status")
    .summary("how far every zone is on every name server, and what is left out of DNS")
    .addOption(output())
    .action(names("status"));
  dns
    .command("publish")
    .summary("publish now what waits, and wait for it")
    .option("--target <name>", "on this target alone")
    .option("--zone <zone>", "this zone alone")
    .option("--whole", "everything anew, whatever the servers have")
    .addOption(output())
    .action(names("publish"));
  const dnsTarget = dns.command("target").summary("the name servers that are told");
  dnsTarget.command("list").summary("where zones are published").addOption(output()).action(names("targets"));
  dnsTarget
    .command("add <name>")
    .summary("publish zones on a name server from now on")
    .addOption(
      new Option("--kind <kind>", "how it is told").choices(["bind", "nsupdate", "powerdns"]).makeOptionMandatory(),
    )
    .option("--folder <folder>", "bind: where zone files go, and zones.conf")
    .option("--rndc-config <file>", "bind: rndc.conf with its key, for the owner alone")
    .option("--server <address:port>", "nsupdate: the primary server (port: 53)")
    .option("--key-file <file>", "nsupdate: the TSIG key, for the owner alone")
    .option("--url <url>", "powerdns: its API, as http://127.0.0.1:8081")
    .option("--api-key-file <file>", "powerdns: the API key, for the owner alone")
    .option("--server-id <id>", "powerdns: the server in its API (default: localhost)")
    .option("--zone <zone>", "serve this zone; may be repeated (default: all)", collect)
    .option("--view <view>", "the view it serves, beside zones without views")
    .addOption(output())
    .action(names("addTarget"));
  dnsTarget
    .command("remove <name>")
    .summary("publish nothing there any more; what it has stays")
    .action(names("removeTarget"));

  const backend = program.command("backend").summary("inventory that is kept elsewhere: files, another Gantry, NetBox");
  backend.command("list").summary("where the truth of which sites lives").addOption(output()).action(kept("list"));
  backend
    .command("add <name>")
    .summary("read a site from elsewhere from now on")
    .addOption(
      new Option("--kind <kind>", "what is there").choices(["files", "gantry", "netbox"]).makeOptionMandatory(),
    )
    .requiredOption("--site <site>", "the site whose truth lives there, with those below it")
    .option("--folder <folder>", "files: site files, or a folder of OpenStack-Ansible")
    .addOption(
      new Option("--format <format>", "files: what they are (default: as they look)").choices([
        "site",
        "osa",
        "osa-config",
      ]),
    )
    .option("--url <url>", "gantry, netbox: its address, as https://127.0.0.1:7411")
    .option("--token-file <file>", "gantry, netbox: the token, for the owner alone")
    .option("--ca <file>", "gantry, netbox: the authority to trust")
    .option("--tenant <tenant>", "gantry: whose inventory (default: default)")
    .option("--mapping <file>", "netbox: which lists are read as what")
    .option("--every <seconds>", "how often it is read again (default: 60)")
    .option("--poll <seconds>", "netbox: how often it is asked whether something changed (default: 15)")
    .addOption(output())
    .action(kept("add"));
  backend
    .command("status [name]")
    .summary("whether backends can be read, what they hold, and what is left out")
    .addOption(output())
    .action(kept("status"));
  backend.command("remove <name>").summary("read it no more; what it holds stays there").action(kept("remove"));
}
