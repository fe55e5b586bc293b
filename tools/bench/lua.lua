-- Lua's job: tables, strings, closures, numbers. The argument is the amount of work in per cent.
local percent = tonumber(arg[1] or 100)

local function permutations(n)
	local count, sum = 0, 0
	local p = {}
	for i = 1, n do p[i] = i end
	local function permute(k)
		if k == 1 then
			count = count + 1
			sum = (sum * 31 + p[1] * p[n]) % 1000000007
			return
		end
		for i = 1, k do
			permute(k - 1)
			local j = k % 2 == 0 and i or 1
			p[j], p[k] = p[k], p[j]
		end
	end
	permute(n)
	return count, sum
end

local function words(n)
	local counts, keys = {}, {}
	for i = 1, n do
		local word = string.format("w%d", i * 7919 % 997)
		counts[word] = (counts[word] or 0) + #word
	end
	for word in pairs(counts) do keys[#keys + 1] = word end
	table.sort(keys)
	return #keys, table.concat(keys, ","):gsub("w(%d)", "%1x"):len()
end

local function spectral(n)
	local u, v = {}, {}
	for i = 1, n do u[i] = 1 end
	for _ = 1, 4 do
		for i = 1, n do
			local sum = 0
			for j = 1, n do sum = sum + u[j] / ((i + j) * (i + j + 1) // 2 + i + 1) end
			v[i] = sum
		end
		u, v = v, u
	end
	return u[n // 2]
end

for _ = 1, math.max(1, percent // 3) do
	local count, sum = permutations(7)
	local keys, length = words(20000)
	print(count, sum, keys, length, string.format("%a", spectral(80)))
end
