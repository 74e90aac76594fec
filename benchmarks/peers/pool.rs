// The same job as bench_spec.py in Rust, with the standard library alone: a pool of workers behind
// one queue, for any function of two f64; every task carries a channel of its own for the result.
// One thread submits all tasks, then reads all results.
//
// usage: pool WORKERS TASKS STEPS; prints {"tasks_per_second": figure}. STEPS 0: a + b.
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::collections::VecDeque;
use std::time::Instant;

struct Task {
    a: f64,
    b: f64,
    result: Sender<f64>,
}

type Queue = Arc<(Mutex<VecDeque<Option<Task>>>, Condvar)>;

include!("pool_work.rs");

fn serve(queue: Queue, steps: u64) {
    loop {
        let mut entries = queue.0.lock().unwrap();
        while entries.is_empty() {
            entries = queue.1.wait(entries).unwrap();
        }
        match entries.pop_front().unwrap() {
            Some(task) => {
                drop(entries);
                let _ = task.result.send(work(task.a, task.b, steps));
            }
            None => return,
        }
    }
}

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse().unwrap()).collect();
    let (workers, tasks, steps) = (numbers[0], numbers[1], numbers[2]);
    let queue: Queue = Arc::new((Mutex::new(VecDeque::new()), Condvar::new()));
    let threads: Vec<_> = (0..workers)
        .map(|_| {
            let queue = queue.clone();
            std::thread::spawn(move || serve(queue, steps))
        })
        .collect();
    let began = Instant::now();
    let mut results = Vec::with_capacity(tasks as usize);
    for i in 0..tasks {
        let (sender, receiver) = channel();
        queue.0.lock().unwrap().push_back(Some(Task { a: i as f64, b: 0.5, result: sender }));
        queue.1.notify_one();
        results.push(receiver);
    }
    let sum: f64 = results.iter().map(|result| result.recv().unwrap()).sum();
    let elapsed = began.elapsed().as_secs_f64();
    for _ in 0..workers {
        queue.0.lock().unwrap().push_back(None);
        queue.1.notify_one();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(sum > 0.0);
    println!("{{\"tasks_per_second\": {}}}", tasks as f64 / elapsed);
}
