# Turns catalogue.tsv into the rows of a C++ table: { name, calls, sentence }. Run as
#   awk -f user/scenarios/catalogue.awk user/scenarios/catalogue.tsv > user/scenarios/catalogue.inc   (in the build tree)
BEGIN { FS = "\t" }
/^#/ { next }
NF != 10 { printf "%s:%d: %d fields, not 10\n", FILENAME, FNR, NF > "/dev/stderr"; exit 1 }
{
    sentence = $10
    gsub(/\\/, "\\\\", sentence)
    gsub(/"/, "\\\"", sentence)
    printf "    {\"%s\", %s, \"%s\"},\n", $1, ($7 == "-" ? "UNCOUNTED" : $7), sentence
}
