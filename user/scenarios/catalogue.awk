# Turns catalogue.tsv into the rows of a C++ table: { name, calls, calls with ad_bits=hardware, sentence }. Run as
#   awk -f user/scenarios/catalogue.awk user/scenarios/catalogue.tsv > user/scenarios/catalogue.inc   (in the build tree)
BEGIN { FS = "\t" }
/^#/ { next }
NF != 12 { printf "%s:%d: %d fields, not 12\n", FILENAME, FNR, NF > "/dev/stderr"; exit 1 }
{
    sentence = $12
    gsub(/\\/, "\\\\", sentence)
    gsub(/"/, "\\\"", sentence)
    printf "    {\"%s\", %s, %s, \"%s\"},\n", $1, count($7), count($11), sentence
}
function count(field) { return field == "-" ? "UNCOUNTED" : field }
