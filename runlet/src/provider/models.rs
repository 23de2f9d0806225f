//! What is known of the providers' models: one table, as of November 2026.
//!
//! A model that is not here has no known window, so that a request to it needs
//! [`ContextPolicy::max_context_tokens`](crate::budget::ContextPolicy::max_context_tokens) or the provider's own
//! `context_window`, which also stands above what the table says. A figure that nobody confirms is left out: a window that
//! is too large costs a refused request, one that is unknown a clear error before anything is sent.

use crate::model::Capabilities;

/// Whose model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    OpenAi,
    Anthropic,
    Gemini,
}

/// What not every model of a provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Can {
    /// It reads images.
    ReadImages,
    /// Its answer can be held to a schema.
    FitSchemas,
    /// System messages may stand among the others.
    ReadSystemInPlace,
}

pub(super) struct Known {
    maker: Maker,
    name: &'static str,
    /// In tokens, the answer included.
    window: u64,
    /// The most of an answer, in tokens.
    output: u64,
    can: &'static [Can],
}

const READS: &[Can] = &[];
/// All models of OpenAI's and Google's APIs can be held to a schema: it belongs to the API.
const SEES: &[Can] = &[Can::ReadImages];
/// <https://platform.claude.com/docs/en/build-with-claude/structured-outputs>
const FITS: &[Can] = &[Can::ReadImages, Can::FitSchemas];
/// <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>
const IN_PLACE: &[Can] = &[Can::ReadImages, Can::FitSchemas, Can::ReadSystemInPlace];

const fn known(maker: Maker, name: &'static str, window: u64, output: u64, can: &'static [Can]) -> Known {
    Known { maker, name, window, output, can }
}

