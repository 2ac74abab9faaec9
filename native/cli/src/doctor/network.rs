//! The way to the servers: certificates, proxy, connection, and what their clock says of ours.

use std::env;
use std::time::{Duration, SystemTime};

use grantflow::Provider;
use grantflow::transport::{Http, HttpOptions, Reached, Unreached};
use reqwest::Url;

use super::Finding;
use crate::output::span;

/// The variables that lead requests to a proxy, each in either case; the first that is set counts.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// From here on a token may lapse before it is renewed.
const TOO_FAR: Duration = Duration::from_secs(5 * 60);
const FAR: Duration = Duration::from_secs(60);

pub(super) async fn look(providers: &[Provider]) -> Vec<Finding> {
    let mut findings = vec![proxy()];
    let http = match Http::new(&HttpOptions::default()) {
        Ok(http) => http,
        Err(why) => {
            let next = "name a file of PEM certificates by SSL_CERT_FILE, or unset it";
            findings.push(Finding::fail("certificates", why.to_string(), next));
            return findings;
        }
    };
    findings.push(certificates());
    for provider in providers {
        findings.extend(endpoint(&http, provider).await);
    }
    findings
}

fn certificates() -> Finding {
    let file = env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
    let what = match file {
        Some(file) => format!("the system's, and those in {}", file.display()),
        None => "the system's".to_owned(),
    };
    Finding::ok("certificates", what)
}

/// Without what may stand in it to sign in there.
fn proxy() -> Finding {
    let set = |name: &&str| Some((*name).to_owned()).zip(env::var(name).ok());
    let set = PROXIES.iter().filter_map(set).find(|(_, value)| !value.is_empty());
    let Some((name, value)) = set else {
        return Finding::ok("proxy", "none is named by HTTPS_PROXY or ALL_PROXY");
    };
    // A proxy may be named without a scheme.
    let whole = if value.contains("://") { value } else { format!("http://{value}") };
    let url = Url::parse(&whole);
    let Some((url, host)) = url.as_ref().ok().and_then(|url| Some((url, url.host_str()?))) else {
        let what = format!("{name} is no address of a proxy");
        return Finding::fail("proxy", what, format!("set {name} to http://HOST:PORT"));
    };
    let port = url.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    let except = ["NO_PROXY", "no_proxy"].iter().find_map(|name| env::var(name).ok());
    let except = except.filter(|hosts| !hosts.is_empty());
    let except = except.map(|hosts| format!(", but not to {hosts}")).unwrap_or_default();
    Finding::ok("proxy", format!("requests go by {host}{port} ({name}){except}"))
}

async fn endpoint(http: &Http, provider: &Provider) -> Vec<Finding> {
    let endpoint = &provider.token_endpoint;
    let place = endpoint.as_str();
    match http.reach(endpoint).await {
        Ok(Reached { status, .. }) if status >= 500 => {
            let what = format!("{place} is in trouble: status {status}");
            vec![Finding::warn("endpoint", what, "try again later")]
        }
        Ok(Reached { date, .. }) => {
            let answered = Finding::ok("endpoint", format!("{place} answers"));
            let clock = date.map(|date| clock(place, date, SystemTime::now()));
            [Some(answered), clock].into_iter().flatten().collect()
        }
        Err(why) => {
            let what = format!("{place} is not reached: {why}");
            vec![Finding::fail("endpoint", what, way_out(why))]
        }
    }
}

fn way_out(why: Unreached) -> &'static str {
    match why {
        Unreached::Name => "check the network, its name service, and HTTPS_PROXY",
        Unreached::Proxy => "check the proxy, and who may use it: HTTPS_PROXY",
        Unreached::Connection => "check the network and its firewall",
        Unreached::Tls => {
            "if somebody here looks into connections, name their certificates by SSL_CERT_FILE"
        }
        Unreached::Time | Unreached::Broken | _ => "check the network, and try again",
    }
}

fn clock(place: &str, theirs: SystemTime, ours: SystemTime) -> Finding {
    let ahead = ours.duration_since(theirs);
    let (skew, direction) = match ahead {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    if skew <= FAR {
        return Finding::ok("clock", format!("this clock agrees with that of {place}"));
    }
    let what = format!("this clock is {} {direction} that of {place}", span(skew));
    let next = "set this machine's clock, best by NTP";
    if skew > TOO_FAR {
        Finding::fail("clock", what, next)
    } else {
        Finding::warn("clock", what, next)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_how_far_it_is_off() {
        let now = SystemTime::now();
        let level = |skew: u64, behind: bool| {
            let skew = Duration::from_secs(skew);
            let theirs = if behind { now + skew } else { now - skew };
            clock("there", theirs, now).level
        };
        for behind in [false, true] {
            assert_eq!(level(30, behind), Level::Ok);
            assert_eq!(level(120, behind), Level::Warn);
            assert_eq!(level(7200, behind), Level::Fail);
        }
    }
}
