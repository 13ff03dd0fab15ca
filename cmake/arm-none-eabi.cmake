# Debian's bare-metal ARM toolchain. The kernel and the user programs need different flags; their targets have them.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR armv7-a)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # CMake tries the compiler before there is a linker script
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
