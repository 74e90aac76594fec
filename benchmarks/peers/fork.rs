// The jobs of bench_fork.py with rayon's join.
//
// usage: fork WORKERS fib|quicksort|queens SIZE ROUNDS; prints {"seconds": [one per round]}
use std::time::Instant;

const SMALL: usize = 64;

fn fib(n: i64) -> i64 {
    if n < 2 {
        return n;
    }
    let (left, right) = rayon::join(|| fib(n - 1), || fib(n - 2));
    left + right
}

// The numbers are in order but for NaN, of which there is none.
fn quicksort(x: &mut [f64]) {
    let end = x.len();
    if end > SMALL {
        let pivot = x[end / 2];
        let (mut low, mut high) = (0usize, end - 1);
        loop {
            while x[low] < pivot {
                low += 1;
            }
            while x[high] > pivot {
                high -= 1;
            }
            if low > high {
                break;
            }
            x.swap(low, high);
            low += 1;
            if high == 0 || low > high - 1 {
                high = high.wrapping_sub(1);
                break;
            }
            high -= 1;
        }
        let (front, rest) = x.split_at_mut(low);
        let front = &mut front[..high.wrapping_add(1)];
        rayon::join(|| quicksort(front), || quicksort(rest));
        return;
    }
    for i in 1..end {
        let value = x[i];
        let mut at = i;
        while at > 0 && x[at - 1] > value {
            x[at] = x[at - 1];
            at -= 1;
        }
        x[at] = value;
    }
}

fn queens(n: i64, row: i64, columns: i64, left: i64, right: i64) -> i64 {
    if row == n {
        return 1;
    }
    let mut count = 0;
    for column in 0..n {
        let bit = 1 << column;
        if (columns | left | right) & bit == 0 {
            count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
        }
    }
    count
}

fn all_queens(n: i64, first: i64, last: i64) -> i64 {
    if last - first == 1 {
        let bit = 1 << first;
        return queens(n, 1, bit, bit << 1, bit >> 1);
    }
    let middle = (first + last) / 2;
    let (half, rest) = rayon::join(|| all_queens(n, first, middle), || all_queens(n, middle, last));
    half + rest
}

fn main() {
    let given: Vec<String> = std::env::args().collect();
    let workers = given[1].parse().unwrap();
    let (job, size) = (given[2].as_str(), given[3].parse::<i64>().unwrap());
    let rounds = given[4].parse::<i64>().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
    let mut numbers = vec![0.0; if job == "quicksort" { size as usize } else { 0 }];
    let mut seconds = Vec::new();
    let mut result = 0;
    for round in -1..rounds {
        // the first, for threads and heaps, is not told
        let mut state = 1u64;
        for each in numbers.iter_mut() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *each = (state >> 11) as f64 / (1u64 << 53) as f64;
        }
        let began = Instant::now();
        result = pool.install(|| match job {
            "fib" => fib(size),
            "queens" => all_queens(size, 0, size),
            _ => {
                quicksort(&mut numbers);
                0
            }
        });
        if round >= 0 {
            seconds.push(began.elapsed().as_secs_f64().to_string());
        }
    }
    if job == "quicksort" {
        result = numbers.windows(2).all(|pair| pair[0] <= pair[1]) as i64;
    }
    println!("{{\"seconds\": [{}], \"result\": {}}}", seconds.join(", "), result);
}
