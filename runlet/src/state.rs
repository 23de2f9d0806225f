//! State: what outlives a run, kept by a [`StateStore`] under a [`StateScope`].

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// What a piece of state belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StateScope {
    /// One conversation, by the caller's id.
    Conversation(String),
    /// One user, by the caller's id.
    User(String),
    /// One agent, by its name.
    Agent(String),
    /// One run, by its id.
    Run(String),
}

/// A value in a store, with the version that a later save must name.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// The value.
    pub value: Value,
    /// The version: 1 after the first save, one more after each.
    pub version: u64,
}

impl fmt::Debug for Stored {
    /// Shows the version only: values are conversations and what tools keep.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Keeps values between runs.
///
/// A store is asked to save over the version that was loaded. Where the stored version is another one, somebody else
/// has written in between and the save must fail with [`conflict`], so that no write is lost in silence.
///
/// ```
/// use runlet::state::{InMemoryStateStore, StateScope, StateStore};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = InMemoryStateStore::new();
/// let scope = StateScope::User("ada".into());
/// let version = store.save(&scope, "theme", "dark".into(), None).await?;
/// assert_eq!(store.load(&scope, "theme").await?.map(|stored| stored.value), Some("dark".into()));
/// assert!(store.save(&scope, "theme", "light".into(), None).await.is_err(), "somebody saved before");
/// store.save(&scope, "theme", "light".into(), Some(version)).await?;
/// # Ok::<(), runlet::Error>(()) }).unwrap();
/// ```
pub trait StateStore: Send + Sync + 'static {
    /// The value under a key, or `None`.
    fn load(&self, scope: &StateScope, key: &str) -> impl Future<Output = Result<Option<Stored>>> + Send;

    /// Saves a value over the version that was loaded (`None`: over nothing) and gives the new version. A key has each
    /// version once, also where it was deleted in between: who loaded before would else save over what is another's.
    fn save(
        &self,
        scope: &StateScope,
        key: &str,
        value: Value,
        over: Option<u64>,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Removes a key; a key that is not there is no error.
    fn delete(&self, scope: &StateScope, key: &str) -> impl Future<Output = Result<()>> + Send;
}

/// Somebody else has saved in between: the detail of the error of a save over a version that is no longer stored.
///
/// ```
/// use runlet::state::{StateConflict, conflict};
///
/// let error = conflict("messages", Some(1), Some(2));
/// assert_eq!(error.detail::<StateConflict>().and_then(|conflict| conflict.stored), Some(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateConflict {
    /// The key.
    pub key: String,
    /// The version that was to be saved over; `None` for nothing.
    pub over: Option<u64>,
    /// The version that is stored; `None` where there is nothing.
    pub stored: Option<u64>,
}

impl fmt::Display for StateConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was saved by somebody else", self.key)
    }
}

impl std::error::Error for StateConflict {}

/// The error of a save over a version that is no longer the stored one, with a [`StateConflict`].
pub fn conflict(key: &str, over: Option<u64>, stored: Option<u64>) -> Error {
    let name = |version: Option<u64>| version.map_or("nothing".to_owned(), |version| format!("version {version}"));
    let message = format!(
        "`{key}` was to be saved over {}, but the store holds {}: load it again and save over that",
        name(over),
        name(stored)
    );
    Error::with_source(ErrorKind::State, message, StateConflict { key: key.to_owned(), over, stored })
}

/// A store in this process's memory. What is loaded is a copy: changing it changes nothing in the store.
#[derive(Clone, Debug, Default)]
pub struct InMemoryStateStore {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    values: HashMap<(StateScope, String), Stored>,
    /// The highest version that was ever deleted: what is new begins above it.
    deleted: u64,
}

impl InMemoryStateStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl StateStore for InMemoryStateStore {
    async fn load(&self, scope: &StateScope, key: &str) -> Result<Option<Stored>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.values.get(&(scope.clone(), key.to_owned())).cloned())
    }

    async fn save(&self, scope: &StateScope, key: &str, value: Value, over: Option<u64>) -> Result<u64> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (scope.clone(), key.to_owned());
        let stored = kept.values.get(&entry).map(|stored| stored.version);
        if stored != over {
            return Err(conflict(key, over, stored));
        }
        let version = stored.unwrap_or(kept.deleted).saturating_add(1);
        kept.values.insert(entry, Stored { value, version });
        Ok(version)
    }

    async fn delete(&self, scope: &StateScope, key: &str) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gone) = kept.values.remove(&(scope.clone(), key.to_owned())) {
            kept.deleted = kept.deleted.max(gone.version);
        }
        Ok(())
    }
}

/// A [`StateStore`] of any type, shared.
#[derive(Clone)]
pub(crate) struct AnyStateStore(Arc<dyn ErasedStateStore>);

type StateFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

trait ErasedStateStore: Send + Sync {
    fn load<'a>(&'a self, scope: &'a StateScope, key: &'a str) -> StateFuture<'a, Option<Stored>>;
    fn save<'a>(&'a self, scope: &'a StateScope, key: &'a str, value: Value, over: Option<u64>)
    -> StateFuture<'a, u64>;
    fn delete<'a>(&'a self, scope: &'a StateScope, key: &'a str) -> StateFuture<'a, ()>;
}

impl<S: StateStore> ErasedStateStore for S {
    fn load<'a>(&'a self, scope: &'a StateScope, key: &'a str) -> StateFuture<'a, Option<Stored>> {
        Box::pin(StateStore::load(self, scope, key))
    }

    fn save<'a>(
        &'a self,
        scope: &'a StateScope,
        key: &'a str,
        value: Value,
        over: Option<u64>,
    ) -> StateFuture<'a, u64> {
        Box::pin(StateStore::save(self, scope, key, value, over))
    }

    fn delete<'a>(&'a self, scope: &'a StateScope, key: &'a str) -> StateFuture<'a, ()> {
        Box::pin(StateStore::delete(self, scope, key))
    }
}

impl AnyStateStore {
    pub(crate) fn new(store: impl StateStore) -> Self {
        Self(Arc::new(store))
    }

    pub(crate) async fn load(&self, scope: &StateScope, key: &str) -> Result<Option<Stored>> {
        self.0.load(scope, key).await
    }

    pub(crate) async fn save(&self, scope: &StateScope, key: &str, value: Value, over: Option<u64>) -> Result<u64> {
        self.0.save(scope, key, value, over).await
    }

    pub(crate) async fn delete(&self, scope: &StateScope, key: &str) -> Result<()> {
        self.0.delete(scope, key).await
    }
}
