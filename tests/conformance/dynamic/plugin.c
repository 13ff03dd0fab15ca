// A shared object that the program opens while it runs. It has thread-local storage, a constructor and a destructor.
#include <stdio.h>

static __thread int calls = 40;
__thread int plugin_errors;
static int constructed;

__attribute__((constructor)) static void begin(void) { constructed = 1; }
__attribute__((destructor)) static void end(void) { puts("plugin: closed"); }

int plugin_is_constructed(void) { return constructed; }
int plugin_count(void) { return ++calls; } // in this thread, from 41 on
