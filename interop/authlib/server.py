"""An authorization server that accepts ID-JAGs: Authlib's IDJAGGrant with Flask around it.

What verifies the ID-JAG and the client is Authlib's code. Here are only the hooks that Authlib leaves to its
users, in the form that its docstrings show, and the metadata document, for which Authlib has no endpoint.
"""

import argparse
import json
import logging
import os
import secrets
import threading
import time
import urllib.request

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.drafts import IDJAGGrant
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, InvalidGrantError, list_to_scope, scope_to_list
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from flask import Flask, jsonify
from joserfc.jwk import KeySet
from werkzeug.serving import make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # http is fine on loopback

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
option = parser.add_argument
option("--port", type=int, default=0, help="0: any free one; it is printed")
option("--idp-issuer", default="http://127.0.0.1:9555", help="the IdP; its second issuer, {IdP}/other, is trusted too")
option("--client-id", default="client-1")
option("--client-secret", default="secret-1")
option("--other-client-id", default="client-2")
option("--other-client-secret", default="secret-2")
option("--unauthorized-client-id", default="client-3", help="a client that is registered for another grant")
option("--unauthorized-client-secret", default="secret-3")
option("--jwks-ttl", type=float, default=300, help="seconds for which fetched keys are kept")
faults = parser.add_argument_group("misconfigurations, each a mistake that operators make")
faults.add_argument("--trust-issuer", metavar="URL", help="trust this issuer instead of the IdP")
faults.add_argument("--jwks-uri", metavar="URL", help="fetch the IdP's keys here instead of {IdP}/jwks")
faults.add_argument("--audience", metavar="URL", help="expect this aud instead of the own issuer identifier")
faults.add_argument("--typ", default=IDJAGGrant.REQUIRED_TYP, help="expect this typ")
faults.add_argument("--clock-offset", type=float, default=0, metavar="SECONDS", help="the clock is off by so much")
faults.add_argument("--no-grant", action="store_true", help="the grant is not registered")
args = parser.parse_args()

if args.clock_offset:  # Authlib has no clock to inject
    true_time = time.time
    time.time = lambda: true_time() + args.clock_offset

app = Flask(__name__)
logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no line per request
http_server = make_server("127.0.0.1", args.port, app, threaded=True)
ISSUER = f"http://127.0.0.1:{http_server.server_port}"  # RFC 8414, section 2: no final slash
SCOPES = ["todos.read", "todos.write"]
IDP = args.trust_issuer or args.idp_issuer
OTHER_IDP = f"{args.idp_issuer}/other"
TRUSTED = {IDP: args.jwks_uri or f"{args.idp_issuer}/jwks", OTHER_IDP: f"{OTHER_IDP}/jwks"}
USERS = {(IDP, "user-123"): "alice", (OTHER_IDP, "user-123"): "bob"}  # a sub is unique within its issuer only
JWKS = {}  # issuer: (KeySet, when it goes stale)
USED_JTI = set()
USED_CLIENT_ASSERTIONS = set()
TOKENS = {}
LOCK = threading.Lock()  # requests are threads, and a jti must be looked up and stored in one step


class Client(ClientMixin):  # each method is the example of its docstring in ClientMixin
    def __init__(self, client_id, client_secret, grant_type=IDJAGGrant.GRANT_TYPE):
        self.client_id, self.client_secret, self.grant_type = client_id, client_secret, grant_type

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return list_to_scope([s for s in scope_to_list(scope or "") if s in SCOPES])

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(self.client_secret, client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method in Grant.TOKEN_ENDPOINT_AUTH_METHODS

    def check_grant_type(self, grant_type):
        return grant_type == self.grant_type


class Grant(IDJAGGrant):
    # Authlib's default: Basic alone. The last is its name for a client assertion.
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "client_assertion_jwt"]
    REQUIRED_TYP = args.typ

    def get_audiences(self):
        return [args.audience or ISSUER]

    def resolve_issuer_key(self, issuer, headers):
        if issuer not in TRUSTED:
            raise InvalidGrantError(description="Untrusted issuer")
        with LOCK:
            keys, stale = JWKS.get(issuer, (None, 0))
            if time.monotonic() >= stale:
                try:
                    with urllib.request.urlopen(TRUSTED[issuer], timeout=5) as response:
                        keys = KeySet.import_key_set(json.load(response))
                except Exception as error:  # unreachable, no JSON, no key: the client is told the same
                    app.logger.warning("the keys of %s: %r", issuer, error)
                    raise InvalidGrantError(description="No keys of the issuer") from error
                JWKS[issuer] = keys, time.monotonic() + args.jwks_ttl
        return keys

    def authenticate_user(self, subject):
        return USERS.get((self.request.id_jag_claims["iss"], subject))

    def check_jti(self, claims, jti):
        with LOCK:
            if jti in USED_JTI:
                return False
            USED_JTI.add(jti)
        return True

    def check_id_jag_permission(self, client, user, scopes):
        return True  # every client may act for every user


class ClientAssertion(JWTBearerClientAssertion):  # each method is the example of its docstring
    def get_audiences(self):
        return [f"{ISSUER}/token", ISSUER]

    def validate_jti(self, claims, jti):
        with LOCK:
            if (claims["sub"], jti) in USED_CLIENT_ASSERTIONS:
                return False
            USED_CLIENT_ASSERTIONS.add((claims["sub"], jti))
        return True

    def resolve_client_public_key(self, client):
        if client.get_client_id() != args.client_id:  # the only one that is registered with a key
            raise InvalidClientError(description="No keys of the client")
        with urllib.request.urlopen(f"{args.idp_issuer}/client-jwks", timeout=5) as response:
            return KeySet.import_key_set(json.load(response))


CLIENTS = {
    args.client_id: Client(args.client_id, args.client_secret),
    args.other_client_id: Client(args.other_client_id, args.other_client_secret),
    args.unauthorized_client_id: Client(
        args.unauthorized_client_id, args.unauthorized_client_secret, "authorization_code"
    ),
}
app.config["OAUTH2_SCOPES_SUPPORTED"] = SCOPES
authorization = AuthorizationServer(
    app,
    query_client=CLIENTS.get,
    save_token=lambda token, request: TOKENS.update({token["access_token"]: (token, request.user)}),
)
authorization.register_client_auth_method(ClientAssertion.CLIENT_AUTH_METHOD, ClientAssertion())
if not args.no_grant:
    authorization.register_grant(Grant)


@app.post("/token")
def token():
    return authorization.create_token_response()


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    return jsonify(
        issuer=ISSUER,
        token_endpoint=f"{ISSUER}/token",
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post", "private_key_jwt"],
        token_endpoint_auth_signing_alg_values_supported=["ES256", "RS256"],
        grant_types_supported=[] if args.no_grant else [Grant.GRANT_TYPE],
        authorization_grant_profiles_supported=[] if args.no_grant else ["urn:ietf:params:oauth:grant-profile:id-jag"],
        response_types_supported=["none"],  # RFC 8414 demands the member; there is no authorization endpoint
        scopes_supported=SCOPES,
    )


print(f"listening on {ISSUER}", flush=True)
http_server.serve_forever()
