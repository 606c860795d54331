#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An application behind nginx that knows who is there: ../README.md."""
import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jwcrypto import jwk, jwt

PORT = int(os.environ.get("PORT") or 3000)
ISSUER = os.environ.get("BASE_URL") or "http://127.0.0.1:8080"
AUDIENCE = os.environ.get("AUDIENCE") or ISSUER
JWKS_URL = os.environ.get("JWKS_URL") or ISSUER + "/auth/oauth/jwks.json"


class Keys:
    """The published keys: kept for five minutes, fetched again for an unknown kid, but not more often than twice a minute."""

    def __init__(self):
        self._lock = threading.Lock()
        self._set = None
        self._fetched = 0.0

    def find(self, kid):
        with self._lock:
            age = time.monotonic() - self._fetched
            if self._set is None or age > 300 or (age > 30 and self._set.get_key(kid) is None):
                with urllib.request.urlopen(JWKS_URL, timeout=5) as answer:
                    self._set = jwk.JWKSet.from_json(answer.read().decode())
                self._fetched = time.monotonic()
            key = self._set.get_key(kid)
        if key is None:
            raise ValueError("unknown kid")
        return key


KEYS = Keys()


def who_is(headers):
    """The claims of the request's identity; raises where there is none that is valid."""
    text = headers.get("X-OAuth-Identity", "")
    wanted = {"iss": ISSUER, "aud": AUDIENCE, "exp": None, "sub": None}
    token = jwt.JWT(algs=["ES256"], check_claims=wanted)
    token.leeway = 5
    unverified = jwt.JWS()
    unverified.deserialize(text)
    token.deserialize(text, KEYS.find(unverified.jose_header.get("kid")))
    return json.loads(token.claims)


class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, kind, body = 200, "application/json", json.dumps(who_is(self.headers))
        except Exception as error:  # whatever is wrong with a token, the answer is the same
            print(f"refused: {error!r}", file=sys.stderr)
            status, kind, body = 401, "text/plain", "No valid identity.\n"
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    print(f"http://127.0.0.1:{PORT}/", flush=True)
    ThreadingHTTPServer(("127.0.0.1", PORT), Application).serve_forever()
