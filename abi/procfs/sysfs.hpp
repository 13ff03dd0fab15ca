// /sys (sysfs(5)): as much of it as programs need that want to know the processors.
#pragma once

namespace faultline {

// Makes the tree and mounts it on /sys. At boot, once, after init_procfs(): its files are of the same make.
void init_sysfs();

} // namespace faultline
