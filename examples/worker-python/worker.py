#!/usr/bin/env python3
"""A worker for Gantry that offers a module of its own to scripts: disks.usage( path='/' ). See docs/worker-protocol.md.

First start: worker.py STATE_FILE SERVER_URL JOIN_TOKEN; from then on: worker.py STATE_FILE. Needs python3 and python3-cryptography.
"""
import base64, hashlib, itertools, json, os, shutil, ssl, sys, threading, time, urllib.request, uuid
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PARAMETERS = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"], "additionalProperties": False}
USAGE = {"summary": "Bytes of the disk a path is on", "parameters": PARAMETERS, "safeToRepeat": True, "observes": False}
MODULES = {"disks": {"limit": 4, "functions": {"usage": USAGE}}}

def sign(*words):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(state["key"]))
    return base64.b64encode(key.sign(json.dumps(words, separators=(",", ":")).encode())).decode()

def ask(method, path, body=None, trust=None, **headers):
    names = {f"gantry-{name}": str(value) for name, value in headers.items()} | {"content-type": "application/json"}
    request = urllib.request.Request(state["url"] + path, None if body is None else body.encode(), names, method=method)
    with urllib.request.urlopen(request, context=trust or ssl.create_default_context(cadata=state["authority"]), timeout=60) as answer:
        return answer.headers, answer.read().decode()

def join(token):
    secret, pin = token.removeprefix("gantry-join-").split(".")
    # Nobody is trusted yet: the pin in the token says whether this is the authority of the right server.
    authority = ask("GET", f"/v1/link/authority/{pin}", trust=ssl._create_unverified_context())[1]
    if base64.urlsafe_b64encode(hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority)).digest()).decode().rstrip("=") != pin:
        sys.exit("this is not the server the token was made by")
    key = Ed25519PrivateKey.generate()
    state.update(authority=authority, pin=pin, key=key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    wish = {"secret": secret, "kind": "worker", "name": f"disks-{os.uname().nodename}", "publicKey": public}
    state["id"] = json.loads(ask("POST", "/v1/link/join", json.dumps(wish | {"signature": sign("gantry join 1", secret)}))[1])["id"]
    with open(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file)

def work():
    connection = ask("POST", "/v1/link/poll", "")[0]["gantry-connection"]
    lock, posts, reports, over = threading.Lock(), itertools.count(1), itertools.count(), threading.Event()

    def send(type, **members):
        with lock:  # requests are numbered, and so are messages that are acknowledged
            if type in ("started", "result"):
                members["sequence"] = next(reports)
            ask("POST", "/v1/link/poll", json.dumps([{"type": type, **members}]), connection=connection, sequence=next(posts))

    def beat(seconds):
        while not over.wait(seconds):
            send("heartbeat")

    def do(task):
        ref = {"task": task["task"], "attempt": task["attempt"]}
        send("started", tasks=[ref])
        try:
            total, used, free = shutil.disk_usage(task["parameters"]["path"])
            send("result", **ref, outcome="done", value={"total": total, "used": used, "free": free})
        except OSError as error:
            send("result", **ref, outcome="failed", error={"code": "disks_failed", "message": str(error)})

    def heard(message):
        if message["type"] == "challenge":
            signature = sign("gantry link proof 1", message["nonce"], state["pin"], state["id"])
            send("proof", signature=signature, epoch=str(uuid.uuid4()), gantry="disks 1", modules=MODULES, facts={})
        elif message["type"] == "welcome":
            send("held", tasks=[])
            threading.Thread(target=beat, args=[message["heartbeat"] / 1000], daemon=True).start()
        elif message["type"] == "task":
            threading.Thread(target=do, args=[message], daemon=True).start()

    send("identify", version=1, executor=state["id"])
    try:
        after = 0
        while True:  # each is answered when there is something, or after 20 seconds; an error when the connection is over
            headers, frames = ask("GET", "/v1/link/poll", connection=connection, after=after)
            after = headers["gantry-sequence"]
            for frame in frames.splitlines():
                for message in json.loads(frame):
                    heard(message)
    finally:
        over.set()

state = {"url": sys.argv[2]} if len(sys.argv) == 4 else json.load(open(sys.argv[1]))
if len(sys.argv) == 4:
    join(sys.argv[3])
while True:
    try:
        work()
    except OSError as error:
        print(error, file=sys.stderr)
    time.sleep(1)
