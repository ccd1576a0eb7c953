//! What stands below the options in `--help`: examples, and the exit statuses.

pub(super) const RUN: &str = "\
Examples:
  jagspec
      the whole suite against the embedded playground
  jagspec --target https://as.example --client-id ci --client-secret s3cr3t
      the whole suite against an authorization server that trusts http://127.0.0.1:9555
  jagspec --target http://127.0.0.1:8080/tenant1 audience issuer
      the cases whose name contains `audience` or `issuer`
  jagspec doctor --target https://as.example
      what to register at the target, and whether it can be reached
  jagspec --target https://as.example --baseline baseline.yaml --write-baseline
      makes what fails now known; without --write-baseline only a change against it fails

Exit status: 0 every MUST that could be tested holds; 1 a case failed; 2 the call or a file is wrong;
3 the target could not be tested; 130 interrupted. All options are also read from JAGSPEC_… and jagspec.yaml.";

pub(super) const LIST: &str = "\
Examples:
  jagspec list
  jagspec list --format json audience
  jagspec list --coverage

Exit status: 0 listed; 2 the call or a suite file is wrong.";

pub(super) const EXPLAIN: &str = "\
Examples:
  jagspec explain jwt-bearer.invalid-grant.aud
  jagspec explain audience::second-audience
  jagspec explain IDJAG-4.4.1-aud-eq

Exit status: 0 explained; 2 there is no such id.";

pub(super) const CHECK: &str = "\
Example:
  jagspec check suites/*.yaml jagspec.yaml baseline.yaml

Exit status: 0 no mistake; 2 a file has one, or cannot be read.";

pub(super) const SCHEMA: &str = "\
Examples:
  jagspec schema > suite.schema.json
  jagspec schema baseline

Exit status: 0 printed.";

pub(super) const DOCTOR: &str = "\
Example:
  jagspec doctor --target https://as.example --client-id ci

Exit status: 0 ready; 2 the call or a file is wrong; 3 the target cannot be tested as it is.";

pub(super) const IDP: &str = "\
Example:
  jagspec idp serve

Exit status: 0 done; 2 the call or a file is wrong. Each command has a --help of its own.";

pub(super) const IDP_SERVE: &str = "\
Example:
  jagspec idp serve --idp-listen 0.0.0.0:9555 --idp-issuer http://host.docker.internal:9555

Exit status: 0 interrupted; 2 the call or a file is wrong, or the address is taken.";

pub(super) const IDP_EXPORT: &str = "\
Example:
  jagspec idp export public --idp-issuer https://example.github.io/idp

Exit status: 0 written; 2 the call or a file is wrong.";

pub(super) const IDP_KEY: &str = "\
Examples:
  jagspec idp key
  jagspec idp key --idp-key key.pem

Exit status: 0 shown; 2 the call or a file is wrong.";

pub(super) const IDP_CERT: &str = "\
Example:
  jagspec idp cert certs --host idp.test
  jagspec --idp-tls-cert certs/cert.pem --idp-tls-key certs/key.pem …

Exit status: 0 written; 2 the call is wrong, or files are there already.";

pub(super) const MINT: &str = "\
Examples:
  jagspec mint --target https://as.example --client-id ci
  jagspec mint --target https://as.example --client-id ci --claim 'email=\"alice@example.com\"'
  jagspec mint --target https://as.example --client-id ci --case audience::other-server
  jagspec mint --target https://as.example --client-id ci --change '{ remove_claims: [jti] }'
  jagspec mint --target https://as.example --client-id ci | jagspec decode

Nothing is sent. The keys are those that `jagspec idp serve` publishes. --claim replaces a claim
too, such as aud. Options are also read from JAGSPEC_… and jagspec.yaml.

Exit status: 0 printed; 2 the call or a file is wrong.";

pub(super) const DECODE: &str = "\
Examples:
  jagspec decode eyJ0eXAiOi…
  jagspec mint --target https://as.example --client-id ci | jagspec decode
  jagspec decode --jwks jwks.json --format json < token.txt

Nothing is sent or fetched, and the signature is shown cut.

Exit status: 0 shown, whatever is wrong with it; 2 it is no token, or the call or a file is wrong.";

pub(super) const PLAYGROUND: &str = "\
Examples:
  jagspec playground --list-faults
  jagspec playground --fault aud-multi-element-array
  jagspec --target http://127.0.0.1:9556 --client-id … (as the playground prints)

Exit status: 0 interrupted; 2 the call is wrong, or the address is taken.";
