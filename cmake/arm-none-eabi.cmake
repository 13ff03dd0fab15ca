# Debian's bare-metal ARM toolchain. The flags that tell the kernel from a user program are the targets' own.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR armv7-a)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # there is no linker script yet when CMake tries the compiler
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
