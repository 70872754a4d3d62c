//! Threads for whoever only listens to the line: webhooks, the reading of the log for sockets, the account of users' time. The
//! processors are the calls' first, and theirs when no call wants them (I31).

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// They end with this, and break off what is left of their work.
#[derive(Debug)]
pub struct Threads(Option<Runtime>);

/// By how much they stand back: each counts a tenth of a thread that calls run on, while both want a processor.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

impl Threads {
    /// As many as there are processors.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start() -> io::Result<Self> {
        let mut runtime = Builder::new_multi_thread();
        runtime.thread_name("dutyline-listen").on_thread_start(stand_back).enable_all();
        Ok(Self(Some(runtime.build()?)))
    }

    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is here until the end").handle()
    }
}

impl Drop for Threads {
    /// Waits for nobody, as an asynchronous task may not.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Linux keeps a niceness for each thread. Where it is the whole process's, calls and listeners stay equals.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "those who listen to the line take as much of the processors as calls do");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn whoever_listens_stands_back_and_calls_do_not() {
        let niceness = || getpriority_process(None).expect("a thread has one");
        let calls = niceness();
        let threads = Threads::start().expect("threads");
        let listeners = threads.handle().spawn(async move { niceness() }).await.expect("it ran");
        assert_eq!(listeners, (calls + NICENESS).min(19));
        assert_eq!(niceness(), calls);
    }
}
