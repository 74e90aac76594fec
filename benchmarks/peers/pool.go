// The same job as bench_submit.py in Go: a pool of workers behind one buffered channel;
// every task carries two float64 and a channel of its own for its result; one goroutine
// submits all tasks and then reads all results.
//
// usage: pool WORKERS TASKS ROUNDS; prints {"tasks_per_second": [one figure per round]}
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strconv"
	"time"
)

type task struct {
	a, b   float64
	result chan float64
}

// queueSize is the default queue_size of a catzilla_jit runtime.
const queueSize = 10000

func worker(queue <-chan task) {
	for t := range queue {
		t.result <- t.a + t.b
	}
}

func round(queue chan<- task, results []chan float64) float64 {
	began := time.Now()
	for i := range results {
		results[i] = make(chan float64, 1)
		queue <- task{float64(i), 0.5, results[i]}
	}
	sum := 0.0
	for _, result := range results {
		sum += <-result
	}
	elapsed := time.Since(began).Seconds()
	n := float64(len(results))
	if expected := n*(n-1)/2 + n/2; sum != expected {
		panic("a result is wrong")
	}
	return n / elapsed
}

func argument(i int) int {
	n, err := strconv.Atoi(os.Args[i])
	if err != nil || n < 1 {
		panic("usage: pool WORKERS TASKS ROUNDS")
	}
	return n
}

func main() {
	workers, tasks, rounds := argument(1), argument(2), argument(3)
	runtime.GOMAXPROCS(workers)
	queue := make(chan task, queueSize)
	for i := 0; i < workers; i++ {
		go worker(queue)
	}
	results := make([]chan float64, tasks)
	round(queue, results) // heap and threads come to their size here
	figures := make([]float64, rounds)
	for i := range figures {
		figures[i] = round(queue, results)
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"tasks_per_second": figures})
}
