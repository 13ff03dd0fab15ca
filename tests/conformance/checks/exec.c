// execve(2) of ELF files that nobody would link: which error it is, which signal ends the process, or what runs. What is
// found wrong before the old program is given up is an errno; later it is SIGSEGV.
#include "check.h"

#include <elf.h>
#include <sys/personality.h>

enum {
    BASE = 0x100000,  // where the programs lie, but for those that move
    CODE = 0x100,     // offset of the code in the file, which starts with the header
    HEADERS = 0x1000, // of the program headers
    DATA = 0x2000,    // of a page of 'd', with code at its beginning
    OTHER = 0x3000,   // of a page with other code
    FILE_BYTES = 0x4000,
    BEYOND = 0xc0000000, // no program's address on either kernel
};

#define PROGRAM "/tmp/exec.program"
#define INTERPRETER "/tmp/exec.interpreter"

typedef struct {
    Elf32_Ehdr header;
    Elf32_Phdr segments[160];
    unsigned count;
    unsigned code[16];
    unsigned bytes; // of the file
    const char* interpreter;
} Image;

enum { EXITS = 7, OTHER_EXITS = 9, INTERPRETER_EXITS = 11 };
#define EXIT_CODE(status) 0xe3a00000u | (status), 0xe3a07001u, 0xef000000u // mov r0, #status; mov r7, #1; svc 0

static Elf32_Phdr* add(Image* image, unsigned type, unsigned offset, unsigned vaddr, unsigned filesz, unsigned memsz,
                       unsigned flags) {
    Elf32_Phdr* one = &image->segments[image->count++];
    *one = (Elf32_Phdr){type, offset, vaddr, vaddr, filesz, memsz, flags, PAGE};
    return one;
}

// A program of one executable page that exits with EXITS. Its stack is not executable.
static Image plain(void) {
    Image image;
    memset(&image, 0, sizeof image);
    memcpy(image.header.e_ident, "\177ELF\1\1\1", 7);
    image.header.e_type = ET_EXEC;
    image.header.e_machine = EM_ARM;
    image.header.e_version = EV_CURRENT;
    image.header.e_entry = BASE + CODE;
    image.header.e_phoff = HEADERS;
    image.header.e_flags = EF_ARM_EABI_VER5;
    image.header.e_ehsize = sizeof image.header;
    image.header.e_phentsize = sizeof(Elf32_Phdr);
    image.bytes = FILE_BYTES;
    memcpy(image.code, (unsigned[]){EXIT_CODE(EXITS)}, 12);
    add(&image, PT_GNU_STACK, 0, 0, 0, 0, PF_R | PF_W);
    add(&image, PT_LOAD, 0, BASE, PAGE, PAGE, PF_R | PF_X);
    return image;
}
enum { STACK, FIRST }; // the segments of plain()

// The program reads a byte and exits with it.
static void reads(Image* image, unsigned address) {
    memcpy(image->code, (unsigned[]){0xe59f1008, 0xe5d10000, 0xe3a07001, 0xef000000, address}, 20);
}
static void jumps_to(Image* image, unsigned address) {
    memcpy(image->code, (unsigned[]){0xe51ff004, address}, 8); // ldr pc, [pc, #-4]
}
// It puts the code that exits on its stack and jumps there.
static void runs_on_stack(Image* image) {
    memcpy(image->code, (unsigned[]){0xe28f3008, 0xe8930007, 0xe92d0007, 0xe1a0f00d, EXIT_CODE(EXITS)}, 28);
}
// It exits with bits 20 to 27 of its personality.
static void tells_personality(Image* image) {
    memcpy(image->code,
           (unsigned[]){0xe3e00000, 0xe3a07088, 0xef000000, 0xe1a00a20, 0xe20000ff, 0xe3a07001, 0xef000000}, 28);
}

static void write_image(const char* path, const Image* image) {
    static char bytes[FILE_BYTES + sizeof image->segments];
    memset(bytes, 0, sizeof bytes);
    Elf32_Ehdr header = image->header;
    if (header.e_phnum == 0)
        header.e_phnum = (Elf32_Half)image->count;
    memset(bytes + DATA, 'd', PAGE);
    memcpy(bytes + DATA, (unsigned[]){EXIT_CODE(EXITS)}, 12);
    memcpy(bytes + OTHER + CODE, (unsigned[]){EXIT_CODE(OTHER_EXITS)}, 12);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + CODE, image->code, sizeof image->code);
    memcpy(bytes + HEADERS, image->segments, image->count * sizeof(Elf32_Phdr));
    if (image->interpreter)
        strcpy(bytes + sizeof header, image->interpreter);
    unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    WORKS(write(fd, bytes, image->bytes));
    close(fd);
}

