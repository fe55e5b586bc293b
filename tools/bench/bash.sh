# Bash's job: arithmetic, arrays, pattern substitution, functions, subshells. The argument is the amount of work in per cent.
# Nothing is exec'd: some emulators would run a child program natively.
percent=${1:-100}

primes() {
	local n d count=0
	for ((n = 2; n < $1; n++)); do
		for ((d = 2; d * d <= n; d++)); do
			((n % d == 0)) && continue 2
		done
		((count++))
	done
	echo "$count"
}

declare -A seen
text=
for ((i = 0; i < 40 * percent; i++)); do
	word=w$((i * 7919 % 101))
	((seen[$word]++))
	text+=${word/w/v}
	((${#text} > 400)) && text=${text:200}
done
echo "${#seen[@]} ${text//v/ }"
for ((i = 0; i < percent / 10; i++)); do
	echo "$i $(primes 1200)" | while read -r a b; do echo "${b}:${a}"; done
done
