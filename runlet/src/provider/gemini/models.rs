//! What is known of Google's models: a table, as of August 2026, from the models' pages at
//! <https://ai.google.dev/gemini-api/docs/models>.

use crate::model::Capabilities;

/// Model, most input tokens, most output tokens. The pages give the two limits apart; a request that keeps both inside
/// the first one is safe. Versions of a model, named by a number or a date after its name, are like it. All read images.
const MODELS: &[(&str, u64, u64)] = &[
    ("gemini-3.6-flash", 1_048_576, 65_536),
    ("gemini-3.5-flash", 1_048_576, 65_536),
    ("gemini-3.5-flash-lite", 1_048_576, 65_536),
    ("gemini-3.1-pro", 1_048_576, 65_536),
    ("gemini-3.1-flash-lite", 1_048_576, 65_536),
    ("gemini-3-pro", 1_048_576, 65_536),
    ("gemini-3-flash", 1_048_576, 65_536),
    ("gemini-3-pro-image", 65_536, 32_768),
    ("gemini-2.5-pro", 1_048_576, 65_536),
    ("gemini-2.5-flash", 1_048_576, 65_536),
    ("gemini-2.5-flash-lite", 1_048_576, 65_536),
    ("gemini-2.5-flash-image", 65_536, 32_768),
    ("gemini-2.0-flash", 1_048_576, 8_192),
    ("gemini-2.0-flash-lite", 1_048_576, 8_192),
];

/// What a model can do. Tools and schemas belong to the API, so that models not in the table have them too.
pub(super) fn capabilities(model: &str) -> Capabilities {
    let capabilities = Capabilities::new().with_tools().with_structured_output();
    let family = family(name(model));
    match MODELS.iter().find(|(name, ..)| *name == family) {
        Some((_, window, output)) => capabilities.context_window(*window).max_output_tokens(*output).with_images(),
        None => capabilities,
    }
}

/// A model's name as it stands in a path: the API lists models as `models/gemini-2.5-flash`.
pub(super) fn name(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// Whether a model is of a generation that wants a signature with the calls in its history, and that reads media in what
/// a function gave (<https://ai.google.dev/gemini-api/docs/gemini-3>).
pub(super) fn is_generation_3(model: &str) -> bool {
    let number = name(model).strip_prefix("gemini-").and_then(|rest| rest.chars().next());
    number.is_some_and(|number| number.is_ascii_digit() && !matches!(number, '0'..='2'))
}

/// The model that a version is a form of: `gemini-2.0-flash-001`, `gemini-3-pro-preview`,
/// `gemini-2.5-pro-preview-03-25`.
fn family(model: &str) -> &str {
    let is_number = |char: char| char.is_ascii_digit();
    let mut name = model;
    while let Some((rest, number)) = name.rsplit_once('-')
        && number.len() >= 2
        && number.chars().all(is_number)
    {
        name = rest;
    }
    name.strip_suffix("-preview").or_else(|| name.strip_suffix("-exp")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContextWindow;

    fn check(model: &str, window: ContextWindow) {
        assert_eq!(capabilities(model).context_window, window, "{model}");
    }

    #[test]
    fn models_are_known_by_name_and_version() {
        for model in [
            "gemini-2.5-flash",
            "models/gemini-2.5-flash",
            "gemini-2.0-flash-001",
            "gemini-3-pro-preview",
            "gemini-2.5-pro-preview-03-25",
            "gemini-2.5-flash-preview-09-2025",
            "gemini-2.0-flash-exp",
        ] {
            check(model, ContextWindow::Known(1_048_576));
        }
        check("gemini-2.5-flash-image", ContextWindow::Known(65_536));
        check("gemini-3-pro-image-preview", ContextWindow::Known(65_536));
    }

    #[test]
    fn row_52_the_window_of_another_model_is_unknown() {
        for model in ["", "models/", "gemma-3", "gemini-2.5-flash-preview-tts", "gemini-9", "-", "é-01", "gemini-"] {
            check(model, ContextWindow::Unknown);
        }
    }

    #[test]
    fn generations_are_told_by_the_number() {
        for (model, expected) in [
            ("gemini-3-pro-preview", true),
            ("models/gemini-3.5-flash", true),
            ("gemini-4-argon", true),
            ("gemini-2.5-flash", false),
            ("gemini-1.5-pro", false),
            ("gemma-3-27b-it", false),
            ("gemini-pro", false),
        ] {
            assert_eq!(is_generation_3(model), expected, "{model}");
        }
    }
}
