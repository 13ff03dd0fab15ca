// The notes of a core file: who the process was, why it died, and what was in its threads' registers.
#pragma once

#include "abi/process/core_file.hpp"
#include "abi/signal/signal.hpp"

namespace faultline {

// Notes are asked for twice: how long they are, then to be written. With a file they are.
class Notes {
  public:
    explicit Notes(CoreFile* file) : file_(file) {}

    Result<void> add(const char* owner, u32 type, const void* data, u32 bytes);
    u32 bytes() const { return bytes_; }

  private:
    CoreFile* file_;
    u32 bytes_ = 0;
};

// All that a core tells of current's process, which `info` kills.
Result<void> add_notes(Notes& notes, const SigInfo& info);

} // namespace faultline
