// An authorization server that accepts ID-JAGs: @cloudflare/workers-oauth-provider with Node's HTTP server around it.
// What verifies the ID-JAG and the client is the package's code. Here are only what Workers has and Node lacks, and the
// two hooks that the package leaves to its users, in the form of its documentation.
import { createServer } from "node:http";
import { createRequire, register } from "node:module";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Kv } from "./kv.mjs";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" }, // 0: any free one; it is printed
    "idp-issuer": { type: "string", default: "https://127.0.0.1:9555" }, // its second issuer, {IdP}/other, is trusted too
    modules: { type: "string", default: import.meta.dirname }, // the folder whose node_modules has the package
  },
});

register(new URL("workers.mjs", import.meta.url));
const installed = createRequire(join(options.modules, "package.json"));
const { OAuthAuthorizationServer } = await import(pathToFileURL(installed.resolve("@cloudflare/workers-oauth-provider")));

const SCOPES = ["todos.read", "todos.write"];
const RESOURCES = ["https://todos.example/api", "https://notes.example/api"];
const IDP = options["idp-issuer"];
const ISSUERS = [IDP, `${IDP}/other`];
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

const http = createServer(async (incoming, outgoing) => {
  try {
    const response = await authorizationServer.fetch(toRequest(incoming), env, {});
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  } catch (error) {
    // Workers answers an exception with 500 as well.
    console.error(`500 ${incoming.method} ${incoming.url}: ${error?.stack ?? error}`);
    outgoing.writeHead(500, { "content-type": "text/html" });
    outgoing.end("<h1>Worker threw exception</h1>");
  }
});
await new Promise((resolve) => http.listen(Number(options.port), "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${http.address().port}`; // the package takes http on loopback addresses

const env = { OAUTH_KV: new Kv() };
const authorizationServer = new OAuthAuthorizationServer({
  issuer,
  resources: RESOURCES,
  defaultResource: RESOURCES[0],
  scopesSupported: SCOPES,
  enterpriseManagedAuthorization: {
    trustedIssuers: async ({ iss }) =>
      ISSUERS.includes(iss) ? { issuer: iss, jwksUri: `${iss}/jwks`, algorithms: ["RS256", "ES256"] } : null,
    mapClaims: async ({ claims, requestedScope }) => ({
      userId: `enterprise-${encodeURIComponent(claims.sub)}`,
      scope: requestedScope,
      metadata: { issuer: claims.iss, subject: claims.sub },
      props: { subject: claims.sub, email: claims.email },
    }),
  },
  // Why a request was refused: the client is not told.
  onError: ({ status, code, internal }) => console.error(`${status} ${code} ${internal.category} ${internal.reason}`),
});

/** The request as Workers hands it on. Its address is taken from the Host header field, as there. */
function toRequest(incoming) {
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  const bodyless = incoming.method === "GET" || incoming.method === "HEAD";
  return new Request(new URL(incoming.url, `http://${incoming.headers.host}`), {
    method: incoming.method,
    headers,
    body: bodyless ? undefined : Readable.toWeb(incoming),
    duplex: "half",
  });
}

for (const clientName of ["client", "other client"]) {
  const { clientId, clientSecret } = await authorizationServer.getOAuthApi(env).createClient({
    clientName,
    grantTypes: [JWT_BEARER],
    responseTypes: [],
    redirectUris: ["https://client.example/callback"], // never used, but the package demands one
  });
  console.log(`${clientName} ${clientId} ${clientSecret}`);
}
console.log(`listening on ${issuer}`);
