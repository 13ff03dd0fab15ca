# The libFuzzer targets of the preset host-fuzz: what parses foreign bytes and compiles for this computer, under
# AddressSanitizer and UndefinedBehaviorSanitizer. tests/fuzz/host.sh runs them. Each has its own main part in
# tests/fuzz/host/ and the kernel's sources named here.
set(sanitizers -fsanitize=fuzzer,address,undefined -fno-sanitize=null,object-size -fno-sanitize-recover=all)

function(fuzz_target name)
    set(sources ${ARGN})
    list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/)
    add_executable(fuzz_${name} tests/fuzz/host/${name}.cpp tests/fuzz/host/seams.cpp ${sources})
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/arch/model
                                                    ${PROJECT_SOURCE_DIR}/arch/arm)
    # clang's -Wshadow knows no difference between a namespace and a function.
    target_compile_options(fuzz_${name} PRIVATE ${sanitizers} -Wno-shadow -include
                                                ${PROJECT_SOURCE_DIR}/tests/fuzz/host/linux_stat.hpp)
    target_link_options(fuzz_${name} PRIVATE ${sanitizers} -Wl,--gc-sections)
endfunction()

fuzz_target(device_tree arch/arm/device_tree.cpp)
# Of these three only the functions that parse a word are wanted. Without instruments, the linker can leave out the others,
# which need a whole kernel.
set(words kernel/futex/fault_in.cpp kernel/futex/livelock.cpp kernel/debug/trace.cpp)
set_source_files_properties(${words} PROPERTIES COMPILE_OPTIONS "-fno-sanitize=all;-ffunction-sections;-fdata-sections")
fuzz_target(command_line ${words} kernel/debug/trace_filter.cpp)
fuzz_target(script)
fuzz_target(elf abi/process/elf_file.cpp)
fuzz_target(cpio abi/fs/initramfs.cpp abi/fs/inode.cpp abi/fs/namei.cpp abi/fs/permission.cpp mm/shmem.cpp)
