-- Patterns, closures, coroutines, metatables, string formatting, sorting, integer and float edges, garbage.
local function generate(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i * i) end end) end
local sum = 0
for square in generate(1000) do sum = sum + square end
print("squares", sum)

local Point = {}
Point.__index = Point
Point.__add = function(a, b) return setmetatable({ x = a.x + b.x, y = a.y + b.y }, Point) end
Point.__tostring = function(p) return "(" .. p.x .. ", " .. p.y .. ")" end
Point.__lt = function(a, b) return a.x < b.x end
local p = setmetatable({ x = 1, y = 2.5 }, Point)
print(tostring(p + p), p < p + p)

local text = ("the quick brown fox jumps over the lazy dog "):rep(50)
local counts = {}
for word in text:gmatch("%a+") do counts[word] = (counts[word] or 0) + 1 end
local words = {}
for word in pairs(counts) do words[#words + 1] = word end
table.sort(words)
print(table.concat(words, ","), counts.the, text:find("lazy", 1, true), (text:gsub("o", "0")):sub(1, 20))

print(7 // 2, -7 // 2, 7 % -3, 7.5 // 2, 1e308 * 10, -(0 / 0) ~= 0 / 0, math.maxinteger + 1 == math.mininteger)
print(string.format("%5.3f %g %a %q %x %10s|%-5d|", 1 / 3, 1e100, 0.1, "a\nb", 255, "right", 42))
print(3 | 4, 7 & 2, 5 ~ 1, ~0, 1 << 62, -1 >> 60, "10" + 5, 10 .. 20, 2 ^ 0.5, math.tointeger(3.0))
print(string.pack("<i4d", 7, 1.5):byte(1, -1))
print(pcall(error, { code = 5 }), select("#", pcall(error)), (select(2, pcall(function() local x = nil; return x.y end))))
print(#utf8.char(228, 8364, 128512), utf8.len("äö€"))

local garbage = {}
for i = 1, 20000 do garbage[i % 100] = { i, tostring(i) } end
collectgarbage()
print(collectgarbage("count") < 4000)
local sieve, primes = {}, 0
for i = 2, 20000 do
	if not sieve[i] then
		primes = primes + 1
		for j = i * i, 20000, i do sieve[j] = true end
	end
end
print("primes", primes)
local f = assert(io.open("out", "w"))
for i = 1, 500 do f:write(i, "\t", math.sin(i) > 0 and "+" or "-", "\n") end
f:close()
local lines = 0
for line in io.lines("out") do lines = lines + #line end
print("bytes", lines, os.remove("out"), os.date("!%Y-%m-%d", 0))
