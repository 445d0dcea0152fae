"""Ansible's inventory, asked of a Gantry server, as a plug-in of Ansible's own."""

import importlib.util
import os

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

DOCUMENTATION = r"""
name: gantry
short_description: Inventory of a Gantry server
description:
  - Asks a Gantry server for groups, hosts and their variables, when the inventory is read.
  - Needs gantry_inventory.py in the folder above that of this file.
extends_documentation_fragment:
  - constructed
options:
  plugin:
    description: Says that the file is for this plug-in.
    required: true
    choices: [gantry]
  data:
    description: Data folder of a server on this machine. It is reached by its socket.
    env: [{name: GANTRY_DATA}]
    default: .gantry
  url:
    description: Address of a server elsewhere, https://…
    env: [{name: GANTRY_URL}]
  token:
    description: A token for it.
    env: [{name: GANTRY_TOKEN}]
  token_file:
    description: A file that holds a token for it.
    type: path
    env: [{name: GANTRY_TOKEN_FILE}]
  ca:
    description: PEM file of the server's authority. Left out, those the system trusts.
    type: path
    env: [{name: GANTRY_CA}]
  timeout:
    description: Seconds to wait for an answer.
    type: float
    default: 300
  group:
    description: Id or name of a group.
    env: [{name: GANTRY_GROUP}]
    default: all
  site:
    description: Only structures of this site, or one below it.
    env: [{name: GANTRY_SITE}]
  blueprint:
    description: Only structures made by this blueprint.
  label:
    description: Only structures with these labels, C(KEY) or C(KEY=VALUE).
    type: list
    elements: str
  vars:
    description: Only structures whose resolved variables hold these values, C(PATH:JSON).
    type: list
    elements: str
"""

EXAMPLES = r"""
plugin: gantry
url: https://gantry.example:7411
token_file: ~/.config/gantry/token
ca: ~/.config/gantry/ca.pem
group: webservers
keyed_groups:
  - key: _site
    prefix: at
"""

SETTINGS = ("data", "url", "token", "token_file", "ca", "timeout", "group", "site", "blueprint", "label", "vars")


def load_client():
    """The script beside this folder: how the server is asked is written there, once."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "gantry_inventory.py")
    spec = importlib.util.spec_from_file_location("gantry_inventory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Reads files whose name ends in gantry.yml or gantry.yaml."""

    NAME = "gantry"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("gantry.yml", "gantry.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        client = load_client()
        try:
            found = client.inventory({name: self.get_option(name) for name in SETTINGS})
        except (client.GantryError, OSError) as error:
            raise AnsibleParserError(f"gantry: {error}") from error
        hostvars = found.pop("_meta")["hostvars"]
        for name in found:
            inventory.add_group(name)
        for name, group in found.items():
            self._fill(name, group)
        for name, variables in hostvars.items():
            inventory.add_host(name)
            for key, value in variables.items():
                inventory.set_variable(name, key, value)
        for name in hostvars:
            known = inventory.get_host(name).get_vars()
            strict = self.get_option("strict")
            self._set_composite_vars(self.get_option("compose"), known, name, strict)
            self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict)

    def _fill(self, name, group):
        for child in group.get("children", []):
            self.inventory.add_group(child)
            self.inventory.add_child(name, child)
        for host in group.get("hosts", []):
            self.inventory.add_host(host, group=name)
        for key, value in group.get("vars", {}).items():
            self.inventory.set_variable(name, key, value)
