// System V message queues: msgget(2), msgop(2), msgctl(2).
#include "tests/conformance/checks/check.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/time.h>
#include <time.h>

struct message {
    long type;
    char text[64];
};

static int queue(void) { return msgget(IPC_PRIVATE, 0600); }

static int send(int id, long type, const char* text, int flags) {
    struct message message = {.type = type};
    strcpy(message.text, text);
    return msgsnd(id, &message, strlen(text) + 1, flags);
}

// The text of the message received, or "" and errno.
static const char* receive(int id, long type, int flags) {
    static struct message message;
    memset(&message, 0, sizeof message);
    errno = 0;
    const ssize_t length = msgrcv(id, &message, sizeof message.text, type, flags);
    CHECK(length < 0 || (size_t)length == strlen(message.text) + 1);
    return length < 0 ? "" : message.text;
}
#define RECEIVES(id, type, flags, text) CHECK(strcmp(receive(id, type, flags), text) == 0)

static void names(void) {
    const key_t key = ftok("/proc/self/exe", 'm');
    FAILS(msgget(key, 0600), ENOENT);
    const int id = msgget(key, IPC_CREAT | IPC_EXCL | 0640);
    WORKS(id);
    FAILS(msgget(key, IPC_CREAT | IPC_EXCL | 0640), EEXIST);
    CHECK(msgget(key, 0) == id && msgget(key, IPC_CREAT) == id);
    CHECK(queue() != id);
    struct msqid_ds status;
    WORKS(msgctl(id, IPC_STAT, &status));
    CHECK((status.msg_perm.mode & 0777) == 0640 && status.msg_perm.uid == geteuid() &&
          status.msg_perm.cgid == getegid());
    CHECK(status.msg_qnum == 0 && status.msg_lspid == 0 && status.msg_lrpid == 0 && status.msg_stime == 0);
    CHECK(status.msg_qbytes == 16384 && status.msg_ctime <= time(NULL) && status.msg_ctime > time(NULL) - 10);
    WORKS(msgctl(id, IPC_RMID, NULL));
    FAILS(msgctl(id, IPC_STAT, &status), EINVAL);
    FAILS(msgget(key, 0), ENOENT);
}

static void order(void) {
    const int id = queue();
    WORKS(send(id, 3, "c", 0));
    WORKS(send(id, 1, "a", 0));
    WORKS(send(id, 2, "b", 0));
    WORKS(send(id, 1, "aa", 0));
    struct msqid_ds status;
    WORKS(msgctl(id, IPC_STAT, &status));
    CHECK(status.msg_qnum == 4 && status.__msg_cbytes == 9 && status.msg_lspid == getpid());
    RECEIVES(id, 2, MSG_COPY | IPC_NOWAIT, "b"); // the third in the queue, which stays
    RECEIVES(id, 4, MSG_COPY | IPC_NOWAIT, "");
    CHECK(errno == ENOMSG);
    RECEIVES(id, -2, 0, "a"); // the lowest type up to two
    RECEIVES(id, -2, 0, "aa");
    RECEIVES(id, 3, MSG_EXCEPT, "b");
    RECEIVES(id, 4, IPC_NOWAIT, "");
    CHECK(errno == ENOMSG);
    RECEIVES(id, 0, 0, "c");
    WORKS(msgctl(id, IPC_STAT, &status));
    CHECK(status.msg_qnum == 0 && status.__msg_cbytes == 0 && status.msg_lrpid == getpid());
    WORKS(msgctl(id, IPC_RMID, NULL));
}

