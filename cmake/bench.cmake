# The program that tests/bench/run.sh boots as process 1, here and on Linux. It has no C library and two segments, so that
# fork copies little beside what is measured.
room(bench_sources tests/bench/program/*.cpp tests/bench/program/*.S)
add_executable(bench ${bench_sources} user/lib/signal.cpp user/lib/clone.S user/lib/sigreturn.S)
target_include_directories(bench PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/user/lib/include)
target_include_directories(bench SYSTEM PRIVATE ${UAPI_INCLUDE})
target_compile_options(
    bench PRIVATE -mcpu=cortex-a15 -mfloat-abi=soft -marm -ffreestanding -fno-unwind-tables
                  $<$<COMPILE_LANGUAGE:CXX>:-mgeneral-regs-only -fno-exceptions -fno-rtti -fno-threadsafe-statics>)
target_link_options(
    bench PRIVATE -mcpu=cortex-a15 -mfloat-abi=soft -nostdlib -static -Wl,-Ttext-segment=0x10000
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--gc-sections)
target_link_libraries(bench PRIVATE c gcc)
set_target_properties(bench PROPERTIES SUFFIX "")
