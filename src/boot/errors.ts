import { errorKind } from "../kernel/errors.ts";

export const BOOT_PROFILE_UNKNOWN = errorKind("boot_profile_unknown", {
  status: 404,
  summary: "There is no such boot profile.",
  remedy: "`gantry boot profile list` shows those there are.",
});

export const BOOT_PROFILE_NAME_TAKEN = errorKind("boot_profile_name_taken", {
  status: 409,
  summary: "There is a boot profile of this name already.",
  remedy: "Choose another name, or change the one there is.",
});

export const BOOT_PROFILE_INVALID = errorKind("boot_profile_invalid", {
  status: 422,
  summary: "The name, the boot script or the template of a boot profile is not one that can be kept.",
  remedy: "The message says what is wrong; docs/boot.md says what a boot profile is.",
});

export const BOOT_PROFILE_IN_USE = errorKind("boot_profile_in_use", {
  status: 409,
  summary: "A foundation boots this profile next.",
  remedy: "Let its script set another one first; `gantry boot show FOUNDATION` shows which is set.",
});

export const BOOT_INTERFACE_UNKNOWN = errorKind("boot_interface_unknown", {
  status: 422,
  summary: "A script set a boot profile for an interface that the machine does not have.",
  remedy: "Give the machine an interface with `provisioning: true`, or name one that it has.",
});

export const BOOT_NOT_SET = errorKind("boot_not_set", {
  status: 404,
  summary: "No boot profile is set for the machine that asks.",
  remedy: "A script sets one with `dhcp.set_pxe( interface=foundation.provisioning_interface, pxe='NAME' )`.",
});

export const BOOT_MACHINE_NEEDED = errorKind("boot_machine_needed", {
  status: 404,
  summary: "What only a machine may ask was asked by an account: there is no machine it would be about.",
  remedy:
    "Use the key of a machine (`gantry boot key FOUNDATION`). What an account may see of it: `gantry boot show FOUNDATION`.",
});

export const BOOT_SECRET_CLOSED = errorKind("boot_secret_closed", {
  status: 403,
  summary: "A template uses a secret, and the token of a structure opens none.",
  remedy: "Ask with the key that the machine has while it boots.",
});

export const BOOT_TEMPLATE_UNKNOWN = errorKind("boot_template_unknown", {
  status: 404,
  summary: "The blueprint of the machine has no template of this name.",
  remedy: "`gantry get blueprints -o yaml` shows the templates of each blueprint.",
});
