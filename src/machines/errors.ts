import { errorKind } from "../kernel/errors.ts";

export const MACHINE_TOKEN_WRONG = errorKind("machine_token_wrong", {
  status: 401,
  summary: "A machine wants to register without a registration token that is good.",
  remedy: "Make one with `gantry machine token create --site SITE`, and put it into the boot image.",
});

export const MACHINE_SECRET_WRONG = errorKind("machine_secret_wrong", {
  status: 401,
  summary: "A machine asks what it is to be, and does not show the secret it was given when it registered last.",
  remedy: "Let the machine register again: each registration gives another secret.",
});

export const MACHINE_UNKNOWN = errorKind("machine_unknown", {
  status: 404,
  summary: "No machine of this id has registered, or it was forgotten.",
  remedy: "`gantry machine list` lists those there are.",
});

export const MACHINE_FACELESS = errorKind("machine_faceless", {
  status: 422,
  summary: "What a machine says of itself tells it apart from no other: no uuid, no serial, no MAC address.",
  remedy: "Run the boot image as root, so that it can read DMI, and with a network interface.",
});

export const MACHINE_LIMIT = errorKind("machine_limit", {
  status: 409,
  summary: "More than 10,000 machines have registered at one site.",
  remedy:
    "Forget those that are gone: `gantry machine forget ID`. If they are none of yours, revoke the registration token.",
});

export const FOUNDATION_IS_MADE = errorKind("foundation_is_made", {
  status: 409,
  summary: "A foundation that is made (a container, a virtual machine) is no machine that could be found.",
  remedy: "Only foundations of types like ipmi, redfish and manual are located.",
});

export const FOUNDATION_LOCATED = errorKind("foundation_located", {
  status: 409,
  summary: "The foundation is located already, as another machine or by hand.",
  remedy: "When the machine was swapped: `gantry foundation unlocate NAME`, then try again.",
});

export const FOUNDATION_IN_USE = errorKind("foundation_in_use", {
  status: 409,
  summary: "The foundation is built, or a job is at it: it cannot be another machine from one moment to the next.",
  remedy: "Take down what stands on it first.",
});

export const MACHINE_TOKEN_UNKNOWN = errorKind("machine_token_unknown", {
  status: 404,
  summary: "There is no registration token of this id, or it was revoked already.",
  remedy: "`gantry machine token list` lists those there are.",
});