static void errors(void) {
    const int id = queue();
    struct message message = {.type = 1};
    FAILS(msgsnd(id, NULL, 1, 0), EFAULT);
    FAILS(msgsnd(-1, NULL, 1, 0), EFAULT); // the type is read first
    FAILS(msgsnd(id, &message, 8193, 0), EINVAL);
    FAILS(msgsnd(id, &message, (size_t)-1, 0), EINVAL);
    FAILS(msgsnd(id + 1, &message, 1, 0), EINVAL);
    FAILS(send(id, 0, "x", 0), EINVAL);
    FAILS(send(id, -1, "x", 0), EINVAL);
    FAILS(msgrcv(id, &message, (size_t)-1, 0, 0), EINVAL);
    FAILS(msgrcv(-1, &message, 1, 0, 0), EINVAL);
    FAILS(msgrcv(id, &message, 1, 0, MSG_COPY), EINVAL);
    FAILS(msgrcv(id, &message, 1, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT), EINVAL);
    WORKS(send(id, 1, "long", 0));
    FAILS(msgrcv(id, &message, 2, 0, 0), E2BIG);
    CHECK(msgrcv(id, &message, 2, 0, MSG_NOERROR) == 2 && memcmp(message.text, "lo", 2) == 0);
    WORKS(msgsnd(id, &message, 0, 0));
    FAILS(msgrcv(id, (void*)16, 1, 0, 0), EFAULT); // and the message is gone
    FAILS(msgrcv(id, &message, 1, 0, IPC_NOWAIT), ENOMSG);
    FAILS(msgctl(id, 99, NULL), EINVAL);
    FAILS(msgctl(-1, IPC_STAT, NULL), EINVAL);
    FAILS(syscall(SYS_msgctl, id, IPC_STAT, 16), EFAULT);
    FAILS(syscall(SYS_msgctl, id, IPC_SET, 16), EFAULT);
    struct msqid_ds status;
    WORKS(msgctl(id, IPC_STAT, &status));
    status.msg_perm.mode = 0;
    status.msg_qbytes = 100;
    WORKS(msgctl(id, IPC_SET, &status));
    CHILD_OK(setuid(1000); FAILS(send(id, 1, "x", 0), EACCES); FAILS(msgrcv(id, &message, 1, 0, 0), EACCES);
             FAILS(msgctl(id, IPC_STAT, &status), EACCES); FAILS(msgctl(id, IPC_SET, &status), EPERM);
             FAILS(msgctl(id, IPC_RMID, NULL), EPERM));
    FAILS(msgsnd(id, &message, 101, IPC_NOWAIT), EAGAIN);
    struct msginfo info;
    WORKS(msgctl(0, IPC_INFO, (struct msqid_ds*)&info));
    CHECK(info.msgmni == 32000 && info.msgmax == 8192 && info.msgmnb == 16384);
    WORKS(msgctl(id, IPC_RMID, NULL));
}

static void on_alarm(int signal) { (void)signal; }

// A child runs the statements while this process sleeps on the queue, or is about to.
#define MEANWHILE(...)                                                                                                 \
    if (fork() == 0) {                                                                                                 \
        usleep(30000);                                                                                                 \
        __VA_ARGS__;                                                                                                   \
        _exit(0);                                                                                                      \
    }

static void sleeping(void) {
    const int id = queue();
    struct message message = {.type = 9};
    MEANWHILE(send(id, 7, "not this", 0); send(id, 5, "this", 0))
    RECEIVES(id, 5, 0, "this");
    RECEIVES(id, 0, 0, "not this");
    wait(NULL);
    MEANWHILE(send(id, 5, "too long", 0))
    FAILS(msgrcv(id, &message, 2, 0, 0), E2BIG);
    RECEIVES(id, 0, 0, "too long");
    wait(NULL);

    struct msqid_ds status;
    msgctl(id, IPC_STAT, &status);
    status.msg_qbytes = 10;
    WORKS(msgctl(id, IPC_SET, &status));
    WORKS(send(id, 1, "eightby", 0));
    FAILS(send(id, 1, "more", IPC_NOWAIT), EAGAIN);
    MEANWHILE(receive(id, 0, 0))
    WORKS(send(id, 1, "later", 0));
    wait(NULL);
    MEANWHILE(status.msg_qbytes = 100; msgctl(id, IPC_SET, &status))
    WORKS(send(id, 2, "made room", 0));
    wait(NULL);
    RECEIVES(id, 2, 0, "made room");
    RECEIVES(id, 0, 0, "later");

    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    const struct itimerval soon = {{0, 20000}, {0, 20000}}, stop = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &soon, NULL);
    FAILS(msgrcv(id, &message, 1, 0, 0), EINTR); // in spite of SA_RESTART
    setitimer(ITIMER_REAL, &stop, NULL);
    MEANWHILE(msgctl(id, IPC_RMID, NULL))
    FAILS(msgrcv(id, &message, 1, 0, 0), EIDRM);
    wait(NULL);
}

int main(void) {
    names();
    order();
    errors();
    sleeping();
    return failures != 0;
}
