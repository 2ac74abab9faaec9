//! Files that no reader of ours takes whole.

use std::fs::File;

use allocation_counter::measure;
use grantflow::store::{FileStore, StoreError};
use grantflow::transport::{Http, HttpError, HttpOptions};
use grantflow_tests::covers;

#[test]
fn files_of_a_gibibyte_are_refused_and_not_read() {
    covers(&["F-02", "B-CF-25", "B-HT-07"]);
    let folder = tempfile::tempdir().unwrap();
    let (store, certificates) = (folder.path().join("auth.json"), folder.path().join("ca.pem"));
    std::fs::write(&store, ["{}", &" ".repeat((4 << 20) - 2)].concat()).unwrap();
    let at_the_cap = FileStore::at(&store).load("standard").unwrap();
    assert!(at_the_cap.is_none(), "as long as it may be");

    for path in [&store, &certificates] {
        // A sparse one: it would fill memory, and no disk.
        let file = File::options().create(true).append(true).open(path).unwrap();
        file.set_len(1 << 30).unwrap();
    }
    let held = measure(|| {
        let why = FileStore::at(&store).load("standard").unwrap_err();
        assert!(matches!(why, StoreError::TooLarge { .. }), "{why:?}");
        let options = HttpOptions { ca_file: Some(certificates.clone()), user_agent: None };
        assert_eq!(Http::new(&options).unwrap_err(), HttpError::CaFile(certificates.clone()));
    });
    assert!(held.bytes_max < 32 << 20, "{} bytes", held.bytes_max);
}
