// Scripts: files that name their interpreter in the first line, "#! interpreter [argument]" (execve(2), Interpreter
// scripts).
#pragma once

#include "abi/fs/file.hpp"
#include "abi/process/exec_args.hpp"
#include "base/result.hpp"

namespace faultline {

// Returns the file to load for `path`: the file itself, or for a script the interpreter at the end of the chain. In
// that case the interpreter and its arguments are put in front of `arguments`. `file` is the file of `path` if it is
// open already; `closes`: nobody can open it by that name once the interpreter runs. NOEXEC: a script names no
// interpreter, or its name does not end in the first 256 bytes. LOOP: more than five scripts. NOENT: a script that
// `closes`. TOOBIG, NOMEM; errors of opening a file.
Result<FileRef> open_program(const char* path, ExecArgs& arguments, FileRef file, bool closes);

} // namespace faultline
