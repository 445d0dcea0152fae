#!/usr/bin/env python3
"""Ansible's inventory, asked of a Gantry server: ansible-playbook -i gantry_inventory.py site.yml

Needs Python 3 and nothing else. Where the server is, and what is asked for, is said by the environment:

GANTRY_DATA      data folder of a server on this machine (default: .gantry); reached by its socket
GANTRY_URL       https://… of a server elsewhere; then also
GANTRY_TOKEN     a token, or
GANTRY_TOKEN_FILE  a file that holds one, and
GANTRY_CA        PEM file of the server's authority (tls/ca.pem in its data folder; default: those the system trusts)
GANTRY_GROUP     id or name of a group (default: all)
GANTRY_SITE      only structures of this site
"""

import argparse
import http.client
import json
import os
import socket
import ssl
import sys
import urllib.parse

# Every certificate that a server makes for itself has this name, whatever address it is reached at.
SERVER_NAME = "gantry-server"


class GantryError(Exception):
    """The server cannot be asked, or refused; the text says why."""


class SocketConnection(http.client.HTTPConnection):
    """HTTP through a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class AuthorityConnection(http.client.HTTPConnection):
    """HTTPS to a server whose certificate is from an authority of its own."""

    def __init__(self, host, port, authority, timeout):
        super().__init__(host, port, timeout=timeout)
        self.context = ssl.create_default_context(cafile=authority)

    def connect(self):
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self.context.wrap_socket(plain, server_hostname=SERVER_NAME)


def connect(settings):
    """A connection, and the headers of a request."""
    timeout = float(settings.get("timeout") or 300)
    if settings.get("url"):
        url = urllib.parse.urlsplit(settings["url"])
        if url.scheme != "https" or not url.hostname:
            raise GantryError(f"'{settings['url']}' is not an address like https://gantry.example:7411")
        token = settings.get("token")
        if not token and settings.get("token_file"):
            with open(settings["token_file"], encoding="utf-8") as file:
                token = file.read().strip()
        if not token:
            raise GantryError(f"there is no token for {settings['url']}")
        headers = {"Authorization": f"Bearer {token}"}
        port = url.port or 443
        if settings.get("ca"):
            return AuthorityConnection(url.hostname, port, settings["ca"], timeout), headers
        return http.client.HTTPSConnection(url.hostname, port, timeout=timeout), headers
    data = settings.get("data") or ".gantry"
    try:
        with open(os.path.join(data, "server.json"), encoding="utf-8") as file:
            path = json.load(file)["socket"]
    except OSError as error:
        raise GantryError(f"no server runs on the data folder '{data}': {error}") from error
    return SocketConnection(path, timeout), {}


def inventory(settings):
    """The inventory as Ansible's dynamic inventories are."""
    group = settings.get("group") or "all"
    query = [(name, value) for name in ("site", "blueprint", "label", "vars", "host")
             for value in as_list(settings.get(name))]
    path = f"/v1/inventory/{urllib.parse.quote(group, safe='')}.json"
    if query:
        path += "?" + urllib.parse.urlencode(query)
    connection, headers = connect(settings)
    try:
        connection.request("GET", path, headers={"Accept": "application/json", **headers})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise GantryError(f"the server cannot be reached: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise GantryError(problem_text(answer.status, body))
    return json.loads(body)


def as_list(value):
    """One value, several, or none."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def problem_text(status, body):
    """What the server says is wrong."""
    try:
        problem = json.loads(body)
        return f"{problem['detail']} ({problem['code']}). {problem.get('hint', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return f"the server answered {status}"


def environment():
    """Settings from the environment."""
    names = ("data", "url", "token", "token_file", "ca", "group", "site", "timeout")
    return {name: os.environ.get(f"GANTRY_{name.upper()}") for name in names}


def main():
    """What Ansible asks for."""
    parser = argparse.ArgumentParser(description="Ansible's inventory, asked of a Gantry server.")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--list", action="store_true", help="print the whole inventory")
    asked.add_argument("--host", metavar="NAME", help="print the variables that one host has of its own")
    arguments = parser.parse_args()
    try:
        settings = environment()
        if arguments.host is None:
            answer = inventory(settings)
        else:
            answer = inventory({**settings, "host": arguments.host})["_meta"]["hostvars"].get(arguments.host, {})
    except (GantryError, OSError) as error:
        print(f"gantry: {error}", file=sys.stderr)
        return 1
    json.dump(answer, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
