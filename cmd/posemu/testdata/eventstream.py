"""Both sides of the POS Event Stream, written from its specification alone: a POS and a client application.

  eventstream.py pos    ADDRESS RSA AES KEY_ID SECRET COUNT   dials, registers the client application, sends COUNT orders
  eventstream.py client RSA AES KEY_ID SECRET COUNT           listens, prints its address, then each of COUNT orders

RSA is oaep-sha256, oaep-sha1 or pkcs1, AES is cbc or gcm. Whatever is not as specified ends it with an error.
"""

import base64
import json
import os
import socket
import struct
import sys
import uuid

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def rsa_form(name):
    if name == "pkcs1":
        return rsa_padding.PKCS1v15()
    digest = {"oaep-sha256": hashes.SHA256(), "oaep-sha1": hashes.SHA1()}[name]
    return rsa_padding.OAEP(mgf=rsa_padding.MGF1(algorithm=digest), algorithm=digest, label=None)


def rsa_room(name, key):
    return key.key_size // 8 - {"oaep-sha256": 66, "oaep-sha1": 42, "pkcs1": 11}[name]


def seal(mode, dek, clear):
    if mode == "gcm":
        nonce = os.urandom(12)
        return base64.b64encode(nonce + AESGCM(dek).encrypt(nonce, clear, None)).decode()
    pad = padding.PKCS7(128).padder()
    padded = pad.update(clear) + pad.finalize()
    iv = os.urandom(16)
    cbc = Cipher(algorithms.AES(dek), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + cbc.update(padded) + cbc.finalize()).decode()


def unseal(mode, dek, text):
    raw = base64.b64decode(text, validate=True)
    if mode == "gcm":
        return AESGCM(dek).decrypt(raw[:12], raw[12:], None)
    cbc = Cipher(algorithms.AES(dek), modes.CBC(raw[:16])).decryptor()
    padded = cbc.update(raw[16:]) + cbc.finalize()
    pad = padding.PKCS7(128).unpadder()
    return pad.update(padded) + pad.finalize()


class Wire:
    """Messages over a socket."""

    def __init__(self, sock, source):
        sock.settimeout(30)
        self.sock, self.source, self.file = sock, source, sock.makefile("rb")

    def send(self, **fields):
        text = json.dumps({"source": self.source, "version": "1.0", **fields}).encode()
        self.sock.sendall(struct.pack("<I", len(text)) + text)

    def receive(self):
        header = self.file.read(4)
        if not header:
            return None
        (size,) = struct.unpack("<I", header)
        assert 0 < size <= 1 << 20, size
        message = json.loads(self.file.read(size).decode("utf-8"))
        for name in ("source", "msg_id", "msg_type"):
            assert isinstance(message[name], str) and message[name], message
        return message


def pos(address, rsa_name, aes, key_id, secret, count):
    host, port = address.rsplit(":", 1)
    wire = Wire(socket.create_connection((host, int(port))), "python-pos")
    kek = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = kek.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    init = str(uuid.uuid4())
    wire.send(msg_id=init, msg_type="init_client", msg_data=public.decode())
    ack = wire.receive()
    assert (ack["msg_id"], ack["msg_type"], ack["msg_resp"]) == (init, "init_client", "ack"), ack
    register = wire.receive()
    assert register["msg_type"] == "register_client" and not register.get("msg_resp"), register
    assert register["msg_id"] != init, register
    data = register["msg_data"]
    if data.startswith("{"):
        outer = json.loads(data)
        dek = kek.decrypt(base64.b64decode(outer["dek"]), rsa_form(rsa_name))
        inner = json.loads(unseal(aes, dek, outer["data"]))
    else:
        inner = json.loads(kek.decrypt(base64.b64decode(data), rsa_form(rsa_name)))
        dek = base64.b64decode(inner["dek"])
    assert len(dek) == 32, len(dek)
    assert (inner["key_id"], inner["secret_key"]) == (key_id, secret), "another integrator"
    wire.send(msg_id=register["msg_id"], msg_type="register_client", msg_resp="ack")
    ids = []
    for n in range(count):
        order = {"order_id": f"O-{n}", "business_date": "2026-01-28", "items": [{"name": "コーヒー ☕", "quantity": 1}], "n": n}
        ids.append(str(uuid.uuid4()))
        wire.send(msg_id=ids[-1], msg_type="create_order", msg_data=seal(aes, dek, json.dumps(order).encode()))
    for each in ids:
        ack = wire.receive()
        assert (ack["msg_id"], ack["msg_type"], ack["msg_resp"]) == (each, "create_order", "ack"), ack
    print(f"{count} acknowledged", flush=True)


def client(rsa_name, aes, key_id, secret, count):
    listener = socket.create_server(("127.0.0.1", 0))
    print("127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    listener.settimeout(30)
    wire = Wire(listener.accept()[0], "python-client")
    init = wire.receive()
    assert init["msg_type"] == "init_client" and not init.get("msg_resp"), init
    key = serialization.load_pem_public_key(init["msg_data"].encode())
    assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048
    wire.send(msg_id=init["msg_id"], msg_type="init_client", msg_resp="ack")
    dek = os.urandom(32)
    who = {"key_id": key_id, "secret_key": secret}
    clear = json.dumps({"dek": base64.b64encode(dek).decode(), **who}).encode()
    if len(clear) <= rsa_room(rsa_name, key):
        data = base64.b64encode(key.encrypt(clear, rsa_form(rsa_name))).decode()
    else:
        wrapped = base64.b64encode(key.encrypt(dek, rsa_form(rsa_name))).decode()
        data = json.dumps({"dek": wrapped, "data": seal(aes, dek, json.dumps(who).encode())})
    register = str(uuid.uuid4())
    wire.send(msg_id=register, msg_type="register_client", msg_data=data)
    answer = wire.receive()
    assert (answer["msg_id"], answer["msg_type"], answer["msg_resp"]) == (register, "register_client", "ack"), answer
    for _ in range(count):
        event = wire.receive()
        assert not event.get("msg_resp"), event
        order = json.loads(unseal(aes, dek, event["msg_data"]).decode("utf-8"))
        print(json.dumps({"msgType": event["msg_type"], "data": order}), flush=True)
        wire.send(msg_id=event["msg_id"], msg_type=event["msg_type"], msg_resp="ack")
    sys.stdin.read()  # the connection stays until the test has seen what it wants


if __name__ == "__main__":
    side, *rest = sys.argv[1:]
    {"pos": pos, "client": client}[side](*rest[:-1], int(rest[-1]))
