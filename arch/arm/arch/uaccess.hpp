// User memory from the kernel on this machine; arch/arm/uaccess.cpp and usercopy.S define it.
#pragma once

#include "arch/contract/uaccess.hpp"
