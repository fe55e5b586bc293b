// Numbers, strings, objects and a typed array, as programs for node use them.
"use strict";
const work = Number(process.argv[2] || 100);

function sieve(limit) {
	const composite = new Uint8Array(limit + 1);
	let primes = 0;

	for (let k = 2; k <= limit; k++) {
		if (composite[k])
			continue;
		primes++;
		for (let n = 2 * k; n <= limit; n += k)
			composite[n] = 1;
	}
	return primes;
}

function words(count) {
	const seen = new Map();
	let seed = 1;

	for (let k = 0; k < count; k++) {
		seed = (seed * 1103515245 + 12345) % 2147483648;
		const word = "w" + (seed % 5000).toString(36);
		seen.set(word, (seen.get(word) || 0) + 1);
	}
	return [...seen.entries()].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3);
}

console.log(sieve(10000 * work), JSON.stringify(words(2000 * work)));
