// The files of /proc/sys/fs.
#include "abi/fs/eventpoll.hpp"
#include "abi/fs/file.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/mount.hpp"
#include "abi/fs/pipe.hpp"
#include "abi/procfs/setting.hpp"

namespace faultline {

namespace {

// Open files, free ones, and the most there may be.
Result<void> show_file_nr(const Inode&, SeqFile& out) {
    out.printf("%u\t0\t%u\n", static_cast<unsigned>(nr_open_files()), static_cast<unsigned>(max_files));
    return {};
}

template <PipeLimit Limit>
Result<void> write_pipe_limit(const Inode&, std::string_view text) {
    return set_pipe_limit(Limit, TRY(parse_unsigned(text)));
}
template <PipeLimit Limit>
constexpr ProcEntry pipe_entry(const char* name) {
    return {.name = name,
            .show = show_number<[] { return pipe_limit(Limit); }>,
            .write = write_pipe_limit<Limit>,
            .mode = S_IFREG | 0644};
}

constexpr ProcEntry fs_entries[] = {
    setting<max_files>("file-max"),
    {.name = "file-nr", .show = show_file_nr},
    setting<mount_max, INT_MOST, 1>("mount-max"),
    {.name = "nr_open", .show = show_number<[] { return OPEN_MAX; }>},
    pipe_entry<PIPE_MAX_SIZE>("pipe-max-size"),
    pipe_entry<PIPE_USER_PAGES_HARD>("pipe-user-pages-hard"),
    pipe_entry<PIPE_USER_PAGES_SOFT>("pipe-user-pages-soft"),
};
constexpr ProcEntry epoll_entries[] = {
    {.name = "max_user_watches",
     .show = show_number<epoll_max_user_watches>,
     .write = [](const Inode&, std::string_view text) -> Result<void> {
         return set_epoll_max_user_watches(TRY(parse_unsigned(text)));
     },
     .mode = S_IFREG | 0644},
};

constexpr ProcEntry fs_directory{.name = "fs", .mode = S_IFDIR | 0555};
constexpr ProcEntry epoll_directory{.name = "epoll", .mode = S_IFDIR | 0555};

} // namespace

void make_fs_entries(Inode& sys) {
    Inode& fs = add_proc_entry(sys, fs_directory);
    for (const ProcEntry& entry : fs_entries)
        add_proc_entry(fs, entry);
    add_proc_directory(fs, epoll_directory, epoll_entries);
    close_proc_directory(fs);
}

} // namespace faultline
