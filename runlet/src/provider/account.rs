//! What every HTTP provider is set up with: a key, an address, time limits, and what the model can do.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::http::{self, HttpClient, HttpRequest, HttpSettings};
use super::pieces::RequestBody;
use super::{Failure, fail};
use crate::error::ProviderErrorCategory as Category;
use crate::model::{Capabilities, ContextWindow, Endpoint, ModelRequest, ToolDefinition};

/// What is the same for every use of one provider's API.
#[derive(Debug)]
pub(crate) struct Vendor {
    /// The provider's name in errors and events.
    pub(crate) provider: &'static str,
    /// The name under which requests carry options for it.
    pub(crate) options: &'static str,
    /// The environment variables that may hold the key; the first that is set counts.
    pub(crate) key_variables: &'static [&'static str],
    pub(crate) base_url_variable: &'static str,
    pub(crate) base_url: &'static str,
    /// The header that carries the key, and what stands before the key in it.
    pub(crate) key_header: (&'static str, &'static str),
    /// Headers of every request.
    pub(crate) headers: &'static [(&'static str, &'static str)],
}

/// One user's access to a provider, as it was set up. Copies share their connections.
#[derive(Clone)]
pub(crate) struct Account {
    vendor: &'static Vendor,
    pub(crate) key: Option<SecretString>,
    pub(crate) base_url: Option<String>,
    pub(crate) context_window: Option<u64>,
    pub(crate) max_output_tokens: Option<u64>,
    pub(crate) http: HttpSettings,
    connection: Arc<OnceLock<Arc<Connection>>>,
}

/// An account in use.
pub(crate) struct Connection {
    vendor: &'static Vendor,
    pub(crate) client: HttpClient,
    pub(crate) base_url: Url,
    /// The kind of the server, once `OpenAiChat` has asked for it.
    #[cfg(feature = "openai")]
    pub(crate) compatibility: OnceLock<super::Compatibility>,
    /// The headers of every request.
    headers: Arc<HeaderMap>,
    /// The endpoints that were asked, by their paths. A model has a handful.
    endpoints: Mutex<Vec<(String, Arc<Url>)>>,
}

impl Account {
    pub(crate) fn new(vendor: &'static Vendor) -> Self {
        Self {
            vendor,
            key: None,
            base_url: None,
            context_window: None,
            max_output_tokens: None,
            http: HttpSettings::default(),
            connection: Arc::default(),
        }
    }

    /// Takes the key and, where it is set, the base URL from the environment.
    pub(crate) fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let Vendor { key_variables, base_url_variable, .. } = self.vendor;
        let Some(key) = key_variables.iter().find_map(|name| variable(name)) else {
            let names = key_variables.join(" or ");
            return Err(self.config(format!("the environment variable {names} is not set, and no key was given")));
        };
        self.key = Some(key.into());
        if let Some(base_url) = variable(base_url_variable) {
            http::base_url(self.vendor.provider, &base_url, self.http.allow_insecure).map_err(|error| {
                self.config(format!("the environment variable {base_url_variable} is of no use: {}", error.message))
            })?;
            self.base_url = Some(base_url);
        }
        Ok(self)
    }

    /// Forgets a connection made under other settings.
    pub(crate) fn reconnect(&mut self) {
        self.connection = Arc::default();
    }

    /// The connection, made when it is first asked for.
    pub(crate) fn connection(&self) -> Result<Arc<Connection>, Failure> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        let made = Arc::new(self.connect(environment)?);
        Ok(self.connection.get_or_init(|| made).clone())
    }

    /// Where requests go; `None` where the account is not set up as it should be.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        let connection = self.connection().ok()?;
        let (host, port) = (connection.base_url.host_str()?, connection.base_url.port_or_known_default()?);
        // An address of IPv6 stands in brackets in a URL alone.
        Some(Endpoint::new(host.trim_start_matches('[').trim_end_matches(']'), port))
    }

    /// Connects. The environment is read where neither a key nor an address was given.
    pub(crate) fn connect(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Connection, Failure> {
        match (&self.key, &self.base_url) {
            (None, None) => self.clone().with_environment(variable)?.open(),
            _ => self.open(),
        }
    }

    fn open(&self) -> Result<Connection, Failure> {
        let vendor = self.vendor;
        let base_url = self.base_url.as_deref().unwrap_or(vendor.base_url);
        let base_url = http::base_url(vendor.provider, base_url, self.http.allow_insecure)?;
        let mut headers = http::headers();
        for (name, value) in vendor.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(key) = &self.key {
            let (name, prefix) = vendor.key_header;
            headers.insert(HeaderName::from_static(name), http::secret_header(vendor.provider, prefix, key)?);
        }
        let client = HttpClient::new(vendor.provider, self.http.clone(), &base_url, self.key.clone())?;
        Ok(Connection {
            vendor,
            client,
            base_url,
            #[cfg(feature = "openai")]
            compatibility: OnceLock::new(),
            headers: Arc::new(headers),
            endpoints: Mutex::default(),
        })
    }

    /// What is known of the model, with what the user said of it.
    pub(crate) fn capabilities(&self, known: Capabilities) -> Capabilities {
        let mut capabilities = known;
        if let Some(tokens) = self.context_window {
            capabilities.context_window = ContextWindow::Known(tokens);
            // Who says what the model reads and writes says it of both.
            capabilities.max_input_tokens = None;
        }
        capabilities.max_output_tokens = self.max_output_tokens.or(capabilities.max_output_tokens);
        capabilities
    }

    fn config(&self, words: String) -> Failure {
        fail(self.vendor.provider, Category::Config, words)
    }
}

