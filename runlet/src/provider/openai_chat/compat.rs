//! How servers of the Chat Completions API differ: one table of switches, a row for each kind of server.

use std::fmt;

use reqwest::Url;

/// What one kind of server of the Chat Completions API takes and gives, where it differs from OpenAI's.
///
/// Chosen by the host of the base URL, or by the port of a local server; of an address that Runlet does not know, only
/// what all servers share is asked. Choose it yourself with
/// [`OpenAiChat::compatibility`](super::OpenAiChat::compatibility) where a server stands at an address of yours.
///
/// ```
/// use runlet::provider::Compatibility;
///
/// assert_eq!(Compatibility::of_url("https://api.mistral.ai/v1"), Compatibility::mistral());
/// assert_eq!(Compatibility::of_url("http://localhost:11434/v1"), Compatibility::ollama());
/// assert_eq!(Compatibility::of_url("https://llm.example.com/v1"), Compatibility::other());
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct Compatibility(&'static Row);

/// One kind of server.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, read by name")]
pub(super) struct Row {
    /// Names the kind: what a server keeps with messages goes back to servers of its kind alone.
    pub(super) name: &'static str,
    /// The name under which messages keep the bytes that are written for this kind.
    pub(super) dialect: &'static str,
    /// Hosts; a name that begins with a dot stands for all hosts below it.
    hosts: &'static [&'static str],
    /// The port of a server on this machine.
    port: Option<u16>,
    /// The field for the most tokens of an answer.
    pub(super) max_tokens: &'static str,
    /// Whether `developer` is a role; else such a message is written as `system`.
    pub(super) developer_role: bool,
    /// Whether a stream has to be asked for its usage with `stream_options`.
    pub(super) include_usage: bool,
    /// Whether strict mode is known, and so may be chosen unasked.
    pub(super) strict: bool,
    /// The words that a model must call a tool; `None` where the server passes over `tool_choice`.
    pub(super) required: Option<&'static str>,
    /// Whether `parallel_tool_calls` is known.
    pub(super) parallel_tool_calls: bool,
    /// Whether `response_format` takes a schema, not only `json_object`.
    pub(super) json_schema: bool,
    /// The fields of an assistant's message, beyond the API's own, that the server wants to see again.
    pub(super) sent_back: &'static [&'static str],
    /// What the content of a tool's result may be.
    pub(super) tool_content: ToolContent,
    /// How a file of a user is written.
    pub(super) files: Files,
    /// Whether a user may show a film.
    pub(super) video: bool,
    /// What call ids may be; others are made fit.
    pub(super) call_ids: CallIds,
    /// Whether `[DONE]` ends an answer that gave no reason for stopping.
    pub(super) done_ends: bool,
}

/// What the content of a tool's result may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToolContent {
    /// One text.
    Text,
    /// A text or a list of texts.
    Texts,
    /// A text, or a list of all that a user can say too.
    Anything,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// `file`, with the data or an id of the provider's. Servers that take no files say so themselves.
    Data,
    /// `file`, with the data or an address.
    DataOrUrl,
    /// `document_url`, with an address.
    DocumentUrl,
}

/// What the ids of calls may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallIds {
    Any,
    /// At most so many bytes.
    UpTo(usize),
    /// Nine letters and digits.
    Nine,
}

/// What all servers have in common, as far as anybody can tell.
const OTHER: Row = Row {
    name: "other",
    dialect: "openai-chat",
    hosts: &[],
    port: None,
    // The name that the API began with. Servers that follow OpenAI know it; newer names they may not.
    max_tokens: "max_tokens",
    developer_role: false,
    include_usage: true,
    // Strict mode changes schemas; a server that does not know it would hold the model to nothing in return.
    strict: false,
    required: Some("required"),
    parallel_tool_calls: true,
    json_schema: true,
    // Servers that check their input reject fields they do not know. Which those are, nobody can tell beforehand.
    sent_back: &[],
    tool_content: ToolContent::Text,
    files: Files::Data,
    video: false,
    call_ids: CallIds::Any,
    done_ends: false,
};

