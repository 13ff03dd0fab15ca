// Follows a chain of scripts to a program. (Linux 6.1 fs/binfmt_script.c, fs/exec.c exec_binprm.)
#include "abi/process/script.hpp"

#include <algorithm>

#include "abi/fs/file.hpp"
#include "abi/fs/open.hpp"
#include "abi/fs/regular.hpp"
#include "abi/process/exec_args.hpp"

namespace faultline {

namespace {

constexpr u32 MAX_SCRIPTS = 5;       // scripts in one chain
constexpr u32 BINPRM_BUF_SIZE = 256; // what is looked at of a file

// The first line of a script, "#! interpreter [argument]".
struct ScriptLine {
    char text[BINPRM_BUF_SIZE + 1] = {}; // zeros behind the file's end, and one more
    char* interpreter = nullptr;
    char* argument = nullptr; // nullptr: none
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

char* skip_blanks(char* at, char* end) {
    return std::find_if(at, end, [](char c) { return !is_blank(c); });
}
char* find_blank(char* at, char* end) {
    return std::find_if(at, end, [](char c) { return is_blank(c) || c == '\0'; });
}

// Where the line ends. Without an end of line among the bytes that are looked at, the line is cut there; that may cut
// off an argument, but not the interpreter's name: NOEXEC.
Result<char*> end_of_line(ScriptLine& line) {
    char* const begin = line.text;
    char* const last = begin + BINPRM_BUF_SIZE - 1;
    char* const stop = std::find_if(begin, last + 1, [](char c) { return c == '\n' || c == '\0'; });
    if (stop <= last && *stop == '\n')
        return stop;
    char* const name = skip_blanks(begin + 2, last + 1);
    if (name == last + 1 || find_blank(name, last + 1) == last + 1)
        return Err(Errno::NOEXEC);
    return last;
}

// Cuts the line into strings in place. NOEXEC: it names no interpreter, or not the whole name.
Result<void> parse_script_line(ScriptLine& line) {
    char* end = TRY(end_of_line(line));
    while (is_blank(end[-1]))
        --end;
    char* const name = skip_blanks(line.text + 2, end);
    if (name >= end)
        return Err(Errno::NOEXEC);
    char* const name_end = find_blank(name, end);
    *end = '\0';
    if (name_end < end && *name_end != '\0') {
        char* const argument = skip_blanks(name_end, end);
        if (argument < end)
            line.argument = argument;
    }
    *name_end = '\0';
    line.interpreter = name;
    return {};
}

} // namespace

Result<FileRef> open_program(const char* path, ExecArgs& arguments, FileRef file, bool closes) {
    if (file.get() == nullptr)
        file = FileRef(TRY(open_exec(path)));
    ScriptLine line;
    for (u32 scripts = 0;; ++scripts) {
        ScriptLine next;
        if (scripts > MAX_SCRIPTS)
            return Err(Errno::LOOP);
        if (file_mapping(*file) == nullptr)
            return file;
        TRY(kernel_read(*file, next.text, BINPRM_BUF_SIZE, 0));
        if (next.text[0] != '#' || next.text[1] != '!')
            return file;
        TRY_VOID(parse_script_line(next));
        if (closes && scripts == 0) // the interpreter could not open it
            return Err(Errno::NOENT);
        arguments.remove_first_argument();
        TRY_VOID(arguments.add_argument(scripts == 0 ? path : line.interpreter));
        if (next.argument != nullptr)
            TRY_VOID(arguments.add_argument(next.argument));
        TRY_VOID(arguments.add_argument(next.interpreter));
        if (*next.interpreter == '\0') // for Linux that is the working directory
            return Err(Errno::ACCES);
        file = FileRef(TRY(open_exec(next.interpreter)));
        std::copy_n(next.text, sizeof next.text, line.text);
        line.interpreter = line.text + (next.interpreter - next.text);
    }
}

} // namespace faultline
