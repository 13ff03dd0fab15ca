// The page states of the catalogue: how a futex word comes to lie in a page whose entry is clean, old, absent or
// write-protected. Every program has the means used here.
#pragma once

#include <string_view>

#include <ulib/futex.hpp>

namespace faultline {

struct Place {
    Word* word;          // where the operation writes
    Word* first;         // the other word of a two-word operation, in a page the actor has written
    bool marked = false; // word[1] holds MARKER, and must keep it
};

inline constexpr u32 MARKER = 0x600dda7a;

// Each brings a page into its state, with `initial` in its word, and returns in the process that makes the call.
Place fork_untouched(u32 initial);
Place fork_read(u32 initial);
Place fork_wrote(u32 initial);
Place memfd_untouched(u32 initial);
Place memfd_read(u32 initial);
Place memfd_read_wrote(u32 initial);
Place tmpfs_read(u32 initial);
Place shared_anon_read(u32 initial);
Place first_word_clean(u32 initial);
Place faultaround(u32 initial);
Place alias_read(u32 initial);
Place alias_untouched(u32 initial);
Place memfd_mprotect(u32 initial);
Place anon_mprotect(u32 initial);
Place private_file_read(u32 initial);
Place private_file_untouched(u32 initial);
Place zero_page(u32 initial);
Place anon_untouched(u32 initial);
Place aged_anon(u32 initial);
Place aged_anon_read(u32 initial);
Place aged_anon_wrote(u32 initial);
Place aged_memfd_dirty(u32 initial);
Place aged_memfd_clean(u32 initial);
Place cold_anon(u32 initial);
Place free_anon(u32 initial);
Place cow_child(u32 initial);
Place cow_child_read(u32 initial);
Place cow_parent(u32 initial);
Place cow_parent_alone(u32 initial);
Place cow_grandchild(u32 initial);
Place cow_file_child(u32 initial);
Place stale(u32 initial);
Place moved(u32 initial);

// disk_states.cpp
Place disk_untouched(u32 initial);
Place disk_read(u32 initial);
Place disk_msync(u32 initial);
Place disk_fsync(u32 initial);
Place disk_msync_aged(u32 initial);
Place disk_flushed(u32 initial);
Place disk_private(u32 initial);
Place disk_dirty_aged(u32 initial);

// pressure_states.cpp
Place short_anon(u32 initial);
Place swapped_anon_read(u32 initial);
Place swapped_tmpfs_read(u32 initial);

struct State {
    std::string_view name;
    Place (*set_up)(u32 initial);
    const char* what; // completes "The page: …"
};

inline constexpr State states[] = {
    {"fork-untouched", fork_untouched, "shared anonymous, written by the parent; a forked child has not touched it"},
    {"fork-read", fork_read, "shared anonymous, written by the parent; a forked child has only read it"},
    {"fork-wrote", fork_wrote, "shared anonymous; a forked child has written it"},
    {"memfd-untouched", memfd_untouched, "of a shared memfd mapping, not touched"},
    {"memfd-read", memfd_read, "of a shared memfd mapping, only read"},
    {"memfd-read-wrote", memfd_read_wrote, "of a shared memfd mapping, read and then written"},
    {"tmpfs-read", tmpfs_read, "of a shared mapping of a tmpfs file, only read"},
    {"shared-anon-read", shared_anon_read, "shared anonymous, only read"},
    {"first-word-clean", first_word_clean, "dirty; only the operation's first word lies in a page that was only read"},
    {"faultaround", faultaround, "of a shared memfd mapping, mapped because its neighbour was read"},
    {"alias-read", alias_read, "a second mapping of a memfd page that the first mapping wrote; only read"},
    {"alias-untouched", alias_untouched, "a second mapping of a memfd page that the first mapping wrote; not touched"},
    {"memfd-mprotect", memfd_mprotect, "of a shared memfd mapping, written, then forbidden and permitted again"},
    {"anon-mprotect", anon_mprotect, "private anonymous, written, then forbidden and permitted again"},
    {"private-file-read", private_file_read, "of a private file mapping, only read"},
    {"private-file-untouched", private_file_untouched, "of a private file mapping, not touched"},
    {"zero-page", zero_page, "private anonymous, only read: the zero page"},
    {"anon-untouched", anon_untouched, "private anonymous, not touched"},
    {"aged-anon", aged_anon, "private anonymous, written, then aged"},
    {"aged-anon-read", aged_anon_read, "private anonymous, written, aged, then read"},
    {"aged-anon-wrote", aged_anon_wrote, "private anonymous, written, aged, then written"},
    {"aged-memfd-dirty", aged_memfd_dirty, "of a shared memfd mapping, written, then aged"},
    {"aged-memfd-clean", aged_memfd_clean, "of a shared memfd mapping, only read, then aged"},
    {"cold-anon", cold_anon, "private anonymous, written, then MADV_COLD"},
    {"free-anon", free_anon, "private anonymous, written, then MADV_FREE"},
    {"cow-child", cow_child, "private anonymous, copy-on-write: a forked child has not touched it"},
    {"cow-child-read", cow_child_read, "private anonymous, copy-on-write: a forked child has only read it"},
    {"cow-parent", cow_parent, "private anonymous, copy-on-write: the parent's side, the child lives"},
    {"cow-parent-alone", cow_parent_alone, "private anonymous, write-protected by a fork whose child is gone"},
    {"cow-grandchild", cow_grandchild, "private anonymous, copy-on-write twice: a fork of a fork has not touched it"},
    {"cow-file-child", cow_file_child, "of a private file mapping, written, copy-on-write in a forked child"},
    {"stale", stale, "of a shared memfd mapping; CPU 1, where we are, has read it, and then CPU 0 has written to it"},
    {"disk-untouched", disk_untouched, "of a shared mapping of a disk, not touched"},
    {"disk-read", disk_read, "of a shared mapping of a disk, only read"},
    {"disk-msync", disk_msync, "of a shared mapping of a disk, written, then written back by msync"},
    {"disk-fsync", disk_fsync, "of a shared mapping of a disk, written, then written back by fsync"},
    {"disk-msync-aged", disk_msync_aged, "of a shared mapping of a disk, written, written back by msync, then aged"},
    {"disk-flushed", disk_flushed,
     "of a shared mapping of a disk, written, then written back by the flusher in its own time"},
    {"disk-private", disk_private, "of a private mapping of a disk, only read"},
    {"disk-dirty-aged", disk_dirty_aged, "of a shared mapping of a disk, written, then aged"},
    {"short-anon", short_anon, "private anonymous, written; then another process needed more memory than there is"},
    {"swapped-anon-read", swapped_anon_read,
     "private anonymous, written; memory got short, it went to swap; then read"},
    {"swapped-tmpfs-read", swapped_tmpfs_read,
     "of a shared mapping of a tmpfs file, written; memory got short, it went to swap; then read"},
    {"moved", moved, "of a shared memfd mapping; we have read it on CPU 1, written it on CPU 0, and are back on CPU 1"},
};

// A place whose page is as the caller wants it; and one that is written first, with its marker.
Place place(Word* word, bool marked);
Place written(Word* word, u32 initial);

// Clears the young bit of every page of this process, as reclaim would.
void age_all_pages();

// Fresh pages, readable and writable; the process ends with a message if there are none. `flags`:
// MAP_SHARED or MAP_PRIVATE, with MAP_ANONYMOUS unless `fd` is a file.
Word* map_words(std::size_t pages, int flags, int fd = -1);

// A memfd of `pages` pages, each holding `initial` and MARKER in its first two words.
int filled_memfd(std::size_t pages, u32 initial);

} // namespace faultline