impl Connection {
    /// A request to a path below the base URL, with the headers that the options of `request` ask for.
    pub(crate) fn request(
        &self,
        path: &str,
        request: &ModelRequest,
        body: RequestBody,
    ) -> Result<HttpRequest, Failure> {
        let mut headers = Arc::clone(&self.headers);
        let extra = request.options.of(self.vendor.options).and_then(|options| options.get("extra_headers"));
        match extra {
            None => {}
            Some(Value::Object(extra)) => {
                http::extend_headers(self.vendor.provider, Arc::make_mut(&mut headers), extra)?;
            }
            Some(_) => {
                let words = "the option extra_headers is not an object of header texts";
                return Err(fail(self.vendor.provider, Category::Config, words));
            }
        }
        Ok(HttpRequest::new(self.endpoint(path), headers, body))
    }

    fn endpoint(&self, path: &str) -> Arc<Url> {
        let mut known = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, url)) = known.iter().find(|(known, _)| known == path) {
            return Arc::clone(url);
        }
        let url = Arc::new(http::endpoint(&self.base_url, path));
        known.push((path.to_owned(), Arc::clone(&url)));
        url
    }
}

/// A variable of the environment that is set and not blank.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// What the options of a request lay over its body: first all options but the `special` ones, which are no fields of the
/// body, then `extra_body`.
pub(crate) fn lay_options(
    body: &mut Map<String, Value>,
    vendor: &Vendor,
    request: &ModelRequest,
    special: &[&str],
) -> Result<(), Failure> {
    let Some(options) = request.options.of(vendor.options) else { return Ok(()) };
    let mut fields = options.clone();
    fields.retain(|name, _| name != "extra_headers" && name != "extra_body" && !special.contains(&name.as_str()));
    super::json::merge(body, &fields);
    match options.get("extra_body") {
        None => Ok(()),
        Some(Value::Object(extra)) => {
            super::json::merge(body, extra);
            Ok(())
        }
        Some(_) => Err(fail(vendor.provider, Category::InvalidRequest, "the option extra_body is not an object")),
    }
}

/// The tools of the last request as they go over the wire: they rarely change between the steps of a run. `M` is what
/// else decides how they are written.
#[derive(Clone)]
pub(crate) struct WrittenTools<M>(Arc<Mutex<Option<Written<M>>>>);

struct Written<M> {
    tools: Arc<Vec<ToolDefinition>>,
    mode: M,
    json: Bytes,
}

impl<M: PartialEq> WrittenTools<M> {
    /// The tools as they were written, or as `write` writes them.
    pub(crate) fn get<E>(
        &self,
        tools: &Arc<Vec<ToolDefinition>>,
        mode: M,
        write: impl FnOnce(&[ToolDefinition], &M) -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = kept.as_ref().filter(|kept| Arc::ptr_eq(&kept.tools, tools) && kept.mode == mode) {
            return Ok(written.json.clone());
        }
        let json = write(tools, &mode)?;
        *kept = Some(Written { tools: tools.clone(), mode, json: json.clone() });
        Ok(json)
    }
}

