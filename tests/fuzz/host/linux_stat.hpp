// The S_IF… constants of <linux/stat.h>, which leaves them out where it sees glibc. Included before everything else.
#pragma once

#include <features.h>

#pragma push_macro("__GLIBC__")
#undef __GLIBC__
#include <linux/stat.h>
#pragma pop_macro("__GLIBC__")
