# python3: what the standard library does with the system.
cat >system.py <<'END'
import ctypes, hashlib, json, mmap, os, select, shutil, sqlite3, subprocess, tempfile, zlib
print(hashlib.sha256(b'abc').hexdigest()[:8], zlib.crc32(b'abc'))
print(json.dumps({'a': [1, None]}), ctypes.CDLL(None).getpid() == os.getpid())
print(subprocess.run(['tr', 'a-z', 'A-Z'], input='shout', capture_output=True, text=True).stdout)
with tempfile.TemporaryFile() as f:
    f.write(b'x' * 8192); f.flush()
    with mmap.mmap(f.fileno(), 0) as m:
        m[4096:4100] = b'mmap'
    f.seek(4096); print(f.read(4))
base = sqlite3.connect('test.db')
base.execute('create table t(a)'); base.executemany('insert into t values(?)', [(i,) for i in range(100)]); base.commit()
print(base.execute('select sum(a) from t').fetchone()[0])
r, w = os.pipe()
p = select.epoll(); p.register(r, select.EPOLLIN); os.write(w, b'1'); print(p.poll(1) == [(r, select.EPOLLIN)])
os.makedirs('a/b/c'); open('a/b/c/f', 'w').close(); shutil.copytree('a', 'd'); print(sorted(x for _, _, fs in os.walk('d') for x in fs))
print(len(os.urandom(16)), os.cpu_count() >= 1)
END
is $'ba7816bf 891568578\n{"a": [1, null]} True\nSHOUT\nb\'mmap\'\n4950\nTrue\n[\'f\']\n16 True' python3 system.py
