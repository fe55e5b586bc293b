/** Numbers, arrays and strings, as the bytecode interpreter of java -Xint runs them. */
public class Bench {
	static int sieve(int limit) {
		boolean[] composite = new boolean[limit + 1];
		int primes = 0;

		for (int k = 2; k <= limit; k++) {
			if (composite[k])
				continue;
			primes++;
			for (int n = 2 * k; n <= limit; n += k)
				composite[n] = true;
		}
		return primes;
	}

	static long hash(int count) {
		StringBuilder text = new StringBuilder();
		long sum = 0;

		for (int k = 0; k < count; k++) {
			text.setLength(0);
			text.append(k).append(' ').append(k * 31 % 1009);
			sum = sum * 31 + text.toString().hashCode();
		}
		return sum;
	}

	public static void main(String[] words) {
		int work = words.length > 0 ? Integer.parseInt(words[0]) : 100;

		System.out.println(sieve(20000 * work) + " " + hash(1500 * work));
	}
}
