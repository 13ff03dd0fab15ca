// Which lock guards what, said so that clang checks it: -Wthread-safety, preset host-clang. The names are those of clang's
// documentation (Thread Safety Analysis). GCC reads nothing here.
//
//   GUARDED_BY(lock)    on a field: it is read and written with the lock held
//   REQUIRES(lock)      on a function: the caller holds the lock
//   EXCLUDES(lock)      on a function: the caller does not hold the lock, because the function takes it
//   ACQUIRE, RELEASE    on a function: it takes, or gives up, the lock
//   CAPABILITY          on a type: it is a lock. SCOPED_CAPABILITY: it holds one for a scope
//
// The body of a lock's own function, whose ACQUIRE or RELEASE has no argument, is not analysed, nor are constructors and
// destructors. What else the analysis cannot see: docs/locking.md.
#pragma once

#ifdef __clang__
#define FAULTLINE_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define FAULTLINE_THREAD_SAFETY(attribute)
#endif

#define CAPABILITY(name) FAULTLINE_THREAD_SAFETY(capability(name))
#define SCOPED_CAPABILITY FAULTLINE_THREAD_SAFETY(scoped_lockable)
#define GUARDED_BY(lock) FAULTLINE_THREAD_SAFETY(guarded_by(lock))
#define NO_THREAD_SAFETY_ANALYSIS FAULTLINE_THREAD_SAFETY(no_thread_safety_analysis) // give the reason at each place
#define REQUIRES(...) FAULTLINE_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) FAULTLINE_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...) FAULTLINE_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) FAULTLINE_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) FAULTLINE_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define RELEASE(...) FAULTLINE_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) FAULTLINE_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) FAULTLINE_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRE_SHARED(...) FAULTLINE_THREAD_SAFETY(try_acquire_shared_capability(__VA_ARGS__))
