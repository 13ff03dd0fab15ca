// The machine of procfs: files whose text is made at the first read and kept until the file is closed or
// rewound.
#include "kernel/fs/procfs.hpp"

#include <algorithm>
#include <cstring>

#include "kernel/fs/mount.hpp"
#include "kernel/fs/namei.hpp"
#include "kernel/proc/thread_group.hpp"
#include "mm/mm_struct.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 TEXT_FIRST = PAGE_SIZE, TEXT_MAX = 4u << 20;

struct Text {
    u32 used;
    char data[1]; // `used` bytes
};

const ProcEntry& entry_of(const Inode& inode) { return *static_cast<const ProcEntry*>(inode.proc_entry); }

Result<Text*> make_text(const Inode& inode) {
    for (u32 size = TEXT_FIRST; size <= TEXT_MAX; size *= 2) {
        auto* text = static_cast<Text*>(kmalloc(size));
        if (text == nullptr)
            return Err(Errno::NOMEM);
        SeqFile out(text->data, size - static_cast<u32>(offsetof(Text, data)));
        const auto shown = entry_of(inode).show(inode, out);
        text->used = out.used();
        if (shown.ok() && !out.overflowed())
            return text;
        kfree(text);
        if (!shown.ok())
            return Err(shown.error());
    }
    return Err(Errno::NOMEM);
}

Result<u32> proc_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    if (entry_of(*file.inode).show == nullptr)
        return Err(Errno::INVAL);
    WriteGuard guard(file.inode->lock); // the text must not be made again while it is copied
    if (file.private_data == nullptr || position == 0) {
        kfree(std::exchange(file.private_data, nullptr));
        file.private_data = TRY(make_text(*file.inode));
    }
    const Text& text = *static_cast<Text*>(file.private_data);
    if (position >= text.used)
        return 0u;
    const u32 start = static_cast<u32>(position);
    const u32 wanted = std::min(bytes, text.used - start);
    const u32 copied = wanted - copy_to_user(buffer, text.data + start, wanted);
    position += copied;
    return copied == 0 && wanted != 0 ? Result<u32>(Err(Errno::FAULT)) : Result<u32>(copied);
}

Result<u32> proc_write(File& file, UserAddr buffer, u32 bytes, u64&) {
    char text[128];
    if (entry_of(*file.inode).write == nullptr)
        return Err(Errno::IO);
    if (bytes >= sizeof text)
        return Err(Errno::INVAL);
    TRY_VOID(copy_struct_from_user(text, buffer, bytes));
    std::string_view value(text, bytes);
    while (!value.empty() && (value.back() == '\n' || value.back() == ' ' || value.back() == '\0'))
        value.remove_suffix(1);
    TRY_VOID(entry_of(*file.inode).write(*file.inode, value));
    return bytes;
}

constinit const FileOps proc_file_ops{
    .read = proc_read,
    .write = proc_write,
    .release = [](File& file) { kfree(file.private_data); },
    .seekable = true,
};

} // namespace

Result<Inode*> new_proc_inode(Inode* directory, std::string_view name, const ProcEntry& entry, s32 pid,
                              s32 fd) {
    InodeRef inode(TRY(new_inode(entry.mode)));
    inode->proc_entry = &entry;
    inode->proc_pid = pid;
    inode->proc_fd = fd;
    inode->ops = entry.inode_ops;
    if (inode->is_regular())
        inode->file_ops = entry.file_ops != nullptr ? entry.file_ops : &proc_file_ops;
    if (directory != nullptr) {
        TRY_VOID(set_unlisted_name(*inode, directory, name));
        inode->nlink = inode->is_directory() ? 2 : 1; // it is there as long as somebody looks
    }
    return inode.release();
}

const ProcEntry* find_proc_entry(std::span<const ProcEntry> entries, std::string_view name) {
    for (const ProcEntry& entry : entries)
        if (name == entry.name)
            return &entry;
    return nullptr;
}

bool iterate_proc_entries(std::span<const ProcEntry> entries, u32 after, u32 first_cookie,
                          DirectorySink& sink) {
    for (u32 i = 0; i < entries.size(); ++i)
        if (first_cookie + i > after &&
            !sink.entry(entries[i].name, u64{first_cookie} + i, entries[i].mode & S_IFMT, first_cookie + i))
            return false;
    return true;
}

Inode& add_proc_entry(Inode& directory, const ProcEntry& entry) {
    InodeRef inode(new_proc_inode(nullptr, entry.name, entry, 0).value());
    BUG_ON(!add_name(directory, entry.name, *inode).ok());
    return *inode;
}

void close_proc_directory(Inode& directory) {
    static constexpr InodeOps closed{};
    directory.ops = &closed;
}

void add_proc_directory(Inode& parent, const ProcEntry& directory, std::span<const ProcEntry> entries) {
    Inode& inode = add_proc_entry(parent, directory);
    for (const ProcEntry& entry : entries)
        add_proc_entry(inode, entry);
    close_proc_directory(inode);
}

s32 parse_pid(std::string_view text) {
    if (text.empty() || text.size() > 9)
        return -1;
    s32 value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

Result<Task*> proc_task(const Inode& inode) {
    Task* task = find_task_by_vpid(inode.proc_pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    return task;
}

MmRef::MmRef(MmStruct& mm) : mm_(&mm) { mmget(mm); }
MmRef::~MmRef() {
    if (mm_ != nullptr)
        mmput(*mm_);
}

Result<MmRef> proc_mm(const Inode& inode) {
    Task* task = TRY(proc_task(inode));
    if (task->mm.mm == nullptr)
        return Err(Errno::SRCH);
    return MmRef(*task->mm.mm);
}

void init_procfs() {
    auto root = new_inode(S_IFDIR | 0555);
    BUG_ON(!root.ok());
    (*root)->nlink = 2;
    make_system_entries(**root);
    (*root)->ops = &proc_root_ops; // nothing is created in it from here on
    BUG_ON(!mount_root(make_directory("/proc", 0555), **root, "proc", "proc").ok());
    iput(*root);
}

} // namespace faultline
