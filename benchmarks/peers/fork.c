/* The jobs of bench_fork.py in OpenMP, by tasks on WORKERS threads.
 *
 * usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fork_jobs.h"

static double *numbers;

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

static void quicksort(double *x, long begin, long end)
{
    while (end - begin > SMALL) {
        long first = begin, high;
        begin = partition(x, begin, end, &high);
#pragma omp task
        quicksort(x, first, high + 1);
    }
    insertion_sort(x, begin, end);
#pragma omp taskwait
}

static long all_queens(long n, long first, long last)
{
    long middle = (first + last) / 2, half, rest;
    if (last - first == 1)
        return queens_from(n, first);
#pragma omp task shared(half)
    half = all_queens(n, first, middle);
    rest = all_queens(n, middle, last);
#pragma omp taskwait
    return half + rest;
}

static long run(const char *job, long size)
{
    if (strcmp(job, "fib") == 0)
        return fib(size);
    if (strcmp(job, "queens") == 0)
        return all_queens(size, 0, size);
    quicksort(numbers, 0, size);
    return 0;
}

int main(int argc, char **argv)
{
    int workers = argc == 5 ? atoi(argv[1]) : 0, rounds = argc == 5 ? atoi(argv[4]) : 0;
    long size = argc == 5 ? atol(argv[3]) : 0, result = 0;
    int sorts = argc == 5 && strcmp(argv[2], "quicksort") == 0;
    if (workers < 1 || rounds < 1 || (numbers = malloc((size_t)size * sizeof *numbers)) == NULL)
        return 1;
    printf("{\"seconds\": [");
    for (int i = -1; i < rounds; i++) { /* the first, for threads and heaps, is not told */
        double began;
        if (sorts)
            fill(numbers, size);
        began = omp_get_wtime();
#pragma omp parallel num_threads(workers)
#pragma omp single
        result = run(argv[2], size);
        if (i >= 0)
            printf("%s%.9f", i ? ", " : "", omp_get_wtime() - began);
    }
    printf("], \"result\": %ld}\n", sorts ? is_sorted(numbers, size) : result);
    return 0;
}
