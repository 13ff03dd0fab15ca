// How procfs works: the text of a file is made as it is read, a buffer at a time, and made again after the file is
// rewound (Linux fs/seq_file.c).
#include "abi/procfs/procfs.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/seq_file.hpp"
#include "abi/process/access.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "mm/kmalloc.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

constexpr u32 TEXT_FIRST = PAGE_SIZE, TEXT_MAX = 4u << 20;

struct Text {
    UserCharge charge; // if it is a large one, for a long part
    MmStruct* mm;      // for an entry with show_mm, with a reference (mmgrab); nullptr: none
    u64 start;         // position of `data` in the file
    u32 used;          // bytes of text in `data`
    u32 size;          // bytes that fit into `data`
    u32 cursor;        // the next part to make
    bool ended;        // there are no more parts
    char data[1];
};

const ProcEntry& entry_of(const Inode& inode) { return *static_cast<const ProcEntry*>(inode.proc_entry); }

Result<Text*> new_text(u32 bytes) {
    UserCharge charge; // small ones are bounded by file-max, and who has used up all else needs them to see that
    void* place = bytes <= TEXT_FIRST || charge.take(bytes) ? kmalloc(bytes) : nullptr;
    if (place == nullptr)
        return Err(Errno::NOMEM);
    return new (place) Text{std::move(charge), nullptr, 0, 0, bytes - u32{offsetof(Text, data)}, 0, false, {}};
}

void free_text(Text* text) {
    if (text != nullptr)
        text->~Text();
    kfree(text);
}

// Makes one part of the text; a file with `show` has one part. False: there is no part at `cursor`.
Result<bool> show_part(const Inode& inode, MmStruct* held, SeqFile& out, u32& cursor) {
    const ProcEntry& entry = entry_of(inode);
    if (entry.show_mm != nullptr) {
        const MmRef mm = held != nullptr ? MmRef::if_used(*held) : MmRef();
        return entry.show_mm(inode, mm.get(), out, cursor);
    }
    if (entry.show_part != nullptr)
        return entry.show_part(inode, out, cursor);
    if (cursor != 0)
        return false;
    TRY_VOID(entry.show(inode, out));
    cursor = 1;
    return true;
}

// Replaces the text by what follows it: as many parts as fit, but at least one. A part that does not fit gets a larger
// buffer. NOMEM.
Result<void> make_text(const Inode& inode, Text*& text) {
    text->start += text->used;
    text->used = 0;
    for (;;) {
        SeqFile out(text->data, text->size);
        while (!text->ended) {
            const u32 used = out.used();
            u32 next = text->cursor;
            text->ended = !TRY(show_part(inode, text->mm, out, next));
            if (out.overflowed()) {
                out.cut(used);
                break;
            }
            text->cursor = next;
            text->used = out.used();
        }
        if (text->used != 0 || text->ended)
            return {};
        const u32 size = (text->size + u32{offsetof(Text, data)}) * 2;
        Text* larger = size <= TEXT_MAX ? TRY(new_text(size)) : nullptr;
        if (larger == nullptr)
            return Err(Errno::NOMEM);
        larger->mm = text->mm;
        larger->start = text->start;
        larger->cursor = text->cursor;
        free_text(std::exchange(text, larger));
    }
}

// Whether the byte at `position` is in the buffer.
bool holds(const Text& text, u64 position) { return position >= text.start && position < text.start + text.used; }

// Copies the text from `position` on, as far as the buffer has it, and advances `position`. FAULT.
Result<u32> copy_text(const Text& text, u64& position, UserAddr buffer, u32 bytes) {
    const u32 offset = static_cast<u32>(position - text.start);
    const u32 wanted = std::min(bytes, text.used - offset);
    const u32 copied = wanted - copy_to_user(buffer, text.data + offset, wanted);
    position += copied;
    if (copied == 0 && wanted != 0)
        return Err(Errno::FAULT);
    return copied;
}

// Copies the rest of the buffer, and then the next one: at most as much as Linux returns from one call. Of maps, Linux
// makes a page of whole lines, even for a larger read.
Result<u32> read_text(const Inode& inode, Text*& text, u64& position, UserAddr buffer, u32 bytes) {
    if (position == 0 || position < text->start) {
        text->start = text->used = text->cursor = 0;
        text->ended = false;
    }
    const u32 rest = holds(*text, position) ? TRY(copy_text(*text, position, buffer, bytes)) : 0;
    if (rest == bytes)
        return rest;
    while (!holds(*text, position) && !text->ended)
        if (const auto made = make_text(inode, text); !made.ok())
            return rest != 0 ? Result<u32>(rest) : Result<u32>(Err(made.error()));
    if (!holds(*text, position))
        return rest;
    const auto more = copy_text(*text, position, buffer + rest, bytes - rest);
    if (!more.ok())
        return rest != 0 ? Result<u32>(rest) : more;
    return rest + more.value();
}

