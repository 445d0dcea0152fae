#!/usr/bin/env python3
"""A worker for Gantry that offers a module of its own, `disks`, to scripts: disks.usage( path='/' ). docs/worker-protocol.md explains it.

First start: worker.py STATE_FILE SERVER_URL JOIN_TOKEN; from then on: worker.py STATE_FILE. Needs python3 and python3-cryptography.
"""
import base64, hashlib, json, os, shutil, ssl, sys, threading, time, urllib.request, uuid
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

def usage(path):
    total, used, free = shutil.disk_usage(path)
    return {"total": total, "used": used, "free": free}

PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"], "additionalProperties": False}
ADVERT = {"summary": "Bytes of the disk a path is on", "parameters": PARAMETERS, "safeToRepeat": True, "observes": False}
MODULES = {"disks": {"limit": 4, "functions": {"usage": ADVERT}}}

def sign(*words):
    text = json.dumps(words, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(state["key"])).sign(text.encode())).decode()

def ask(method, path, body=None, headers={}, tls=None):
    request = urllib.request.Request(state["url"] + path, None if body is None else body.encode(), headers, method=method)
    with urllib.request.urlopen(request, context=tls or trust, timeout=60) as answer:
        return answer.headers, answer.read().decode()

def join(token):
    secret, pin = token.removeprefix("gantry-join-").split(".")
    anybody = ssl._create_unverified_context()  # the pin in the token says whether it is the right server
    state["authority"] = ask("GET", f"/v1/link/authority/{pin}", tls=anybody)[1]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(state["authority"])).digest()
    if base64.urlsafe_b64encode(digest).decode().rstrip("=") != pin:
        sys.exit("this is not the server the token was made by")
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    state.update(pin=pin, key=raw.hex())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    body = {"secret": secret, "kind": "worker", "name": "disks-" + os.uname().nodename,
            "publicKey": base64.b64encode(public).decode(), "signature": sign("gantry join 1", secret)}
    tls = ssl.create_default_context(cadata=state["authority"])
    state["id"] = json.loads(ask("POST", "/v1/link/join", json.dumps(body), {"content-type": "application/json"}, tls)[1])["id"]
    with open(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(state, file)

class Connection:
    def __init__(self):
        self.token = ask("POST", "/v1/link/poll", "")[0]["gantry-connection"]
        self.lock, self.posts, self.sequence, self.alive = threading.Lock(), 0, 0, True

    def send(self, message, reliable=False):
        with self.lock:  # requests have numbers, and so have messages that are acknowledged
            if reliable:
                message["sequence"], self.sequence = self.sequence, self.sequence + 1
            self.posts += 1
            ask("POST", "/v1/link/poll", json.dumps([message]), {"gantry-connection": self.token, "gantry-sequence": str(self.posts)})

    def messages(self):
        after = "0"
        while True:  # each request is answered when there is something, or after 20 seconds
            headers, body = ask("GET", "/v1/link/poll", None, {"gantry-connection": self.token, "gantry-after": after})
            after = headers["gantry-sequence"]
            for frame in body.splitlines():
                yield from json.loads(frame)

    def beat(self, seconds):
        while self.alive:
            self.send({"type": "heartbeat"})
            time.sleep(seconds)

    def do(self, task):
        result = {"type": "result", "task": task["task"], "attempt": task["attempt"]}
        self.send({"type": "started", "tasks": [{"task": task["task"], "attempt": task["attempt"]}]}, reliable=True)
        try:
            result.update(outcome="done", value=usage(**task["parameters"]))
        except Exception as error:
            result.update(outcome="failed", error={"code": "disks_failed", "message": str(error)})
        self.send(result, reliable=True)

def work():
    connection = Connection()
    try:
        connection.send({"type": "identify", "version": 1, "executor": state["id"]})
        for message in connection.messages():
            if message["type"] == "challenge":
                signature = sign("gantry link proof 1", message["nonce"], state["pin"], state["id"])
                connection.send({"type": "proof", "signature": signature, "epoch": str(uuid.uuid4()), "gantry": "disks 1", "modules": MODULES, "facts": {}})
            elif message["type"] == "welcome":
                connection.send({"type": "held", "tasks": []})
                threading.Thread(target=connection.beat, args=(message["heartbeat"] / 1000,), daemon=True).start()
            elif message["type"] == "task":
                threading.Thread(target=connection.do, args=(message,), daemon=True).start()
            elif message["type"] == "goodbye":
                return print(message["reason"], file=sys.stderr)
    finally:
        connection.alive = False

if len(sys.argv) == 4:
    state = {"url": sys.argv[2]}
    join(sys.argv[3])
state = json.load(open(sys.argv[1]))
trust = ssl.create_default_context(cadata=state["authority"])
while True:
    try:
        work()
    except OSError as error:
        print(error, file=sys.stderr)
    time.sleep(1)
