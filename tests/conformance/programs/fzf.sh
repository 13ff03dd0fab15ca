# fzf, a Go program with many threads: its filter.
is $'apple pie\npineapple' bash -c 'printf "pineapple\nbanana\napple pie\n" | fzf --filter apple | sort'
is 100 bash -c 'seq 10000 | fzf --filter "^99" | sort -u | wc -l | { read -r n; [[ $n == 111 ]] && echo 100; }'
is 1 bash -c 'printf "a\n" | fzf --filter zzz; echo $?'
