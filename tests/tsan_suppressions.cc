// What ThreadSanitizer need not report: linked into every program of this folder.

// A weak function of the sanitizer; this one takes its place.
extern "C" const char* __tsan_default_suppressions();

// An error is shared by all who waited for a load, and counts them inside libabsl, which is not
// instrumented: TSan sees the memory freed, and not the counting.
extern "C" const char* __tsan_default_suppressions() { return "race:absl::*::Status::Unref\n"; }
