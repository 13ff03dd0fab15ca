// Follows a chain of scripts to a program. (Linux fs/binfmt_script.c.)
#include "abi/process/script.hpp"

#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/exec_args.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_INTERPRETERS = 4;    // the longest chain of interpreters
constexpr u32 SCRIPT_LINE_BYTES = 256; // Linux: BINPRM_BUF_SIZE

// The first line of a script, "#! interpreter [argument]".
struct ScriptLine {
    char text[SCRIPT_LINE_BYTES + 1] = {};
    char* interpreter = nullptr;
    char* argument = nullptr; // nullptr: none
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Cuts the line into strings in place. NOEXEC: it names no interpreter.
Result<void> parse_script_line(ScriptLine& line) {
    char* at = line.text + 2;
    char* end = at;
    while (*end != '\0' && *end != '\n')
        ++end;
    while (end > at && is_blank(end[-1]))
        --end;
    *end = '\0';
    while (is_blank(*at))
        ++at;
    if (at == end)
        return Err(Errno::NOEXEC);
    line.interpreter = at;
    while (*at != '\0' && !is_blank(*at))
        ++at;
    if (*at == '\0')
        return {};
    *at++ = '\0';
    while (is_blank(*at))
        ++at;
    line.argument = at;
    return {};
}

} // namespace

Result<FileRef> open_program(const char* path, ExecArgs& arguments, FileRef file) {
    if (file.get() == nullptr)
        file = FileRef(TRY(open_exec(path)));
    ScriptLine line;
    for (u32 depth = 0;; ++depth) {
        ScriptLine next;
        const u32 got = TRY(kernel_read(*file, next.text, SCRIPT_LINE_BYTES, 0));
        if (got < 2 || next.text[0] != '#' || next.text[1] != '!')
            return file;
        if (depth == MAX_INTERPRETERS)
            return Err(Errno::LOOP);
        TRY_VOID(parse_script_line(next));
        const char* script = depth == 0 ? path : line.interpreter;
        const char* with_argument[] = {next.interpreter, next.argument, script};
        const char* without[] = {next.interpreter, script};
        TRY_VOID(next.argument != nullptr ? arguments.replace_first_argument(with_argument, 3)
                                          : arguments.replace_first_argument(without, 2));
        file = FileRef(TRY(open_exec(next.interpreter)));
        std::copy_n(next.text, sizeof next.text, line.text);
        line.interpreter = line.text + (next.interpreter - next.text);
    }
}

} // namespace faultline