Result<u32> proc_read(File& file, UserAddr buffer, u32 bytes, u64& position) {
    const ProcEntry& entry = entry_of(*file.inode);
    if (entry.show == nullptr && entry.show_part == nullptr && entry.show_mm == nullptr)
        return Err(Errno::INVAL);
    WriteGuard guard(file.inode->lock); // keeps the text while it is copied
    if (file.private_data == nullptr)
        file.private_data = TRY(new_text(TEXT_FIRST));
    auto* text = static_cast<Text*>(file.private_data);
    const auto result = read_text(*file.inode, text, position, buffer, bytes);
    file.private_data = text; // make_text() may have replaced it
    return result;
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

Result<void> proc_open(File& file, u32) {
    if (entry_of(*file.inode).show_mm == nullptr)
        return {};
    Text* text = TRY(new_text(TEXT_FIRST));
    auto mm = proc_mem_open(*file.inode);
    if (!mm) {
        free_text(text);
        return Err(mm.error());
    }
    text->mm = *mm;
    file.private_data = text;
    return {};
}

void proc_release(File& file) {
    auto* text = static_cast<Text*>(file.private_data);
    if (text != nullptr && text->mm != nullptr)
        mmdrop(*text->mm);
    free_text(text);
}

constinit const FileOps proc_file_ops{
    .read = proc_read,
    .write = proc_write,
    .open = proc_open,
    .release = proc_release,
    .seekable = true,
};

} // namespace

Result<Inode*> new_proc_inode(Inode* directory, std::string_view name, const ProcEntry& entry, PidRef pid, s32 fd) {
    InodeRef inode(TRY(new_inode(entry.mode)));
    const Task* of = pid.task();
    // proc(5): root owns the files of a task that is not dumpable, but not directories that all may read (Linux
    // task_dump_owner).
    const bool theirs = of != nullptr && of->cred != nullptr && (of->group->dumpable || entry.mode == (S_IFDIR | 0555));
    inode->uid = theirs ? of->cred->euid : 0;
    inode->gid = theirs ? of->cred->egid : 0;
    inode->proc_entry = &entry;
    inode->proc_pid = std::move(pid);
    inode->proc_fd = fd;
    inode->ops = entry.inode_ops;
    if (inode->is_regular())
        inode->file_ops = entry.file_ops != nullptr ? entry.file_ops : &proc_file_ops;
    if (directory != nullptr) {
        TRY_VOID(set_unlisted_name(*inode, directory, name));
        inode->nlink = inode->is_directory() ? 2 : 1; // as if it had names in the tree
    }
    return inode.release();
}

const ProcEntry* find_proc_entry(std::span<const ProcEntry> entries, std::string_view name) {
    for (const ProcEntry& entry : entries)
        if (name == entry.name)
            return &entry;
    return nullptr;
}

bool iterate_proc_entries(std::span<const ProcEntry> entries, u32 after, u32 first_cookie, DirectorySink& sink) {
    for (u32 i = 0; i < entries.size(); ++i)
        if (first_cookie + i > after &&
            !sink.entry(entries[i].name, u64{first_cookie} + i, entries[i].mode & S_IFMT, first_cookie + i))
            return false;
    return true;
}

Inode& add_proc_entry(Inode& directory, const ProcEntry& entry) {
    InodeRef inode(new_proc_inode(nullptr, entry.name, entry).value());
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

Result<u64> parse_unsigned(std::string_view text) {
    u64 value = 0;
    if (text.empty() || text.size() > 19)
        return Err(Errno::INVAL);
    for (const char c : text) {
        if (c < '0' || c > '9')
            return Err(Errno::INVAL);
        value = value * 10 + static_cast<u64>(c - '0');
    }
    return value;
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
    Task* task = inode.proc_pid.task();
    if (task == nullptr)
        return Err(Errno::SRCH);
    return task;
}

Result<MmRef> proc_mm(const Inode& inode) {
    Task* task = TRY(proc_task(inode));
    if (task->mm.mm == nullptr)
        return Err(Errno::SRCH);
    return MmRef::of(*task->mm.mm);
}

Result<MmStruct*> proc_mem_open(const Inode& inode) {
    const Task& task = *TRY(proc_task(inode));
    const MmRef mm = TRY(mm_access(task, PtraceMode::FsCreds));
    if (mm)
        mmgrab(*mm);
    return mm.get();
}

void init_procfs() {
    auto root = new_inode(S_IFDIR | 0555);
    BUG_ON(!root.ok());
    (*root)->nlink = 2;
    make_system_entries(**root);
    (*root)->ops = &proc_root_ops; // nothing can be created in it from here on
    BUG_ON(!mount_root(make_directory("/proc", 0555), **root, "proc", "proc").ok());
    iput(*root);
}

} // namespace faultline
