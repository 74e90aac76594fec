// The same job as pool.rs on rayon's pool: every task is spawned by itself from a thread that is no
// worker of it, with a channel of its own for the result.
//
// usage: pool_rayon WORKERS TASKS STEPS; prints {"tasks_per_second": figure}. STEPS 0: a + b.
use std::sync::mpsc::channel;
use std::time::Instant;

include!("pool_work.rs");

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let (workers, tasks, steps) = (numbers[0], numbers[1], numbers[2]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers as usize).build().unwrap();
    let began = Instant::now();
    let mut results = Vec::with_capacity(tasks as usize);
    for i in 0..tasks {
        let (sender, receiver) = channel();
        let (a, b) = (i as f64, 0.5);
        pool.spawn(move || {
            let _ = sender.send(work(a, b, steps));
        });
        results.push(receiver);
    }
    let sum: f64 = results.iter().map(|result| result.recv().unwrap()).sum();
    let elapsed = began.elapsed().as_secs_f64();
    assert!(sum > 0.0);
    println!("{{\"tasks_per_second\": {}}}", tasks as f64 / elapsed);
}
