<<<<<<< HEAD
//! The behaviours of Runlet, one module per subject, in one binary.
=======
//! The behaviours of Runlet, one module per subject.
>>>>>>> openai

mod ruler;
mod tool_macro;
mod wire;
