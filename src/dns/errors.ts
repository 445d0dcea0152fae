import { errorKind } from "../kernel/errors.ts";

export const DNS_NAME_INVALID = errorKind("dns_name_invalid", {
  status: 422,
  summary: "A hostname, or the name of a record, is not one that DNS allows; it is left out of the zone.",
  remedy: "Use letters, digits and - in labels of at most 63 characters, 253 in all.",
});

export const DNS_NAME_WITHOUT_ZONE = errorKind("dns_name_without_zone", {
  status: 422,
  summary: "A structure has addresses, but neither it nor any site above it names a zone that exists.",
  remedy: "Give the structure or its site a zone.",
});

export const DNS_NAME_TAKEN = errorKind("dns_name_taken", {
  status: 422,
  summary: "Two structures have the same hostname in the same zone; only the first by name is in it.",
  remedy: "Give one of them another hostname or another zone.",
});

export const DNS_NAME_DELEGATED = errorKind("dns_name_delegated", {
  status: 422,
  summary: "A name lies in a part of the zone that is delegated to other servers; it is left out.",
  remedy: "Put the name into the delegated zone.",
});

export const DNS_CNAME_CONFLICT = errorKind("dns_cname_conflict", {
  status: 422,
  summary: "A CNAME stands beside other records of the same name, which DNS does not allow; the CNAME is left out.",
  remedy: "Remove the CNAME or the other records.",
});

export const DNS_RECORD_INVALID = errorKind("dns_record_invalid", {
  status: 422,
  summary: "A record of a zone cannot be read; it is left out.",
  remedy: "Write the value as in a zone file: `10 mail`, `0 5 5060 sip`, an address, a name.",
});

export const DNS_TARGET_UNKNOWN = errorKind("dns_target_unknown", {
  status: 404,
  summary: "There is no DNS target with this id or name.",
  remedy: "`gantry dns status` lists the targets.",
});

export const DNS_TARGET_EXISTS = errorKind("dns_target_exists", {
  status: 409,
  summary: "There is a DNS target of this name already.",
  remedy: "Choose another name, or change the target that is there.",
});

export const DNS_TARGET_INVALID = errorKind("dns_target_invalid", {
  status: 422,
  summary: "The settings of a DNS target do not fit its kind.",
  remedy: "Set what its kind asks for: docs/dns.md lists the settings of each kind.",
});

export const DNS_TARGET_CHANGED = errorKind("dns_target_changed", {
  status: 412,
  summary: "The DNS target was changed by somebody else since it was read (If-Match).",
  remedy: "Read it again, and change what is there now.",
});

export const DNS_ZONE_UNKNOWN = errorKind("dns_zone_unknown", {
  status: 404,
  summary: "There is no zone of this name, or not in this view.",
  remedy: "`gantry dns zones` lists the zones and their views.",
});

export const DNS_DELEGATION_INVALID = errorKind("dns_delegation_invalid", {
  status: 422,
  summary: "A zone cannot be delegated by the zone it names as its parent.",
  remedy: "The parent must be a zone whose name the child's name ends with.",
});

export const DNS_NAMESERVER_INVALID = errorKind("dns_nameserver_invalid", {
  status: 422,
  summary: "A zone has no name server that can be reached by name: none is given, or it has no address in its zone.",
  remedy: "Give the zone a name server, and that name an address.",
});

export const DNS_RECORD_DANGLING = errorKind("dns_record_dangling", {
  status: 422,
  summary: "A record points to a name of a zone of ours that has no address; it is left out.",
  remedy: "Give the name an address, or point to another.",
});

export const DNS_KEY_FILE = errorKind("dns_key_file", {
  status: 422,
  summary: "A file with a key cannot be used: it is missing, or others than its owner may read it.",
  remedy: "Make the file the server's own and run `chmod 600` on it.",
});

export const DNS_SERVER_UNREACHABLE = errorKind("dns_server_unreachable", {
  status: 502,
  summary: "A name server does not answer. What is to be published waits, and is tried again.",
  remedy: "Start the name server, or correct its address in the target.",
});

export const DNS_SERVER_REFUSED = errorKind("dns_server_refused", {
  status: 502,
  summary: "A name server refused what was published: the key is wrong, or it does not serve the zone.",
  remedy: "Check the key and the zone in the name server's configuration and in the target.",
});

export const DNS_ZONE_REFUSED = errorKind("dns_zone_refused", {
  status: 502,
  summary: "`named-checkzone` found fault with a zone file; the file that was there stays.",
  remedy: "Mend what it names in the zone.",
});

export const DNS_PROGRAM_MISSING = errorKind("dns_program_missing", {
  status: 502,
  summary: "A program that publishing needs is not installed.",
  remedy: "Install it on the server's machine: Debian has it in bind9-utils or bind9-dnsutils.",
});
