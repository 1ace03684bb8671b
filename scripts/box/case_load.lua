-- The load of bench_cases_box.sh: strings, tables, closures, method calls; the same work in every run.
local t, s = {}, 0
local class = {}
class.__index = class
function class:step(x) self.n = (self.n * 31 + x) % 65521; return self.n end
local o = setmetatable({ n = 7 }, class)
local function fold(f, a, n) for i = 1, n do a = f(a, i) end return a end
for round = 1, tonumber(arg[1] or 4) do
  for i = 1, 2000 do t[i] = (i * 7919 + round) % 10007 end
  table.sort(t)
  s = s + fold(function(a, i) return (a + t[i % 2000 + 1]) % 1000003 end, 1, 4000)
  for i = 1, 4000 do s = s + o:step(t[i % 2000 + 1]) end
  local words = {}
  for i = 1, 300 do words[#words + 1] = ("k%d"):format(i % 50) end
  local count = {}
  for w in table.concat(words, " "):gmatch("%w+") do count[w] = (count[w] or 0) + 1 end
  s = s + count.k1
end
print(s)
