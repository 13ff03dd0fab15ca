// /sys (sysfs(5)): the part that programs read to learn about the processors.
#pragma once

namespace faultline {

// Makes the tree and mounts it on /sys. Called once, at boot, after init_procfs(): its files are entries of procfs.
void init_sysfs();

} // namespace faultline
