// The jobs of bench_fork.py in Go: a goroutine for each fork.
//
// usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const small = 64

func fib(n int) int {
	if n < 2 {
		return n
	}
	var left int
	var forked sync.WaitGroup
	forked.Add(1)
	go func() {
		left = fib(n - 1)
		forked.Done()
	}()
	right := fib(n - 2)
	forked.Wait()
	return left + right
}

func quicksort(x []float64) {
	var forked sync.WaitGroup
	for len(x) > small {
		pivot := x[len(x)/2]
		low, high := 0, len(x)-1
		for low <= high {
			for x[low] < pivot {
				low++
			}
			for x[high] > pivot {
				high--
			}
			if low <= high {
				x[low], x[high] = x[high], x[low]
				low++
				high--
			}
		}
		front := x[:high+1]
		forked.Add(1)
		go func() {
			quicksort(front)
			forked.Done()
		}()
		x = x[low:]
	}
	for i := 1; i < len(x); i++ {
		value, at := x[i], i
		for ; at > 0 && x[at-1] > value; at-- {
			x[at] = x[at-1]
		}
		x[at] = value
	}
	forked.Wait()
}

func queens(n, row, columns, left, right int) int {
	if row == n {
		return 1
	}
	count := 0
	for column := 0; column < n; column++ {
		bit := 1 << column
		if (columns|left|right)&bit == 0 {
			count += queens(n, row+1, columns|bit, (left|bit)<<1, (right|bit)>>1)
		}
	}
	return count
}

func allQueens(n, first, last int) int {
	if last-first == 1 {
		bit := 1 << first
		return queens(n, 1, bit, bit<<1, bit>>1)
	}
	middle := (first + last) / 2
	var half int
	var forked sync.WaitGroup
	forked.Add(1)
	go func() {
		half = allQueens(n, first, middle)
		forked.Done()
	}()
	rest := allQueens(n, middle, last)
	forked.Wait()
	return half + rest
}

func main() {
	workers, _ := strconv.Atoi(os.Args[1])
	size, _ := strconv.Atoi(os.Args[3])
	rounds, _ := strconv.Atoi(os.Args[4])
	runtime.GOMAXPROCS(workers)
	var numbers []float64
	if os.Args[2] == "quicksort" {
		numbers = make([]float64, size)
	}
	seconds := []string{}
	result := 0
	for round := -1; round < rounds; round++ { // the first, for stacks and heaps, is not told
		state := uint64(1)
		for i := range numbers {
			state = state*6364136223846793005 + 1442695040888963407
			numbers[i] = float64(state>>11) / (1 << 53)
		}
		began := time.Now()
		switch os.Args[2] {
		case "fib":
			result = fib(size)
		case "queens":
			result = allQueens(size, 0, size)
		default:
			quicksort(numbers)
		}
		if round >= 0 {
			seconds = append(seconds, fmt.Sprint(time.Since(began).Seconds()))
		}
	}
	if os.Args[2] == "quicksort" && sort.Float64sAreSorted(numbers) {
		result = 1
	}
	fmt.Printf("{\"seconds\": [%s], \"result\": %d}\n", strings.Join(seconds, ", "), result)
}
