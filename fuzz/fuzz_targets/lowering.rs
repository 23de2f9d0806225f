#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| runlet_fuzz::lowering::run(data));
