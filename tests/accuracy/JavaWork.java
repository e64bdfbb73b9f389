// SPDX-License-Identifier: Apache-2.0
// Work for the compilers and the collector of a JVM: java JavaWork.java SECONDS.
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;

class JavaWork {
	public static void main(String[] arguments) {
		long end = System.nanoTime() + (long) (1e9 * Double.parseDouble(arguments[0]));
		long sum = 0;

		while (System.nanoTime() < end) {
			HashMap<String, Integer> lengths = new HashMap<>();
			ArrayList<String> words = new ArrayList<>();

			for (int i = 0; i < 20000; i++) {
				String word = "word " + i * 31 % 9973;
				lengths.merge(word, word.length(), Integer::sum);
				words.add(word);
			}
			Collections.sort(words);
			for (String word : words)
				sum += lengths.get(word) + String.join("-", word.split(" ")).hashCode();
		}
		System.out.println(sum);
	}
}
