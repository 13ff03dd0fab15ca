# lua: a few lines of it.
is 'hello 6765' lua5.4 -e 'local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print("hello " .. fib(20))'
is 'abc' lua5.4 -e 'local f = io.popen("echo abc"); print(f:read()); f:close()'
is $'1\n2\n3' lua5.4 -e 'local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) print(c()) print(c()) print(c())'
is '10000' lua5.4 -e 'local t = {} for i = 1, 10000 do t[i] = tostring(i) end collectgarbage() print(#t)'
is 'written' lua5.4 -e 'local f = io.open("file", "w") f:write("written") f:close() for line in io.lines("file") do print(line) end os.remove("file")'
