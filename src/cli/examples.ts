/** What `--help` shows below the options: lines one can type. */

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  gantry ${line}`).join("\n")}`;
}

export const EXAMPLES = {
  get: examples(
    "get structures --site lab --label rack=r1",
    "get structures --vars nginx.port=8080 --output name",
    "get networks --sort -vlan --fields name,vlan --output csv",
  ),
  create: examples(
    "create site lab kind=lab",
    "create structure web1 site=lab labels.rack=r1 variables.port=8080",
    "create network --file networks.yaml",
  ),
  set: examples("set structure web1 role=web labels.rack=r2", "set group web priority=10 --remove variables.port"),
  delete: examples("delete interface web1/eth1", "delete site lab --cascade --yes"),
  blueprintImport: examples(
    "blueprint import blueprints.yaml",
    "blueprint import base_os.toml docker.toml --name contractor --dry-run",
  ),
  orchestrate: examples(
    "orchestrate site.yaml --check",
    "orchestrate site.yaml --plan",
    "orchestrate site.yaml --target group:web --target '!web3'",
    "orchestrate --resume 0198d2c4-5a7e-7b11-9c55-0242ac120002",
  ),
  run: examples("run", "run show", "run results --state failed", "run analyze", "run purge --older-than 30 --yes"),
  todo: examples(
    "todo",
    "todo done 0198d2c4-5a7e-7b11-9c55-0242ac120002 --note 'in rack 4, unit 7'",
    "todo failed 0198d2c4-5a7e-7b11-9c55-0242ac120002 --note 'the disk does not fit'",
  ),
  verb: examples("verb add verbs/greet.mjs", "verb list", "verb show GREET", "exec --verb GREET '--times 2 world'"),
  blueprintCheck: examples("blueprint check blueprints/", "blueprint check --all"),
  bootProfile: examples(
    "boot profile set ubuntu --script-file ubuntu.ipxe --template-file preseed.cfg",
    "boot profile set normal-boot --description 'from the disk'",
  ),
  eventReport: examples("event report hardware.disk_failed --foundation m1 disk=sdb slot=3"),
  webhook: examples(
    "webhook create chat https://chat.example.org/gantry --type job.finished --type hardware.*",
    "webhook create storage https://10.0.0.5:8443/gantry --type hardware.* --ca storage-ca.pem",
  ),
  machine: examples("machine assign 0197c2f4-0000-7000-8000-000000000001 srv1"),
  allocate: examples(
    "address allocate lab --structure web1",
    "address allocate lab --structure web1 --address 10.0.0.7",
  ),
  backup: examples(
    "backup --out monday.backup --passphrase-file passphrase",
    "backup --check monday.backup --passphrase-file passphrase",
  ),
  restore: examples(
    "--data /srv/gantry restore monday.backup --passphrase-file passphrase",
    "--data /srv/gantry restore monday.backup --key-file key --database postgres://gantry@db/gantry",
  ),
  propose: examples(
    'set structure web1 role=db --propose "Make web1 a database"',
    'change propose "Move the rack" --edits edits.yaml',
    'change propose "More webs" --design site.yaml',
  ),
  events: examples("events --follow --type 'job.*'", "events --subject structure/web1"),
  secret: examples(
    "secret set db-password --site lab --value-file password.txt",
    "secret set tls.key --structure web1 --value-file - < web1.key",
  ),
  shell: examples("shell --eval 'gantry.structures.list({ site: \"lab\" }).all()'", "shell < report.js"),
  vars: examples("structure vars web1 --explain", "structure vars web1 --explain --output json"),
} as const;
