# age, a Go program: makes keys, encrypts and decrypts.
age-keygen -o key 2>public
recipient=$(sed -n 's/^Public key: //p' public)
echo 'a secret' >plain
age -r "$recipient" -o cipher plain
is 'a secret' age -d -i key cipher
head -c 300000 /dev/urandom >large
age -a -r "$recipient" -o large.age large
is '' bash -c 'age -d -i key large.age | cmp - large'
age-keygen -o other 2>/dev/null
is refused bash -c 'age -d -i other cipher >/dev/null 2>&1 || echo refused'
