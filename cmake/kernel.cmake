# The kernel, linked as faultline.elf (symbols, for the debugger) and flattened to kernel.img (what QEMU loads), and the
# self-test: the same objects, but for the one file that starts process 1.
room(machine_sources arch/walked/*.cpp arch/arm/*.cpp arch/arm/*.S)
room(portable_sources mm/*.cpp kernel/*.cpp)
set(start_init ${PROJECT_SOURCE_DIR}/kernel/start_init.cpp)
list(REMOVE_ITEM portable_sources ${start_init})
room(selftest_sources tests/contract/*.cpp)
list(FILTER selftest_sources EXCLUDE REGEX /tests/contract/host/)

add_library(kernel_flags INTERFACE)
target_include_directories(kernel_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/arm)
target_include_directories(kernel_flags SYSTEM INTERFACE ${UAPI_INCLUDE} ${BOOST_INCLUDE})
target_compile_options(
    kernel_flags
    INTERFACE -mcpu=cortex-a15
              -marm
              -mfloat-abi=soft
              -fno-omit-frame-pointer
              -ffreestanding
              $<$<COMPILE_LANGUAGE:CXX>:-mgeneral-regs-only
              -fno-exceptions
              -fno-rtti
              -fno-threadsafe-statics>)

add_library(kernel OBJECT ${machine_sources} ${portable_sources})
target_link_libraries(kernel PUBLIC kernel_flags)

# kernel_image(<name> <image> <source>...): links the kernel with these sources twice. The first link has an empty
# symbol table and is read for the addresses; the second has the table. Only data that follows the text grows, so the
# text stays where it was; the last check proves it.
function(kernel_image name image)
    set(elf ${PROJECT_BINARY_DIR}/${name}.elf)
    set(table ${PROJECT_BINARY_DIR}/${name}.kallsyms.S)
    set(kallsyms ${PROJECT_SOURCE_DIR}/tools/kallsyms.sh)
    set(script ${PROJECT_SOURCE_DIR}/linker/kernel.lds)

    add_library(${name}_start OBJECT ${ARGN})
    target_link_libraries(${name}_start PUBLIC kernel_flags)

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
        target_link_libraries(${pass} PRIVATE kernel_flags kernel ${name}_start gcc)
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

kernel_image(faultline kernel.img ${start_init})
kernel_image(selftest kernel-selftest.img ${selftest_sources})
