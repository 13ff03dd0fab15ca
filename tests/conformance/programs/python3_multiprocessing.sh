# python3: processes: pools, pipes, shared memory, by fork and by spawn.
cat >processes.py <<'END'
import multiprocessing, os
def square(n): return n * n
def child(connection, value, lock):
    with lock:
        value.value += 5
    connection.send({'pid': os.getpid() != os.getppid(), 'got': connection.recv()})
if __name__ == '__main__':
    for method in ('fork', 'spawn'):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(sum(pool.map(square, range(50))))
        ours, theirs = context.Pipe()
        value, lock = context.Value('i', 1), context.Lock()
        process = context.Process(target=child, args=(theirs, value, lock))
        process.start()
        ours.send('hello')
        print(ours.recv()['got'], value.value)
        process.join()
        print(process.exitcode)
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2) as executor:
        print(list(executor.map(square, [1, 2, 3])))
    from multiprocessing import shared_memory
    memory = shared_memory.SharedMemory(create=True, size=4096)
    other = shared_memory.SharedMemory(memory.name)
    memory.buf[7] = 42
    print(other.buf[7])
    other.close(); memory.close(); memory.unlink()
END
is $'40425\nhello 6\n0\n40425\nhello 6\n0\n[1, 4, 9]\n42' python3 processes.py
