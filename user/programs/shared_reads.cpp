// shared_reads [ROUNDS]: several threads read through one descriptor: of a file, of a directory, of a stream. Their
// buffers fault in the middle of each read, while other threads change the address space, so a read may sleep there.
// Still each byte and each name must be read once, and records of the stream must stay whole.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>
#include <ulib/thread.hpp>

using namespace faultline;

namespace {

constexpr unsigned READERS = 3, MAPPERS = 2;
constexpr unsigned WORDS = 4096, NAMES = 200, RECORDS = 400, RECORD_WORDS = 128;
constexpr unsigned MOST = WORDS;
const char* const PLACE = "/tmp/shared_reads";

int descriptor;
unsigned seen[MOST];
unsigned char stop;

void count(unsigned number) {
    if (number >= MOST)
        fail("shared_reads: read %u, which nobody wrote\n", number);
    __atomic_fetch_add(&seen[number], 1, __ATOMIC_RELAXED);
}

// Keeps the lock of the address space busy.
void map(void*) {
    while (__atomic_load_n(&stop, __ATOMIC_RELAXED) == 0) {
        const long at =
            must(sys_mmap2(nullptr, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
                 "shared_reads: mmap");
        sys_munmap(reinterpret_cast<void*>(at), 1 << 18);
    }
}

// Two pages, of which the second is new for each read: the middle of what is read lies between them.
class Buffer {
  public:
    Buffer()
        : memory_(reinterpret_cast<char*>(
              must(sys_mmap2(nullptr, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                   "shared_reads: mmap"))) {}
    ~Buffer() { sys_munmap(memory_, 2 * PAGE_SIZE); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    char* fresh(unsigned before) const {
        sys_madvise(memory_, 2 * PAGE_SIZE, MADV_DONTNEED);
        return memory_ + PAGE_SIZE - before;
    }

  private:
    char* memory_;
};

unsigned word_at(const char* at) {
    unsigned word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

void read_file(void*) {
    const Buffer buffer;
    for (;;) {
        const char* at = buffer.fresh(32);
        const long bytes = must(sys_read(descriptor, const_cast<char*>(at), 64), "shared_reads: read");
        if (bytes == 0)
            return;
        for (long i = 0; i < bytes; i += 4)
            count(word_at(at + i));
    }
}

void read_directory(void*) {
    const Buffer buffer;
    for (;;) {
        const char* at = buffer.fresh(64);
        const long bytes = must(system_call(__NR_getdents64, descriptor, at, 128), "shared_reads: getdents64");
        if (bytes == 0)
            return;
        for (long i = 0; i < bytes;) {
            unsigned short record;
            std::memcpy(&record, at + i + 16, sizeof record);
            if (at[i + 19] != '.')
                count(static_cast<unsigned>(std::strtoul(at + i + 19, nullptr, 10)));
            i += record;
        }
    }
}

void read_stream(void*) {
    const Buffer buffer;
    for (;;) {
        const char* at = buffer.fresh(200);
        const long bytes = must(sys_read(descriptor, const_cast<char*>(at), RECORD_WORDS * 4), "shared_reads: read");
        if (bytes == 0)
            return;
        if (bytes != RECORD_WORDS * 4)
            fail("shared_reads: a record of %ld bytes\n", bytes);
        for (unsigned i = 1; i < RECORD_WORDS; ++i)
            if (word_at(at + 4 * i) != word_at(at))
                fail("shared_reads: parts of records %u and %u as one\n", word_at(at), word_at(at + 4 * i));
        count(word_at(at));
    }
}

// All readers at once, until each has met the end. Then each number below `numbers` must have been seen once.
void run(const char* what, void (*reader)(void*), unsigned numbers) {
    std::memset(seen, 0, sizeof seen);
    stop = 0;
    Thread mappers[MAPPERS], readers[READERS];
    for (Thread& thread : mappers)
        must(thread.start(map, nullptr), "shared_reads: clone");
    for (Thread& thread : readers)
        must(thread.start(reader, nullptr), "shared_reads: clone");
    for (Thread& thread : readers)
        thread.join();
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (Thread& thread : mappers)
        thread.join();
    sys_close(descriptor);
    unsigned twice = 0, lost = 0;
    for (unsigned i = 0; i < numbers; ++i) {
        twice += seen[i] > 1;
        lost += seen[i] == 0;
    }
    if (twice != 0 || lost != 0)
        fail("shared_reads: %s: of %u, %u were read twice, %u by nobody\n", what, numbers, twice, lost);
}

void file() {
    static unsigned words[WORDS];
    for (unsigned i = 0; i < WORDS; ++i)
        words[i] = i;
    descriptor = static_cast<int>(must(sys_memfd_create("shared_reads"), "shared_reads: memfd_create"));
    must(sys_write(descriptor, words, sizeof words), "shared_reads: write");
    must(sys_lseek(descriptor, 0, 0), "shared_reads: lseek");
    run("a file", read_file, WORDS);
}

void name_of(char (&path)[64], unsigned number) { snprintf(path, sizeof path, "%s/%u", PLACE, number); }

void directory() {
    char path[64];
    must(system_call(__NR_mkdir, PLACE, 0777), "shared_reads: mkdir");
    for (unsigned i = 0; i < NAMES; ++i) {
        name_of(path, i);
        must(system_call(__NR_mknod, path, 0100666, 0), "shared_reads: mknod");
    }
    descriptor = static_cast<int>(must(sys_open(PLACE, 0), "shared_reads: open"));
    run("a directory", read_directory, NAMES);
    for (unsigned i = 0; i < NAMES; ++i) {
        name_of(path, i);
        must(sys_unlink(path), "shared_reads: unlink");
    }
    must(system_call(__NR_rmdir, PLACE), "shared_reads: rmdir");
}

void stream() {
    int ends[2];
    must(system_call(__NR_socketpair, 1, 1, 0, ends), "shared_reads: socketpair"); // AF_UNIX, SOCK_STREAM
    descriptor = ends[0];
    static int writing;
    writing = ends[1];
    Thread writer;
    must(writer.start(
             [](void*) {
                 for (unsigned number = 0; number < RECORDS; ++number) {
                     unsigned record[RECORD_WORDS];
                     for (unsigned& word : record)
                         word = number;
                     if (must(sys_write(writing, record, sizeof record), "shared_reads: write") != sizeof record)
                         fail("shared_reads: a short write\n");
                 }
                 sys_close(writing);
             },
             nullptr),
         "shared_reads: clone");
    run("a stream", read_stream, RECORDS);
    writer.join();
}

} // namespace

int main(int argc, char** argv) {
    system_call(__NR_mkdir, "/tmp", 0777);
    const unsigned rounds = argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)) : 3;
    for (unsigned round = 0; round < rounds; ++round) {
        file();
        directory();
        stream();
    }
    print("shared_reads: %u rounds\n", rounds);
    return 0;
}
