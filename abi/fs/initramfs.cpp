// Reads "newc" archives. Each file has a header ("070701" and 13 numbers of 8 hexadecimal digits), its name with a NUL,
// and its data. Name and data are padded so that what follows starts at a multiple of 4 from the start of the archive.
#include "abi/fs/initramfs.hpp"

#include <algorithm>
#include <cstring>

#include <linux/fcntl.h>

#include "abi/fs/inode.hpp"
#include "abi/fs/namei.hpp"
#include "abi/fs/regular.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/kmalloc.hpp"

namespace faultline {

namespace {

constexpr u32 HEADER_BYTES = 110;
enum Field : u32 {
    INO,
    MODE,
    UID,
    GID,
    NLINK,
    MTIME,
    FILESIZE,
    DEVMAJOR,
    DEVMINOR,
    RDEVMAJOR,
    RDEVMINOR,
    NAMESIZE,
    CHECK,
    FIELDS
};

// A file with several names in an archive. Its members have the same `ino`; the data comes with the last of them
// (cpio(5)). The list holds the files seen so far.
struct HardLink {
    HardLink* next;
    u32 ino, devmajor, devminor;
    InodeRef inode;
};

struct Member {
    u32 field[FIELDS];
    std::string_view name;
    const u8* data;
};

class Unpacker {
  public:
    Unpacker(const u8* data, u32 bytes) : data_(data), bytes_(bytes) {}
    ~Unpacker() { forget_links(); }

    // Unpacks everything. Returns nullptr, or a text that says what is wrong at offset().
    const char* run() {
        for (;;) {
            while (offset_ < bytes_ && data_[offset_] == 0)
                ++offset_;
            if (offset_ == bytes_)
                return nullptr;
            start_ = offset_;
            if (const char* defect = unpack_archive())
                return defect;
        }
    }
    u32 offset() const { return offset_; }

  private:
    const char* unpack_archive();
    const char* read_member(Member& member);
    Result<void> place(const Member& member);
    Result<InodeRef> new_member_inode(const Member& member);
    Result<void> fill(Inode& inode, const Member& member);
    HardLink* find_link(const Member& member);
    void forget_links();
    u32 aligned(u32 offset) const { return start_ + ((offset - start_ + 3) & ~3u); }

