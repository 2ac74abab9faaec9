//! What stands between the wasm module and the npm package:
//!
//! * `grantflow-bindgen module MODULE.wasm FOLDER` does what `wasm-bindgen --target web` does, in a
//!   program whose version the lock file ties to that of the library, so that nothing has to be installed;
//! * `grantflow-bindgen presets FILE.json` writes down the core's presets, which the module leaves out.

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use grantflow_core::{Provider, ProviderFile, providers};
use serde_json::{Map, Value};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["module", module, folder] => bind(module, folder),
        ["presets", file] => write_presets(file),
        _ => Err("usage: grantflow-bindgen module MODULE.wasm FOLDER | presets FILE.json".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

fn bind(module: &str, folder: &str) -> Result<(), Box<dyn Error>> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?.input_path(module).typescript(true).omit_default_module_path(true);
    Ok(bindgen.generate(folder)?)
}

/// By their ids, without the evidence, which is for people and stands beside the presets in the core.
fn write_presets(file: &str) -> Result<(), Box<dyn Error>> {
    let mut presets = Map::new();
    for preset in providers::all() {
        let preset = Provider { evidence: Vec::new(), ..preset };
        presets.insert(preset.id.clone(), shortest(&preset)?);
    }
    Ok(fs::write(file, serde_json::to_string(&presets)?)?)
}

/// Without every member that is as it is by default: that the preset is the same without.
fn shortest(preset: &Provider) -> Result<Value, Box<dyn Error>> {
    let mut shortest = serde_json::to_value(preset)?;
    let mut paths = Vec::new();
    list_paths(&shortest, "", &mut paths);
    for path in paths {
        let mut shorter = shortest.clone();
        remove(&mut shorter, &path);
        if ProviderFile::parse(&shorter.to_string()).is_ok_and(|file| file.provider == *preset) {
            shortest = shorter;
        }
    }
    Ok(shortest)
}

/// Of all members (RFC 6901), each before those inside of it.
fn list_paths(value: &Value, path: &str, paths: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        paths.push(path.clone());
        list_paths(value, &path, paths);
    }
}

fn remove(from: &mut Value, path: &str) {
    let parent = path.rsplit_once('/').and_then(|(of, name)| Some((from.pointer_mut(of)?, name)));
    if let Some((Value::Object(members), name)) = parent {
        members.remove(name);
    }
}
