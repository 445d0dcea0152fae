import { errorKind } from "../../kernel/errors.ts";

export const NET_TARGET_UNKNOWN = errorKind("net_target_unknown", {
  status: 422,
  summary: "A name that was to be looked at on the network has no address where the worker is.",
  remedy: "Check the name, and the name servers of the worker's machine; or give an address.",
});

export const NET_PORT_CLOSED = errorKind("net_port_closed", {
  status: 504,
  summary: "A port did not open in the time given to it.",
  remedy: "Look at the machine: whether the service runs, listens on that address, and no firewall is between.",
});

export const NET_CHECK_FAILED = errorKind("net_check_failed", {
  status: 502,
  summary: "An HTTP address did not answer as it should.",
  remedy: "The message says what it did instead; ask the same address from the worker's machine.",
});

export const NET_PING_FAILED = errorKind("net_ping_failed", {
  status: 502,
  summary: "The program `ping` of the worker's machine could not be used.",
  remedy: "Its words stand in the message; often it lacks the right to send: install iputils-ping anew.",
});
