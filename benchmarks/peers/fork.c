/* The job of bench_fork.py in OpenMP: fib(N) by tasks, on WORKERS threads.
 *
 * usage: fib WORKERS N ROUNDS; prints {"seconds": [one figure per round]}
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static long fib(long n)
{
    long left, right;
    if (n < 2)
        return n;
#pragma omp task shared(left)
    left = fib(n - 1);
    right = fib(n - 2);
#pragma omp taskwait
    return left + right;
}

int main(int argc, char **argv)
{
    int workers = argc == 4 ? atoi(argv[1]) : 0, rounds = argc == 4 ? atoi(argv[3]) : 0;
    long n = argc == 4 ? atol(argv[2]) : 0, result = 0;
    if (workers < 1 || rounds < 1)
        return 1;
    printf("{\"seconds\": [");
    for (int i = -1; i < rounds; i++) { /* the first, for threads and heaps, is not told */
        double began = omp_get_wtime();
#pragma omp parallel num_threads(workers)
#pragma omp single
        result = fib(n);
        if (i >= 0)
            printf("%s%.9f", i ? ", " : "", omp_get_wtime() - began);
    }
    printf("], \"result\": %ld}\n", result);
    return 0;
}
