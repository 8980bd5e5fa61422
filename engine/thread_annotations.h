// Names for Clang's thread-safety attributes (-Wthread-safety); nothing under other compilers.
//
// A member says which mutex guards it, a function what its caller must hold or must not hold, and
// Clang checks both. What each attribute means exactly:
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#ifndef TRIVET_ENGINE_THREAD_ANNOTATIONS_H_
#define TRIVET_ENGINE_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define TRIVET_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define TRIVET_THREAD_ATTRIBUTE(x)
#endif

// --- On data members ----------------------------------------------------------------------------

// Read and written only while the mutex is held.
#define TRIVET_GUARDED_BY(mutex) TRIVET_THREAD_ATTRIBUTE(guarded_by(mutex))
// The same for what a pointer points to.
#define TRIVET_PT_GUARDED_BY(mutex) TRIVET_THREAD_ATTRIBUTE(pt_guarded_by(mutex))

// --- On functions -------------------------------------------------------------------------------

// The caller holds the mutexes, before and after.
#define TRIVET_REQUIRES(...) TRIVET_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
// Takes the mutexes and returns with them.
#define TRIVET_ACQUIRE(...) TRIVET_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
// Gives the mutexes back.
#define TRIVET_RELEASE(...) TRIVET_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
// The first argument is the result that means success; the mutexes follow.
#define TRIVET_TRY_ACQUIRE(...) TRIVET_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
// Tells the analysis that the mutex is held from here on.
#define TRIVET_ASSERT_CAPABILITY(mutex) TRIVET_THREAD_ATTRIBUTE(assert_capability(mutex))
// The body is not checked; say why beside it.
#define TRIVET_NO_THREAD_SAFETY_ANALYSIS TRIVET_THREAD_ATTRIBUTE(no_thread_safety_analysis)

// --- On classes ---------------------------------------------------------------------------------

// A mutex; `name` appears in the compiler's messages.
#define TRIVET_CAPABILITY(name) TRIVET_THREAD_ATTRIBUTE(capability(name))
// Takes a mutex when constructed, gives it back when destroyed.
#define TRIVET_SCOPED_CAPABILITY TRIVET_THREAD_ATTRIBUTE(scoped_lockable)

#endif  // TRIVET_ENGINE_THREAD_ANNOTATIONS_H_
