// nobody PROGRAM [ARG...]: runs it as the user nobody, without capabilities.
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

enum { NOBODY = 65534 };

int main(int count, char** words) {
    if (count < 2 || setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0) {
        perror("nobody");
        return 126;
    }
    execv(words[1], words + 1);
    perror(words[1]);
    return 127;
}
