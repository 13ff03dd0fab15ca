// The first line of a script. What follows the chain of scripts needs files and a kernel, so the source is included here
// for its parser.
#include "abi/process/script.cpp"

#include <cstring>

#include "tests/fuzz/host/seams.hpp"

// What open_program() calls, which is not called here.
namespace faultline {
AddressSpace* file_mapping(File&) { BUG(); }
Result<u32> kernel_read(File&, void*, u32, u64) { BUG(); }
Result<File*> open_exec(const char*) { BUG(); }
void fput(File&) { BUG(); }
Result<void> ExecArgs::add_argument(const char*) { BUG(); }
void ExecArgs::remove_first_argument() { BUG(); }
} // namespace faultline

using namespace faultline;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size < 2)
        return -1;
    const auto line = std::make_unique<ScriptLine>();
    std::memcpy(line->text, data, std::min<std::size_t>(size, BINPRM_BUF_SIZE));
    if (line->text[0] != '#' || line->text[1] != '!')
        return -1;
    const bool parsed = parse_script_line(*line).ok();
    const auto ends_inside = [&](const char* text) {
        const char* const end = line->text + sizeof line->text;
        return text >= line->text && text < end &&
               std::memchr(text, '\0', static_cast<std::size_t>(end - text)) != nullptr;
    };
    if (parsed) {
        fuzz::require(ends_inside(line->interpreter), "the interpreter's name has no end");
        fuzz::require(!is_blank(*line->interpreter), "the interpreter's name begins with a blank");
        fuzz::require(line->argument == nullptr || ends_inside(line->argument), "the argument has no end");
    }
    return 0;
}