// What becomes of it: its exit status, 1000 plus the signal, or −errno.
static int run_image(const Image* image) {
    write_image(PROGRAM, image);
    int pipe_of_error[2], error = 0, status;
    WORKS(pipe2(pipe_of_error, O_CLOEXEC));
    const pid_t child = fork();
    if (child == 0) {
        execl(PROGRAM, PROGRAM, (char*)NULL);
        error = errno;
        if (write(pipe_of_error[1], &error, sizeof error)) {
        }
        _exit(99);
    }
    close(pipe_of_error[1]);
    if (read(pipe_of_error[0], &error, sizeof error) != sizeof error)
        error = 0;
    close(pipe_of_error[0]);
    waitpid(child, &status, 0);
    return error ? -error : WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define SIGNAL(number) (1000 + (number))
#define ENDS(image, expected)                                                                                          \
    do {                                                                                                               \
        const int ended_ = run_image(&(image));                                                                        \
        if (ended_ != (expected))                                                                                      \
            printf("%s:%d: %d instead of %s\n", __FILE__, __LINE__, ended_, #expected), ++failures;                    \
    } while (0)
// A plain program, changed by the statements.
#define CHANGED(expected, ...)                                                                                         \
    do {                                                                                                               \
        Image image = plain();                                                                                         \
        Elf32_Phdr* const segment = &image.segments[FIRST];                                                            \
        (void)segment;                                                                                                 \
        __VA_ARGS__;                                                                                                   \
        ENDS(image, expected);                                                                                         \
    } while (0)

static void headers(void) {
    CHANGED(EXITS, );
    CHANGED(-ENOEXEC, image.header.e_machine = EM_386);
    CHANGED(-ENOEXEC, image.header.e_type = ET_REL);
    CHANGED(-ENOEXEC, image.header.e_type = ET_CORE);
    CHANGED(-ENOEXEC, image.header.e_ident[3] = 'G');
    CHANGED(-ENOEXEC, image.header.e_ident[EI_OSABI] = 65); // FDPIC
    CHANGED(EXITS, image.header.e_ident[EI_CLASS] = ELFCLASS64);
    CHANGED(EXITS, image.header.e_version = 77);
    CHANGED(-ENOEXEC, image.header.e_flags = 8); // 26-bit code
    CHANGED(EXITS, image.header.e_flags = 0);
    CHANGED(-ENOEXEC, image.header.e_phentsize = 40);
    CHANGED(-ENOEXEC, image.header.e_phoff = FILE_BYTES - 8);
    CHANGED(-ENOEXEC, image.header.e_phoff = 0xfffffff0);
    CHANGED(-ENOEXEC, image.bytes = 20);
    CHANGED(-ENOEXEC, image.header.e_phnum = 0xffff);
    CHANGED(EXITS, while (image.count < 128) add(&image, PT_NULL, 0, 0, 0, 0, 0));
    CHANGED(-ENOEXEC, while (image.count < 129) add(&image, PT_NULL, 0, 0, 0, 0, 0));
}

static void entries(void) {
    CHANGED(-ENOEXEC, image.header.e_entry = BASE + CODE + 2);
    CHANGED(EXITS, image.header.e_entry = BASE + CODE + 1; memcpy(image.code, "\7\x20\1\x27\0\xdf", 6));
    CHANGED(EXITS, image.header.e_entry = BASE + CODE + 3; memcpy(image.code, "\0\0\7\x20\1\x27\0\xdf", 8));
    CHANGED(SIGNAL(SIGSEGV), image.header.e_entry = BEYOND);
    CHANGED(SIGNAL(SIGSEGV), image.header.e_entry = 0x40000000);
}

static void segments(void) {
    CHANGED(SIGNAL(SIGSEGV), image.count = 1); // nothing is loaded
    CHANGED(SIGNAL(SIGSEGV), segment->p_filesz = 2 * PAGE);
    CHANGED(SIGNAL(SIGSEGV), segment->p_offset = 4);
    CHANGED(SIGNAL(SIGSEGV), segment->p_offset = 0xfffff000; segment->p_filesz = segment->p_memsz = 2 * PAGE);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = BEYOND);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = 0xfffff000);
    CHANGED(SIGNAL(SIGSEGV), segment->p_memsz = 0xfffff000);
    CHANGED(SIGNAL(SIGSEGV), segment->p_memsz = BEYOND);
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, BEYOND - PAGE, PAGE, 2 * PAGE, PF_R | PF_W));
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, BEYOND, 0, PAGE, PF_R | PF_W));
    CHANGED(SIGNAL(SIGSEGV), segment->p_filesz = 0xffffffff);
    // Each is mapped over what was there.
    CHANGED(OTHER_EXITS, add(&image, PT_LOAD, OTHER, BASE, PAGE, PAGE, PF_R | PF_X));
    CHANGED(EXITS, add(&image, PT_LOAD, OTHER, BASE + PAGE, PAGE, PAGE, PF_R | PF_X));
    // The order does not matter but for what lies where.
    CHANGED(EXITS, add(&image, PT_LOAD, OTHER, BASE - PAGE, PAGE, PAGE, PF_R | PF_X));
}

