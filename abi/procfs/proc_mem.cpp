// Files of /proc/PID that hold an address space from open to release, and two of them: mem, its memory; auxv, the
// auxiliary vector that execve gave its program. (Linux fs/proc/base.c mem_rw, auxv_read.)
#include <algorithm>

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/process/elf.hpp"
#include "abi/procfs/procfs.hpp"
#include "mm/kmalloc.hpp"
#include "mm/mm_struct.hpp"
#include "mm/remote_memory.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

struct MmFile {
    MmStruct* mm = nullptr; // with a reference (mmgrab); nullptr: the task had none
    bool privileged = false;
};
constinit KmemCache mm_file_cache{"proc_mem", sizeof(MmFile), alignof(MmFile)};

const MmFile& mm_file(const File& file) { return *static_cast<const MmFile*>(file.private_data); }

// Copies up to a page between the buffer and the other address space. FAULT: the buffer. IO: the address space.
Result<void> copy_chunk(MmStruct& mm, UserAddr there, UserAddr buffer, u8* page, u32 bytes, bool to_remote) {
    const auto io = [](const Result<void>& done) { return done ? done : Result<void>(Err(Errno::IO)); };
    if (to_remote) {
        TRY_VOID(copy_struct_from_user(page, buffer, bytes));
        return io(write_remote_memory(mm, there, page, bytes, FOLL_FORCE));
    }
    TRY_VOID(io(read_remote_memory(mm, page, there, bytes, FOLL_FORCE)));
    return copy_struct_to_user(buffer, page, bytes);
}

Result<u32> copy_all(MmStruct& mm, UserAddr buffer, u32 bytes, u64& position, u8* page, bool to_remote) {
    u32 done = 0;
    while (done < bytes) {
        const UserAddr there(static_cast<u32>(position)); // as Linux, which cuts it
        const u32 part = std::min(bytes - done, PAGE_SIZE - there.page_offset());
        if (const auto copied = copy_chunk(mm, there, buffer + done, page, part, to_remote); !copied)
            return done != 0 ? Result<u32>(done) : Result<u32>(Err(copied.error()));
        done += part;
        position += part;
    }
    return done;
}

Result<u32> mem_rw(File& file, UserAddr buffer, u32 bytes, u64& position, bool to_remote) {
    const MmRef mm = proc_file_mm(file);
    if (!mm)
        return 0u;
    auto* page =
        static_cast<u8*>(kmalloc(PAGE_SIZE)); // no lock of the other's is held while current's memory is touched
    if (page == nullptr)
        return Err(Errno::NOMEM);
    const auto done = copy_all(*mm, buffer, bytes, position, page, to_remote);
    kfree(page);
    return done;
}

Result<u32> mem_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    return mem_rw(file, buffer, bytes, position, false);
}
Result<u32> mem_write(File& file, UserAddr buffer, u32 bytes, u64& position) {
    return mem_rw(file, buffer, bytes, position, true);
}

// The vector stays readable as long as the file is open.
Result<u32> auxv_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    const MmStruct* mm = mm_file(file).mm;
    if (mm == nullptr)
        return 0u;
    const u32 size = auxv_words(*mm) * u32{sizeof(u32)};
    if (position >= size)
        return 0u;
    const u32 part = std::min(bytes, size - static_cast<u32>(position));
    TRY_VOID(copy_struct_to_user(buffer, reinterpret_cast<const u8*>(mm->saved_auxv) + position, part));
    position += part;
    return part;
}

} // namespace

Result<void> proc_file_open(File& file, u32) {
    MmFile* held = kmem_new<MmFile>(mm_file_cache);
    if (held == nullptr)
        return Err(Errno::NOMEM);
    auto mm = proc_mem_open(*file.inode);
    if (!mm) {
        kmem_delete(mm_file_cache, held);
        return Err(mm.error());
    }
    *held = {*mm, capable(CAP_SYS_ADMIN)};
    file.private_data = held;
    return {};
}

void proc_file_release(File& file) {
    auto* held = static_cast<MmFile*>(file.private_data);
    if (held->mm != nullptr)
        mmdrop(*held->mm);
    kmem_delete(mm_file_cache, held);
}

MmRef proc_file_mm(const File& file) {
    MmStruct* mm = mm_file(file).mm;
    return mm != nullptr ? MmRef::if_used(*mm) : MmRef();
}

bool proc_file_privileged(const File& file) { return mm_file(file).privileged; }

constinit const FileOps mem_ops{
    .read = mem_read, .write = mem_write, .open = proc_file_open, .release = proc_file_release, .seekable = true};
constinit const FileOps auxv_ops{
    .read = auxv_read, .open = proc_file_open, .release = proc_file_release, .seekable = true};

} // namespace faultline
