//! Several models as one: the next answers where one cannot.

use futures_util::StreamExt;
use futures_util::stream;

use super::{AnyModel, Capabilities, ContextWindow, Endpoint, Model, ModelEvent, ModelRequest, ModelResponse};
use super::{ModelStream, PreparedRequest, Retrying};
use crate::error::{Error, ErrorKind, ProviderErrorCategory as Category, Result};

/// An ordered list of models that answers as one: where a model fails in a way that another may not, the next is asked.
/// Every request begins with the first, whichever answered the one before.
///
/// The next model is asked after everything that may be cured elsewhere: an outage, a limit, a spent quota, a missing or
/// refused key, an unknown model, an answer that cannot be read. It is not asked after what would fail there too or must
/// not be got around: a rejected or too long request, a content filter, a cancellation. Of a streamed answer nothing may
/// have been handed out yet. Each model's own retries come first; give all but the last few or none, or the wait adds up.
///
/// The first model's name stands for all; a limit on cost counts by the dearest, and one without a price is not asked under
/// it. Its abilities are those that all have: the smallest window, the smallest limit of an answer, tools where all call
/// them. A run counts its requests by the rules of every model, and the largest count holds. So a request that fits one
/// fits all.
///
/// **Who answered** is told by [`ModelResponse::model`] and by the event `model.retrying`, whose `model` is the one asked
/// next. When all fail, the error is that of the last model, and its words begin with the models that failed before.
///
/// What a provider keeps with a conversation (encrypted reasoning, ids of its own) goes to no other, so a run may change
/// models between steps. Options for one provider are not read by another.
///
/// ```
/// use runlet::Model;
/// use runlet::model::Fallback;
/// use runlet::testing::ScriptedModel;
///
/// let model = Fallback::new(ScriptedModel::new()).or(ScriptedModel::new());
/// assert_eq!(model.capabilities(), Model::capabilities(&ScriptedModel::new()));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Fallback {
    first: AnyModel,
    others: Vec<AnyModel>,
}

impl Fallback {
    /// A list of one model.
    pub fn new(first: impl Model) -> Self {
        Self { first: AnyModel::new(first), others: Vec::new() }
    }

    /// Adds a model that is asked where all before it failed.
    pub fn or(mut self, next: impl Model) -> Self {
        self.others.push(AnyModel::new(next));
        self
    }

    fn models(&self) -> impl Iterator<Item = &AnyModel> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Asks one model after the other until one gives an answer, or an error that no other may cure.
    async fn ask<'a, T, F: Future<Output = Result<T>> + Send + 'a>(
        &'a self,
        request: &'a PreparedRequest,
        ask: impl Fn(&'a AnyModel, PreparedRequest) -> F + Send + 'a,
    ) -> Result<(&'a AnyModel, T)> {
        let mut failed: Vec<String> = Vec::new();
        let mut models = self.models().peekable();
        while let Some(model) = models.next() {
            let error = match ask(model, request.clone()).await {
                Ok(answer) => return Ok((model, answer)),
                Err(error) => error,
            };
            let Some(next) = models.peek().filter(|_| another_may_cure(&error)) else {
                return Err(after(&failed, error));
            };
            failed.push(format!("{model:?}"));
            let attempt = u32::try_from(failed.len()).unwrap_or(u32::MAX).saturating_add(1);
            request.retrying(Retrying::new(attempt, std::time::Duration::ZERO, error).model(format!("{next:?}")));
        }
        Err(Error::new(ErrorKind::Config, "there is no model to ask"))
    }
}

impl Model for Fallback {
    fn provider(&self) -> &str {
        self.first.provider()
    }

    fn name(&self) -> &str {
        self.first.name()
    }

    /// What every model of the list can do.
    fn capabilities(&self) -> Capabilities {
        let others = self.others.iter().map(Model::capabilities);
        others.fold(self.first.capabilities(), |all, other| meet(&all, &other))
    }

    async fn complete(&self, request: PreparedRequest) -> Result<ModelResponse> {
        let (model, mut response) = self.ask(&request, Model::complete).await?;
        response.model.get_or_insert_with(|| model.name().to_owned());
        Ok(response)
    }

    async fn stream(&self, request: PreparedRequest) -> Result<ModelStream> {
        let begun = self.ask(&request, |model, request| async move {
            let mut stream = model.stream(request).await?;
            // A stream that fails with its first event has shown nothing.
            let first = stream.next().await.transpose()?;
            Ok((first, stream))
        });
        let (model, (first, rest)) = begun.await?;
        let name = model.name().to_owned();
        let events = stream::iter(first.map(Ok)).chain(rest).map(move |event| {
            event.map(|event| match event {
                ModelEvent::Completed(mut response) => {
                    response.model.get_or_insert_with(|| name.clone());
                    ModelEvent::Completed(response)
                }
                other => other,
            })
        });
        Ok(ModelStream::new(events))
    }

    fn endpoint(&self) -> Option<Endpoint> {
        self.first.endpoint()
    }

    /// The largest of the models' counts, as the request must fit all; none where one of them does not count.
    async fn count_tokens(&self, request: &ModelRequest) -> Result<Option<u64>> {
        let mut most = 0;
        for model in self.models() {
            let Some(tokens) = model.count_tokens(request).await? else { return Ok(None) };
            most = most.max(tokens);
        }
        Ok(Some(most))
    }

    fn stand_ins(&self) -> Vec<AnyModel> {
        let others = self.others.iter().flat_map(|other| std::iter::once(other.clone()).chain(other.stand_ins()));
        self.first.stand_ins().into_iter().chain(others).collect()
    }
}

/// Whether another model may answer what this one did not.
fn another_may_cure(error: &Error) -> bool {
    match error.provider() {
        Some(provider) if provider.response_started || !provider.partial_text.is_empty() => false,
        Some(provider) => !matches!(
            provider.category,
            Category::InvalidRequest | Category::ContextOverflow | Category::ContentFilter | Category::Other
        ),
        // What is no provider's is the caller's: a cancellation, a bug, a model of one's own that says so.
        None => false,
    }
}

/// The last error, with the models that failed before in its words.
fn after(failed: &[String], error: Error) -> Error {
    match error.provider() {
        Some(provider) if !failed.is_empty() => {
            let mut provider = provider.clone();
            provider.message = format!("after {} failed: {}", failed.join(", "), provider.message);
            provider.into()
        }
        _ => error,
    }
}

/// The smaller of two limits, of which either may be missing.
fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.into_iter().chain(b).min()
}

/// What two models can both do.
fn meet(a: &Capabilities, b: &Capabilities) -> Capabilities {
    Capabilities {
        // Where one window is unknown, nobody knows what fits.
        context_window: match (a.context_window, b.context_window) {
            (ContextWindow::Known(a), ContextWindow::Known(b)) => ContextWindow::Known(a.min(b)),
            _ => ContextWindow::Unknown,
        },
        max_input_tokens: smaller(a.max_input_tokens, b.max_input_tokens),
        max_output_tokens: smaller(a.max_output_tokens, b.max_output_tokens),
        tools: a.tools && b.tools,
        parallel_tool_calls: a.parallel_tool_calls && b.parallel_tool_calls,
        structured_output: a.structured_output && b.structured_output,
        images: a.images && b.images,
    }
}