static void behind_the_end(void) {
    CHANGED(EXITS, add(&image, PT_LOAD, OTHER, BASE + PAGE, 4 * PAGE, 4 * PAGE, PF_R));
    CHANGED(0, add(&image, PT_LOAD, OTHER, BASE + PAGE, 4 * PAGE, 4 * PAGE, PF_R); reads(&image, BASE + 2 * PAGE - 1));
    CHANGED(SIGNAL(SIGBUS), add(&image, PT_LOAD, OTHER, BASE + PAGE, 4 * PAGE, 4 * PAGE, PF_R);
            reads(&image, BASE + 2 * PAGE));
    CHANGED(SIGNAL(SIGBUS), add(&image, PT_LOAD, 0x100000, BASE + PAGE, PAGE, PAGE, PF_R); reads(&image, BASE + PAGE));
    // The page that is to be cleared in part is not there, and need not be.
    CHANGED(EXITS, add(&image, PT_LOAD, OTHER, BASE + PAGE, 3 * PAGE + 4, 4 * PAGE, PF_R | PF_W));
}

static void zeros(void) {
    const unsigned at = BASE + PAGE, end = 100; // of what is in the file
    CHANGED(0, add(&image, PT_LOAD, DATA, at, end, 3 * PAGE, PF_R | PF_W); reads(&image, at + end));
    CHANGED('d', add(&image, PT_LOAD, DATA, at, end, 3 * PAGE, PF_R | PF_W); reads(&image, at + end - 1));
    CHANGED(0, add(&image, PT_LOAD, DATA, at, end, 3 * PAGE, PF_R | PF_W); reads(&image, at + 3 * PAGE - 1));
    CHANGED(0, add(&image, PT_LOAD, 0, at, 0, PAGE, PF_R | PF_W); reads(&image, at));
    // What cannot be cleared stays.
    CHANGED('d', add(&image, PT_LOAD, DATA, at, end, PAGE, PF_R); reads(&image, at + end));
    CHANGED(EXITS, add(&image, PT_LOAD, DATA, at, PAGE, 2 * PAGE, PF_R));
    // Another segment follows.
    CHANGED('d', add(&image, PT_LOAD, DATA, at, end, PAGE, PF_R);
            add(&image, PT_LOAD, DATA, at + PAGE, PAGE, PAGE, PF_R); reads(&image, at + end));
    CHANGED(0, add(&image, PT_LOAD, DATA, at, end, PAGE, PF_R | PF_W);
            add(&image, PT_LOAD, DATA, at + PAGE, PAGE, PAGE, PF_R); reads(&image, at + end));
    // It is cleared to the end of the page, even if the segment ends before.
    CHANGED(0, add(&image, PT_LOAD, DATA, at, end, end + 4, PF_R | PF_W);
            add(&image, PT_LOAD, DATA, at + PAGE, PAGE, PAGE, PF_R); reads(&image, at + end + 4));
}

// The end of the stack without randomization.
static unsigned stack_top(void) {
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned start, end = 0;
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "[stack]") && sscanf(line, "%x-%x", &start, &end) == 2)
            break;
    fclose(maps);
    return end;
}

