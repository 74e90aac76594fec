/* The jobs of bench_fork.py in OpenMP, by tasks on WORKERS threads.
 *
 * usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = 64 };

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
        double pivot = x[(begin + end) / 2];
        long low = begin, high = end - 1, first = begin;
        while (low <= high) {
            while (x[low] < pivot)
                low++;
            while (x[high] > pivot)
                high--;
            if (low <= high) {
                double kept = x[low];
                x[low++] = x[high];
                x[high--] = kept;
            }
        }
#pragma omp task
        quicksort(x, first, high + 1);
        begin = low;
    }
    for (long i = begin + 1; i < end; i++) {
        double value = x[i];
        long at = i;
        for (; at > begin && x[at - 1] > value; at--)
            x[at] = x[at - 1];
        x[at] = value;
    }
#pragma omp taskwait
}

static long queens(long n, long row, long columns, long left, long right)
{
    long count = 0;
    if (row == n)
        return 1;
    for (long column = 0; column < n; column++) {
        long bit = 1L << column;
        if (((columns | left | right) & bit) == 0)
            count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

static long all_queens(long n, long first, long last)
{
    long middle = (first + last) / 2, half, rest;
    if (last - first == 1)
        return queens(n, 1, 1L << first, 1L << first << 1, 1L << first >> 1);
#pragma omp task shared(half)
    half = all_queens(n, first, middle);
    rest = all_queens(n, middle, last);
#pragma omp taskwait
    return half + rest;
}

static void fill(long size)
{
    unsigned long long state = 1;
    for (long i = 0; i < size; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        numbers[i] = (double)(state >> 11) * 0x1p-53;
    }
}

static long sorted(long size)
{
    for (long i = 1; i < size; i++)
        if (numbers[i - 1] > numbers[i])
            return 0;
    return 1;
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
            fill(size);
        began = omp_get_wtime();
#pragma omp parallel num_threads(workers)
#pragma omp single
        result = run(argv[2], size);
        if (i >= 0)
            printf("%s%.9f", i ? ", " : "", omp_get_wtime() - began);
    }
    printf("], \"result\": %ld}\n", sorts ? sorted(size) : result);
    return 0;
}