impl<M> Default for WrittenTools<M> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Writes the methods that every provider's model has for setting it up. The type has a field `account: Account`, a field
/// `model: String` and a `new`.
macro_rules! account_methods {
    ($model:ident, $name:literal, $keys:literal, $base_url_variable:literal, $base_url:literal) => {
        impl $model {
            #[doc = concat!("A model with the key from ", $keys, " and, where it is set, the base URL from `", $base_url_variable, "`.")]
            ///
            /// # Errors
            /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the key is missing or the base URL is not one; the
            /// message names the variable.
            ///
            /// ```no_run
            #[doc = concat!("use runlet::provider::", stringify!($model), ";")]
            ///
            #[doc = concat!("let model = ", stringify!($model), "::from_env(\"", $name, "\")?;")]
            /// # Ok::<(), runlet::Error>(())
            /// ```
            pub fn from_env(model: impl Into<String>) -> crate::error::Result<Self> {
                let mut made = Self::new(model);
                made.account = made.account.with_environment($crate::provider::account::environment)?;
                Ok(made)
            }

            /// Sets the key. Errors, logs and `Debug` never show it.
            pub fn api_key(mut self, key: impl Into<String>) -> Self {
                self.account.key = Some(secrecy::SecretString::from(key.into()));
                self.reconnect()
            }

            #[doc = concat!("Sets the address that the API's paths stand below, such as `", $base_url, "`, the default.")]
            ///
            /// It must be `https`, but for this machine or with [`allow_insecure_http`](Self::allow_insecure_http), and
            /// hold no user, password or query. Whether it does is reported by the first request.
            pub fn base_url(mut self, url: impl Into<String>) -> Self {
                self.account.base_url = Some(url.into());
                self.reconnect()
            }

            /// Sets how many tokens the model reads and writes in one request. Needed for models that Runlet does not
            /// know.
            pub fn context_window(mut self, tokens: u64) -> Self {
                self.account.context_window = Some(tokens);
                self
            }

            /// Sets the most tokens that the model can write in one answer. It describes the model; to limit an answer,
            /// set it on the [request](crate::model::ModelRequest::max_output_tokens).
            pub fn max_output_tokens(mut self, tokens: u64) -> Self {
                self.account.max_output_tokens = Some(tokens);
                self
            }

            /// Sets the HTTP client, for a proxy or certificates of your own.
            ///
            /// Its own redirect policy and connect timeout hold. Switch redirects off: those that it follows are
            /// reported as errors only after the request went there.
            pub fn client(mut self, client: reqwest::Client) -> Self {
                self.account.http.client = Some(client);
                self.reconnect()
            }

            /// Allows a base URL without TLS to another machine. The key and the conversation then travel in the open.
            pub fn allow_insecure_http(mut self) -> Self {
                self.account.http.allow_insecure = true;
                self.reconnect()
            }

            /// Connects directly, whatever proxies the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`).
            ///
            /// They are used by default, but for addresses of this machine: who sets the environment of a process can
            /// have its requests pass through a proxy. A [`client`](Self::client) of your own decides for itself.
            pub fn no_proxy(mut self) -> Self {
                self.account.http.no_proxy = true;
                self.reconnect()
            }

            /// Sets how long opening a connection may take; 5 seconds by default.
            pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.account.http.connect_timeout = timeout;
                self.reconnect()
            }

            /// Sets how long an answer that is not streamed may take, all tries and the waits between them together; 10
            /// minutes by default. A stream has no such limit: it may go on as long as it brings something.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.account.http.total_timeout = timeout;
                self.reconnect()
            }

            /// Sets how long the first event of a stream may take; 2 minutes by default.
            pub fn first_event_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.account.http.first_event_timeout = timeout;
                self.reconnect()
            }

            /// Sets how long a stream may stay silent between its events; 5 minutes by default, 90 seconds for Anthropic,
            /// which sends pings.
            pub fn idle_timeout(mut self, timeout: std::time::Duration) -> Self {
                self.account.http.idle_timeout = timeout;
                self.reconnect()
            }

            /// Sets how often and when a call is sent again after a failure; twice by default.
            pub fn retry(mut self, policy: $crate::provider::RetryPolicy) -> Self {
                self.account.http.retry = policy;
                self.reconnect()
            }

            /// Passes over events of a stream that are not JSON, with a warning in the log, for gateways that are known to
            /// send such. Otherwise they fail the stream, as what was lost may be half of a tool call.
            pub fn lenient(mut self) -> Self {
                self.account.http.lenient = true;
                self.reconnect()
            }

            /// Sets how many bytes one event of a stream may have, 8 MiB by default, and how many a whole answer may,
            /// 64 MiB by default. A longer one is an error.
            pub fn size_limits(mut self, event: usize, answer: usize) -> Self {
                self.account.http.limits = $crate::provider::sse::SseLimits { event, stream: answer };
                self.reconnect()
            }

            /// Answers every request with what a function gives for its body, instead of sending it.
            #[cfg(feature = "_replay")]
            #[doc(hidden)]
            pub fn replay(
                mut self,
                answer: impl Fn(Vec<u8>) -> $crate::provider::Replayed + Send + Sync + 'static,
            ) -> Self {
                self.account.http.replay = Some($crate::provider::http::replay::Replay::new(answer));
                self.reconnect()
            }

            fn reconnect(mut self) -> Self {
                self.account.reconnect();
                self
            }
        }

        impl std::fmt::Debug for $model {
            /// Shows the model's name and nothing of the key or the address.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($model)).field("model", &self.model).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use account_methods;

#[cfg(test)]
mod tests {
    use super::*;

    static VENDOR: Vendor = Vendor {
        provider: "openai",
        options: "openai",
        key_variables: &["OPENAI_API_KEY"],
        base_url_variable: "OPENAI_BASE_URL",
        base_url: "https://api.openai.com/v1",
        key_header: ("authorization", "Bearer "),
        headers: &[],
    };

    fn check_environment(variables: &[(&str, &str)], expected: Result<Option<&str>, &str>) {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let made = Account::new(&VENDOR).with_environment(variable);
        match (&made, expected) {
            (Ok(made), Ok(base_url)) => assert_eq!(made.base_url.as_deref(), base_url),
            (Err(error), Err(words)) => {
                assert_eq!(error.category, Category::Config);
                assert!(error.to_string().contains(words), "{error}");
                assert!(!format!("{error:?}").contains("canary"), "{error:?}");
            }
            (made, expected) => panic!("{:?} is not {expected:?}", made.as_ref().err()),
        }
        // The first request of a model made by `new` says the same.
        let connected = Account::new(&VENDOR).connect(variable);
        assert_eq!(connected.is_ok(), made.is_ok(), "{variables:?}");
    }

    #[test]
    fn key_and_address_come_from_the_environment() {
        check_environment(&[], Err("OPENAI_API_KEY"));
        check_environment(&[("OPENAI_BASE_URL", "https://example.com")], Err("OPENAI_API_KEY"));
        check_environment(&[("OPENAI_API_KEY", "canary")], Ok(None));
        let base_url = ("OPENAI_BASE_URL", "https://example.com/v1");
        check_environment(&[("OPENAI_API_KEY", "canary"), base_url], Ok(Some(base_url.1)));
        let bad = ("OPENAI_BASE_URL", "https://canary@example.com/v1");
        check_environment(&[("OPENAI_API_KEY", "canary"), bad], Err("OPENAI_BASE_URL"));
    }

    #[test]
    fn the_environment_is_not_read_where_a_key_or_an_address_was_set() {
        let unread = |_: &str| panic!("the environment was read");
        let with_key = |key: &str| Account { key: Some(key.to_owned().into()), ..Account::new(&VENDOR) };
        assert!(with_key("canary").connect(unread).is_ok());
        let local = Account { base_url: Some("http://localhost:1/v1".to_owned()), ..Account::new(&VENDOR) };
        let local = local.connect(unread).expect("a connection");
        assert!(!local.headers.contains_key(VENDOR.key_header.0), "no key is sent where none was given");
        let bad = with_key("canary\n\u{1}x").connect(unread).err().expect("an error");
        assert!(bad.category == Category::Config && !format!("{bad:?}").contains("canary"), "{bad:?}");
    }
}
