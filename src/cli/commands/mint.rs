//! `jagspec mint`: one ID-JAG on standard output, made as a run makes its own. Nothing is sent.

use super::{Stop, algorithm, lasting_keys, load_suites, stop, told::Told};
use crate::{
    cli::{MintArguments, RunOptions, Screen},
    clock::Clock,
    idjag::{IdJagChange, KeyChoice},
    idp::{Issuer, issuer_of_listener},
    problem::{SourceText, nearest},
    run::{Ids, Minting, Moment},
    settings::{IDP_LISTEN, Selection},
    suite::{Case, IdpAction, Send, Step, Suite, registry::Registry, validate},
    template,
};

pub(super) fn mint(arguments: MintArguments, screen: &Screen) -> Result<u8, Stop> {
    let mut told =
        Told::join(&arguments.options, arguments.config.as_deref(), arguments.target_name.as_deref())?;
    let options = &mut told.options;
    // The line of another exchange may have wanted it exported.
    if options.other_client_id.is_none() {
        options.other_client_secret = None;
    }
    if options.unauthorized_client_id.is_none() {
        options.unauthorized_client_secret = None;
    }
    if options.target.is_none() {
        return Err(stop(
            "--target: the ID-JAG needs an `aud`: give the issuer identifier of the authorization server, as its \
             metadata has it",
        ));
    }
    let mut settings = told.settings(Selection::default())?;
    let Some(client) = settings.client.clone() else {
        return Err(stop(
            "--client-id: the ID-JAG needs a `client_id`: give that of the client at the target",
        ));
    };
    let suites = if arguments.case.is_some() { load_suites(&settings.suites)?.1 } else { Vec::new() };
    let request = match &arguments.case {
        Some(name) => Some(Request::find(name, arguments.step, &suites)?),
        None => None,
    };
    let changes = changes(&arguments.change)?;
    settings.idp_issuer = issuer(&told.options)?;
    let keyring = lasting_keys(settings.idp.key.as_ref(), settings.idp.client_key.as_ref(), screen)?;
    for action in request.iter().flat_map(Request::actions_before) {
        keyring.perform(action).map_err(stop)?;
    }
    let minting = Minting {
        settings: &settings,
        client: &client,
        keyring: &keyring,
        issuer: &settings.target,
        token_endpoint: arguments.token_endpoint.as_deref(),
        // Nothing is asked of the target.
        target_jwks: None,
        details_type: None,
    };
    let unchanged = IdJagChange::default();
    let (setup, defect) = match &request {
        Some(request) => (&request.case.setup.id_jag, &request.maker().exchange.id_jag),
        None => (&unchanged, &unchanged),
    };
    let mut defects = vec![defect];
    defects.extend(&changes);
    let ids = Ids::random();
    let (jti, case_jti) = (ids.fresh(), arguments.case_jti.unwrap_or_else(|| ids.fresh()));
    let moment = Moment { now: Clock::System.now(), jti: &jti, case_jti: &case_jti };
    let minted = minting
        .mint(algorithm(&settings, &keyring), setup, &defects, moment)
        .map_err(|reason| stop(with_option(&reason)))?;
    screen.result(&format!("{}\n", minted.assertion));
    let mut notes = request.as_ref().map(Request::notes).unwrap_or_default();
    if !minted.differs && !defect.is_empty() {
        notes
            .push("with these options the change makes no difference: this is the well-formed ID-JAG".into());
    }
    let of_a_role = [KeyChoice::OtherIssuer, KeyChoice::UntrustedIssuer];
    if settings.idp.key.is_some()
        && [setup, defect].iter().any(|change| change.key.is_some_and(|key| of_a_role.contains(&key)))
    {
        notes.push(
            "with --idp-key the key of the other issuer that signs this was made just now: nobody publishes it".into(),
        );
    }
    for note in notes {
        screen.message(&format!("note: {note}\n"));
    }
    Ok(0)
}

/// A token request of a case.
struct Request<'a> {
    case: &'a Case,
    /// All of them.
    all: Vec<&'a Send>,
    /// Which one, from 0.
    at: usize,
    /// Whether it was asked for, and not only the first.
    chosen: bool,
}

