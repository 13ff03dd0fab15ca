// The groups of figures: each function measures one (tests/bench/figures.tsv).
#pragma once

#include "tests/bench/program/measure.hpp"

namespace faultline::bench {

void measure_calls();
void measure_faults();
void measure_young();
void measure_cow();
void measure_futexes();
void measure_clean_entries();
void measure_ping_pong();
void measure_switches();
void measure_processes();
void measure_mappings();
void measure_vmas(unsigned count);
void measure_sleepers(unsigned count);
void measure_tlb();
void measure_signals();
void measure_exec();
void measure_children();
void measure_reclaim();

} // namespace faultline::bench
