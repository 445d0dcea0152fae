import { errorKind } from "../../kernel/errors.ts";

export const REDFISH_UNREACHABLE = errorKind("redfish_unreachable", {
  status: 503,
  summary: "A Redfish service does not answer, or breaks off.",
  remedy:
    "Check its address, and that HTTPS gets there from the worker's machine: `curl -k https://ADDRESS/redfish/v1/`.",
});

export const REDFISH_BUSY = errorKind("redfish_busy", {
  status: 503,
  summary: "A Redfish service said again and again that it is not ready.",
  remedy: "Wait until the BMC has started, then run the same again. A BMC that stays so needs a restart.",
});

export const REDFISH_CERTIFICATE = errorKind("redfish_certificate", {
  status: 422,
  summary: "The certificate of a Redfish service is not one that is trusted.",
  remedy:
    "When the BMC is the right one, put the SHA-256 from the message into the foundation's attribute `fingerprint`, or its authority's certificate into `authority`.",
});

export const REDFISH_LOGIN_REFUSED = errorKind("redfish_login_refused", {
  status: 422,
  summary: "A Redfish service refuses the user or the password.",
  remedy:
    "Correct the foundation's attributes `user` and `password`; or, when the BMC still has another password, call `foundation.configure_bmc` with it.",
});

export const REDFISH_REFUSED = errorKind("redfish_refused", {
  status: 502,
  summary: "A Redfish service refused a request, in its own words.",
  remedy:
    "Read the words in the message: the user may lack the privilege, or the machine may be in a state that does not allow it.",
});

export const REDFISH_ANSWER_UNKNOWN = errorKind("redfish_answer_unknown", {
  status: 502,
  summary: "What answers at the address of a Redfish service does not answer like one.",
  remedy: "Check the address, and whether a proxy stands between. If it is the BMC, update its firmware or restart it.",
});

export const REDFISH_SYSTEM_UNKNOWN = errorKind("redfish_system_unknown", {
  status: 422,
  summary: "A Redfish service has several systems, or not the one that the attributes name.",
  remedy: "Set the foundation's attribute `system` to one of the Ids in the message.",
});

export const REDFISH_UNSUPPORTED = errorKind("redfish_unsupported", {
  status: 422,
  summary: "A Redfish service does not offer what it was to do.",
  remedy: "The message says what it does offer. Update the BMC's firmware, or do this step by hand.",
});

export const REDFISH_POWER_UNCHANGED = errorKind("redfish_power_unchanged", {
  status: 504,
  summary: "A Redfish service took the command to switch a machine on or off, and the machine stayed as it was.",
  remedy: "Look at the machine: its power supply, its power button's lock, and the BMC's event log.",
});
