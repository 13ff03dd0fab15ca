# Tests that boot the emulated machine, with what the presets `arm` and `debug` built beside this build: the scripts of
# tests/boot/. What holds for the ordinary kernel is tested with `walked` on one processor and with `softtlb` on two.

function(boot_test name script)
    add_test(NAME "boot: ${name}" COMMAND tests/boot/${script} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("boot: ${name}" PROPERTIES LABELS boot TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

function(boot_test_on_both_machines name script)
    boot_test("${name}" ${script} ${ARGN} --mmu walked --smp 1)
    boot_test("${name} softtlb" ${script} ${ARGN} --mmu softtlb --smp 2)
endfunction()

# Those that take long, and hardly depend on the back end: with `softtlb`, they are a part of tests/long.sh.
set(walked_every_day disk disk_errors every_call power_cut swap)

# Those that choose their machines themselves, or for which it makes no difference: docs/testing.md says why.
set(own_machines balance bad_input demonstration interrupt list tlb_check tlb_options watch)
set(with_arguments fuzz scenario scenarios selftest storm) # below
file(GLOB scripts CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests/boot ${PROJECT_SOURCE_DIR}/tests/boot/*.sh)
list(TRANSFORM scripts REPLACE "\\.sh$" "")
list(REMOVE_ITEM scripts lib shares ${with_arguments})
foreach(script ${scripts})
    if(script IN_LIST own_machines)
        boot_test(${script} ${script}.sh)
    elseif(script IN_LIST walked_every_day)
        boot_test(${script} ${script}.sh --mmu walked --smp 1)
    else()
        boot_test_on_both_machines(${script} ${script}.sh)
    endif()
endforeach()
boot_test(shares shares.sh --mmu walked)
boot_test_on_both_machines(fuzz fuzz.sh 2011 500000 --icount)
boot_test(selftest selftest.sh arm)
boot_test("debug: selftest" selftest.sh debug)

# Each storm for five seconds on eight processors. In the kernel that watches its locks, all at once.
foreach(mmu walked softtlb)
    foreach(storm migrate fork signals futex map fault robust)
        boot_test("storm ${storm} ${mmu}" storm.sh ${storm} 5 --mmu ${mmu} --smp 8)
    endforeach()
    boot_test("debug: storm ${mmu}" storm.sh all 10 --debug --mmu ${mmu} --smp 8)
endforeach()

# The commands for gdb (tools/gdb/), inside gdb.
function(gdb_test name script)
    add_test(NAME "boot: gdb ${name}" COMMAND tests/gdb/${script} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("boot: gdb ${name}" PROPERTIES LABELS boot TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

gdb_test(livelock livelock.sh)
gdb_test("stale TLB" stale.sh)
gdb_test("mmap lock" mmap_lock.sh)
gdb_test("waiting softtlb" waiting.sh --mmu softtlb --smp 2)
gdb_test("waiting in the debug kernel" waiting.sh --debug --mmu walked --smp 2)
gdb_test(walker walker.sh --mmu walked --smp 1)
gdb_test("walker softtlb" walker.sh --mmu softtlb --smp 2)
gdb_test("walker on Linux" walker.sh linux)
set_tests_properties("boot: gdb walker on Linux" PROPERTIES LABELS "boot;packages of linux")

# What operations cost, in instructions: within the budget of this compiler. And that a budget can be exceeded.
function(bench_test name script)
    add_test(NAME "bench: ${name}" COMMAND tests/bench/${script} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("bench: ${name}" PROPERTIES LABELS boot TIMEOUT 600 ENVIRONMENT QEMU_RUN_BUILT=yes)
endfunction()

bench_test("no operation has become dearer" run.sh)
bench_test("what is dearer is noticed" selftest.sh)

# What one fault runs through, and that a header of mm/ declares what its .cpp defines: of the kernel that the preset `arm`
# built.
add_test(NAME "path: one fault" COMMAND ${PYTHON3} tools/path.py WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME "source: headers of mm" COMMAND ${PYTHON3} tools/headers.py WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# Programs from Debian's packages. A label tells tests/run.sh which packages it must fetch before.
function(conformance_test name group)
    add_test(NAME "conformance: ${name}" COMMAND tests/conformance/run.sh --at-hand ${ARGN} ${group}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("conformance: ${name}" PROPERTIES LABELS "boot;packages of ${group}" TIMEOUT 900
                         SKIP_RETURN_CODE 77 ENVIRONMENT QEMU_RUN_BUILT=yes)
endfunction()

foreach(group mm calls busybox)
    conformance_test(${group} ${group} --mmu walked --smp 1)
    conformance_test("${group} softtlb" ${group} --mmu softtlb --smp 2)
endforeach()
# Some of these programs sleep for a few milliseconds, and take it that other threads have got on meanwhile. That holds if time is
# counted in instructions, however busy the host is.
foreach(group futex processes)
    conformance_test(${group} ${group} --mmu walked --smp 1 --icount)
    conformance_test("${group} softtlb" ${group} --mmu softtlb --smp 2 --icount)
endforeach()
conformance_test("events on four CPUs" processes/event_storm --mmu walked --smp 4)
conformance_test("core dumps in the debug kernel" processes/core_dumps --debug --mmu walked --smp 4)
conformance_test("a Go program with many threads" programs/fzf --mmu softtlb --smp 2)
set_tests_properties("boot: shell" "boot: shell softtlb" PROPERTIES LABELS "boot;packages of busybox")

# The demonstration keeps all processors busy by itself, and both are held to a time.
set_tests_properties("boot: demonstration" "boot: interrupt" PROPERTIES RUN_SERIAL TRUE)

# It counts the instructions of all storms.
set_tests_properties("boot: watch" PROPERTIES TIMEOUT 600)
