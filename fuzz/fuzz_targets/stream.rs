#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| runlet_fuzz::stream::run(data));
