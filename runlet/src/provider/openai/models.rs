//! What is known of OpenAI's models: a table, as of August 2026, from the models' pages at
//! <https://platform.openai.com/docs/models>.

use crate::model::Capabilities;

/// Model, context window in tokens, most output tokens, whether it reads images. Snapshots of a model, named by a date
/// after its name, are like it.
const MODELS: &[(&str, u64, u64, bool)] = &[
    ("gpt-5.6", 1_050_000, 128_000, true),
    ("gpt-5.6-luna", 1_050_000, 128_000, true),
    ("gpt-5.6-sol", 1_050_000, 128_000, true),
    ("gpt-5.6-terra", 1_050_000, 128_000, true),
    ("gpt-5.5", 1_050_000, 128_000, true),
    ("gpt-5.5-pro", 1_050_000, 128_000, true),
    ("gpt-5.4", 1_050_000, 128_000, true),
    ("gpt-5.4-pro", 1_050_000, 128_000, true),
    ("gpt-5.4-mini", 400_000, 128_000, true),
    ("gpt-5.4-nano", 400_000, 128_000, true),
    ("gpt-5.3-codex", 400_000, 128_000, true),
    ("gpt-5.2", 400_000, 128_000, true),
    ("gpt-5.2-pro", 400_000, 128_000, true),
    ("gpt-5.2-codex", 400_000, 128_000, true),
    ("gpt-5.1", 400_000, 128_000, true),
    ("gpt-5.1-codex", 400_000, 128_000, true),
    ("gpt-5.1-codex-mini", 400_000, 128_000, true),
    ("gpt-5", 400_000, 128_000, true),
    ("gpt-5-mini", 400_000, 128_000, true),
    ("gpt-5-nano", 400_000, 128_000, true),
    ("gpt-5-codex", 400_000, 128_000, true),
    ("gpt-5-pro", 400_000, 272_000, true),
    ("gpt-5-chat-latest", 128_000, 16_384, true),
    ("gpt-4.1", 1_047_576, 32_768, true),
    ("gpt-4.1-mini", 1_047_576, 32_768, true),
    ("gpt-4.1-nano", 1_047_576, 32_768, true),
    ("gpt-4o", 128_000, 16_384, true),
    ("gpt-4o-mini", 128_000, 16_384, true),
    ("gpt-4-turbo", 128_000, 4_096, true),
    ("gpt-4", 8_192, 8_192, false),
    ("gpt-3.5-turbo", 16_385, 4_096, false),
    ("o4-mini", 200_000, 100_000, true),
    ("o3", 200_000, 100_000, true),
    ("o3-pro", 200_000, 100_000, true),
    ("o3-mini", 200_000, 100_000, false),
    ("o1", 200_000, 100_000, true),
    ("o1-pro", 200_000, 100_000, true),
];

/// What a model can do. Tools and schemas belong to the API, so that models not in the table have them too.
pub(in crate::provider) fn capabilities(model: &str) -> Capabilities {
    let capabilities = Capabilities::new().with_tools().with_structured_output();
    let family = family(model);
    match MODELS.iter().find(|(name, ..)| *name == family) {
        Some((_, window, output, images)) => {
            let known = capabilities.context_window(*window).max_output_tokens(*output);
            if *images { known.with_images() } else { known }
        }
        None => capabilities,
    }
}

/// The model that a snapshot (`gpt-4o-2024-08-06`) or a fine-tuned model (`ft:gpt-4o:acme::id`) is a form of.
fn family(model: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContextWindow;

    fn check(model: &str, window: ContextWindow) {
        assert_eq!(capabilities(model).context_window, window, "{model}");
    }

    #[test]
    fn models_are_known_by_name_snapshot_and_fine_tuning() {
        check("gpt-5.5", ContextWindow::Known(1_050_000));
        check("gpt-4o-2024-08-06", ContextWindow::Known(128_000));
        check("ft:gpt-4o-mini-2024-07-18:acme::8Xyz", ContextWindow::Known(128_000));
        check("gpt-4.1-mini", ContextWindow::Known(1_047_576));
    }

    #[test]
    fn row_52_the_window_of_another_model_is_unknown() {
        for model in ["", "grok-4", "gpt-5.5-unheard-of", "gpt-4o-2024-08-6x", "ft:", "é-2024-08-06", "-2024-08-06"] {
            check(model, ContextWindow::Unknown);
        }
    }
}