impl<'a> Request<'a> {
    fn find(name: &str, step: Option<usize>, suites: &'a [Suite]) -> Result<Self, Stop> {
        let cases = || suites.iter().flat_map(|suite| &suite.cases);
        let Some(case) = cases().find(|case| case.name() == name) else {
            let names: Vec<String> = cases().map(Case::name).collect();
            let of_table: Vec<&str> =
                names.iter().filter_map(|known| known.strip_prefix(name)?.strip_prefix('/')).collect();
            let hint = match nearest(name, names.iter().map(String::as_str)) {
                _ if !of_table.is_empty() => {
                    format!("it has several values: {name}/{}", of_table.join(", /"))
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => "`jagspec list` shows the names".to_owned(),
            };
            return Err(stop(format!("--case: no case is named `{name}`; {hint}")));
        };
        let all: Vec<&Send> = case.requests().collect();
        if all.is_empty() {
            return Err(stop(format!(
                "--case: {name} sends no ID-JAG; `jagspec explain {name}` says what it looks at"
            )));
        }
        match step {
            Some(step) if !(1..=all.len()).contains(&step) => Err(stop(match all.len() {
                1 => format!("--step: {name} has one token request; give 1, or leave it out"),
                many => format!("--step: {name} has {many} token requests; give 1 to {many}"),
            })),
            _ => Ok(Request { case, all, at: step.unwrap_or(1) - 1, chosen: step.is_some() }),
        }
    }

    /// The request whose ID-JAG this one sends: its own, or that of one before.
    fn maker(&self) -> &'a Send {
        let made = self.all[..=self.at].iter().rev().find(|send| !send.same_assertion);
        made.copied().unwrap_or(self.all[self.at])
    }

    /// What the IdP has done by then.
    fn actions_before(&self) -> impl Iterator<Item = IdpAction> {
        self.case.events_before(self.at).filter_map(|step| match step {
            Step::Idp(action) => Some(*action),
            _ => None,
        })
    }

    /// What the token alone does not show of the case.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let (setup, send) = (&self.case.setup, self.all[self.at]);
        if setup.id_jag.is_empty() && self.maker().exchange.id_jag.is_empty() {
            notes.push("the ID-JAG of this case is the well-formed one".to_owned());
        }
        let mut request = setup.token_request.describe();
        request.extend(send.exchange.token_request.describe());
        if !request.is_empty() {
            notes.push(format!("the case changes the token request: {}", request.join("; ")));
        }
        if self.all.len() > 1 {
            let (at, of) = (self.at + 1, self.all.len());
            let others = if self.chosen { "" } else { "; --step N gives another" };
            notes.push(format!("this is the ID-JAG of token request {at} of {of}{others}"));
        }
        if send.same_assertion {
            notes.push(
                "the case sends the very ID-JAG of the request before once more; this is a new one"
                    .to_owned(),
            );
        }
        let actions: Vec<&str> = self.actions_before().map(IdpAction::sentence).collect();
        if !actions.is_empty() {
            notes.push(format!(
                "before this request of the case: {}; no `jagspec idp serve` does so",
                actions.join("; ")
            ));
        }
        notes
    }
}

/// The changes of `--change`.
fn changes(typed: &[String]) -> Result<Vec<IdJagChange>, Stop> {
    let registry = Registry::embedded()?;
    let change =
        |text: &String| validate::id_jag_change(&SourceText::new("--change", text.as_str()), &registry);
    Ok(typed.iter().map(change).collect::<Result<_, _>>()?)
}

/// The issuer identifier that the IdP of a run with these options has.
fn issuer(options: &RunOptions) -> Result<String, Stop> {
    if let Some(issuer) = &options.idp_issuer {
        return Ok(Issuer::parse(issuer).map_err(stop)?.as_str().to_owned());
    }
    let listen = options.idp_listen.as_deref().unwrap_or(IDP_LISTEN);
    let issuer = issuer_of_listener(listen, options.idp_tls_cert.is_some()).map_err(stop)?;
    issuer.ok_or_else(|| {
        stop("--idp-listen: the issuer identifier of an IdP on a free port is not known; give --idp-issuer URL")
    })
}

/// The reason why an ID-JAG cannot be made, with what to give.
fn with_option(reason: &str) -> String {
    let variable =
        template::VARIABLES.iter().find(|variable| reason.contains(&format!("${{{}}}", variable.name)));
    match variable {
        Some(variable) if variable.name == "target.token_endpoint" => {
            "the ID-JAG of this case names the target's token endpoint: give --token-endpoint URL".to_owned()
        }
        Some(variable) => format!("{reason}: it is {}", variable.meaning),
        None => reason.to_owned(),
    }
}
