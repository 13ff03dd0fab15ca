// The text buffer behind /proc files.
#include "abi/fs/seq_file.hpp"

#include <cstdarg>
#include <cstring>

#include "base/format.hpp"

namespace faultline {

void SeqFile::printf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const u32 room = size_ - used_;
    const u32 length = static_cast<u32>(vsnprintf(buffer_ + used_, room, format, arguments));
    va_end(arguments);
    if (length >= room) {
        overflowed_ = true;
        return;
    }
    for (u32 i = used_; i < used_ + length; ++i)
        line_start_ = buffer_[i] == '\n' ? i + 1 : line_start_;
    used_ += length;
}

void SeqFile::text(std::string_view text) {
    if (text.size() >= size_ - used_) {
        overflowed_ = true;
        return;
    }
    std::memcpy(buffer_ + used_, text.data(), text.size());
    used_ += static_cast<u32>(text.size());
    if (const auto newline = text.rfind('\n'); newline != text.npos)
        line_start_ = used_ - static_cast<u32>(text.size() - newline - 1);
}

void SeqFile::pad_to(u32 column) {
    do
        text(" ");
    while (!overflowed_ && used_ - line_start_ < column);
}

} // namespace faultline