/// The table. Each switch that differs from [`OTHER`] says what shows it: the server's documentation or source, or what
/// it was recorded to answer.
static ROWS: &[Row] = &[
    OTHER,
    Row {
        name: "openai",
        dialect: "openai-chat/openai",
        hosts: &["api.openai.com", ".openai.azure.com", ".api.cognitive.microsoft.com"],
        // API reference: `max_tokens` is "deprecated in favor of `max_completion_tokens`", and reasoning models reject
        // it; recorded: `unsupported_parameter` for `max_tokens`.
        max_tokens: "max_completion_tokens",
        // API reference: "with o1 models and newer, use `developer` messages". It goes out only where the caller wrote
        // it, as o1-mini was recorded to reject it.
        developer_role: true,
        // Guide "Function calling", section "Strict mode".
        strict: true,
        // API reference: the content of a tool message is a text or a list of parts of type `text`.
        tool_content: ToolContent::Texts,
        // The API's error: "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum
        // length 40".
        call_ids: CallIds::UpTo(40),
        ..OTHER
    },
    Row {
        name: "ollama",
        dialect: "openai-chat/ollama",
        hosts: &["ollama.com"],
        // Documentation, "OpenAI compatibility": the default address is localhost:11434.
        port: Some(11434),
        // The same page lists `tool_choice` as not supported: a choice is passed over without a word.
        required: None,
        // The list of supported request fields has no `parallel_tool_calls`.
        parallel_tool_calls: false,
        // Recorded: answers hold `reasoning`, and clients send it back under that name.
        sent_back: &["reasoning"],
        ..OTHER
    },
    Row {
        name: "vllm",
        dialect: "openai-chat/vllm",
        // Documentation, "OpenAI-compatible server": the default port is 8000, which too many others use as well.
        hosts: &["api.inference.crusoecloud.com"],
        // Documentation, "Reasoning outputs": `reasoning`, before that `reasoning_content`; recorded: clients send
        // it back.
        sent_back: &["reasoning", "reasoning_content"],
        // The server takes content of messages of every role as a list of parts.
        tool_content: ToolContent::Texts,
        // Documentation, "Multimodal inputs": `video_url`.
        video: true,
        ..OTHER
    },
    Row {
        name: "llama.cpp",
        dialect: "openai-chat/llama.cpp",
        hosts: &[],
        // The server's readme: the default port is 8080.
        port: Some(8080),
        // The readme, on `reasoning_format`; recorded: clients send it back.
        sent_back: &["reasoning_content"],
        // Recorded: a model reads the image in a tool's result.
        tool_content: ToolContent::Anything,
        ..OTHER
    },
    Row {
        name: "groq",
        dialect: "openai-chat/groq",
        hosts: &["api.groq.com"],
        // API reference: `max_tokens` is deprecated in favour of `max_completion_tokens`.
        max_tokens: "max_completion_tokens",
        // The API rejects fields of messages that it does not know ("property .. is unsupported"), and takes
        // `reasoning` for some models only. Recorded clients do not send it back.
        sent_back: &[],
        tool_content: ToolContent::Texts,
        ..OTHER
    },
    Row {
        name: "mistral",
        dialect: "openai-chat/mistral",
        hosts: &["api.mistral.ai", "codestral.mistral.ai"],
        // The API rejects fields that it does not know, `stream_options` among them; recorded: the last event holds
        // the usage unasked.
        include_usage: false,
        // API reference: `any` is the name that it began with; recorded from its own client.
        required: Some("any"),
        // Recorded: thinking is a part of the content, and stands there again when it goes back.
        sent_back: &["thinking"],
        tool_content: ToolContent::Anything,
        // API reference: `document_url`, also for data.
        files: Files::DocumentUrl,
        // The API's error: "Tool call id .. must be a-z, A-Z, 0-9, with a length of 9".
        call_ids: CallIds::Nine,
        ..OTHER
    },
    Row {
        name: "deepseek",
        dialect: "openai-chat/deepseek",
        hosts: &["api.deepseek.com"],
        // Guide "Thinking mode": within a turn of tool calls `reasoning_content` has to go back, and is passed over
        // elsewhere; recorded: clients send it back.
        sent_back: &["reasoning_content"],
        // API reference: `response_format` is `text` or `json_object`.
        json_schema: false,
        ..OTHER
    },
    Row {
        name: "openrouter",
        dialect: "openai-chat/openrouter",
        hosts: &["openrouter.ai"],
        // Guide "Structured outputs"; recorded: `strict` of tools and of schemas.
        strict: true,
        // Guide "Reasoning tokens": `reasoning_details` go back unchanged, and stand for `reasoning` where both are.
        sent_back: &["reasoning_details"],
        // Recorded: a list of parts in a tool message.
        tool_content: ToolContent::Anything,
        // Guide "PDF inputs" and "Video inputs".
        files: Files::DataOrUrl,
        video: true,
        ..OTHER
    },
    Row {
        name: "xai",
        dialect: "openai-chat/xai",
        hosts: &["api.x.ai"],
        // API reference: `max_tokens` is deprecated in favour of `max_completion_tokens`.
        max_tokens: "max_completion_tokens",
        tool_content: ToolContent::Texts,
        ..OTHER
    },
    Row {
        name: "zai",
        dialect: "openai-chat/zai",
        hosts: &["api.z.ai", "open.bigmodel.cn"],
        // Guide "Thinking mode", section "Preserved thinking"; recorded: clients send it back.
        sent_back: &["reasoning_content"],
        json_schema: false,
        ..OTHER
    },
    Row {
        name: "moonshot",
        dialect: "openai-chat/moonshot",
        hosts: &["api.moonshot.ai", "api.moonshot.cn"],
        // Guide "Use Kimi K2 thinking": `reasoning_content` of a turn with tool calls has to go back.
        sent_back: &["reasoning_content"],
        ..OTHER
    },
    Row {
        name: "cerebras",
        dialect: "openai-chat/cerebras",
        hosts: &["api.cerebras.ai"],
        // API reference.
        max_tokens: "max_completion_tokens",
        // Recorded: clients send it back.
        sent_back: &["reasoning"],
        ..OTHER
    },
    Row {
        name: "doubleword",
        dialect: "openai-chat/doubleword",
        hosts: &["api.doubleword.ai"],
        // Recorded: clients send it back.
        sent_back: &["reasoning_content"],
        ..OTHER
    },
    Row {
        name: "gemini",
        dialect: "openai-chat/gemini",
        hosts: &["generativelanguage.googleapis.com"],
        // Guide "Thought signatures", section on compatibility with OpenAI: `extra_content` of calls has to go back,
        // as do all fields of calls here; that of messages may.
        sent_back: &["extra_content"],
        ..OTHER
    },
    Row {
        name: "snowflake",
        dialect: "openai-chat/snowflake",
        hosts: &[".snowflakecomputing.com"],
        max_tokens: "max_completion_tokens",
        // Recorded: clients send it back.
        sent_back: &["reasoning_details"],
        // Recorded: its streams end with the usage and `[DONE]`, and no event gives a reason.
        done_ends: true,
        ..OTHER
    },
];

