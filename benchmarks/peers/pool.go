// The same job as bench_submit.py in Go: a pool of workers behind one buffered channel,
// for any function of two float64; every task carries the function, its arguments and a
// channel of its own for the result. One goroutine submits all tasks, then reads all
// results.
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
	function func(a, b float64) float64
	a, b     float64
	result   chan float64
}

// queueSize is the default queue_size of a catzilla_jit runtime.
const queueSize = 10000

func add(a, b float64) float64 {
	return a + b
}

func worker(queue <-chan task) {
	for t := range queue {
		t.result <- t.function(t.a, t.b)
	}
}

func round(queue chan<- task, tasks int) float64 {
	began := time.Now()
	results := make([]chan float64, tasks)
	for i := range results {
		results[i] = make(chan float64, 1)
		queue <- task{add, float64(i), 0.5, results[i]}
	}
	sum := 0.0
	for _, result := range results {
		sum += <-result
	}
	elapsed := time.Since(began).Seconds()
	n := float64(tasks)
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
	round(queue, tasks) // heap and threads come to their size here
	figures := make([]float64, rounds)
	for i := range figures {
		figures[i] = round(queue, tasks)
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"tasks_per_second": figures})
}
