//! What is known of Anthropic's models: a table, as of November 2026, from the models' pages at
//! <https://platform.claude.com/docs/en/models/overview>.

use crate::model::Capabilities;

/// The output limit of a model that is not in the table, in tokens: what the oldest of the API's models write.
pub(super) const UNKNOWN_MAX_OUTPUT: u64 = 4_096;

struct Known {
    name: &'static str,
    /// In tokens.
    window: u64,
    /// In tokens.
    output: u64,
    /// Whether it can be held to a schema
    /// (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>).
    structured: bool,
    /// Whether system messages may stand among the others
    /// (<https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>).
    system_in_place: bool,
}

const fn known(name: &'static str, window: u64, output: u64, structured: bool, system_in_place: bool) -> Known {
    Known { name, window, output, structured, system_in_place }
}

/// Name, window, output, structured output, system messages in place. All of them read images and call tools. Snapshots
/// of a model, named by a date after its name, are like it.
const MODELS: &[Known] = &[
    known("claude-fable-5-1", 1_000_000, 128_000, true, true),
    known("claude-fable-5", 1_000_000, 128_000, true, true),
    known("claude-opus-5-5", 1_000_000, 128_000, true, true),
    known("claude-opus-5", 1_000_000, 128_000, true, true),
    known("claude-opus-4-8", 1_000_000, 128_000, true, true),
    known("claude-opus-4-7", 1_000_000, 128_000, true, false),
    known("claude-opus-4-6", 1_000_000, 128_000, true, false),
    known("claude-opus-4-5", 200_000, 64_000, true, false),
    known("claude-opus-4-1", 200_000, 32_000, true, false),
    known("claude-opus-4-0", 200_000, 32_000, false, false),
    known("claude-opus-4", 200_000, 32_000, false, false),
    known("claude-sonnet-5-5", 1_000_000, 128_000, true, false),
    known("claude-sonnet-5", 1_000_000, 128_000, true, false),
    known("claude-sonnet-4-6", 1_000_000, 128_000, true, false),
    known("claude-sonnet-4-5", 200_000, 64_000, true, false),
    known("claude-sonnet-4-0", 200_000, 64_000, false, false),
    known("claude-sonnet-4", 200_000, 64_000, false, false),
    known("claude-haiku-4-5", 200_000, 64_000, true, false),
    known("claude-3-7-sonnet", 200_000, 64_000, false, false),
    known("claude-3-5-sonnet", 200_000, 8_192, false, false),
    known("claude-3-5-haiku", 200_000, 8_192, false, false),
    known("claude-3-opus", 200_000, 4_096, false, false),
    known("claude-3-haiku", 200_000, 4_096, false, false),
];

/// What a model can do. Tools belong to the API, so that models not in the table have them too.
pub(super) fn capabilities(model: &str) -> Capabilities {
    let capabilities = Capabilities::new().with_tools();
    let Some(known) = find(model) else { return capabilities };
    let capabilities = capabilities.context_window(known.window).max_output_tokens(known.output).with_images();
    if known.structured { capabilities.with_structured_output() } else { capabilities }
}

/// Whether system messages may stand among the others.
pub(super) fn takes_system_in_place(model: &str) -> bool {
    find(model).is_some_and(|known| known.system_in_place)
}

/// Finds a model by its name or by that of a snapshot, `claude-opus-4-5-20251101` or `claude-3-opus-latest`.
fn find(model: &str) -> Option<&'static Known> {
    let is_date = |text: &str| text == "latest" || (text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()));
    let family = model.rsplit_once('-').filter(|(_, date)| is_date(date)).map_or(model, |(family, _)| family);
    MODELS.iter().find(|known| known.name == family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContextWindow;

    fn check(model: &str, window: ContextWindow) {
        assert_eq!(capabilities(model).context_window, window, "{model}");
    }

    #[test]
    fn models_are_known_by_name_and_snapshot() {
        check("claude-opus-5", ContextWindow::Known(1_000_000));
        check("claude-sonnet-4-5-20250929", ContextWindow::Known(200_000));
        check("claude-3-opus-latest", ContextWindow::Known(200_000));
        check("claude-sonnet-4-20250514", ContextWindow::Known(200_000));
    }

    #[test]
    fn row_52_the_window_of_another_model_is_unknown() {
        for model in ["", "qwen3", "claude-opus-99", "claude-opus-5-2026", "-latest", "claude-opus-5-2026013x"] {
            check(model, ContextWindow::Unknown);
        }
    }

    #[test]
    fn only_newer_models_are_held_to_a_schema() {
        let held = |model| capabilities(model).structured_output;
        assert_eq!([held("claude-haiku-4-5"), held("claude-sonnet-4-0"), held("qwen3")], [true, false, false]);
    }
}
