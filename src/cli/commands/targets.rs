//! `jagspec targets`: the targets of the config file, for people, programs and GitHub's matrix.

use serde_json::{Value, json};

use super::{Stop, stop};
use crate::{
    cli::{Screen, TargetsArguments, UsageError, config::Config},
    report::sanitise,
    settings::Shard,
};

/// GitHub makes no more jobs of one matrix.
const JOBS_AT_MOST: usize = 256;

/// A target, and into how many parts its cases are cut.
struct Listed {
    name: String,
    issuer: String,
    client_id: Option<String>,
    profile: Option<String>,
    secret: Option<String>,
    shards: usize,
}

pub(super) fn targets(arguments: &TargetsArguments, screen: &Screen) -> Result<u8, Stop> {
    let shards = arguments.shards.as_deref().filter(|text| !text.is_empty()).map(read_shards).transpose()?;
    let config = Config::read(arguments.config.as_deref())?.ok_or_else(|| {
        stop("there is no jagspec.yaml in the working directory; name the file with --config")
    })?;
    if config.targets().is_empty() {
        return Err(stop(format!("{} has no `targets`", config.name())));
    }
    let listed: Vec<Listed> = config
        .targets()
        .keys()
        .map(|name| {
            let options = config.options(Some(name));
            Listed {
                name: name.clone(),
                issuer: options.target.unwrap_or_default(),
                client_id: options.client_id,
                profile: options.profile,
                secret: options.client_secret_env,
                shards: shards.or(options.shards).unwrap_or(1),
            }
        })
        .collect();
    let text = match arguments.format.as_str() {
        "json" => format!("{:#}\n", json!({ "targets": listed.iter().map(entry).collect::<Vec<_>>() })),
        "github-matrix" => matrix(&listed)?,
        _ => table(&listed),
    };
    screen.result(&text);
    Ok(0)
}

fn read_shards(text: &str) -> Result<usize, UsageError> {
    let shards = text.parse().ok().filter(|shards| (1..=Shard::MOST).contains(shards));
    shards.ok_or_else(|| UsageError {
        option: "--shards",
        problem: format!("`{text}`; give a number from 1 to {}", Shard::MOST),
    })
}

fn entry(target: &Listed) -> Value {
    json!({
        "name": target.name,
        "target": target.issuer,
        "client_id": target.client_id,
        "profile": target.profile,
        "client_secret_env": target.secret,
        "shards": target.shards,
    })
}

/// One line, as `$GITHUB_OUTPUT` and `fromJSON` take it: a job for each part of each target. `name` is for files and
/// artifacts, whose names may have no slash; its `@` is in no target's name, so that `NAME@*` are the parts of NAME.
fn matrix(listed: &[Listed]) -> Result<String, Stop> {
    let jobs: usize = listed.iter().map(|target| target.shards).sum();
    if jobs > JOBS_AT_MOST {
        return Err(stop(format!(
            "{jobs} jobs, and GitHub makes at most {JOBS_AT_MOST} of one matrix: lower `shards` or --shards, or part the \
             targets into several config files with a matrix each"
        )));
    }
    let include: Vec<Value> = listed
        .iter()
        .flat_map(|target| (1..=target.shards).map(move |number| (target, number)))
        .map(|(target, number)| {
            let of = target.shards;
            json!({
                "target-name": target.name,
                "shard": Shard { number, of }.to_string(),
                "name": format!("{}@{number}-of-{of}", target.name),
            })
        })
        .collect();
    Ok(format!("{}\n", json!({ "include": include })))
}

fn table(listed: &[Listed]) -> String {
    let width = listed.iter().map(|target| target.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for target in listed {
        let parts = if target.shards == 1 { String::new() } else { format!("  in {} parts", target.shards) };
        text.push_str(&format!("{:width$}  {}{parts}\n", target.name, sanitise(&target.issuer)));
    }
    let plural = if listed.len() == 1 { "" } else { "s" };
    text.push_str(&format!("{} target{plural}\n", listed.len()));
    text
}
