// The notes of a core file: the process, the signal that killed it, and the registers of its threads.
#pragma once

#include "abi/process/core_file.hpp"
#include "abi/signal/signal.hpp"

namespace faultline {

// Adds up the length of the notes and, if `file` is not nullptr, writes them. A dump makes the notes twice: first
// without a file for the length, which the headers need, then with it.
class Notes {
  public:
    explicit Notes(CoreFile* file) : file_(file) {}

    // Adds a note of `bytes` bytes. Errors of CoreFile::write().
    Result<void> add(const char* owner, u32 type, const void* data, u32 bytes);
    u32 bytes() const { return bytes_; }

  private:
    CoreFile* file_;
    u32 bytes_ = 0;
};

// Adds all notes about current's process, which `info` kills. Errors of Notes::add().
Result<void> add_notes(Notes& notes, const SigInfo& info);

} // namespace faultline
