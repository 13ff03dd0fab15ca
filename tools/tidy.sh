#!/bin/bash
# tidy.sh [--thorough] BUILD_DIRECTORY: clang-tidy over the portable sources as that host build compiles them (its
# compile_commands.json), each once. Without --thorough it leaves out those checks of .clang-tidy that take longest, two
# thirds of the time in all: the analyzer, which follows paths through functions, and some that look at every expression.
set -eu

left_out='-clang-analyzer-*,-bugprone-assert-side-effect,-bugprone-infinite-loop,-bugprone-multiple-statement-macro,-bugprone-standalone-empty'
left_out+=',-bugprone-stringview-nullptr,-bugprone-suspicious-string-compare,-bugprone-swapped-arguments,-bugprone-undelegated-constructor'
left_out+=',-bugprone-unused-return-value,-bugprone-use-after-move,-misc-unused-using-decls,-performance-move-const-arg'
left_out+=',-performance-unnecessary-value-param,-readability-container-size-empty,-readability-redundant-control-flow'
if [[ $1 == --thorough ]]; then
    left_out=''
    shift
fi
build=$1
cd "$(dirname "$0")/.."

# The build compiles some sources once for each back end, and with headers that GCC has compiled, which clang cannot read.
mkdir -p "$build/tidy"
python3 - "$build" >"$build/tidy/files" <<'END'
import json, re, sys
build = sys.argv[1]
once = {each["file"]: each for each in json.load(open(f"{build}/compile_commands.json"))
        if not any(part in each["file"] for part in ("/tests/", "/interleave/programs/", "cmake_pch"))}
for each in once.values():
    each["command"] = re.sub(r" -Winvalid-pch -include \S+", "", each["command"])
json.dump(list(once.values()), open(f"{build}/tidy/compile_commands.json", "w"))
print(*once, sep="\n")
END

# Of GCC's own headers only <sanitizer/...> is wanted, which clang's packages lack; so its directory is looked at last.
log=$build/tidy/log
if ! xargs -d '\n' -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p "$build/tidy" --checks="$left_out" \
    --extra-arg=-idirafter"$(c++ -print-file-name=include)" <"$build/tidy/files" >"$log" 2>&1; then
    grep -v -E '^([0-9]+ warnings? (generated|treated)|\[[0-9]+/[0-9]+\] Processing)' "$log"
    exit 1
fi
