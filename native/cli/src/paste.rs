//! What a person pastes: read as it comes, longer than a terminal's line of 4,095 bytes, and not
//! echoed. Without a terminal, the lines of standard input.

use std::io::{self, BufRead, IsTerminal as _, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyModifiers,
};
use crossterm::{execute, terminal};
use grantflow::Secret;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// More than the core takes, so that it can say that a paste is too long.
const LONGEST: usize = 64 * 1024;

/// How many inputs may wait. Whoever writes more than anybody takes has to wait with it.
const QUEUED: usize = 16;

/// How soon the reader notices that nobody waits for it any more.
const GLANCE: Duration = Duration::from_millis(50);

/// Input that follows Enter within this time was pasted, not typed.
const SAME_PASTE: Duration = Duration::from_millis(20);

/// What came from the keyboard.
#[derive(Debug)]
pub(crate) enum Input {
    /// So many characters wait for Enter.
    Typing(usize),
    /// What was there when Enter came.
    Line(Secret),
    /// Ctrl-C, which is a key like any other while we read.
    Interrupt,
}

/// A reader in a thread of its own. Dropping it gives the terminal back.
pub(crate) struct Pastes {
    inputs: mpsc::Receiver<Input>,
    raw: Option<RawTerminal>,
}

impl Pastes {
    /// Begins to read. A terminal that cannot be read key by key is not read at all: it would echo
    /// a secret.
    pub(crate) fn open(whole: bool) -> io::Result<Self> {
        let (sender, inputs) = mpsc::channel(QUEUED);
        let raw = if io::stdin().is_terminal() {
            Some(RawTerminal::take(sender)?)
        } else {
            // Not waited for: a read of standard input cannot be called off.
            thread::Builder::new().name("stdin".into()).spawn(move || {
                if whole { read_all(&sender) } else { read_lines(io::stdin().lock(), &sender) }
            })?;
            None
        };
        Ok(Self { inputs, raw })
    }

    /// The next input; `None` when there will be no more. Loses nothing when it is dropped.
    pub(crate) async fn next(&mut self) -> Option<Input> {
        self.inputs.recv().await
    }

    /// Whether it comes key by key.
    pub(crate) fn is_typed(&self) -> bool {
        self.raw.is_some()
    }
}

/// The terminal in raw mode, with bracketed paste.
struct RawTerminal {
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl RawTerminal {
    fn take(sender: mpsc::Sender<Input>) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let stop = Arc::new(AtomicBool::new(false));
        // From here on dropping `raw` undoes it all.
        let mut raw = Self { stop: Arc::clone(&stop), reader: None };
        if io::stderr().is_terminal() {
            execute!(io::stderr(), EnableBracketedPaste)?;
        }
        let reader = move || read_keys(&sender, &stop);
        raw.reader = Some(thread::Builder::new().name("keyboard".into()).spawn(reader)?);
        Ok(raw)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        // Nothing can be done about a terminal that has gone.
        if io::stderr().is_terminal() {
            let _ = execute!(io::stderr(), DisableBracketedPaste);
        }
        let _ = terminal::disable_raw_mode();
    }
}

/// Until told to stop, or the terminal or whoever listens has gone.
fn read_keys(sender: &mpsc::Sender<Input>, stop: &AtomicBool) {
    let mut line = Line::new();
    while !stop.load(Ordering::Relaxed) {
        let input = match event::poll(GLANCE) {
            Ok(false) => continue,
            Ok(true) => event::read().map(|event| line.take(event)),
            Err(error) => Err(error),
        };
        let Ok(input) = input else { return };
        if input.is_some_and(|input| sender.blocking_send(input).is_err()) {
            return;
        }
    }
}

/// The characters since the last Enter.
struct Line(Zeroizing<String>);

impl Line {
    /// All the room at once: a text that grows leaves copies of itself behind.
    fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(LONGEST)))
    }

    fn take(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Paste(text) => {
                let text = Zeroizing::new(text);
                self.push(&text);
            }
            Event::Key(key) if key.is_press() => return self.key(key),
            Event::Key(_)
            | Event::FocusGained
            | Event::FocusLost
            | Event::Mouse(_)
            | Event::Resize(..) => return None,
        }
        Some(Input::Typing(self.0.chars().count()))
    }

    fn key(&mut self, key: KeyEvent) -> Option<Input> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        #[expect(clippy::wildcard_enum_match_arm, reason = "keys are many, and not ours")]
        match key.code {
            KeyCode::Char('c') if control => return Some(Input::Interrupt),
            KeyCode::Char('u') if control => self.0.clear(),
            KeyCode::Char('j' | 'm') if control => return self.enter(),
            KeyCode::Enter => return self.enter(),
            KeyCode::Char(char) if !control => self.push(char.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => {
                self.0.pop();
            }
            _ => return None,
        }
        Some(Input::Typing(self.0.chars().count()))
    }

    /// A terminal without bracketed paste turns the line breaks of a paste into Enter.
    fn enter(&mut self) -> Option<Input> {
        if event::poll(SAME_PASTE).unwrap_or(false) {
            self.push("\n");
            return None;
        }
        let line = std::mem::replace(self, Self::new());
        Some(Input::Line(Secret::new(line.0.as_str())))
    }

    fn push(&mut self, text: &str) {
        if self.0.len() + text.len() <= LONGEST {
            self.0.push_str(text);
        }
    }
}

/// All of standard input as one answer: whoever wrote it may have broken its lines.
fn read_all(sender: &mpsc::Sender<Input>) {
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
    if io::stdin().lock().take(LONGEST as u64).read_to_end(&mut text).is_ok() {
        let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
        if !text.trim().is_empty() {
            // Nobody waits for it any more if this fails.
            let _ = sender.blocking_send(Input::Line(Secret::new(text.as_str())));
        }
    }
}

/// Until there are no more.
fn read_lines(mut from: impl BufRead, sender: &mpsc::Sender<Input>) {
    loop {
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
        match from.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
        if !text.trim().is_empty()
            && sender.blocking_send(Input::Line(Secret::new(text.as_str()))).is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Lines without end, counted in bytes.
    struct Endless(Arc<AtomicUsize>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer[..2].copy_from_slice(b"y\n");
            self.0.fetch_add(2, Ordering::SeqCst);
            Ok(2)
        }
    }

    #[test]
    fn lines_that_nobody_takes_are_not_read() {
        let read = Arc::new(AtomicUsize::new(0));
        let endless = io::BufReader::with_capacity(2, Endless(Arc::clone(&read)));
        let (sender, inputs) = mpsc::channel(QUEUED);
        let reading = thread::spawn(move || read_lines(endless, &sender));
        while inputs.len() < QUEUED {
            thread::yield_now();
        }
        // A reader that went on would have time to.
        (0..100_000).for_each(|_| thread::yield_now());
        drop(inputs);
        reading.join().unwrap();
        let lines = read.load(Ordering::SeqCst) / 2;
        assert!(lines <= QUEUED + 1, "{lines} lines were read");
    }
}
