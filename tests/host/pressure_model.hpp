// A plain model of memory: what each page of each address space must hold, whatever reclaim, swap and writeback do below.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "interleave/modelled_disk.hpp"

namespace faultline::pressure {

// What a check finds wrong. The run ends with it.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};
inline void expect(bool holds, const std::string& what) {
    if (!holds)
        throw Broken(what);
}

inline constexpr u32 WORDS = 2; // of each page are used

struct Word {
    u32 value = 0;
    std::vector<u32>
        others; // what may be there instead: zeros, after MADV_FREE; what the disk has, after a write that failed

    void may_be(u32 other) {
        if (other != value && std::find(others.begin(), others.end(), other) == others.end())
            others.push_back(other);
    }
    // Whether it may be what was read. It is that, then.
    bool was(u32 read) {
        const bool possible = read == value || std::find(others.begin(), others.end(), read) != others.end();
        value = read;
        return possible;
    }
};
using Content = std::array<Word, WORDS>;

// A file's pages: the disk's, or shared memory's.
struct ModelFile {
    explicit ModelFile(u32 size) : pages(size) {}
    std::vector<Content> pages;
    ModelledDisk* disk = nullptr; // none: shared memory
    u32 doubtful = 0;             // a bit for each page that could not be written at some time
    bool stays = false;           // shared memory: what is in memory stays there
    u32 lost = 0;                 // shared memory: a bit for each page that went with its frame
    bool error_is_due = false;    // disk: the next fsync is EIO

    // The page as it may be now.
    Content& at(u32 index) {
        if ((doubtful >> index & 1) != 0)
            for (u32 word = 0; word < WORDS; ++word)
                pages[index][word].may_be(disk->blocks[index][word]);
        return pages[index];
    }
    // The page has gone with its frame. A disk still has what was written to it.
    void lose(u32 index) {
        if (disk == nullptr) {
            lost |= 1u << index;
            return;
        }
        error_is_due = true;
        for (u32 word = 0; word < WORDS; ++word)
            pages[index][word] = {disk->blocks[index][word], {}};
    }
    void cut_off(u32 index) {
        pages[index] = {};
        lost &= ~(1u << index);
    }
};

struct ModelPage {
    bool mapped = false;
    u32 prot = 0;
    bool shared = false;
    bool locked = false;
    std::shared_ptr<ModelFile> file; // none: anonymous
    u32 index = 0;                   // in the file
    bool own = false;                // private: its content is in `content`, not in the file
    bool lazy = false;               // MADV_FREE: it may become zeros now
    bool lost = false;               // its entry names the frame, or the slot, that has lost it
    Content content;

    bool anonymous() const { return file == nullptr; }
    bool has_own() const { return !shared && (own || anonymous()); }
    bool stays() const { return locked || (!anonymous() && file->stays); }
    bool is_lost() const { return lost || (shared && !anonymous() && (file->lost >> index & 1) != 0); }
    // Where what it shows is kept.
    Content& shown() { return has_own() ? content : file->at(index); }

    // A write fault: a private page of a file becomes the task's own; a page that was given up is kept as it is.
    void faulted_for_write() {
        if (!shared && !own && !anonymous()) {
            content = file->at(index);
            own = true;
        }
        lazy = false;
    }
    void write(u32 word, u32 value) {
        faulted_for_write();
        shown()[word] = {value, {}};
    }
    // What reads as zeros from now on.
    void cleared() {
        content = {};
        own = lazy = lost = false;
    }
};

using ModelSpace = std::vector<ModelPage>;

} // namespace faultline::pressure
