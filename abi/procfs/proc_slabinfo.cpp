// /proc/slabinfo: the kernel's own small objects, counted (slabinfo(5), version 2.1).
#include "abi/fs/file.hpp"
#include "abi/fs/inode.hpp"
#include "abi/fs/seq_file.hpp"
#include "mm/slab.hpp"

namespace faultline {

// Linux's tunables do not exist here and read as zero. A slab is one page; an empty one counts as active too.
Result<void> show_slabinfo(const Inode&, SeqFile& out) {
    out.text("slabinfo - version: 2.1\n"
             "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
             " : tunables <limit> <batchcount> <sharedfactor>"
             " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    SlabInfo cache;
    for (u32 index = 0; slab_info(index, cache); ++index) {
        out.text(cache.name);
        out.pad_to(18);
        out.printf("%6u %6u %6u %4u    1 : tunables    0    0    0 : slabdata %6u %6u      0\n", cache.active_objs,
                   cache.num_slabs * cache.objperslab, cache.objsize, cache.objperslab, cache.num_slabs,
                   cache.num_slabs);
    }
    return {};
}

} // namespace faultline
