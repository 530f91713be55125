# What a merchant writes from the gateway's guide. Body on standard input, key and secret in the environment.
#   python3 merchant.py sign METHOD PATH TIMESTAMP
#   python3 merchant.py verify METHOD PATH HEADER
import hashlib
import hmac
import os
import sys

body = sys.stdin.buffer.read()


def sign(method, path, timestamp):
    key = hashlib.sha256(os.environ["SECRET_KEY"].encode("utf-8")).hexdigest()
    body_hash = hashlib.sha256(body).hexdigest()
    message = f"{method}\n{path}\n{timestamp}\n{body_hash}"
    return hmac.new(key.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).hexdigest()


command, method, path, last = sys.argv[1:]
if command == "sign":
    print(f"HMAC-SHA256 {os.environ['API_KEY']}:{last}:{sign(method, path, last)}")
else:
    key, timestamp, signature = last.removeprefix("HMAC-SHA256 ").split(":")
    print("ok" if key == os.environ["API_KEY"] and hmac.compare_digest(sign(method, path, timestamp), signature) else "refused")
