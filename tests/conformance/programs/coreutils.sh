# coreutils: what every script uses. `ls -l` and `df` complain of nothing.
printf 'c\na\nb\n' >letters
ln -s letters link
mkdir -m 1777 directory
mkfifo pipe
touch -d '2011-07-26 12:00' letters
like '-rw-r--r-- 1 root root 6 Jul 26  2011 letters' ls -l letters
like 'total *directory*letters*link -> letters*pipe' ls -l
like '*drwxrwxrwt* directory' ls -ld directory
like 'Filesystem * Mounted on*/*' df
like 'Filesystem * /' df /
like 'Filesystem*Inodes*' df -i /
like 'Filesystem*Size*' df -h /tmp
is $'a\nb\nc' sort letters
is '3 letters' wc -l letters
is 'regular file 6' stat -c '%F %s' letters
is $'tmp\nproc' basename -a /tmp /proc
is ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad bash -c 'printf abc | sha256sum | cut -c 1-64'
dd if=/dev/zero of=zeros bs=64k count=16 status=none
is 1048576 stat -c %s zeros
cp -a . ../copy
is '' cmp zeros ../copy/zeros
is letters readlink ../copy/link
split -b 300k zeros part.
is '4' bash -c 'ls part.* | wc -l'
is '' bash -c 'cat part.* | cmp - zeros'
truncate -s 3M zeros
like '*zeros' du -h --apparent-size zeros
is '' timeout 5 true
is 124 bash -c 'timeout 0.05 sleep 5; echo $?'
is '5 4 3 2 1' bash -c 'seq 5 | tac | paste -sd " "'
is 'uid=0(root) gid=0(root) groups=0(root)' bash -c 'id'
is $'1\n2' bash -c '(echo 1; sleep 0.05; echo 2) >follow & tail -n +1 -f --pid=$! --sleep-interval=0.02 follow'
like '[1-9]*' nproc
rm -r ../copy
mv letters directory/moved
is $'c\na\nb' tee /dev/null <directory/moved
like 'Linux *' uname -a
install -D -m 755 directory/moved deep/er/est
is 755 stat -c %a deep/er/est
is 'a,b,c' bash -c 'shuf directory/moved | sort | paste -sd ,'
is '/tmp/coreutils/deep' realpath deep/er/..
sync
