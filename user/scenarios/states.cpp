// How each page state comes about: first the helpers, then the states in the order of the table.
#include <linux/memfd.h>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

#include "user/scenarios/actors.hpp"
#include "user/scenarios/scenario.hpp"
#include "user/scenarios/states.hpp"

namespace faultline {

namespace {

constexpr int SHARED_ANON = MAP_SHARED | MAP_ANONYMOUS;
constexpr int PRIVATE_ANON = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr int READ_WRITE = PROT_READ | PROT_WRITE;

alignas(PAGE_SIZE) Word other_page[PAGE_SIZE / sizeof(Word)]; // where the first word of two-word operations lies

void write(Word* word, u32 initial) {
    word[0].store(initial);
    word[1].store(MARKER);
}

void read(const Word* word) { word->load(); }

} // namespace

Place place(Word* word, bool marked) {
    other_page[0].store(0);
    return {word, &other_page[0], marked};
}

Place written(Word* word, u32 initial) {
    write(word, initial);
    return place(word, true);
}

Word* map_words(std::size_t pages, int flags, int fd) {
    return reinterpret_cast<Word*>(must(sys_mmap2(nullptr, pages * PAGE_SIZE, READ_WRITE, flags, fd, 0), "mmap"));
}

int filled_memfd(std::size_t pages, u32 initial) {
    const int fd = static_cast<int>(must(sys_memfd_create("scenario"), "memfd_create"));
    static u32 page[PAGE_SIZE / sizeof(u32)];
    page[0] = initial;
    page[1] = MARKER;
    for (std::size_t i = 0; i < pages; ++i)
        must(sys_write(fd, page, sizeof page), "write to a memfd");
    return fd;
}

void age_all_pages() {
    const int fd = static_cast<int>(must(sys_open("/proc/self/clear_refs", O_WRONLY), "/proc/self/clear_refs"));
    must(sys_write(fd, "1", 1), "write 1 to /proc/self/clear_refs");
    // Linux's "1" leaves the TLB alone, and its "4" flushes it. A kernel whose "1" flushes need not know "4".
    sys_write(fd, "4", 1);
    sys_close(fd);
}

static Place inherited_shared(u32 initial) {
    const Place at = written(map_words(1, SHARED_ANON), initial);
    continue_in_child();
    return at;
}

Place fork_untouched(u32 initial) {
    // With fork_copy_shared=1 the child starts with a copy of the entry, clean and old, as kernels before 2.6.14 gave
    // it. Most machines then have a bit to set.
    if (boot_argument_is("fork_copy_shared", "1") && !hardware_sets_bits())
        expect_calls(1);
    return inherited_shared(initial);
}

Place fork_read(u32 initial) {
    const Place at = inherited_shared(initial);
    read(at.word);
    return at;
}

Place fork_wrote(u32 initial) {
    const Place at = inherited_shared(initial);
    write(at.word, initial);
    return at;
}

Place memfd_untouched(u32 initial) { return place(map_words(1, MAP_SHARED, filled_memfd(1, initial)), true); }

Place memfd_read(u32 initial) {
    const Place at = memfd_untouched(initial);
    read(at.word);
    return at;
}

Place memfd_read_wrote(u32 initial) {
    const Place at = memfd_read(initial);
    write(at.word, initial);
    return at;
}

Place tmpfs_read(u32 initial) {
    const char* const path = "/tmp/scenario";
    const int fd = static_cast<int>(must(sys_open(path, O_RDWR | O_CREAT | O_EXCL, 0600), path));
    sys_unlink(path);
    const u32 content[] = {initial, MARKER};
    must(sys_write(fd, content, sizeof content), path);
    must(sys_ftruncate(fd, PAGE_SIZE), path);
    Word* const word = map_words(1, MAP_SHARED, fd);
    read(word);
    return place(word, true);
}

Place shared_anon_read(u32) { // the word holds zero: any other value would have to be written
    Word* const word = map_words(1, SHARED_ANON);
    read(word);
    return place(word, false);
}

Place first_word_clean(u32 initial) {
    Place at = written(map_words(1, PRIVATE_ANON), initial);
    at.first = memfd_read(0).word;
    return at;
}

Place faultaround(u32 initial) {
    // Sixteen pages are in the page cache. A read of one also maps the pages around it. Their entries are clean,
    // because the access was a read.
    Word* const pages = map_words(16, MAP_SHARED, filled_memfd(16, initial));
    constexpr std::size_t page = PAGE_SIZE / sizeof(Word);
    read(pages + 4 * page);
    return place(pages + 5 * page, true);
}

Place alias_untouched(u32 initial) {
    const int fd = filled_memfd(1, 0);
    write(map_words(1, MAP_SHARED, fd), initial);
    return place(map_words(1, MAP_SHARED, fd), true);
}

Place alias_read(u32 initial) {
    const Place at = alias_untouched(initial);
    read(at.word);
    return at;
}

static void forbid_and_permit(Word* word) {
    for (int less : {PROT_READ, PROT_NONE}) {
        must(sys_mprotect(word, PAGE_SIZE, less), "mprotect");
        must(sys_mprotect(word, PAGE_SIZE, READ_WRITE), "mprotect");
    }
}

Place memfd_mprotect(u32 initial) {
    const Place at = memfd_read_wrote(initial);
    forbid_and_permit(at.word);
    return at;
}

Place anon_mprotect(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    forbid_and_permit(at.word);
    return at;
}

Place private_file_untouched(u32 initial) { return place(map_words(1, MAP_PRIVATE, filled_memfd(1, initial)), true); }

Place private_file_read(u32 initial) {
    const Place at = private_file_untouched(initial);
    read(at.word);
    return at;
}

Place anon_untouched(u32) { return place(map_words(1, PRIVATE_ANON), false); }

Place zero_page(u32 initial) {
    const Place at = anon_untouched(initial);
    read(at.word);
    return at;
}

Place aged_anon(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    age_all_pages();
    return at;
}

Place aged_anon_read(u32 initial) {
    const Place at = aged_anon(initial);
    read(at.word);
    return at;
}

Place aged_anon_wrote(u32 initial) {
    const Place at = aged_anon(initial);
    write(at.word, initial);
    return at;
}

Place aged_memfd_dirty(u32 initial) {
    const Place at = memfd_read_wrote(initial);
    age_all_pages();
    return at;
}

Place aged_memfd_clean(u32 initial) {
    const Place at = memfd_read(initial);
    age_all_pages();
    return at;
}

Place cold_anon(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    must(sys_madvise(at.word, PAGE_SIZE, MADV_COLD), "madvise(MADV_COLD)");
    return at;
}

Place free_anon(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    must(sys_madvise(at.word, PAGE_SIZE, MADV_FREE), "madvise(MADV_FREE)");
    return at;
}

Place cow_child(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    continue_in_child();
    return at;
}

Place cow_child_read(u32 initial) {
    const Place at = cow_child(initial);
    read(at.word);
    return at;
}

Place cow_parent(u32 initial) {
    const Place at = written(map_words(1, PRIVATE_ANON), initial);
    keep_a_child();
    return at;
}

Place cow_parent_alone(u32 initial) {
    const Place at = cow_parent(initial);
    release_children();
    return at;
}

Place cow_grandchild(u32 initial) {
    const Place at = cow_child(initial);
    continue_in_child();
    return at;
}

Place cow_file_child(u32 initial) {
    const Place at = private_file_read(initial);
    write(at.word, initial);
    continue_in_child();
    return at;
}

} // namespace faultline