static void stack(void) {
    const unsigned top = stack_top();
    CHECK(top != 0);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = top - PAGE; image.header.e_entry = top - PAGE + CODE);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = top - 8 * PAGE; image.header.e_entry = segment->p_vaddr + CODE);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = top - 2 * PAGE; segment->p_memsz = 4 * PAGE);
    CHANGED(SIGNAL(SIGSEGV), segment->p_vaddr = top);
    // Not the first: it replaces the page with the strings, and is read-only.
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, top - PAGE, PAGE, PAGE, PF_R));
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, top - 2 * PAGE, 2 * PAGE, 2 * PAGE, PF_R));
    // A hole is cut into the part that is not used yet.
    CHANGED(EXITS, add(&image, PT_LOAD, DATA, top - 16 * PAGE, PAGE, PAGE, PF_R));
    // Right below, and wherever the gap is.
    CHANGED(EXITS, add(&image, PT_LOAD, DATA, top - 64 * PAGE, PAGE, PAGE, PF_R));
}

static void rights(void) {
    const unsigned at = BASE + PAGE;
    // Data may be executed if the file does not say how its stack is to be.
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, at, PAGE, PAGE, PF_R | PF_W); jumps_to(&image, at));
    CHANGED(EXITS, add(&image, PT_LOAD, DATA, at, PAGE, PAGE, PF_R | PF_W); jumps_to(&image, at);
            image.segments[STACK].p_type = PT_NULL);
    CHANGED(EXITS, add(&image, PT_LOAD, DATA, at, PAGE, PAGE, PF_R); jumps_to(&image, at);
            image.segments[STACK].p_type = PT_NULL);
    CHANGED(SIGNAL(SIGSEGV), add(&image, PT_LOAD, DATA, at, PAGE, PAGE, PF_R); jumps_to(&image, at);
            image.segments[STACK].p_flags |= PF_X);
    CHANGED(SIGNAL(SIGSEGV), runs_on_stack(&image));
    CHANGED(EXITS, runs_on_stack(&image); image.segments[STACK].p_flags |= PF_X);
    CHANGED(EXITS, runs_on_stack(&image); image.segments[STACK].p_type = PT_NULL);
    // The last one counts.
    CHANGED(SIGNAL(SIGSEGV), runs_on_stack(&image); image.segments[STACK].p_flags |= PF_X;
            add(&image, PT_GNU_STACK, 0, 0, 0, 0, PF_R | PF_W));
    CHANGED(0x8, tells_personality(&image));
    CHANGED(0xc, tells_personality(&image); image.segments[STACK].p_type = PT_NULL);
}

// What READ_IMPLIES_EXEC does to mappings that are made and changed, and to the heap.
static void implied(void) {
    uintptr_t start, end;
    char rights[5];
    CHECK(personality((unsigned long)personality(0xffffffff) | READ_IMPLIES_EXEC) != -1);
    volatile char* page = anonymous(1, PROT_READ | PROT_WRITE);
    CHECK(mapping_at(page, &start, &end, rights) && strcmp(rights, "rwxp") == 0);
    WORKS(mprotect((void*)page, PAGE, PROT_READ));
    CHECK(mapping_at(page, &start, &end, rights) && strcmp(rights, "r-xp") == 0);
    WORKS(mprotect((void*)page, PAGE, PROT_NONE));
    CHECK(mapping_at(page, &start, &end, rights) && strcmp(rights, "---p") == 0);
    char* const heap = sbrk(0);
    WORKS(sbrk(4 * PAGE));
    CHECK(mapping_at(heap + 2 * PAGE, &start, &end, rights) && strcmp(rights, "rwxp") == 0);
    // It stays over execve.
    Image image = plain();
    tells_personality(&image);
    ENDS(image, 0xc);
}

static void programs_that_move(void) {
    CHANGED(EXITS, image.header.e_type = ET_DYN; image.header.e_entry = CODE; segment->p_vaddr = 0);
    CHANGED(EXITS, image.header.e_type = ET_DYN); // with an address, which only counts relatively
    CHANGED(EXITS, image.header.e_type = ET_DYN; segment->p_align = 16 << 20);
    CHANGED(EXITS, image.header.e_type = ET_DYN; segment->p_align = 3);
    CHANGED(SIGNAL(SIGSEGV), image.header.e_type = ET_DYN; image.count = 1);
    CHANGED(SIGNAL(SIGSEGV), image.header.e_type = ET_DYN; segment->p_memsz = BEYOND - BASE);
    CHANGED(SIGNAL(SIGSEGV), image.header.e_type = ET_DYN; segment->p_filesz = segment->p_memsz = 0;
            segment->p_vaddr = 0);
    // The second lies below the first.
    CHANGED(OTHER_EXITS, image.header.e_type = ET_DYN; image.header.e_entry = BASE - PAGE + CODE;
            add(&image, PT_LOAD, OTHER, BASE - PAGE, PAGE, PAGE, PF_R | PF_X));
}

