import { existsSync } from "node:fs";
import type { RealPart } from "./real-part.ts";

/** Ansible itself, which reads inventories and runs playbooks. */
export const ansiblePart: RealPart = {
  name: "ansible",
  packages: ["ansible-core"],
  present: () => existsSync("/usr/bin/ansible-inventory") && existsSync("/usr/bin/ansible-playbook"),
};
