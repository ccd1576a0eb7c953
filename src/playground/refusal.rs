//! Why a token request is refused: the code that the client is told, and the cause that it is not.

/// What kind of refusal it is: RFC 6749 section 5.2, RFC 8707 section 2, RFC 9396 section 5, RFC 9449 sections 5 and 8,
/// and what HTTP itself has a status for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    InvalidTarget,
    InvalidAuthorizationDetails,
    InvalidDpopProof,
    UseDpopNonce,
    UnauthorizedClient,
    UnsupportedGrantType,
    MethodNotAllowed,
    TooLarge,
    TimedOut,
    Throttled,
    ServerError,
    Unavailable,
}

impl Code {
    /// The value of `error`. Outside of the defined codes the nearest one stands: clients branch on the status.
    pub(super) fn error(self) -> &'static str {
        match self {
            Code::InvalidRequest | Code::MethodNotAllowed | Code::TooLarge | Code::TimedOut => {
                "invalid_request"
            }
            Code::InvalidClient => "invalid_client",
            Code::InvalidGrant => "invalid_grant",
            Code::InvalidScope => "invalid_scope",
            Code::InvalidTarget => "invalid_target",
            Code::InvalidAuthorizationDetails => "invalid_authorization_details",
            Code::InvalidDpopProof => "invalid_dpop_proof",
            Code::UseDpopNonce => "use_dpop_nonce",
            Code::UnauthorizedClient => "unauthorized_client",
            Code::UnsupportedGrantType => "unsupported_grant_type",
            Code::Throttled | Code::Unavailable => "temporarily_unavailable",
            Code::ServerError => "server_error",
        }
    }

    pub(super) fn status(self) -> u16 {
        match self {
            Code::InvalidClient => 401,
            Code::MethodNotAllowed => 405,
            Code::TimedOut => 408,
            Code::TooLarge => 413,
            Code::Throttled => 429,
            Code::ServerError => 500,
            Code::Unavailable => 503,
            _ => 400,
        }
    }

    /// The value of `error_description`: one sentence per code, the same for every cause, so that an attacker
    /// learns nothing about which check failed. Only characters of RFC 6749 section 5.2.
    pub(super) fn description(self) -> &'static str {
        match self {
            Code::InvalidRequest => "The token request is malformed.",
            Code::InvalidClient => "Client authentication failed.",
            Code::InvalidGrant => "The assertion is not acceptable.",
            Code::InvalidScope => "None of the scopes can be granted to this client.",
            Code::InvalidTarget => "The requested resource cannot be granted.",
            Code::InvalidAuthorizationDetails => "The authorization details cannot be granted.",
            Code::InvalidDpopProof => "The DPoP proof is not acceptable.",
            Code::UseDpopNonce => "The DPoP proof must have the nonce of this answer.",
            Code::UnauthorizedClient => "The client is not allowed to use this grant type.",
            Code::UnsupportedGrantType => "Only the JWT bearer grant is supported.",
            Code::MethodNotAllowed => "The token endpoint takes POST only.",
            Code::TooLarge => "The request body is too large.",
            Code::TimedOut => "The request body did not arrive in time.",
            Code::Throttled => "Too many requests.",
            Code::ServerError => "The server failed.",
            Code::Unavailable => "The server cannot take more assertions at the moment.",
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    /// What is wrong, for the server's operator; a client never sees it (unless a fault leaks it).
    pub(super) cause: String,
    /// The assertion, once it is known.
    pub(super) assertion: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: Code, cause: impl Into<String>) -> Self {
        Self { code, cause: cause.into(), assertion: None }
    }

    /// The answer to every defect of an assertion (RFC 7521 section 4.1.1).
    pub(super) fn grant(cause: impl Into<String>) -> Self {
        Self::new(Code::InvalidGrant, cause)
    }

    pub(super) fn request(cause: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, cause)
    }

    pub(super) fn client(cause: impl Into<String>) -> Self {
        Self::new(Code::InvalidClient, cause)
    }

    /// What an exception does that escapes a faulty server's handler.
    pub(super) fn crash(cause: impl Into<String>) -> Self {
        Self::new(Code::ServerError, cause)
    }

    /// The same refusal, with the assertion that it is about.
    pub(super) fn about(mut self, assertion: &str) -> Self {
        self.assertion = Some(assertion.to_owned());
        self
    }
}
