// Loads an ELF program and its interpreter. (Linux 6.1 fs/binfmt_elf.c.)
#include <linux/elf.h>
#include <linux/limits.h>

#include "abi/fs/file.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/elf.hpp"
#include "abi/process/elf_map.hpp"
#include "abi/process/exec_args.hpp"
#include "base/assert.hpp"
#include "mm/filemap.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

namespace {

// Opens the file that the first PT_INTERP names.
Result<FileRef> open_interpreter(File& program, const Elf32_Phdr& header) {
    const u32 bytes = header.p_filesz;
    if (bytes < 2 || bytes > PATH_MAX)
        return Err(Errno::NOEXEC);
    auto* path = static_cast<char*>(kmalloc(bytes));
    if (path == nullptr)
        return Err(Errno::NOMEM);
    const auto open = [&]() -> Result<FileRef> {
        if (TRY(kernel_read(program, path, bytes, header.p_offset)) != bytes)
            return Err(Errno::IO);
        if (path[bytes - 1] != '\0')
            return Err(Errno::NOEXEC);
        return FileRef(TRY(open_exec(path)));
    };
    auto file = open();
    kfree(path);
    return file;
}

StackRights stack_rights(const ElfFile& elf) {
    const Elf32_Phdr* stack = elf.last(PT_GNU_STACK);
    if (stack == nullptr)
        return StackRights::Default;
    return (stack->p_flags & PF_X) != 0 ? StackRights::Executable : StackRights::NotExecutable;
}

// What is not right in an interpreter's headers. A file too short for a header has another error than a wrong one.
Errno interpreter_error(File& file, Errno error) {
    if (error != Errno::NOEXEC)
        return error;
    const AddressSpace* mapping = file_mapping(file);
    return mapping != nullptr && mapping->size < sizeof(Elf32_Ehdr) ? Errno::IO : Errno::LIBBAD;
}

} // namespace

Result<void> ElfProgram::open(File& program) {
    file = &program;
    if (file_mapping(program) == nullptr)
        return Err(Errno::NOEXEC);
    TRY_VOID(elf.read(program));
    if (!elf.loadable())
        return Err(Errno::NOEXEC);
    if (const Elf32_Phdr* path = elf.first(PT_INTERP); path != nullptr)
        interpreter = TRY(open_interpreter(program, *path));
    stack = stack_rights(elf);
    if (interpreter.get() == nullptr)
        return {};
    if (file_mapping(*interpreter) == nullptr)
        return Err(Errno::LIBBAD);
    if (const auto read = interpreter_elf.read(*interpreter); !read)
        return Err(interpreter_error(*interpreter, read.error()));
    return {};
}

Result<LoadedProgram> load_elf_binary(const ElfProgram& program, MmStruct& mm, const ExecArgs& arguments,
                                      bool implies_exec) {
    AddressSpace& mapping = *file_mapping(*program.file);
    const ElfMapping how{.implies_exec = implies_exec, .has_interpreter = program.interpreter.get() != nullptr};
    const MappedElf mapped = TRY(map_elf_program(mm, mapping, program.elf, how));
    BUG_ON(!set_mm_exe_file(mm, mapping)); // no file is opened for writing while program.file is open

    LoadedProgram loaded;
    loaded.entry = loaded.start = program.elf.header().e_entry + mapped.bias;
    loaded.program_headers = mapped.program_headers;
    loaded.header_count = program.elf.count();
    if (how.has_interpreter) {
        const ElfFile& elf = program.interpreter_elf;
        loaded.interpreter_base = TRY(map_elf_interpreter(mm, *file_mapping(*program.interpreter), elf, how));
        loaded.start = elf.header().e_entry + loaded.interpreter_base;
    }
    if (loaded.start >= TASK_SIZE)
        return Err(Errno::INVAL);
    TRY_VOID(create_elf_tables(mm, arguments, loaded));
    return loaded;
}

} // namespace faultline
