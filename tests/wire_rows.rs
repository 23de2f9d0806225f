//! Every provider passes the suite that `runlet::testing` has for providers.

mod openai_responses;