// A program with an interpreter, each changed by statements.
#define INTERPRETED(expected, change_program, change_interpreter)                                                      \
    do {                                                                                                               \
        Image image = plain();                                                                                         \
        memcpy(image.code, (unsigned[]){EXIT_CODE(INTERPRETER_EXITS)}, 12);                                            \
        image.header.e_type = ET_DYN;                                                                                  \
        image.header.e_entry = CODE;                                                                                   \
        image.segments[FIRST].p_vaddr = 0;                                                                             \
        change_interpreter;                                                                                            \
        write_image(INTERPRETER, &image);                                                                              \
        image = plain();                                                                                               \
        image.interpreter = INTERPRETER;                                                                               \
        Elf32_Phdr* const path =                                                                                       \
            add(&image, PT_INTERP, sizeof image.header, 0, sizeof INTERPRETER, sizeof INTERPRETER, PF_R);              \
        (void)path;                                                                                                    \
        change_program;                                                                                                \
        ENDS(image, expected);                                                                                         \
    } while (0)

static void interpreters(void) {
    INTERPRETED(INTERPRETER_EXITS, , );
    INTERPRETED(INTERPRETER_EXITS, image.header.e_type = ET_DYN, );
    INTERPRETED(INTERPRETER_EXITS, image.header.e_type = ET_DYN; image.segments[FIRST].p_align = 2 << 20, );
    INTERPRETED(-ENOENT, image.interpreter = "/tmp/exec.interpreteX", );
    INTERPRETED(-EACCES, path->p_offset = FILE_BYTES - 64, ); // its name is empty
    INTERPRETED(-ENOEXEC, path->p_filesz = 1, );
    INTERPRETED(-ENOEXEC, path->p_filesz = 4097, );
    INTERPRETED(-ENOEXEC, path->p_filesz--, );
    INTERPRETED(-EIO, path->p_offset = FILE_BYTES, );
    INTERPRETED(-ELIBBAD, , image.header.e_ident[1] = 'e');
    INTERPRETED(-ELIBBAD, , image.header.e_machine = EM_386);
    INTERPRETED(-ELIBBAD, , image.header.e_entry += 2);
    INTERPRETED(-ELIBBAD, , image.header.e_phnum = 0xffff);
    INTERPRETED(-EIO, , image.bytes = 20);
    INTERPRETED(SIGNAL(SIGSEGV), , image.header.e_type = ET_REL);
    INTERPRETED(SIGNAL(SIGSEGV), , image.count = 1);
    INTERPRETED(SIGNAL(SIGSEGV), , image.segments[FIRST].p_filesz = 2 * PAGE);
    INTERPRETED(SIGNAL(SIGSEGV), , image.segments[FIRST].p_memsz = BEYOND);
    INTERPRETED(SIGNAL(SIGSEGV), , image.header.e_entry = BEYOND);
    // It has a fixed place: over the program.
    INTERPRETED(INTERPRETER_EXITS, , image.header.e_type = ET_EXEC; image.header.e_entry = BASE + CODE;
                image.segments[FIRST].p_vaddr = BASE);
    // Its data end within a page that cannot be cleared.
    INTERPRETED(SIGNAL(SIGSEGV), , image.segments[FIRST].p_filesz = image.segments[FIRST].p_memsz = 0x800);
    // The errors of the interpreter come before those of the program.
    INTERPRETED(-ELIBBAD, image.segments[FIRST].p_filesz = 2 * PAGE, image.header.e_machine = EM_386);
}

// A program that cannot be loaded ends the process whatever the process does with SIGSEGV.
static void handlers(void) {
    CHILD_OK(signal(SIGSEGV, SIG_IGN); CHANGED(SIGNAL(SIGSEGV), segment->p_filesz = 2 * PAGE));
    CHILD_OK({
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        CHANGED(SIGNAL(SIGSEGV), segment->p_filesz = 2 * PAGE);
    });
}

int main(int argc, char** argv) {
    const int before = personality(0xffffffff);
    if ((before & ADDR_NO_RANDOMIZE) == 0 && argc == 1) {
        personality((unsigned long)before | ADDR_NO_RANDOMIZE);
        execl("/proc/self/exe", argv[0], "again", (char*)NULL);
    }
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    headers();
    entries();
    segments();
    behind_the_end();
    zeros();
    stack();
    rights();
    CHILD_OK(implied());
    programs_that_move();
    interpreters();
    handlers();
    return finish();
}
