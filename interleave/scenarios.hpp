// The scenarios of user/scenarios/ as scripts: those that need nothing but what is here. docs/explorer-engine.md says which
// are missing, and why.
#pragma once

#include <string>
#include <vector>

namespace faultline::interleave {

struct Scenario {
    std::string name; // as in user/scenarios/catalogue.tsv
    std::string about;
    std::string script;
    const char* settings = ""; // boot arguments that it needs
};

// In the order of the tables.
std::vector<Scenario> scenarios();

} // namespace faultline::interleave
