// Goroutines, channels, maps and sorting: what the runtime of Go does, and compiled Go.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
)

func count(words int, seed uint32, out chan map[string]int) {
	seen := map[string]int{}
	for k := 0; k < words; k++ {
		seed = seed*1103515245 + 12345
		seen["w"+strconv.Itoa(int(seed>>16%4096))]++
	}
	out <- seen
}

func main() {
	work := 100
	if len(os.Args) > 1 {
		work, _ = strconv.Atoi(os.Args[1])
	}
	const parts = 8
	out := make(chan map[string]int, parts)
	for part := 0; part < parts; part++ {
		go count(3000*work, uint32(part+1), out)
	}
	total := map[string]int{}
	for part := 0; part < parts; part++ {
		for word, n := range <-out {
			total[word] += n
		}
	}
	words := make([]string, 0, len(total))
	for word := range total {
		words = append(words, word)
	}
	sort.Slice(words, func(a, b int) bool {
		return total[words[a]] > total[words[b]] || total[words[a]] == total[words[b]] && words[a] < words[b]
	})
	fmt.Println(len(words), words[:3], total[words[0]])
}