    const u8* data_;
    u32 bytes_;
    u32 start_ = 0; // start of this archive; padding counts from here
    u32 offset_ = 0;
    HardLink* links_ = nullptr;
};

bool parse_hex(const u8* digits, u32& value) {
    value = 0;
    for (u32 i = 0; i < 8; ++i) {
        const u8 c = digits[i];
        const u32 digit = c >= '0' && c <= '9'   ? c - u32{'0'}
                          : c >= 'a' && c <= 'f' ? c - u32{'a'} + 10
                          : c >= 'A' && c <= 'F' ? c - u32{'A'} + 10
                                                 : 16u;
        if (digit == 16)
            return false;
        value = value << 4 | digit;
    }
    return true;
}

const char* Unpacker::read_member(Member& member) {
    if (bytes_ - offset_ < HEADER_BYTES)
        return "truncated header";
    const u8* header = data_ + offset_;
    if (std::memcmp(header, "070701", 6) != 0 && std::memcmp(header, "070702", 6) != 0)
        return "not a newc cpio header (a compressed archive?)";
    for (u32 i = 0; i < FIELDS; ++i)
        if (!parse_hex(header + 6 + 8 * i, member.field[i]))
            return "header with a bad number";
    const u32 name_size = member.field[NAMESIZE];
    if (name_size == 0 || name_size > PATH_LENGTH_MAX || name_size > bytes_ - offset_ - HEADER_BYTES)
        return "bad name length";
    const char* name = reinterpret_cast<const char*>(header + HEADER_BYTES);
    if (name[name_size - 1] != '\0')
        return "name without an end";
    member.name = {name, std::strlen(name)};
    const u32 data_start = aligned(offset_ + HEADER_BYTES + name_size);
    if (data_start > bytes_ || member.field[FILESIZE] > bytes_ - data_start)
        return "truncated file";
    member.data = data_ + data_start;
    offset_ = std::min(aligned(data_start + member.field[FILESIZE]), bytes_);
    return nullptr;
}

const char* Unpacker::unpack_archive() {
    for (;;) {
        Member member;
        const u32 at = offset_;
        if (const char* defect = read_member(member)) {
            offset_ = at;
            return defect;
        }
        if (member.name == "TRAILER!!!") {
            forget_links();
            return nullptr;
        }
        const auto placed = place(member);
        if (!placed.ok() && placed.error() == Errno::NOMEM) {
            offset_ = at;
            return "out of memory";
        }
        if (!placed.ok())
            printk(KERN_WARNING, "initramfs: cannot make %s (error %u)", member.name.data(),
                   static_cast<unsigned>(placed.error()));
    }
}

HardLink* Unpacker::find_link(const Member& member) {
    for (HardLink* link = links_; link != nullptr; link = link->next)
        if (link->ino == member.field[INO] && link->devmajor == member.field[DEVMAJOR] &&
            link->devminor == member.field[DEVMINOR])
            return link;
    return nullptr;
}

void Unpacker::forget_links() {
    while (links_ != nullptr) {
        HardLink* link = std::exchange(links_, links_->next);
        link->~HardLink();
        kfree(link);
    }
}

Result<void> Unpacker::fill(Inode& inode, const Member& member) {
    const u32 size = member.field[FILESIZE];
    if (inode.is_regular() && size != 0) {
        TRY_VOID(truncate_inode(inode, 0));
        TRY_VOID(write_kernel(inode, member.data, size, 0));
    } else if (inode.is_symlink()) {
        inode.link_target = static_cast<char*>(kmalloc(size + 1));
        if (inode.link_target == nullptr)
            return Err(Errno::NOMEM);
        std::memcpy(inode.link_target, member.data, size);
        inode.link_target[size] = '\0';
        inode.mapping.size = std::strlen(inode.link_target);
    }
    inode.mtime_ns = inode.atime_ns = inode.ctime_ns = u64{member.field[MTIME]} * 1'000'000'000;
    return {};
}

Result<InodeRef> Unpacker::new_member_inode(const Member& member) {
    const u32 mode = member.field[MODE] & (S_IFMT | 07777);
    const u32 type = mode & S_IFMT;
    if (type != S_IFDIR && type != S_IFREG && type != S_IFLNK && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO)
        return Err(Errno::INVAL);
    if (type == S_IFLNK && member.field[FILESIZE] >= PATH_LENGTH_MAX)
        return Err(Errno::NAMETOOLONG);
    InodeRef inode(TRY(new_inode(mode)));
    join_file_system(*inode, *root_inode().mapping.sb); // before it has pages
    inode->uid = member.field[UID];
    inode->gid = member.field[GID];
    inode->rdev = member.field[RDEVMAJOR] << 8 | member.field[RDEVMINOR];
    return inode;
}

Result<void> Unpacker::place(const Member& member) {
    PathName path = TRY(PathName::from_kernel(member.name.substr(0, 1) == "/" ? member.name : "/"));
    if (member.name.substr(0, 1) != "/") { // names are relative to the root
        if (member.name.size() + 2 > PATH_LENGTH_MAX)
            return Err(Errno::NAMETOOLONG);
        std::memcpy(path.text() + 1, member.name.data(), member.name.size() + 1);
    }
    Found found = TRY(walk_path(AT_FDCWD, path, LOOKUP_MISSING));
    const u32 type = member.field[MODE] & S_IFMT;
    if (found.inode && found.inode->is_directory()) { // also for "."
        if (type != S_IFDIR)
            return Err(Errno::ISDIR);
        found.inode->mode = S_IFDIR | (member.field[MODE] & 07777);
        return {};
    }
    if (found.last != Found::Name)
        return Err(Errno::NOTDIR);

    HardLink* link = type == S_IFREG && member.field[NLINK] > 1 ? find_link(member) : nullptr;
    InodeRef inode = link != nullptr ? InodeRef(&iget(*link->inode)) : TRY(new_member_inode(member));
    TRY_VOID(fill(*inode, member));
    if (found.inode && found.inode.get() != inode.get())
        remove_name(*find_child(*found.parent, found.name));
    if (!found.inode || found.inode.get() != inode.get())
        TRY_VOID(add_name(*found.parent, found.name, *inode));
    if (type == S_IFREG && member.field[NLINK] > 1 && link == nullptr) {
        void* memory = kmalloc(sizeof(HardLink));
        if (memory == nullptr)
            return Err(Errno::NOMEM);
        links_ = new (memory)
            HardLink{links_, member.field[INO], member.field[DEVMAJOR], member.field[DEVMINOR], std::move(inode)};
    }
    return {};
}

} // namespace

void unpack_initramfs(const void* data, u32 bytes) {
    Unpacker unpacker(static_cast<const u8*>(data), bytes);
    if (const char* defect = unpacker.run())
        printk(KERN_WARNING, "initramfs: %s at byte %u of %u; nothing after it was unpacked", defect,
               static_cast<unsigned>(unpacker.offset()), static_cast<unsigned>(bytes));
}

} // namespace faultline
