// One fault in sentences, from the records of the trace.
#pragma once

#include "base/trace.hpp"

namespace faultline {

struct LastFault {
    static constexpr u32 MOST = 48; // records; a fault passes about ten stations
    TraceRecord records[MOST];
    u32 count = 0;
};

// Fills in what the task's last fault passed, as far as the rings have it. False: they have none.
bool find_last_fault(s32 pid, LastFault& fault);

// Writes what the record says as a sentence, at most `size` bytes with the NUL. 0: it adds nothing. Returns the length.
u32 explain(const TraceRecord& record, char* buffer, u32 size);

} // namespace faultline
