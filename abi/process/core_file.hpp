// A core file as it is written: a position, and a limit on its size.
#pragma once

#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/regular.hpp"

namespace faultline {

// Writes up to the limit and drops the rest, so a core may be cut. skip() and align() leave holes. Errors are those of
// the file's splice_write().
class CoreFile {
  public:
    CoreFile(File& file, u64 limit) : file_(file), limit_(limit) {}

    Result<void> write(const void* data, u32 bytes) {
        bytes = static_cast<u32>(std::min<u64>(bytes, limit_ - position_));
        if (bytes != 0 && !cut())
            TRY(file_.ops->splice_write(file_, data, bytes, position_));
        return {};
    }
    void skip(u32 bytes) { position_ = std::min(position_ + bytes, limit_); }
    void align(u32 to) { skip(static_cast<u32>((to - position_ % to) % to)); }
    bool cut() const { return position_ == limit_; }
    u64 position() const { return position_; }
    Result<void> finish() { // extends the file if it ends with a hole
        return extend_inode(*file_.inode, position_);
    }

  private:
    File& file_;
    u64 limit_, position_ = 0;
};

} // namespace faultline
