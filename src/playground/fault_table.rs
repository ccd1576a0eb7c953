//! The table of faults: one entry each with variant, name, row, whether a good ID-JAG is refused, what the faulty
//! server does, and the source. To add one: append an entry, put `faults.has(Fault::…)` at the check that it breaks,
//! and add its row to `tests/playground/`. Names are a stable interface, so never rename one.

use super::{fault_row::*, faults::FaultInfo};

macro_rules! faults {
    ($($variant:ident $name:literal $row:ident $good:ident $does:literal $source:literal;)+) => {
        /// A fault that the playground can be given.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $(#[doc = $does] $variant,)+ }

        impl Fault {
            /// All faults, in the order in which a request meets them.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant),+];

            /// What is told of the fault.
            pub fn info(self) -> &'static FaultInfo {
                match self {
                    $(Fault::$variant => &FaultInfo {
                        fault: Fault::$variant, name: $name, does: $does, source: $source, row: $row,
                        refuses_good: faults!(@ $good),
                    },)+
                }
            }
        }
    };
    (@ refused) => { true };
    (@ accepted) => { false };
}

faults! {
    // Discovery

    NoMetadata "no-metadata" DISCOVERY accepted
        "Serves no metadata at any well-known address; the token endpoint works." "DMCP-one";
    IssuerSlashMismatch "issuer-slash-mismatch" DISCOVERY accepted
        "Calls itself, in the metadata and as `aud`, by its issuer with a slash added at the end."
        "expo/expo#49053; modelcontextprotocol/python-sdk#1919; anomalyco/opencode#50036";
    IssuerOtherHost "issuer-other-host" DISCOVERY accepted
        "Names an issuer on another host in its metadata." "D8414-3.3-issuer";
    MetadataHtml "metadata-html" DISCOVERY accepted
        "Answers the well-known addresses with the HTML page of its login."
        "D8414-3.2-200; near sebadob/rauthy#1656";
    MetadataInvalidJson "metadata-invalid-json" DISCOVERY accepted
        "Cuts the metadata off, so that it is no JSON." "D8414-3.2-200";
    MetadataWrongTypes "metadata-wrong-types" DISCOVERY accepted
        "Writes an array for `issuer` and an object for `token_endpoint`." "D8414-2-token";
    MetadataRedirects "metadata-redirects" DISCOVERY accepted
        "Redirects the well-known addresses to its login page." "D-redirect";
    MetadataContentType "metadata-content-type" METADATA accepted
        "Serves the metadata as text/plain." "D8414-3.2-200";
    WellknownInsertionMissing "wellknown-insertion-missing" DISCOVERY accepted
        "With a path in the issuer, serves only the appended form of OpenID Connect and 404 at the inserted ones."
        "sebadob/rauthy#1656; traccar/traccar#5849; Southclaws/storyden#751";
    MetadataFromHostHeader "metadata-from-host-header" DISCOVERY accepted
        "Builds issuer and endpoints of the metadata from the Host header of the request."
        "ganhammar/hass-oidc-server#31; elastic/docs-builder#2805; cloudfoundry/uaa#2079; panva/node-oidc-provider#433";
    DocumentsDisagree "documents-disagree" METADATA accepted
        "Names another, dead token endpoint in openid-configuration than in oauth-authorization-server."
        "DMCP-order";
    GrantProfileMissing "grant-profile-missing" METADATA accepted
        "Does not advertise the ID-JAG grant profile." "IDJAG-7.2-value";
    ProfileTokenTypeUrn "profile-token-type-urn" METADATA accepted
        "Advertises the token type URN where the grant profile URN belongs." "IDJAG-7.2-notoken";
    GrantProfilesNotArray "grant-profiles-not-array" METADATA accepted
        "Writes a string for `authorization_grant_profiles_supported`." "IDJAG-7.2-array";
    TrustedIssuersAdvertised "trusted-issuers-advertised" METADATA accepted
        "Lists the IdPs that it trusts in `authorization_grant_profiles_supported`." "IDJAG-9.5-noiss";
    GrantTypeNotAdvertised "grant-type-not-advertised" METADATA accepted
        "Advertises the grant profile but not the JWT bearer grant type." "D8414-2-gts";
    ResponseTypesMissing "response-types-missing" METADATA accepted
        "Leaves out `response_types_supported`." "D8414-2-rts";
    EmptyArrays "empty-arrays" METADATA accepted
        "Writes empty arrays for what it does not have." "D8414-3.2-empty";
    JwksPrivateKey "jwks-private-key" METADATA accepted
        "Publishes the private member `d` in its JWKS." "D8414-jwks";
    AuthMethodsUnderstated "auth-methods-understated" CLIENT accepted
        "Advertises mutual TLS only, and authenticates clients by other methods." "D8414-2-team";
    SamlClientAuthAdvertised "saml-client-auth-advertised" CLIENT accepted
        "Advertises SAML assertions for client authentication." "J7523bis-saml";
    AuthAlgNoneAdvertised "auth-alg-none-advertised" METADATA accepted
        "Lists `none` among the algorithms of client assertions." "D8414-2-team-alg";
    SigningKeyNotPublished "signing-key-not-published" API_JWKS accepted
        "Publishes another key than the one that signs its access tokens." "near giantswarm/mcp-oauth#452";

    // The token endpoint and the form of the request

    TokenEndpointMissing "token-endpoint-missing" ENDPOINT accepted
        "Leaves `token_endpoint` out of the metadata; the token endpoint works."
        "Sphereon-Opensource/OID4VC#65";
    TokenEndpoint404 "token-endpoint-404" ENDPOINT refused
        "Names a token endpoint that is not there." "near metatool-ai/metamcp#263";
    TokenEndpoint405 "token-endpoint-405" ENDPOINT refused
        "Answers 405 to POST at the token endpoint." "O6749-3.2-exists";
    TokenEndpointHtml "token-endpoint-html" ENDPOINT refused
        "Answers the token endpoint with an HTML page." "O6749-3.2-exists";
    TokenEndpointRedirects "token-endpoint-redirects" ENDPOINT refused
        "Redirects the token endpoint to its login page." "O6749-3.2-exists";
    RateLimited "rate-limited" THROTTLED accepted
        "Answers 429 from the 21st token request within a minute on." "EMA-7.5.1-rate";
    GetAccepted "get-accepted" REQUEST accepted
        "Issues tokens to GET requests." "O6749-3.2-post; ATT-get";
    QueryParametersAccepted "query-parameters-accepted" REQUEST accepted
        "Takes parameters from the query of the URL." "O6749-3.2-noquery; ATT-query";
    JsonBodyAccepted "json-body-accepted" REQUEST accepted
        "Takes the parameters from a JSON body." "O6749-3.2-ctype";
    CharsetParameterRefused "charset-parameter-refused" REQUEST accepted
        "Refuses a form whose Content-Type has a charset parameter." "O6749-3.2-ctype";
    DuplicateParameterAccepted "duplicate-parameter-accepted" REQUEST accepted
        "Takes the first of repeated parameters." "O6749-3.2-dup; ATT-dup-param";
    EmptyParameterNotOmitted "empty-parameter-not-omitted" REQUEST accepted
        "Reads a parameter without a value as an empty value." "O6749-3.2-empty";
    UnknownParameterRefused "unknown-parameter-refused" REQUEST accepted
        "Refuses parameters that it does not know." "O6749-3.2-unknown";
    UnsupportedGrantType "unsupported-grant-type" GRANT_TYPE refused
        "Advertises the JWT bearer grant but answers unsupported_grant_type." "IDJAG-4.4-grant";
    GrantNotAllowedForClient "grant-not-allowed-for-client" GRANT_TYPE refused
        "Has registered the clients without the JWT bearer grant: unauthorized_client." "O6749-5.2-unauth";
    GrantNotRegisteredForClient "grant-not-registered-for-client" CLIENT accepted
        "Lets a client use the grant that was registered without it, or that is not admitted any more."
        "cloudflare/workers-oauth-provider#210; speakeasy-api/gram#6496 (review)";
    GrantTypeNotChecked "grant-type-not-checked" GRANT_TYPE accepted
        "Takes any `grant_type`, or none, when there is an assertion." "O6749-5.2-ugt";
    IdJagAsIdToken "id-jag-as-id-token" OTHER_TOKEN accepted
        "Takes an ID-JAG as the subject token of a token exchange." "speakeasy-api/gram#5028";

    // Client authentication

    ClientNotRegistered "client-not-registered" CLIENT refused
        "Does not know the client." "IDJAG-4.4-clientauth";
    ClientSecretRotated "client-secret-rotated" CLIENT refused
        "Has given the client another secret since." "IDJAG-4.4-clientauth";
    BasicUnsupported "basic-unsupported" CLIENT refused
        "Advertises client_secret_basic but authenticates clients by the body only." "O6749-2.3.1-basic";
    ClientIdInBodyDemanded "client-id-in-body-demanded" CLIENT refused
        "Demands `client_id` in the body beside HTTP Basic or a client assertion." "O6749-2.3-one";
    ClientIdInBodyRefused "client-id-in-body-refused" CLIENT accepted
        "Refuses `client_id` in the body beside HTTP Basic or a client assertion." "O6749-2.3-one";
    BasicNotFormDecoded "basic-not-form-decoded" CLIENT accepted
        "Does not form-decode id and secret of HTTP Basic, so that special characters fail."
        "cloudflare/workers-oauth-provider#41; IdentityPython/pyop#35";
    ClientAuthMissingAccepted "client-auth-missing-accepted" CLIENT accepted
        "Issues tokens without client authentication, to the client that the ID-JAG names."
        "IDJAG-4.4-clientauth";
    BadBasicIgnored "bad-basic-ignored" CLIENT accepted
        "Drops a wrong secret of HTTP Basic when the assertion is valid." "stacklok/toolhive#6391 (review)";
    SecretPrefixAccepted "secret-prefix-accepted" CLIENT accepted
        "Compares the secret only as far as the one presented reaches." "J7523-3.1-cred";
    EmptySecretAccepted "empty-secret-accepted" CLIENT accepted
        "Takes an empty secret for a client without one." "J7523-3.1-cred";
    TwoAuthMethodsAccepted "two-auth-methods-accepted" CLIENT accepted
        "Takes HTTP Basic and a secret in the body at once." "O6749-2.3-one";
    ClientIdParamTrusted "client-id-param-trusted" CLIENT_ID accepted
        "Compares the ID-JAG's client with the form parameter `client_id`, whoever has authenticated."
        "nuts-foundation/nuts-node#3968; keycloak/keycloak#22177";
    GrantBeforeClientAuth "grant-before-client-auth" CLIENT accepted
        "Looks at the grant before it authenticates the client, so that an unknown client gets invalid_grant."
        "better-auth/better-auth#11176";
    UnauthorizedClientForAuthFailure "unauthorized-client-for-auth-failure" CLIENT accepted
        "Calls failed client authentication unauthorized_client."
        "thunder-id/thunderid#4483; modelcontextprotocol/python-sdk#1481; wso2-extensions/identity-inbound-auth-oauth#1141";
    UnknownClient500 "unknown-client-500" ERROR accepted
        "Ends with 500 when the client is unknown." "casdoor/casdoor#5124 (review)";
    UnknownClientTold "unknown-client-told" CLIENT accepted
        "Tells an unknown client from a wrong secret in its answer." "ATT-enum";
    WwwAuthenticateMissing "www-authenticate-missing" CLIENT accepted
        "Sends 401 without WWW-Authenticate." "O6749-5.2-ic401";

    MalformedAuthorizationIgnored "malformed-authorization-ignored" CLIENT accepted
        "Passes over an Authorization header that it cannot read, and lets in the client that the ID-JAG names."
        "ATT-basic";
    PublicClientAllowed "public-client-allowed" CLIENT accepted
        "Lets public clients redeem ID-JAGs although they are to be refused." "PrefectHQ/fastmcp#4483 (review)";
    PublicClientRefused "public-client-refused" CLIENT accepted
        "Refuses public clients although they may redeem ID-JAGs." "AMB-8; near stacklok/toolhive#6677";
    ClientAuthMethodNotPinned "client-auth-method-not-pinned" CLIENT accepted
        "Lets a client authenticate by another method than the one that it is registered for."
        "indigo-iam/iam#1175";
    KeyClientTakenForPublic "key-client-taken-for-public" CLIENT accepted
        "Takes a client that has a key and no secret for a public one, so that its id is enough."
        "IDJAG-4.4-clientauth; near indigo-iam/iam#1175";

    // Client assertions

    IdJagAsClientAssertion "id-jag-as-client-assertion" CLIENT accepted
        "Takes whatever its IdP has signed for a client assertion of the client that it names." "ATT-jag-as-ca";
    ClientAssertionTypeIgnored "client-assertion-type-ignored" CLIENT accepted
        "Does not look at `client_assertion_type`." "J7523-2.2-type; J7523bis-saml";
    ClientAssertionTypDemanded "client-assertion-typ-demanded" CLIENT accepted
        "Demands the `typ` client-authentication+jwt of client assertions." "J7523bis-ca-typ";
    ClientAssertionTypRefused "client-assertion-typ-refused" CLIENT accepted
        "Refuses the `typ` client-authentication+jwt." "J7523bis-ca-typ";
    ClientAssertionIssNotCompared "client-assertion-iss-not-compared" CLIENT accepted
        "Takes the client from whichever of `sub` and `iss` names one." "J7523-3-iss-sub";
    ClientAssertionKeyOfAnyClient "client-assertion-key-of-any-client" CLIENT accepted
        "Verifies a client assertion with the key of another client." "A7521-5.2-sig";
    ClientAssertionAlgOpen "client-assertion-alg-open" CLIENT accepted
        "Takes client assertions signed by algorithms that its metadata does not list." "mosip/esignet#2236";
    ClientAssertionAudNotChecked "client-assertion-aud-not-checked" CLIENT accepted
        "Does not look at `aud` of a client assertion." "A7521-5.2-aud";
    ClientAssertionAudPrefixMatch "client-assertion-aud-prefix-match" CLIENT accepted
        "Takes every `aud` of a client assertion that begins with its issuer." "J7523bis-cmp";
    ClientAssertionAudTokenEndpoint "client-assertion-aud-token-endpoint" CLIENT accepted
        "Takes its token endpoint, and an array that holds it or its issuer, as `aud` of a client assertion."
        "AMB-23; J7523bis-ca-aud";
    ClientAssertionAudDoubleSlash "client-assertion-aud-double-slash" CLIENT accepted
        "Expects its token endpoint with a doubled slash as `aud` of a client assertion." "PrefectHQ/fastmcp#4659";
    ClientAssertionAudIssuerRefused "client-assertion-aud-issuer-refused" CLIENT accepted
        "Takes its token endpoint only as `aud` of a client assertion." "better-auth/better-auth#10811";
    ClientAssertionJtiMissingAccepted "client-assertion-jti-missing-accepted" CLIENT accepted
        "Takes a client assertion without `jti`, any number of times." "near mosip/esignet#2418";
    ClientAssertionReplay "client-assertion-replay" CLIENT accepted
        "Takes the same client assertion any number of times." "mosip/esignet#2418";

    // The assertion's form

    MalformedAssertion500 "malformed-assertion-500" ERROR accepted
        "Answers 500 to whatever is not a JWT." "zitadel/zitadel#12692";
    DuplicateMember500 "duplicate-member-500" ERROR accepted
        "Answers 500 to a repeated member name." "Abblix/Oidc.Server#284";
    DuplicateClaimsFirstWins "duplicate-claims-first-wins" MALFORMED accepted
        "Takes the first of repeated members." "ATT-dup-claims; AMB-17";
    Base64TrailingBits "base64-trailing-bits" MALFORMED accepted
        "Ignores the unused bits at the end of a base64url segment."
        "golang-jwt/jwt#502; tink-crypto/tink-java#82; benmcollins/libjwt#284; authlib/joserfc#51";
    Base64PaddingAccepted "base64-padding-accepted" MALFORMED accepted
        "Takes base64url with padding." "ATT-b64-malleable";
    WhitespaceAccepted "whitespace-accepted" MALFORMED accepted
        "Drops white space inside the assertion." "ATT-b64-malleable";
    Base64StandardAlphabet "base64-standard-alphabet" MALFORMED accepted
        "Takes base64 with `+` and `/`." "ATT-b64-malleable";
    AnyEncodingRead "any-encoding-read" MALFORMED accepted
        "Reads claims in UTF-16, with a byte order mark, and with bytes that are no UTF-8." "JB-3.7-utf8";
    LaxJsonRead "lax-json-read" MALFORMED accepted
        "Reads apostrophes, comments, NaN and commas too many as JSON." "ATT-json-lax";
    EscapedNameNotRead "escaped-name-not-read" MALFORMED accepted
        "Does not find a member whose name is written with an escape." "ATT-json-lax";
    DeepNesting500 "deep-nesting-500" ERROR accepted
        "Ends with 500 when claims are nested deep." "ATT-json-lax";
    LargeBody500 "large-body-500" ERROR accepted
        "Ends with 500 when the body is larger than it takes." "O6749-size; ATT-size";
    LongAssertion500 "long-assertion-500" ERROR accepted
        "Ends with 500 when the assertion has more than 16000 characters." "ATT-size";
    TruncatedSerialisation "truncated-serialisation" JWKS accepted
        "Takes an assertion of two segments, without a signature." "near Secure-D/wastc#2 (CVE-2020-28042)";
    FourSegments "four-segments" MALFORMED accepted
        "Ignores what follows the third segment." "ATT-multi-dot";
    JsonSerialisationAccepted "json-serialisation-accepted" MALFORMED accepted
        "Takes the flattened JSON serialisation." "JB-format; ATT-json-ser";
    NestedUnwrapped "nested-unwrapped" JWKS accepted
        "Unwraps a JWS in a JWS, and verifies only one of the two." "ATT-nested";
    JweForSignature "jwe-for-signature" ENCRYPTED accepted
        "Believes claims that it could decrypt, whoever has encrypted them." "JB-3.3-all; ATT-jwe";
    EncryptedIdJagRefused "encrypted-id-jag-refused" ENCRYPTED accepted
        "Offers to take encrypted ID-JAGs and cannot decrypt them." "IDJAG-jwe";
    JweBomb500 "jwe-bomb-500" ERROR accepted
        "Ends with 500 at a JWE that is compressed or has a password." "ATT-jwe; CVE-2023-51774";

    // typ, alg, crit

    TypNotChecked "typ-not-checked" TYP accepted
        "Takes any `typ`, or none." "MCPJam/inspector#2575 (test mode invalid_type_header)";
    ExpectsTypJwt "expects-typ-jwt" TYP refused
        "Demands `typ` JWT." "IDJAG-4.4.1-typ";
    TypValidGenericError "typ-valid-generic-error" TYP refused
        "Has no handler for ID-JAGs and answers invalid_request about redirect_uri." "stacklok/toolhive#6676";
    TypReadFromClaims "typ-read-from-claims" TYP accepted
        "Takes the type from a claim `typ` when the header has another." "IDJAG-4.4.1-typ-payload";
    TypAnyJwtSuffix "typ-any-jwt-suffix" TYP accepted
        "Takes every `typ` that ends in +jwt." "ATT-at; ATT-ca-as-jag";
    IdTokenAsAssertion "id-token-as-assertion" TYP accepted
        "Takes an ID token of the IdP for an assertion, without aud, client_id and jti checks."
        "wso2/product-is#4189";
    AlgOnlyEs256 "alg-only-es256" JWKS refused
        "Allows no other algorithm than ES256." "AMB-22";
    AlgNone "alg-none" JWKS accepted
        "Takes `alg` none." "ATT-alg-none";
    AlgNoneCase "alg-none-case" JWKS accepted
        "Refuses `none` but takes None, NONE and nOnE." "cerberauth/vulnapi#180; OWASP/wstg#818";
    AlgCaseInsensitive "alg-case-insensitive" JWKS accepted
        "Reads `alg` without regard to case." "JB-3.1-case";
    AlgConfusionGrant "alg-confusion-grant" JWKS accepted
        "Takes a MAC made with the PEM of the IdP's public key."
        "keycloak CVE-2026-11800 (keycloak/keycloak#50357)";
    AlgEmptyHmac "alg-empty-hmac" JWKS accepted
        "Takes a MAC made with an empty secret." "ATT-alg-empty-hmac";
    CritIgnored "crit-ignored" JWKS accepted
        "Ignores `crit` and `b64`." "JB-crit; ATT-crit; ATT-b64";

    // iss and the IdP's keys

    IssNotTrusted "iss-not-trusted" ISS refused
        "Has no IdP in its list of trusted issuers." "IDJAG-3.1-iss";
    IssSlashDemanded "iss-slash-demanded" ISS refused
        "Has its trusted issuers with a slash added at the end." "AMB-2";
    IssMissingAccepted "iss-missing-accepted" ISS accepted
        "Takes an ID-JAG without `iss` for one of its first IdP." "IDJAG-3.1-iss-missing";
    IssUntrustedAccepted "iss-untrusted-accepted" ISS accepted
        "Trusts every issuer that serves a JWKS." "MCPJam/inspector#2575 (test mode wrong_issuer)";
    IssPrefixMatch "iss-prefix-match" ISS accepted
        "Trusts every issuer that begins with a trusted one." "ATT-iss-prefix";
    IssSlashNormalised "iss-slash-normalised" ISS accepted
        "Drops slashes at the end before it compares issuers." "AMB-2";
    IssSingleProviderFallback "iss-single-provider-fallback" ISS accepted
        "Uses the keys of its first IdP whatever `iss` says." "NodeDB-Lab/nodedb#61";
    IssNotBoundToKeys "iss-not-bound-to-keys" JWKS accepted
        "Takes the key of any trusted IdP for the ID-JAGs of all." "IDJAG-4.1-iss-keys";
    KidBeforeIss "kid-before-iss" JWKS accepted
        "Looks a key up by `kid` alone: of two IdPs with the same kid the first one's counts."
        "agentgateway/agentgateway#3609; openziti/ziti#4118";
    JwksUnreachable "jwks-unreachable" JWKS refused
        "Fetches the IdP's keys from a wrong address." "JB-jwks-down";
    JwksPoisonedByUnknownKty "jwks-poisoned-by-unknown-kty" JWKS refused
        "Drops the whole JWKS when one key is neither RSA nor EC."
        "PrefectHQ/fastmcp#4515; authlib/joserfc#104; jwt/ruby-jwt#743; coreos/go-oidc#499";
    UnknownKidNotRefetched "unknown-kid-not-refetched" JWKS accepted
        "Does not fetch the JWKS again for an unknown `kid`."
        "giantswarm/mcp-oauth#452; mckinsey/agents-at-scale-ark#2568";
    RemovedKeyAccepted "removed-key-accepted" JWKS accepted
        "Keeps every key that was ever published." "synergyai-nl/svelte-langgraph#284";
    UseEncKeyVerifies "use-enc-key-verifies" JWKS accepted
        "Verifies with a key that is published for encryption." "near DataZooDE/quack-oauth#15";
    UnknownKidNotVerified "unknown-kid-not-verified" JWKS accepted
        "Does not verify the signature when the `kid` is unknown."
        "MCPJam/inspector#2575 (test mode unknown_kid)";
    UnverifiedDecodeOk "unverified-decode-ok" JWKS accepted
        "Does not verify the signature when it has no keys of the IdP." "kilork/openid#92";
    SignatureNotChecked "signature-not-checked" JWKS accepted
        "Does not verify signatures." "A7521-5.2-sig";
    EmptySignatureAccepted "empty-signature-accepted" JWKS accepted
        "Takes an empty signature." "ATT-strip; CVE-2020-28042";
    PsychicSignature "psychic-signature" JWKS accepted
        "Takes an ECDSA signature of which r or s is zero, or the order of the group." "CVE-2022-21449 (auth0/java-jwt#579, OWASP/wstg#930)";
    DerSignatureAccepted "der-signature-accepted" JWKS accepted
        "Takes an ECDSA signature in DER." "ATT-psychic";
    X5cTrusted "x5c-trusted" JWKS accepted
        "Verifies with the key of the certificate in the header's `x5c`, whoever has signed that." "ATT-x5c";
    ShortRsaKeyAccepted "short-rsa-key-accepted" JWKS accepted
        "Verifies with RSA keys of fewer than 2048 bits." "JB-rsa2048; ATT-weakkey";
    SymmetricJwkAccepted "symmetric-jwk-accepted" JWKS accepted
        "Verifies MACs with a symmetric key of the IdP's JWKS, which everybody can read." "ATT-weakkey";
    JwkHeaderTrusted "jwk-header-trusted" JWKS accepted
        "Verifies with the key in the header's `jwk`."
        "CVE-2026-27962 (stackitcloud/rag-template#299); CVE-2018-0114 (OWASP/CheatSheetSeries#2317)";
    JkuX5uFetched "jku-x5u-fetched" JWKS accepted
        "Fetches the URLs in the header's `jku` and `x5u`, and believes the keys at `jku`."
        "OWASP/CheatSheetSeries#2317; RUB-NDS/JOSEPH#24";
    KidInjection "kid-injection" JWKS accepted
        "Reads the key from the file that `kid` names: /dev/null is an empty MAC secret."
        "OWASP/wstg#1275; WebGoat/WebGoat#1538";

    // aud

    AudNotChecked "aud-not-checked" AUD accepted
        "Does not look at `aud`." "A7521-5.2-aud";
    AudMissing "aud-missing" AUD accepted
        "Takes an ID-JAG whose `aud` is absent or empty."
        "cloudflare/workers-oauth-provider#268 (its test list)";
    AudMultiElementArray "aud-multi-element-array" AUD accepted
        "Takes an `aud` array as soon as one element is its issuer." "cloudflare/workers-oauth-provider#268";
    AudDuplicateSelfArray "aud-duplicate-self-array" AUD accepted
        "Takes an `aud` array that names its issuer several times."
        "cloudflare/workers-oauth-provider#268 (its test list)";
    AudOneElementArrayRefused "aud-one-element-array-refused" AUD accepted
        "Refuses an `aud` array that holds its issuer alone." "near thunder-id/thunderid#4544";
    AudSlashNormalised "aud-slash-normalised" AUD accepted
        "Drops slashes at the end before it compares `aud`." "near modelcontextprotocol/python-sdk#2999";
    AudPrefixMatch "aud-prefix-match" AUD accepted
        "Takes every `aud` that begins with its issuer." "ATT-aud-smuggle";
    AudTokenEndpointAccepted "aud-token-endpoint-accepted" AUD accepted
        "Takes its token endpoint as `aud` besides its issuer."
        "IDJAG-4.4.1-aud-token-ep; keycloak/keycloak#52631";
    AudOwnClientId "aud-own-client-id" AUD accepted
        "Takes the id of a client as `aud`." "keycloak/keycloak#45178, #45443";
    AudResourceAccepted "aud-resource-accepted" AUD accepted
        "Takes the identifier of a resource as `aud`." "IDJAG-4.4.1-aud-rs";
    AudTokenEndpointDemanded "aud-token-endpoint-demanded" AUD refused
        "Demands its token endpoint as `aud`." "IDJAG-4.4.1-aud-token-ep";
    AudSlashDemanded "aud-slash-demanded" AUD refused
        "Demands its issuer with a slash added as `aud`." "AMB-2";
    AudSiteUrlNotIssuer "aud-site-url-not-issuer" AUD refused
        "Demands the address of its web site as `aud`, which is not its issuer." "PostHog/posthog#64747";

    // client_id claim

    ClientIdClaimAbsent "client-id-claim-absent" CLIENT_ID accepted
        "Takes an ID-JAG without `client_id` from whoever presents it." "PrefectHQ/fastmcp#4483 (review)";
    ClientIdClaimNotString "client-id-claim-not-string" CLIENT_ID accepted
        "Takes an array that holds the client's id for `client_id`." "near keycloak/keycloak#46048";
    ClientIdAzpAccepted "client-id-azp-accepted" CLIENT_ID accepted
        "Takes `azp` where `client_id` is missing." "IDJAG-4.4.1-client-azp";
    ClientIdComparedLoosely "client-id-compared-loosely" CLIENT_ID accepted
        "Compares `client_id` without regard to case and surrounding white space." "IDJAG-4.4.1-client-exact";
    ClientBindingMissing "client-binding-missing" CLIENT_ID accepted
        "Does not compare `client_id` with the authenticated client."
        "IDJAG-4.4.1-client-match; near thunder-id/thunderid#4997";
    WrongClientExpected "wrong-client-expected" CLIENT_ID refused
        "Expects the id that the client has at the IdP as `client_id`."
        "oktadev/okta-cross-app-access-mcp#10";

    // Lifetime and clocks

    ClockBehind "clock-behind" EXPIRED refused
        "Has a clock ten minutes behind." "IDJAG-3.1-iat-future; AMB-11";
    ClockAhead "clock-ahead" EXPIRED refused
        "Has a clock ten minutes ahead." "IDJAG-3.1-expired; AMB-11";
    ZeroLeeway "zero-leeway" EXPIRED refused
        "Has no leeway, and a clock three seconds behind." "keycloak/keycloak#8966, #34841";
    LeewayOneHour "leeway-one-hour" EXPIRED accepted
        "Has a leeway of an hour." "IDJAG-3.1-expired";
    ExpMissingAccepted "exp-missing-accepted" EXPIRED accepted
        "Takes an ID-JAG without `exp`."
        "cyberfabric/cyberfabric-core#820; synergyai-nl/svelte-langgraph#285; canton-network/splice#5933";
    ExpNotChecked "exp-not-checked" EXPIRED accepted
        "Does not compare `exp` with the clock." "IDJAG-3.1-expired";
    ExpWrongType "exp-wrong-type" EXPIRED accepted
        "Takes an `exp` that is a string or a boolean." "near XukuLLC/attesto#18";
    ExpSaturates "exp-saturates" EXPIRED accepted
        "Clamps an `exp` beyond 63 bits, so that it never expires." "benmcollins/libjwt#283";
    ExpFarAccepted "exp-far-accepted" EXPIRED accepted
        "Has no upper bound for `exp`." "A7521-5.2-far; ATT-ms-exp";
    NbfIgnored "nbf-ignored" EXPIRED accepted
        "Does not look at `nbf`." "IDJAG-3.1-nbf";
    IatFuture "iat-future" EXPIRED accepted
        "Takes an `iat` in the future." "IDJAG-3.1-iat-future";
    IatMissingAccepted "iat-missing-accepted" EXPIRED accepted
        "Takes an ID-JAG without `iat`." "IDJAG-3.1-iat; AMB-10";

    // sub and further claims

    SubMissing "sub-missing" SUBJECT accepted
        "Issues a token for a default user when `sub` is absent or empty."
        "MCPJam/inspector#2575 (test mode missing_claims)";
    SubNotString "sub-not-string" SUBJECT accepted
        "Makes a string of a `sub` that is a number or a boolean." "PrefectHQ/fastmcp#4483 (review)";
    SubNormalised "sub-normalised" SUBJECT accepted
        "Trims `sub`, makes small letters of it and composes its accents before it looks the user up." "ATT-sub";
    SubPattern "sub-pattern" SUBJECT accepted
        "Looks users up by pattern: `*` and `%` find the first one." "ATT-sub";
    EmailUnverifiedKey "email-unverified-key" SUBJECT accepted
        "Finds the user by `email`, verified or not." "stella/stella#782 (review)";
    SubIdWins "sub-id-wins" SUBJECT accepted
        "Finds the user by `sub_id` although `sub` names another." "IDJAG-3.1-subid-same";
    TenantIgnored "tenant-ignored" SUBJECT accepted
        "Takes users of one name in two tenants of the IdP for one." "IDJAG-3.1-tenant; ATT-cross-tenant";
    UnknownClaimsRefused "unknown-claims-refused" FURTHER accepted
        "Refuses an ID-JAG with a claim that it does not know." "IDJAG-3.1-unknown-claims";
    AuthorizationDetailsDropped "authorization-details-dropped" DETAILS accepted
        "Drops `authorization_details`, known or not, and issues a token without the restriction."
        "cloudflare/workers-oauth-provider#269";
    CnfIgnored "cnf-ignored" POSSESSION accepted
        "Ignores `cnf` and issues a bearer token without a proof." "ATT-cnf-strip";
    DpopIgnored "dpop-ignored" POSSESSION accepted
        "Advertises DPoP and does not look at proofs." "POP-nocnf-proof";
    DpopKeyNotCompared "dpop-key-not-compared" POSSESSION accepted
        "Does not compare the key of the proof with the ID-JAG's `cnf`." "POP-cnf-wrongkey";
    DpopBearer "dpop-bearer" POSSESSION accepted
        "Calls an access token that is bound to a key a Bearer token." "POP-cnf-ok";
    DpopSignatureNotChecked "dpop-signature-not-checked" POSSESSION accepted
        "Does not verify the signature of a DPoP proof." "DPOP-typ-alg";
    DpopAlgOpen "dpop-alg-open" POSSESSION accepted
        "Takes a DPoP proof with `alg` none, or with a MAC keyed with its own `jwk`." "DPOP-typ-alg";
    DpopTypNotChecked "dpop-typ-not-checked" POSSESSION accepted
        "Takes any `typ` of a DPoP proof." "DPOP-typ-alg";
    DpopPrivateKeyAccepted "dpop-private-key-accepted" POSSESSION accepted
        "Takes a DPoP proof whose `jwk` is a private key." "DPOP-typ-alg";
    DpopHtmNotChecked "dpop-htm-not-checked" POSSESSION accepted
        "Does not compare the `htm` of a DPoP proof." "DPOP-htm-htu";
    DpopHtuNotChecked "dpop-htu-not-checked" POSSESSION accepted
        "Does not compare the `htu` of a DPoP proof." "DPOP-htm-htu; ATT-dpop-reuse";
    DpopIatNotChecked "dpop-iat-not-checked" POSSESSION accepted
        "Takes a DPoP proof of any age." "DPOP-iat";
    DpopTwoProofsAccepted "dpop-two-proofs-accepted" POSSESSION accepted
        "Takes the first of two DPoP proofs." "DPOP-one";
    DpopReplay "dpop-replay" POSSESSION accepted
        "Takes a DPoP proof any number of times." "DPOP-jti";
    DpopNonceWithheld "dpop-nonce-withheld" POSSESSION accepted
        "Demands a nonce in DPoP proofs and never gives one." "DPOP-nonce";

    // scope and resource

    ScopeClaimDropped "scope-claim-dropped" API_SCOPE accepted
        "Ignores the `scope` of the ID-JAG; the token has none." "bshaffer/oauth2-server-php#595";
    ScopeClaimNotString500 "scope-claim-not-string-500" ERROR accepted
        "Answers 500 to a `scope` that is no string." "modelcontextprotocol/python-sdk#3004 (review)";
    ScopeWildcard "scope-wildcard" SCOPE accepted
        "Grants scopes that the client is not registered for."
        "metabase/metabase#82498; MCPJam/inspector#2575";
    ScopeWider "scope-wider" SCOPE accepted
        "Grants the form's `scope` although the ID-JAG holds less." "ATT-scope-up";
    ScopeNotRegistered "scope-not-registered" SCOPE refused
        "Has registered no scope for the clients: invalid_scope." "IDJAG-4.4.1-scope-unknown";
    ScopeEchoMissing "scope-echo-missing" RESPONSE accepted
        "Leaves `scope` out of the response although it grants less." "IDJAG-4.4.1-resp-granted";
    ResourceNotChecked "resource-not-checked" TARGET accepted
        "Issues tokens for resources that it does not govern." "IDJAG-4.4.1-res-own";
    ResourceErrorInvalidTarget "resource-error-invalid-target" TARGET accepted
        "Answers invalid_target to a `resource` claim that it does not govern."
        "EMA-7.6.2-res; interop/cloudflare";
    ResourceSecondValueUnchecked "resource-second-value-unchecked" TARGET accepted
        "Checks only the first of several resources." "near stacklok/toolhive#6336";
    ResourceParamWins "resource-param-wins" TARGET accepted
        "Issues a token for the form's `resource` although the ID-JAG names another." "ATT-res-up";
    ResourceParamIgnored "resource-param-ignored" TARGET accepted
        "Does not look at the form's `resource`." "R8707-2.2-narrow";
    RepeatedResourceRefused "repeated-resource-refused" TARGET accepted
        "Refuses a form with two `resource` parameters." "R8707-multi";
    ResourceComparedVerbatim "resource-compared-verbatim" TARGET accepted
        "Compares resources byte for byte, with scheme and host in any case." "IDJAG-3.1-res-norm";
    ResourceVsAudienceBypass "resource-vs-audience-bypass" TARGET accepted
        "Adds the form's `audience` to the audience of the access token, unchecked." "Abblix/Oidc.Server#205";
    ResourceArrayRefused "resource-array-refused" TARGET accepted
        "Refuses a `resource` claim that is an array." "IDJAG-4.4.1-res-array";
    ResourceNotRegistered "resource-not-registered" TARGET refused
        "Does not know the resources: invalid_target." "R8707-2-unknown";
    ResourceEchoMissing "resource-echo-missing" RESPONSE accepted
        "Leaves `resource` out of the response." "IDJAG-4.4.2-resp-resource";

    // Replay

    JtiNotConsumed "jti-not-consumed" REPLAY accepted
        "Looks for `jti` but does not record its use."
        "thunder-id/thunderid#4500, #5423; highflame-ai/zeroid#282";
    JtiAbsentReplayable "jti-absent-replayable" REPLAY accepted
        "Takes an ID-JAG without `jti`, any number of times." "speakeasy-api/gram#6225 (review)";
    JtiNotString500 "jti-not-string-500" ERROR accepted
        "Answers 500 to a `jti` that is no string." "PrefectHQ/fastmcp#4483 (review)";
    JtiNotScoped "jti-not-scoped" REPLAY accepted
        "Records the `jti` without its issuer." "speakeasy-api/gram#6413 (review)";
    JtiBurntByRefusedRequest "jti-burnt-by-refused-request" REPLAY accepted
        "Records the `jti` before the other checks."
        "AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet#404";
    JtiTtlFixed "jti-ttl-fixed" REPLAY accepted
        "Forgets a `jti` after a minute." "getsentry/sentry#106342 (review)";
    JtiTtlWithoutLeeway "jti-ttl-without-leeway" REPLAY accepted
        "Forgets a `jti` at `exp`, although the leeway lets the ID-JAG live on."
        "Azure-Samples/azure-health-data-and-ai-samples#413 (review)";
    EcdsaSMalleability "ecdsa-s-malleability" REPLAY accepted
        "Records the text of the assertion in place of its `jti`, so that another signature over it passes."
        "nov/json-jwt#129";

    // The access token and the responses

    Signer500 "signer-500" SERVER_ERROR refused
        "Ends with 500 when it signs the access token of a good ID-JAG." "near zitadel/zitadel#12692";
    TokenIsIdJag "token-is-id-jag" TOKEN accepted
        "Hands the ID-JAG back as access token." "AT-notjag";
    AssertionAudCopied "assertion-aud-copied" API_AUDIENCE accepted
        "Copies the `aud` of the ID-JAG into the access token." "ory/hydra#3255; ory/docs#2628";
    TokenAudEmpty "token-aud-empty" API_AUDIENCE accepted
        "Writes an empty `aud` array into the access token."
        "sigbit/mcp-auth-proxy#129; giantswarm/mcp-oauth#440";
    TokenAudSlash "token-aud-slash" API_AUDIENCE accepted
        "Adds a slash to the resource in the access token and the response."
        "sigbit/mcp-auth-proxy#123; modelcontextprotocol/typescript-sdk#1972";
    TokenIssFromAssertionAud "token-iss-from-assertion-aud" API_ISSUER accepted
        "Takes the access token's `iss` from the ID-JAG." "AthenZ/athenz#3389 (a)";
    TokenLifeTiedToAssertion "token-life-tied-to-assertion" RESPONSE accepted
        "Lets the access token expire with the ID-JAG." "AthenZ/athenz#3389 (b)";
    TokenScopeArray "token-scope-array" API_SCOPE accepted
        "Writes an array as `scope` of the access token." "simpleidserver/SimpleIdServer#957";
    TokenSubClient "token-sub-client" SUBJECT accepted
        "Writes the client's id as `sub` of the access token." "AT-sub";
    RefreshTokenIssued "refresh-token-issued" RESPONSE accepted
        "Issues a refresh token as well." "wso2/product-is#4189; oktadev/okta-blog#1667; ory/fosite#305";
    ExpiresInString "expires-in-string" RESPONSE accepted
        "Writes `expires_in` as a string."
        "spring-attic/spring-authorization-server#281; H2CK/oidc#250; justingreerbbi/wordpress-oauth-server#39";
    ExpiresInMilliseconds "expires-in-milliseconds" RESPONSE accepted
        "Writes `expires_in` in milliseconds." "OAuth-Apis/apis#56";
    NullMembers "null-members" RESPONSE accepted
        "Writes null for what it does not grant." "jentic/jentic-one#1260";
    TokenTypeNA "token-type-n-a" RESPONSE accepted
        "Writes `token_type` N_A, as in a token exchange." "O6749-5.1-ttype";
    CacheControlMissing "cache-control-missing" RESPONSE accepted
        "Lets token responses be cached."
        "cloudflare/workers-oauth-provider#224; idenplane/idenplane#219; pixelfed/pixelfed#6553";
    PragmaMissing "pragma-missing" RESPONSE accepted
        "Sends no `Pragma: no-cache` with token responses." "O6749-5.1-pragma";
    ContentTypeText "content-type-text" RESPONSE accepted
        "Sends token responses as text/html." "O6749-5.1-json";
    ErrorHtml "error-html" ERROR accepted
        "Answers errors with an HTML page." "cdelmonte-zg/nanoidp#310";
    InvalidGrant401 "invalid-grant-401" ERROR accepted
        "Answers invalid_grant with 401." "cdelmonte-zg/nanoidp#310";
    Error200 "error-200" ERROR accepted
        "Answers errors with 200." "O6749-5.2-400";
    ErrorMemberMissing "error-member-missing" ERROR accepted
        "Writes `message` in place of `error`." "O6749-5.2-body";
    ErrorCodeUndefined "error-code-undefined" ERROR accepted
        "Writes an error code of its own for a bad assertion." "O6749-5.2-body";
    ErrorDescriptionCharacters "error-description-characters" ERROR accepted
        "Writes quotation marks, line feeds and letters beyond ASCII into `error_description`."
        "O6749-5.2-chars";
    InvalidRequestForAssertion "invalid-request-for-assertion" ERROR accepted
        "Calls a bad assertion invalid_request." "AMB-4";
    ErrorLeaksInternals "error-leaks-internals" ERROR accepted
        "Tells expected values, trusted issuers and a stack trace in `error_description`." "ATT-leak";
    ErrorReflectsAssertion "error-reflects-assertion" ERROR accepted
        "Repeats the assertion in `error_description`." "ATT-leak; ATT-reflect";
}
