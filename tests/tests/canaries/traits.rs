//! What no value with a secret in it can do, whoever writes the code: be displayed, serialised or
//! compared. That a use of it does not compile is shown in the documentation of `Secret`; here it is
//! every public type that holds one.

use std::fmt::Display;
use std::marker::PhantomData;

use grantflow::core::{
    Answer, CodeVerifier, Entropy, Header, Loaded, Outcome, Redirect, Renewal, RenewalStep,
    Request, Response, Step, Task, UnverifiedClaims, Unwritten,
};
use grantflow::loopback::Arrival;
use grantflow::store::{Entry, Record, StoredKey};
use grantflow::{
    Access, AccessToken, Client, Configuration, Credential, FileStore, Keeper, Logins, MemoryStore,
    ProviderFile, Resolved, Secret, Signature, Variables,
};
use grantflow_tests::covers;
use serde::Serialize;

/// Asks the compiler whether a type has a trait: the method of the type itself is there only if so,
/// and is taken before that of the trait [`Otherwise`].
struct Type<T>(PhantomData<T>);

trait Otherwise {
    fn displays(&self) -> bool {
        false
    }
    fn serialises(&self) -> bool {
        false
    }
    fn compares(&self) -> bool {
        false
    }
}

impl<T> Otherwise for Type<T> {}

impl<T: Display> Type<T> {
    #[expect(clippy::unused_self, reason = "found by its type")]
    fn displays(&self) -> bool {
        true
    }
}

impl<T: Serialize> Type<T> {
    #[expect(clippy::unused_self, reason = "found by its type")]
    fn serialises(&self) -> bool {
        true
    }
}

impl<T: PartialEq> Type<T> {
    #[expect(clippy::unused_self, reason = "found by its type")]
    fn compares(&self) -> bool {
        true
    }
}

/// The name of the type, and what it can do that it must not.
macro_rules! abilities {
    ($($type:ty),* $(,)?) => {
        [$({
            let asked = Type::<$type>(PhantomData);
            (stringify!($type), asked.displays(), asked.serialises(), asked.compares())
        }),*]
    };
}

#[test]
fn no_type_with_a_secret_can_be_displayed_serialised_or_compared() {
    covers(&["S-01", "S-02", "S-T-02"]);
    let types = abilities![
        Secret,
        CodeVerifier,
        Entropy,
        UnverifiedClaims,
        Credential,
        Configuration,
        Client,
        ProviderFile,
        Header,
        Request,
        Response,
        Redirect<'static>,
        Step,
        grantflow::core::Flow,
        Renewal,
        RenewalStep,
        Task,
        Answer,
        Loaded,
        Outcome,
        Unwritten,
        AccessToken,
        Access,
        Keeper,
        Logins,
        Resolved,
        Signature,
        Variables,
        Arrival,
        Entry,
        Record,
        StoredKey,
        MemoryStore,
        FileStore,
    ];
    for (name, displays, serialises, compares) in types {
        assert_eq!((displays, serialises, compares), (false, false, false), "{name}");
    }
}

#[test]
fn a_type_that_can_is_found() {
    struct Careless;
    let types = abilities![String, u8, Option<String>, Careless];
    let expected = [
        ("String", true, true, true),
        ("u8", true, true, true),
        ("Option<String>", false, true, true),
        ("Careless", false, false, false),
    ];
    assert_eq!(types, expected);
}
