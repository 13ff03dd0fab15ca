// A sentence for each station.
#include "kernel/debug/explain.hpp"

#include <array>

#include "arch/contract/fault_info.hpp"
#include "arch/contract/pte.hpp"
#include "base/format.hpp"
#include "kernel/debug/describe_pte.hpp"
#include "kernel/debug/trace.hpp"
#include "kernel/debug/trace_stations.hpp"

namespace faultline {

namespace {

constexpr StationMask FAULT_STATIONS = stations_named("fault");

const char* access_name(u32 access) {
    return (access & 2) != 0 ? "fetch an instruction" : (access & 1) != 0 ? "write" : "read";
}

class PteWords {
  public:
    explicit PteWords(u32 bits) { describe_pte(Pte::from_bits(bits), text_.data(), text_.size()); }
    const char* text() const { return text_.data(); }

  private:
    std::array<char, 96> text_{};
};

// Which records behind a fault's first one are part of it. What happens to other pages, before the task's next fault, is not. Nor is
// what the task does to the same page later, in fork or munmap: when a fault has stored the entry of its page, it is over.
class Extent {
  public:
    Extent() = default;
    explicit Extent(const TraceRecord& first) : page_(page_align_down(first.words[0])) {}

    bool takes(const TraceRecord& record) {
        if (over_ || (record.station != Station::Fixup && page_align_down(record.words[0]) != page_))
            return false;
        if (record.station == Station::EntryStored) {
            over_ = stored_;
            stored_ = pte_present(Pte::from_bits(record.words[2]));
        } else if ((CLOSING & mask_of(record.station)) != 0) {
            stored_ = true;
        } else if ((OPENING & mask_of(record.station)) != 0) {
            stored_ = false;
        }
        return !over_;
    }

  private:
    // Behind these it stores nothing more, unless one of those follows.
    static constexpr StationMask CLOSING = mask_of(Station::Fixup) | mask_of(Station::BadAccess) |
                                           mask_of(Station::Spurious) | mask_of(Station::MadeAccessible) |
                                           mask_of(Station::RepairFailed) | mask_of(Station::RoundAgain);
    static constexpr StationMask OPENING = mask_of(Station::DoPageFault) | mask_of(Station::HandleMmFault) |
                                           mask_of(Station::Copied) | mask_of(Station::Reused);

    u32 page_ = 0;
    bool stored_ = false; // it has stored the entry, or will not
    bool over_ = false;
};

} // namespace

bool find_last_fault(s32 pid, LastFault& fault) {
    fault.count = 0;
    Extent extent;
    TraceRecord record;
    for (TraceReader reader; reader.next(record);) {
        if (record.pid != pid || (FAULT_STATIONS & mask_of(record.station)) == 0)
            continue;
        if (record.station == Station::Vector) {
            fault.count = 0;
            extent = Extent(record);
        } else if (fault.count == 0 || fault.count == LastFault::MOST || !extent.takes(record)) {
            continue;
        }
        fault.records[fault.count++] = record;
    }
    return fault.count != 0;
}

u32 explain(const TraceRecord& record, char* buffer, u32 size) {
    const auto& [word0, word1, word2, word3] = record.words;
    const auto say = [&](const char* format, auto... arguments) {
        return static_cast<u32>(scnprintf(buffer, size, format, arguments...));
    };
    switch (record.station) {
    case Station::Vector:
        return say("The instruction at 0x%08x used the address 0x%08x, and the machine took an exception.", word2,
                   word0);
    case Station::TlbRefill:
        return say(
            "The TLB did not hold the page. Software loaded it from the page table, and the instruction ran again.");
    case Station::Abort:
        return say("It wanted to %s, in %s mode: a %s.", access_name(word2), (word2 & 4) != 0 ? "user" : "kernel",
                   fault_kind_name(static_cast<FaultKind>(word1)));
    case Station::DoPageFault:
        return word3 != 0 ? say("The kernel had disabled page faults, so do_page_fault gave up at once.") : 0;
    case Station::Vma:
        return say("The mapping 0x%08x-0x%08x permits that.", word1, word2);
    case Station::BadAccess:
        return say("No mapping permits that: the program gets a signal, or the kernel's call fails.");
    case Station::Fixup:
        return say("The kernel's access has a fixup, which made it fail with EFAULT.");
    case Station::Anonymous:
        return say("There was no page yet: a new one, full of zeros, was taken.");
    case Station::ZeroPage:
        return say("There was no page yet. For a read the page of zeros that all share is enough.");
    case Station::File:
        return say("The page is number %u of a file.", word2);
    case Station::Copied:
        return say("Others may share the page, so it was copied.");
    case Station::Reused:
        return say("Nobody else has the page, so it became writable without a copy.");
    case Station::MadeAccessible:
        return say("The page had been there all the time: its entry was only [%s].", PteWords(word1).text());
    case Station::SwappedIn:
        return say("The page came back from swap.");
    case Station::Spurious:
        return say("The entry permitted the access already: only this CPU's TLB was behind.");
    case Station::EntryStored:
        return say("The page-table entry became [%s].", PteWords(word2).text());
    case Station::TlbDropped:
        return say("TLBs dropped the page, on the CPUs 0x%x.", word2);
    case Station::GupFollowed:
        return say("get_user_pages took the page, and left its entry as it is: [%s].", PteWords(word1).text());
    case Station::AttemptFailed:
        return say("So the futex call could not change the word.");
    case Station::RepairCalled:
        return say("It called its repair.");
    case Station::RepairFailed:
        return say("The repair failed with error %d, so the call gave up.", -static_cast<s32>(word1));
    case Station::RoundAgain:
        return say("And it tried again.");
    default:
        return 0;
    }
}

} // namespace faultline