/// The table. Snapshots and versions of a model, named by a date or a number after its name, are like it.
static MODELS: &[Known] = {
    use Maker::{Anthropic, Gemini, OpenAi};
    &[
        // <https://developers.openai.com/api/docs/models>, a page for each model.
        known(OpenAi, "gpt-6.2-astra", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-6-astra", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.6", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.6-luna", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.6-sol", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.6-terra", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.5", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.5-pro", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.4", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.4-pro", 1_050_000, 128_000, SEES),
        known(OpenAi, "gpt-5.4-mini", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.4-nano", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.3-codex", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.2", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.2-pro", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.2-codex", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.1", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.1-codex", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5.1-codex-mini", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5-mini", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5-nano", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5-codex", 400_000, 128_000, SEES),
        known(OpenAi, "gpt-5-pro", 400_000, 272_000, SEES),
        known(OpenAi, "gpt-5-chat-latest", 128_000, 16_384, SEES),
        known(OpenAi, "gpt-4.1", 1_047_576, 32_768, SEES),
        known(OpenAi, "gpt-4.1-mini", 1_047_576, 32_768, SEES),
        known(OpenAi, "gpt-4.1-nano", 1_047_576, 32_768, SEES),
        known(OpenAi, "gpt-4o", 128_000, 16_384, SEES),
        known(OpenAi, "gpt-4o-mini", 128_000, 16_384, SEES),
        known(OpenAi, "gpt-4-turbo", 128_000, 4_096, SEES),
        known(OpenAi, "gpt-4", 8_192, 8_192, READS),
        known(OpenAi, "gpt-3.5-turbo", 16_385, 4_096, READS),
        known(OpenAi, "o4-mini", 200_000, 100_000, SEES),
        known(OpenAi, "o3", 200_000, 100_000, SEES),
        known(OpenAi, "o3-pro", 200_000, 100_000, SEES),
        known(OpenAi, "o3-mini", 200_000, 100_000, READS),
        known(OpenAi, "o1", 200_000, 100_000, SEES),
        known(OpenAi, "o1-pro", 200_000, 100_000, SEES),
        // <https://platform.claude.com/docs/en/models/overview>, a page for each model.
        known(Anthropic, "claude-fable-5-1", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-fable-5", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-mythos-5", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-opus-5-5", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-opus-5", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-opus-4-8", 1_000_000, 128_000, IN_PLACE),
        known(Anthropic, "claude-opus-4-7", 1_000_000, 128_000, FITS),
        known(Anthropic, "claude-opus-4-6", 1_000_000, 128_000, FITS),
        known(Anthropic, "claude-opus-4-5", 200_000, 64_000, FITS),
        known(Anthropic, "claude-opus-4-1", 200_000, 32_000, FITS),
        known(Anthropic, "claude-opus-4-0", 200_000, 32_000, SEES),
        known(Anthropic, "claude-opus-4", 200_000, 32_000, SEES),
        // Of the Sonnets from 5 on it is told in two ways whether system messages may stand in place: at the front they
        // are always read.
        known(Anthropic, "claude-sonnet-5-5", 1_000_000, 128_000, FITS),
        known(Anthropic, "claude-sonnet-5", 1_000_000, 128_000, FITS),
        known(Anthropic, "claude-sonnet-4-6", 1_000_000, 128_000, FITS),
        known(Anthropic, "claude-sonnet-4-5", 200_000, 64_000, FITS),
        known(Anthropic, "claude-sonnet-4-0", 200_000, 64_000, SEES),
        known(Anthropic, "claude-sonnet-4", 200_000, 64_000, SEES),
        // Whether it can be held to a schema is not confirmed.
        known(Anthropic, "claude-haiku-5-5", 1_000_000, 128_000, SEES),
        known(Anthropic, "claude-haiku-4-5", 200_000, 64_000, FITS),
        known(Anthropic, "claude-3-7-sonnet", 200_000, 64_000, SEES),
        known(Anthropic, "claude-3-5-sonnet", 200_000, 8_192, SEES),
        known(Anthropic, "claude-3-5-haiku", 200_000, 8_192, SEES),
        known(Anthropic, "claude-3-opus", 200_000, 4_096, SEES),
        known(Anthropic, "claude-3-haiku", 200_000, 4_096, SEES),
        // <https://ai.google.dev/gemini-api/docs/models>, a page for each model. The pages give the most of the input and
        // of the output apart; a request that keeps both inside the first is safe.
        known(Gemini, "gemini-3.8-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.7-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.6-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.5-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.5-flash-lite", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.1-pro", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3.1-flash-lite", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3-pro", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-3-pro-image", 65_536, 32_768, SEES),
        known(Gemini, "gemini-2.5-pro", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-2.5-flash", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-2.5-flash-lite", 1_048_576, 65_536, SEES),
        known(Gemini, "gemini-2.0-flash", 1_048_576, 8_192, SEES),
        known(Gemini, "gemini-2.0-flash-lite", 1_048_576, 8_192, SEES),
    ]
};

/// What is known of a model; nothing of one that is not in the table.
pub(super) fn find(maker: Maker, model: &str) -> Option<&'static Known> {
    let name = match maker {
        Maker::OpenAi => openai_family(model),
        Maker::Anthropic => anthropic_family(model),
        Maker::Gemini => gemini_family(model),
    };
    MODELS.iter().find(|known| known.maker == maker && known.name == name)
}

/// What a model can do. Tools belong to the APIs, so that models not in the table have them too.
pub(super) fn capabilities(maker: Maker, model: &str) -> Capabilities {
    let known = find(maker, model);
    let mut capabilities = Capabilities::new().with_tools();
    if maker != Maker::Anthropic || known.is_some_and(|known| known.can(Can::FitSchemas)) {
        capabilities = capabilities.with_structured_output();
    }
    let Some(known) = known else { return capabilities };
    let capabilities = capabilities.context_window(known.window).max_output_tokens(known.output);
    if known.can(Can::ReadImages) { capabilities.with_images() } else { capabilities }
}

impl Known {
    pub(super) fn can(&self, what: Can) -> bool {
        self.can.contains(&what)
    }
}

/// The model that a snapshot (`gpt-4o-2024-08-06`) or a fine-tuned model (`ft:gpt-4o:acme::id`) is a form of.
fn openai_family(model: &str) -> &str {
    let model = model.strip_prefix("ft:").and_then(|rest| rest.split(':').next()).unwrap_or(model);
    let dated = model.char_indices().rev().nth("-2026-01-31".len() - 1).and_then(|(at, _)| model.split_at_checked(at));
    match dated {
        Some((name, date)) if is_date(date) => name,
        _ => model,
    }
}

/// Whether a text is of the form `-2026-01-31`.
fn is_date(text: &str) -> bool {
    text.char_indices().all(|(at, char)| if matches!(at, 0 | 5 | 8) { char == '-' } else { char.is_ascii_digit() })
}

/// The model that a snapshot is a form of: `claude-opus-4-5-20251101`, `claude-3-opus-latest`.
fn anthropic_family(model: &str) -> &str {
    let is_date = |text: &str| text == "latest" || (text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()));
    model.rsplit_once('-').filter(|(_, date)| is_date(date)).map_or(model, |(family, _)| family)
}

/// The model that a version is a form of: `gemini-2.0-flash-001`, `gemini-3-pro-preview`,
/// `gemini-2.5-pro-preview-03-25`; the API lists them as `models/gemini-2.5-flash`.
fn gemini_family(model: &str) -> &str {
    let mut name = model.strip_prefix("models/").unwrap_or(model);
    while let Some((rest, number)) = name.rsplit_once('-')
        && number.len() >= 2
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        name = rest;
    }
    name.strip_suffix("-preview").or_else(|| name.strip_suffix("-exp")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::Maker::{Anthropic, Gemini, OpenAi};
    use super::*;
    use crate::model::ContextWindow;

    fn check(maker: Maker, model: &str, window: u64) {
        assert_eq!(capabilities(maker, model).context_window, ContextWindow::Known(window), "{model}");
    }

    #[test]
    fn models_are_known_by_name_snapshot_and_version() {
        check(OpenAi, "gpt-5.5", 1_050_000);
        check(OpenAi, "gpt-4o-2024-08-06", 128_000);
        check(OpenAi, "ft:gpt-4o-mini-2024-07-18:acme::8Xyz", 128_000);
        check(OpenAi, "gpt-4.1-mini", 1_047_576);
        check(Anthropic, "claude-opus-5", 1_000_000);
        check(Anthropic, "claude-sonnet-4-5-20250929", 200_000);
        check(Anthropic, "claude-3-opus-latest", 200_000);
        check(Anthropic, "claude-sonnet-4-20250514", 200_000);
        for model in [
            "gemini-2.5-flash",
            "models/gemini-2.5-flash",
            "gemini-2.0-flash-001",
            "gemini-3-pro-preview",
            "gemini-2.5-pro-preview-03-25",
            "gemini-2.5-flash-preview-09-2025",
            "gemini-2.0-flash-exp",
        ] {
            check(Gemini, model, 1_048_576);
        }
        check(Gemini, "gemini-3-pro-image-preview", 65_536);
    }

    #[test]
    fn row_52_the_window_of_another_model_is_unknown() {
        let openai = ["", "grok-4", "gpt-5.5-unheard-of", "gpt-4o-2024-08-6x", "ft:", "é-2024-08-06", "-2024-08-06"];
        let anthropic = ["", "qwen3", "claude-opus-99", "claude-opus-5-2026", "-latest", "claude-opus-5-2026013x"];
        let gemini = ["", "models/", "gemma-3", "gemini-2.5-flash-preview-tts", "gemini-9", "-", "é-01", "gemini-"];
        let others = [(OpenAi, "claude-opus-5"), (Anthropic, "gpt-5.5"), (Gemini, "gpt-5.5")];
        let all = openai.map(|model| (OpenAi, model)).into_iter().chain(anthropic.map(|model| (Anthropic, model)));
        for (maker, model) in all.chain(gemini.map(|model| (Gemini, model))).chain(others) {
            let capabilities = capabilities(maker, model);
            assert_eq!(capabilities.context_window, ContextWindow::Unknown, "{model}");
            assert_eq!(capabilities.max_output_tokens, None, "{model}");
        }
    }

    #[test]
    fn only_newer_models_of_anthropic_are_held_to_a_schema() {
        let held = |maker, model| capabilities(maker, model).structured_output;
        let anthropic = ["claude-haiku-4-5", "claude-sonnet-4-0", "qwen3"].map(|model| held(Anthropic, model));
        assert_eq!((anthropic, held(OpenAi, "grok-4"), held(Gemini, "gemma-3")), ([true, false, false], true, true));
    }

    #[test]
    fn every_row_is_found_by_its_name_and_makes_sense() {
        for row in MODELS {
            let found = find(row.maker, row.name).map(|found| found.output);
            assert_eq!(found, Some(row.output), "{} is there once, under the name of its family", row.name);
            assert!(row.output <= row.window, "{}", row.name);
        }
    }
}
