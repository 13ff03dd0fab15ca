// The livelock detector: watches a futex retry loop from inside, and tells when it can never end.
#pragma once

#include "base/types.hpp"
#include "kernel/futex/key.hpp"

namespace faultline {

enum class LivelockPolicy : u8 {
    Report, // say so, once per task, and let the loop turn, as Linux would
    Halt,   // say so and end the machine with LIVELOCK_STATUS
};
inline constexpr u8 LIVELOCK_STATUS = 70;

extern constinit LivelockPolicy livelock_policy; // boot argument livelock=report|halt
extern constinit u32 livelock_rounds;            // rounds without a change that are reported; at least 1

// The boot argument's value; false, leaving `policy` as it was, if it is neither.
bool parse_livelock(const char* text, LivelockPolicy& policy);

// Why an access that was "repaired" keeps faulting: what the entry lacks for it, or that it lacks nothing.
enum class LivelockCause : u8 {
    Absent,   // the entry is not present
    ReadOnly, // the VMA, or the entry, forbids the write
    Old,      // YOUNG is missing: every access faults
    Clean,    // DIRTY is missing: every write faults
    Stale,    // the entry permits the access; this CPU's TLB holds an older one
};
const char* livelock_cause_name(LivelockCause cause); // "absent", "read-only", "old", "clean", "stale"

// One per loop, on its stack. The loop calls round() after each repair that reported success, just before it
// tries again. A round in which nothing that could make the next try differ has changed (the entry, its VMA,
// the word, this CPU's TLB generation for the address space) is counted; any change starts the count again.
// Looking takes the mmap lock only if it is free, faults nothing in and changes no entry.
class LivelockDetector {
  public:
    // `operation` is a name for the report, and outlives the detector. `access` is what the loop does to the
    // word.
    LivelockDetector(const char* operation, UserAddr address, FutexAccess access)
        : operation_(operation), address_(address), access_(access) {}

    // Caller holds no lock. Does not return if the machine is ended.
    void round();

    u32 unchanged_rounds() const { return unchanged_; }

  private:
    // All that the outcome of a try depends on.
    struct View {
        u32 entry; // bits; 0 also where there is no table
        u32 vma_start, vma_end, vma_flags;
        u32 word;
        u32 tlb_generation;
        bool operator==(const View&) const = default;
    };

    bool look(View& view) const;
    LivelockCause cause() const;
    void report() const;

    const char* operation_;
    UserAddr address_;
    FutexAccess access_;
    bool has_seen_ = false;
    u32 unchanged_ = 0;
    View seen_;    // set with has_seen_, as are the next two: most loops end in their first round
    u64 first_ns_; // when seen_ was taken
    u32 first_instruction_;
};

} // namespace faultline
