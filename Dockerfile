# jagspec as a container of one static binary, run as a user without privileges:
#
#   docker build --tag jagspec .
#   docker run --rm jagspec
#   docker run --rm --network host --env JAGSPEC_CLIENT_SECRET jagspec --target http://127.0.0.1:9556 --client-id ID
#
# Reports go to standard output (--report json=-) or into a folder that is mounted and that user 65532 may write to.
# The IdP's keys are made anew in each container, unless --idp-key names a mounted one.
# The images are named by tag; Dependabot proposes newer ones.
FROM rust:1.95-alpine AS build
# Whatever compiler the image's Alpine has will do.
# hadolint ignore=DL3018
RUN apk add --no-cache build-base
WORKDIR /jagspec
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY suites suites
COPY fixtures fixtures
# The manifest names them.
COPY tests/conformance.rs tests/conformance.rs
COPY benches/floor benches/floor
# On Alpine the target is musl, which links statically.
RUN cargo build --release --locked --bin jagspec

# It holds the CA certificates and no shell.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /jagspec/target/release/jagspec /usr/local/bin/jagspec
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/jagspec/
WORKDIR /home/nonroot
# The IdP's port; within a container it has to listen on all addresses (--idp-listen 0.0.0.0:9555 --idp-issuer URL).
EXPOSE 9555
ENTRYPOINT ["/usr/local/bin/jagspec"]
