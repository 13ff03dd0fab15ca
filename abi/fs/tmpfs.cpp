// The options of a tmpfs: parsed, obeyed, shown.
#include "abi/fs/tmpfs.hpp"

#include <algorithm>

#include "abi/fs/seq_file.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

constexpr u32 KIB_PER_PAGE = PAGE_SIZE / 1024;
constexpr u32 ROOT_MODE = S_ISVTX | 0777; // unless `mode=` says otherwise
constexpr u32 MODE_BITS = 07777;

// A number at the start of `text`, in base 8, 10 or 16 as in C, which is taken off. INVAL: there is none, or it does not
// fit. (Linux: simple_strtoull.)
Result<u64> take_number(std::string_view& text, u32 base = 0) {
    if (base == 0) {
        base = 10;
        if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
            base = 16;
            text.remove_prefix(2);
        } else if (text.size() > 1 && text[0] == '0') {
            base = 8;
        }
    }
    u64 value = 0;
    std::size_t digits = 0;
    for (; digits < text.size(); ++digits) {
        const char c = text[digits];
        const char letter = static_cast<char>(c | 0x20);
        const u32 digit = c >= '0' && c <= '9'             ? static_cast<u32>(c - '0')
                          : letter >= 'a' && letter <= 'f' ? static_cast<u32>(letter - 'a') + 10
                                                           : base;
        if (digit >= base)
            break;
        if (value > (~u64{0} - digit) / base)
            return Err(Errno::INVAL);
        value = value * base + digit;
    }
    if (digits == 0)
        return Err(Errno::INVAL);
    text.remove_prefix(digits);
    return value;
}

// The same with a unit: k, m, g, t, p, e. (Linux: memparse.)
Result<u64> take_size(std::string_view& text) {
    u64 value = TRY(take_number(text));
    constexpr std::string_view units = "kmgtpe";
    const auto unit = text.empty() ? units.npos : units.find(static_cast<char>(text[0] | 0x20));
    if (unit == units.npos)
        return value;
    text.remove_prefix(1);
    const u32 shift = 10 * (static_cast<u32>(unit) + 1);
    if (value > ~u64{0} >> shift)
        return Err(Errno::INVAL);
    return value << shift;
}

// Counts are kept in 32 bits; more than that is as good as no limit, but must not become one.
u32 clamp(u64 count) { return static_cast<u32>(std::min<u64>(count, ~u32{0})); }

// `size=`: bytes, or per cent of all memory.
Result<u32> parse_blocks(std::string_view& text) {
    u64 bytes = TRY(take_size(text));
    if (!text.empty() && text[0] == '%') {
        text.remove_prefix(1);
        bytes = std::min<u64>(bytes, ~u32{0}) * nr_total_pages() / 100 * PAGE_SIZE;
    }
    return clamp(bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0 ? 1 : 0));
}

Result<void> parse_option(std::string_view name, std::string_view value, ShmemOptions& options) {
    if (name == "size")
        options.blocks = TRY(parse_blocks(value));
    else if (name == "nr_blocks")
        options.blocks = clamp(TRY(take_size(value)));
    else if (name == "nr_inodes")
        options.inodes = clamp(TRY(take_size(value)));
    else if (name == "mode")
        options.mode = clamp(TRY(take_number(value, 8))) & MODE_BITS;
    else if (name == "uid")
        options.uid = clamp(TRY(take_number(value)));
    else if (name == "gid")
        options.gid = clamp(TRY(take_number(value)));
    else
        return Err(Errno::INVAL);
    return value.empty() ? Result<void>() : Err(Errno::INVAL);
}

// Whether a limit can be changed to `wanted` while so many are used.
bool may_become(u32 limit, u32 used, std::optional<u32> wanted) {
    return !wanted || *wanted == 0 || (limit != 0 && used <= *wanted);
}

} // namespace

Result<ShmemOptions> parse_tmpfs_options(std::string_view text) {
    ShmemOptions options;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const std::string_view option(text.data(), comma); // substr() could throw
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (option.empty())
            continue;
        const auto equals = option.find('=');
        if (equals == option.npos)
            return Err(Errno::INVAL);
        const char* value = option.data() + equals + 1;
        const std::size_t length = option.size() - equals - 1;
        TRY_VOID(parse_option({option.data(), equals}, {value, length}, options));
    }
    return options;
}

Result<InodeRef> new_tmpfs(const ShmemOptions& options) {
    InodeRef root(TRY(new_inode(S_IFDIR | options.mode.value_or(ROOT_MODE))));
    ShmemSbInfo* sb = shmem_sb_new(options.blocks.value_or(shmem_default_max_blocks()),
                                   options.inodes.value_or(shmem_default_max_inodes()));
    if (sb == nullptr)
        return Err(Errno::NOMEM);
    join_file_system(*root, *sb);
    shmem_sb_put(*sb);
    root->nlink = 2;
    root->uid = options.uid.value_or(root->uid);
    root->gid = options.gid.value_or(root->gid);
    return root;
}

Result<void> reconfigure_tmpfs(ShmemSbInfo& sb, const ShmemOptions& options) {
    if (!may_become(sb.max_blocks, sb.used_blocks, options.blocks) ||
        !may_become(sb.max_inodes, sb.used_inodes, options.inodes))
        return Err(Errno::INVAL);
    sb.max_blocks = options.blocks.value_or(sb.max_blocks);
    sb.max_inodes = options.inodes.value_or(sb.max_inodes);
    return {};
}

void show_tmpfs_options(const Inode& root, SeqFile& out) {
    const ShmemSbInfo* sb = root.mapping.sb;
    if (sb == nullptr)
        return;
    if (sb->max_blocks != shmem_default_max_blocks())
        out.printf(",size=%lluk", static_cast<unsigned long long>(u64{sb->max_blocks} * KIB_PER_PAGE));
    if (sb->max_inodes != shmem_default_max_inodes())
        out.printf(",nr_inodes=%u", static_cast<unsigned>(sb->max_inodes));
    if ((root.mode & MODE_BITS) != ROOT_MODE)
        out.printf(",mode=%03o", static_cast<unsigned>(root.mode & MODE_BITS));
    if (root.uid != 0)
        out.printf(",uid=%u", static_cast<unsigned>(root.uid));
    if (root.gid != 0)
        out.printf(",gid=%u", static_cast<unsigned>(root.gid));
}

void limit_root_file_system() {
    ShmemSbInfo& sb = *root_inode().mapping.sb;
    sb.max_blocks = std::max<u32>(shmem_default_max_blocks(), sb.used_blocks);
    sb.max_inodes = std::max<u32>(shmem_default_max_inodes(), sb.used_inodes);
}

} // namespace faultline
