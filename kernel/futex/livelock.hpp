// The livelock detector: watches a futex retry loop from inside, and reports a loop that can never end.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"
#include "kernel/futex/key.hpp"
#include "mm/vma.hpp"

namespace faultline {

enum class LivelockPolicy : u8 {
    Report, // report it, once per task, and let the loop go on, as Linux would
    Halt,   // report it, and end the machine with LIVELOCK_STATUS
};
inline constexpr u8 LIVELOCK_STATUS = 70;

extern constinit LivelockPolicy livelock_policy; // boot argument livelock=report|halt
extern constinit u32 livelock_rounds;            // how many rounds without a change make a report; at least 1

// Parses the boot argument's value. Returns false for any other text, and leaves `policy` as it was.
bool parse_livelock(const char* text, LivelockPolicy& policy);

// Why an access keeps faulting after a repair that reported success: what the entry lacks for it, or that it lacks
// nothing.
enum class LivelockCause : u8 {
    Absent,   // the entry is not present
    ReadOnly, // the VMA, or the entry, forbids the write
    Old,      // YOUNG is missing: every access faults
    Clean,    // DIRTY is missing: every write faults
    Stale,    // the entry permits the access, but this CPU's TLB holds an older one
};
const char* livelock_cause_name(LivelockCause cause); // "absent", "read-only", "old", "clean", "stale"

// One detector for each loop, on its stack. The loop calls round() after each repair that reported success, just before
// it tries again, always with the same arguments. Most loops need no round, so a new detector is empty.
//
// From the second round on, the detector looks at all that can make the next attempt different: the entry, its VMA, the
// word, and this CPU's TLB generation for the address space. A round in which none of these has changed is counted. Any
// change restarts the count. Looking takes the mmap lock only if it is free, brings in no page and changes no entry.
//
// Each round gives way to other tasks: a loop that never ends is its task's, not the machine's.
class LivelockDetector {
  public:
    // `operation` is a name for the report, and outlives the detector. `access` is what the loop does to the word. The
    // caller holds no lock. Does not return if the loop is reported and the policy is Halt.
    void round(const char* operation, UserAddr address, FutexAccess access);

    // Since the last change. There has been a round.
    u32 unchanged_rounds() const { return unchanged_; }

  private:
    // Everything that the outcome of an attempt depends on.
    struct View {
        u32 entry; // its bits; 0 also if there is no table
        u32 vma_start, vma_end;
        VmFlags vma_flags;
        u32 word;
        u32 tlb_generation;
        bool operator==(const View&) const = default;
    };

    bool look(View& view) const;
    LivelockCause cause() const;
    void report() const;

    bool has_begun_ = false; // the first round was, and has set the five below
    const char* operation_;
    UserAddr address_;
    FutexAccess access_;
    bool has_seen_;
    u32 unchanged_;
    View seen_;    // set together with has_seen_, as the next two are
    u64 first_ns_; // when seen_ was taken
    u32 first_instruction_;
};

// What a retry loop does after an attempt that ended with FAULT: repairs the access, by fault_in_user_writeable() or by reading the
// word where that may fault, and calls round(). Errors of the repair; the caller holds no lock. Not inline: it would cost the usual
// case, in which the first attempt is the last, registers.
[[gnu::noinline]] Result<void> prepare_next_attempt(LivelockDetector& livelock, const char* operation, UserAddr address,
                                                    FutexAccess access);

} // namespace faultline
