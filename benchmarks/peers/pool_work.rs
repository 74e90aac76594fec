// What a task of pool.rs and of pool_rayon.rs computes.
fn work(a: f64, b: f64, steps: u64) -> f64 {
    if steps == 0 {
        return a + b;
    }
    let mut total = 0.0;
    for i in 0..steps {
        total += ((i as f64) * 0.5 + a) % 7.0;
    }
    total + b
}
