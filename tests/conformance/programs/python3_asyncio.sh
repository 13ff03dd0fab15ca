# python3: an event loop: timers, signals, children, threads.
cat >events.py <<'END'
import asyncio, os, signal
async def ticker(n):
    for i in range(n):
        await asyncio.sleep(0.001)
    return n
async def main():
    print(sum(await asyncio.gather(*(ticker(n) for n in range(20)))))
    loop = asyncio.get_running_loop()
    got = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, got.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(got.wait(), 5)
    print('signal')
    process = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate(b'through a child')
    print(out.decode(), process.returncode)
    print(await loop.run_in_executor(None, lambda: 'in a thread'))
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.01)
    except asyncio.TimeoutError:
        print('timeout')
asyncio.run(main())
END
is $'190\nsignal\nthrough a child 0\nin a thread\ntimeout' python3 events.py
