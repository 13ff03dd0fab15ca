# git: a repository, branches, a merge, a clone, its log and its garbage.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE='2011-07-26T12:00:00Z' GIT_COMMITTER_DATE='2011-07-26T12:00:00Z'
git init -q -b main repository
cd repository
for i in 1 2 3; do
    seq "$i" "$((i * 10))" >"file$i"
    git add .
    git commit -q -m "commit $i"
done
is 3 git rev-list --count HEAD
is '' git status --porcelain
git checkout -q -b side HEAD~1
echo side >side
git add side
git commit -q -m side
git checkout -q main
git merge -q -m merged side
is $'file1\nfile2\nfile3\nside' git ls-files
is 5 git rev-list --count HEAD
echo more >>file1
is $' 1 file changed, 1 insertion(+)' git diff --shortstat
git stash -q
is '' git status --porcelain
git stash pop -q
is ' M file1' git status --porcelain
git commit -q -a -m last
git gc -q
is '' git fsck --no-progress --no-dangling
git clone -q . ../clone
is last git -C ../clone log -1 --format=%s
is "$(git rev-parse HEAD)" git -C ../clone rev-parse HEAD
echo pushed >../clone/new
git -C ../clone add new
git -C ../clone commit -q -m pushed
git -C ../clone push -q origin HEAD:refs/heads/pushed
is pushed git log -1 --format=%s pushed
is 'file2:10:11' git grep -n 11 -- file2
