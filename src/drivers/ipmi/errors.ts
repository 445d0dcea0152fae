import { errorKind } from "../../kernel/errors.ts";

export const IPMI_UNREACHABLE = errorKind("ipmi_unreachable", {
  status: 503,
  summary: "A BMC does not answer to IPMI.",
  remedy:
    "Check its address and port, that IPMI over LAN is switched on in it, and that UDP gets there from the worker's machine: `ipmitool -I lanplus -H ADDRESS -U USER -a chassis power status`.",
});

export const IPMI_LOGIN_REFUSED = errorKind("ipmi_login_refused", {
  status: 422,
  summary: "A BMC refuses the user, the password, or the privilege.",
  remedy:
    "Correct the foundation's attributes `user`, `password` and `privilege`; or, when the BMC still has another password, call `foundation.configure_bmc` with it.",
});

export const IPMI_CIPHER_REFUSED = errorKind("ipmi_cipher_refused", {
  status: 422,
  summary: "A BMC does not know the cipher suite.",
  remedy: "Set the foundation's attribute `cipher` to the other one: 17 for newer BMCs, 3 for older ones.",
});

export const IPMI_ANSWER_UNKNOWN = errorKind("ipmi_answer_unknown", {
  status: 502,
  summary: "What answers at a BMC's address does not answer like a BMC.",
  remedy:
    "Check the address and the port. If they are right, restart the BMC (`ipmitool mc reset cold`, or its power).",
});

export const IPMI_REFUSED = errorKind("ipmi_refused", {
  status: 502,
  summary: "A BMC refused a command, in its own words.",
  remedy: "Read the words in the message: the user may lack the privilege, or the BMC may not know the command.",
});

export const IPMI_POWER_UNCHANGED = errorKind("ipmi_power_unchanged", {
  status: 504,
  summary: "A BMC took the command to switch a machine on or off, and the machine stayed as it was.",
  remedy:
    "Look at the machine: its power supply, its power button's lock, and the BMC's event log (`ipmitool sel list`).",
});
