# The kernel: linked as faultline.elf (with symbols, for the debugger), then flattened to kernel.img, which QEMU loads.
# The self-test kernel has the same objects, except the file that starts process 1. Both are made for each back end.
include(cmake/back_ends.cmake)
room(machine_sources arch/arm/*.cpp arch/arm/*.S)
set(mmu_sources ${PROJECT_SOURCE_DIR}/arch/arm/abort.cpp)
list(REMOVE_ITEM machine_sources ${mmu_sources})
room(portable_sources base/*.cpp mm/*.cpp kernel/*.cpp abi/*.cpp)
set(start_init_sources ${PROJECT_SOURCE_DIR}/kernel/start_init.cpp)
list(REMOVE_ITEM portable_sources ${start_init_sources})
room(start_selftest_sources tests/contract/*.cpp)
list(FILTER start_selftest_sources EXCLUDE REGEX /tests/contract/host/)

add_library(kernel_flags INTERFACE)
target_include_directories(kernel_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/arm)
target_include_directories(kernel_flags SYSTEM INTERFACE ${UAPI_INCLUDE} ${BOOST_INCLUDE})
target_compile_options(
    kernel_flags
    INTERFACE -mcpu=cortex-a15
              -marm
              -mfloat-abi=soft
              -mtune=cortex-a7
              -fno-schedule-insns
              -funwind-tables
              -ffreestanding
              $<$<COMPILE_LANGUAGE:CXX>:-mgeneral-regs-only
              -fno-exceptions
              -fno-rtti
              -fno-threadsafe-statics>)

# The debug kernel (docs/testing.md): FAULTLINE_DEBUG in C++ and in assembly, and undefined behaviour traps. Each trap stays
# where it is, unmerged with others, so that its address tells the line. No frame is as large as the guard below a stack.
# GCC 14 warns of indices that one of these checks has just refused; the ordinary kernel is compiled with that warning.
option(FAULTLINE_DEBUG "the kernel that checks itself" OFF)
if(FAULTLINE_DEBUG)
    target_compile_definitions(kernel_flags INTERFACE FAULTLINE_DEBUG)
    target_compile_options(
        kernel_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=undefined -fsanitize-undefined-trap-on-error
                               -fno-crossjumping -fno-tree-tail-merge
                               -Wno-array-bounds
                               -Wframe-larger-than=4096>)
endif()

add_library(kernel OBJECT ${machine_sources} ${portable_sources})
target_link_libraries(kernel PUBLIC kernel_flags)
# These headers took a third of the time that the kernel takes to compile.
target_precompile_headers(kernel PRIVATE <algorithm> <functional> base/intrusive.hpp)
foreach(mmu ${back_ends})
    back_end_library(kernel_${mmu} ${mmu} kernel_flags ${mmu_sources})
endforeach()

foreach(start IN ITEMS init selftest)
    add_library(start_${start} OBJECT ${start_${start}_sources})
    target_link_libraries(start_${start} PUBLIC kernel_flags)
endforeach()

# kernel_image(<name> <image> <back end> <object library>): links the kernel with a back end and with the object library
# that starts process 1. It links twice. The first link has an empty symbol table and gives the addresses; the second
# has the table. Only data behind the text grows, so the text keeps its addresses; the check at the end proves it.
function(kernel_image name image mmu start)
    set(elf ${PROJECT_BINARY_DIR}/${name}.elf)
    set(table ${PROJECT_BINARY_DIR}/${name}.kallsyms.S)
    set(kallsyms ${PROJECT_SOURCE_DIR}/tools/kallsyms.sh)
    set(script ${PROJECT_SOURCE_DIR}/linker/kernel.lds)

    add_custom_command(
        OUTPUT ${name}.nosyms.S
        COMMAND ${kallsyms} --empty ${name}.nosyms.S
        DEPENDS ${kallsyms}
        VERBATIM)
    add_executable(${name}.nosyms ${name}.nosyms.S)
    add_custom_command(
        OUTPUT ${table}
        COMMAND ${kallsyms} $<TARGET_FILE:${name}.nosyms> ${table}
        DEPENDS ${name}.nosyms ${kallsyms}
        VERBATIM)
    add_executable(${name} ${table})
    foreach(pass ${name}.nosyms ${name})
        target_link_libraries(${pass} PRIVATE kernel_flags kernel kernel_${mmu} ${start} gcc)
        target_link_options(
            ${pass} PRIVATE -nostdlib -static -mcpu=cortex-a15 -mfloat-abi=soft -T ${script} -Wl,--build-id=none
            -Wl,--gc-sections -Wl,-z,max-page-size=4096 -Wl,--fatal-warnings)
        set_target_properties(${pass} PROPERTIES LINK_DEPENDS ${script} SUFFIX "")
    endforeach()
    set_target_properties(${name} PROPERTIES OUTPUT_NAME ${name}.elf)

    add_custom_command(
        OUTPUT ${image}
        COMMAND ${PROJECT_SOURCE_DIR}/tools/check_elf.sh --kernel $<TARGET_FILE:${name}>
        COMMAND ${kallsyms} --check $<TARGET_FILE:${name}> ${table}
        COMMAND ${CMAKE_OBJCOPY} -O binary $<TARGET_FILE:${name}> ${image}
        DEPENDS ${name} ${PROJECT_SOURCE_DIR}/tools/check_elf.sh
        VERBATIM)
    add_custom_target(${name}_image ALL DEPENDS ${image})
endfunction()

kernel_image(faultline kernel.img walked start_init)
kernel_image(faultline-softtlb kernel-softtlb.img softtlb start_init)
kernel_image(selftest kernel-selftest.img walked start_selftest)
kernel_image(selftest-softtlb kernel-selftest-softtlb.img softtlb start_selftest)
