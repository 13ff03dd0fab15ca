# python3: threads, a queue, an event.
cat >threads.py <<'END'
import queue, threading
numbers, sums = queue.Queue(), []
lock = threading.Lock()
def work():
    total = 0
    while (n := numbers.get()) is not None:
        total += n
    with lock:
        sums.append(total)
workers = [threading.Thread(target=work) for _ in range(4)]
for w in workers: w.start()
for n in range(2000): numbers.put(n)
for _ in workers: numbers.put(None)
for w in workers: w.join()
print(sum(sums))
event = threading.Event()
threading.Timer(0.02, event.set).start()
print(event.wait(5))
END
is $'1999000\nTrue' python3 threads.py
