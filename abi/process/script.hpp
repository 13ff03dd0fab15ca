// Programs that name another to run them: "#! interpreter [argument]" (execve(2), Interpreter scripts).
#pragma once

#include "abi/fs/file.hpp"
#include "abi/process/exec_args.hpp"
#include "base/result.hpp"

namespace faultline {

// The file to load for `path`: itself, or the interpreter at the end of a chain of scripts, with the
// arguments changed as that interpreter wants them.
// `file`: the file of `path`, if it is open already. NOEXEC, LOOP, TOOBIG, NOMEM, and why a file cannot be opened.
Result<FileRef> open_program(const char* path, ExecArgs& arguments, FileRef file);

} // namespace faultline
