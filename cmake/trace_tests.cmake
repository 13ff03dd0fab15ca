# Traces: what a boot leaves in each form, checked by what reads that form (docs/seeing.md).
boot_test("trace of a clean entry" ../trace/forms.sh original-report gup
          "turned 1,000 times: .* is present, young, writable but [*]clean[*], and fault_in=gup left it so" --mmu walked --smp 1)
boot_test("trace of a stale TLB softtlb" ../trace/forms.sh stale.wake_op gup_dirty
          "turned 1,000 times: .* is present, young, writable, dirty, but the TLB of CPU 1 is [*]stale[*]" --mmu softtlb --smp 2)
boot_test("trace of a repair that gives up" ../trace/refused.sh)
boot_test("comparison" ../trace/compare.sh)
