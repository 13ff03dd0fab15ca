# Tests that boot the emulated machine, with what the presets `arm` and `debug` built beside this build. Each script of
# tests/boot/ is one test, but those that have arguments.
set(catalogue ${PROJECT_SOURCE_DIR}/user/scenarios/catalogue.tsv)
set(repairs gup gup_dirty fixup_2011 fixup trap)

function(boot_test name script)
    add_test(NAME "boot: ${name}" COMMAND tests/boot/${script} ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("boot: ${name}" PROPERTIES LABELS boot TIMEOUT 300)
endfunction()

file(GLOB scripts CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests/boot ${PROJECT_SOURCE_DIR}/tests/boot/*.sh)
list(REMOVE_ITEM scripts lib.sh scenario.sh selftest.sh storm.sh)
foreach(script ${scripts})
    string(REPLACE ".sh" "" name ${script})
    boot_test(${name} ${script})
endforeach()
boot_test(selftest selftest.sh arm)
boot_test("debug: selftest" selftest.sh debug)

# Each storm for 20 seconds on eight processors. In the kernel that watches its locks, all at once.
foreach(mmu walked softtlb)
    foreach(storm migrate fork signals futex map robust)
        boot_test("storm ${storm} ${mmu}" storm.sh ${storm} 20 --mmu ${mmu} --smp 8)
    endforeach()
    boot_test("debug: storm ${mmu}" storm.sh all 20 --debug --mmu ${mmu} --smp 4)
endforeach()

# Every scenario under every repair, with `walked` on one processor and with `softtlb` on two; one that needs a certain
# machine, there only. Those that the demonstration shows, also in the kernel that watches its locks.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${catalogue})
file(STRINGS ${catalogue} rows REGEX "^[^#]")
foreach(row ${rows})
    string(REGEX MATCH "^([^\t]*\t)+" fields "${row}") # without the sentence, which may hold anything
    string(REPLACE "\t" ";" fields "${fields}")
    list(GET fields 7 shown)
    list(GET fields 8 machine)
    list(POP_FRONT fields name)
    foreach(repair ${repairs})
        list(POP_FRONT fields expected)
        boot_test("${name} ${repair}" scenario.sh ${name} ${repair} ${expected})
        if(machine STREQUAL -)
            boot_test("${name} ${repair} softtlb" scenario.sh ${name} ${repair} ${expected} --mmu softtlb --smp 2)
        endif()
        if(shown AND repair MATCHES "^(gup|fixup)$")
            boot_test("debug: ${name} ${repair}" scenario.sh ${name} ${repair} ${expected} --debug --smp 2)
        endif()
    endforeach()
endforeach()

# Programs from Debian's packages, where those have been fetched; tests/long.sh fetches them and runs all groups.
foreach(group futex mm calls busybox)
    add_test(NAME "conformance: ${group}" COMMAND tests/conformance/run.sh --at-hand ${group}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties("conformance: ${group}" PROPERTIES LABELS boot TIMEOUT 900 SKIP_RETURN_CODE 77
                         ENVIRONMENT QEMU_RUN_BUILT=yes)
endforeach()

# The demonstration keeps all processors busy by itself, and both are held to a time.
set_tests_properties("boot: demonstration" "boot: interrupt" PROPERTIES RUN_SERIAL TRUE)