macro_rules! kinds {
    ($($kind:ident $name:literal $words:literal)*) => {
        impl Compatibility {
            $(
                #[doc = $words]
                pub fn $kind() -> Self {
                    Self::named($name)
                }
            )*
        }
    };
}

kinds! {
    openai "openai" "OpenAI itself, and Azure's servers of its models."
    ollama "ollama" "[Ollama](https://docs.ollama.com/openai); chosen for port 11434 of this machine too."
    vllm "vllm" "[vLLM](https://docs.vllm.ai). Its address does not tell it: choose it yourself."
    llama_cpp "llama.cpp" "The server of llama.cpp; chosen for port 8080 of this machine."
    groq "groq" "[Groq](https://console.groq.com/docs)."
    mistral "mistral" "[Mistral](https://docs.mistral.ai)."
    deepseek "deepseek" "[DeepSeek](https://api-docs.deepseek.com)."
    openrouter "openrouter" "[OpenRouter](https://openrouter.ai/docs)."
    xai "xai" "[xAI](https://docs.x.ai)."
    other "other" "A server of which nothing is known: only what all of them share. What it thought is not sent back."
}

impl Compatibility {
    /// What fits the server at a base URL; [`other`](Self::other) where that is not known.
    pub fn of_url(url: &str) -> Self {
        Url::parse(url).map_or_else(|_| Self::other(), |url| Self::of(&url))
    }

    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let is_local = crate::provider::http::is_loopback(url);
        let fits = |row: &&Row| {
            let by_host = row.hosts.iter().any(|known| match known.strip_prefix('.') {
                Some(_) => host.ends_with(known),
                None => host == *known,
            });
            by_host || (is_local && row.port.is_some() && row.port == url.port())
        };
        ROWS.iter().find(fits).map_or_else(Self::other, Self)
    }

    fn named(name: &str) -> Self {
        // A test holds that every name has its row.
        Self(ROWS.iter().find(|row| row.name == name).unwrap_or(&OTHER))
    }

    pub(super) fn row(self) -> &'static Row {
        self.0
    }
}

