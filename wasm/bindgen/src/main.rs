//! What stands between the wasm module and the npm package:
//!
//! * `grantflow-bindgen module MODULE.wasm FOLDER` does what `wasm-bindgen --target web` does, in a
//!   program whose version the lock file ties to that of the library, so that nothing has to be installed;
//! * `grantflow-bindgen presets FILE.json` writes down the core's presets, which the module leaves out.

use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use grantflow_core::{Provider, providers};
use serde_json::Value;
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

/// By their ids, without what is as it is by default, and without the evidence, which is for people and
/// stands beside the presets in the core.
fn write_presets(file: &str) -> Result<(), Box<dyn Error>> {
    let mut presets = serde_json::Map::new();
    for preset in providers::all() {
        let preset = Provider { evidence: Vec::new(), ..preset };
        presets.insert(preset.id.clone(), without_nothing(serde_json::to_value(preset)?));
    }
    Ok(fs::write(file, serde_json::to_string(&presets)?)?)
}

fn without_nothing(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let something = |value: &Value| {
        let empty = [Value::Null, Value::Array(Vec::new()), Value::Object(serde_json::Map::new())];
        !empty.contains(value)
    };
    let members = members.into_iter().map(|(name, value)| (name, without_nothing(value)));
    members.filter(|(_, value)| something(value)).collect()
}