impl PartialEq for Compatibility {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Compatibility {}

impl fmt::Debug for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Compatibility({})", self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, name: &str) {
        assert_eq!(Compatibility::of_url(url).0.name, name, "{url}");
    }

    #[test]
    fn a_server_is_known_by_its_host_or_its_local_port() {
        check("https://api.openai.com/v1", "openai");
        check("https://acme.openai.azure.com/openai/v1", "openai");
        check("http://127.0.0.1:11434/v1", "ollama");
        check("http://localhost:8080/v1", "llama.cpp");
        check("https://acme.snowflakecomputing.com/api/v2/cortex/v1", "snowflake");
        for url in
            ["https://api.openai.com.example.com", "https://example.com:11434", "http://localhost/v1", "nonsense"]
        {
            check(url, "other");
        }
    }

    #[test]
    fn every_row_has_a_name_and_a_dialect_of_its_own() {
        let named = [
            Compatibility::openai(),
            Compatibility::ollama(),
            Compatibility::vllm(),
            Compatibility::llama_cpp(),
            Compatibility::groq(),
            Compatibility::mistral(),
            Compatibility::deepseek(),
            Compatibility::openrouter(),
            Compatibility::xai(),
        ];
        assert!(named.iter().all(|kind| kind.0.name != OTHER.name));
        for (at, row) in ROWS.iter().enumerate() {
            let rest = &ROWS[at + 1..];
            assert!(rest.iter().all(|other| other.name != row.name && other.dialect != row.dialect), "{}", row.name);
        }
    }

    /// A row in the words of the documentation.
    fn in_words(row: &Row) -> String {
        let yes = |switch: bool| if switch { "yes" } else { "no" }.to_owned();
        let list = |names: &mut dyn Iterator<Item = String>, none: &str| {
            let names: Vec<String> = names.collect();
            if names.is_empty() { none.to_owned() } else { names.join(", ") }
        };
        let code = |name: &&str| format!("`{name}`");
        let port = row.port.map(|port| format!("port {port} of this machine"));
        let cells = [
            row.name.to_owned(),
            list(&mut row.hosts.iter().map(code).chain(port), "choosing it"),
            code(&row.max_tokens),
            yes(row.developer_role),
            yes(row.include_usage),
            yes(row.strict),
            row.required.as_ref().map_or("not read".to_owned(), code),
            yes(row.parallel_tool_calls),
            yes(row.json_schema),
            list(&mut row.sent_back.iter().map(code), "nothing"),
            match row.tool_content {
                ToolContent::Text => "text",
                ToolContent::Texts => "texts",
                ToolContent::Anything => "anything",
            }
            .to_owned(),
            match row.files {
                Files::Data => "data",
                Files::DataOrUrl => "data or address",
                Files::DocumentUrl => "address",
            }
            .to_owned(),
            yes(row.video),
            match row.call_ids {
                CallIds::Any => "any".to_owned(),
                CallIds::UpTo(most) => format!("up to {most}"),
                CallIds::Nine => "nine".to_owned(),
            },
            yes(row.done_ends),
        ];
        format!("| {} |", cells.join(" | "))
    }

    #[test]
    fn the_documentation_shows_this_table() {
        let document = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/providers.md"));
        let table: Vec<String> = ROWS.iter().map(in_words).collect();
        assert!(document.contains(&table.join("\n")), "docs/providers.md should have:\n{}", table.join("\n"));
        let switches = "13 switches";
        assert!(document.contains(&format!("The table has {} rows and {switches}", ROWS.len())), "{}", ROWS.len());
    }
}
