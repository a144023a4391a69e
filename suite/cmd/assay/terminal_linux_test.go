package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/report"
)

// onTerminal is assay with a terminal of its own as standard output.
type onTerminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	side *os.File // our side of the terminal
	end  chan struct{}

	mu    sync.Mutex
	text  strings.Builder
	first time.Duration // when the first character came
	more  chan struct{} // something was written
}

// startOnTerminal starts assay on a terminal of so many columns. Variables are added to
// the environment.
func startOnTerminal(t *testing.T, columns int, variables []string, args ...string) *onTerminal {
	t.Helper()
	side, theirs := openTerminal(t)
	resize(t, side, columns)
	o := &onTerminal{
		t: t, cmd: exec.Command(assay, args...), side: side,
		end: make(chan struct{}), more: make(chan struct{}, 1),
	}
	o.cmd.Dir = t.TempDir()
	o.cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	o.cmd.Env = append(o.cmd.Env, variables...)
	o.cmd.Stdin, o.cmd.Stdout, o.cmd.Stderr = theirs, theirs, theirs
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	begin := time.Now()
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	go o.read(begin)
	return o
}

// resize gives a terminal another width. The kernel signals it to the processes on it.
func resize(t *testing.T, side *os.File, columns int) {
	t.Helper()
	size := unix.Winsize{Row: 40, Col: uint16(columns)}
	if err := unix.IoctlSetWinsize(int(side.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
}

// openTerminal returns both sides of a new terminal.
func openTerminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminal can be opened:", err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminal can be opened:", err)
	}
	return ours, theirs
}

// read collects what is written, until assay and all that inherited the terminal end.
func (o *onTerminal) read(begin time.Time) {
	defer close(o.end)
	buffer := make([]byte, 4096)
	for {
		n, err := o.side.Read(buffer)
		o.mu.Lock()
		if n > 0 && o.first == 0 {
			o.first = time.Since(begin)
		}
		o.text.Write(buffer[:n])
		o.mu.Unlock()
		select {
		case o.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (o *onTerminal) written() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until a text was written.
func (o *onTerminal) await(text *regexp.Regexp) {
	o.t.Helper()
	deadline := time.After(time.Minute)
	for !text.MatchString(o.written()) {
		select {
		case <-o.more:
		case <-o.end:
			if text.MatchString(o.written()) {
				return
			}
			o.t.Fatalf("the run ended, expected %q before in:\n%q", text, o.written())
		case <-deadline:
			o.cmd.Process.Kill()
			o.t.Fatalf("waited a minute for %q in:\n%q", text, o.written())
		}
	}
}

// press writes to the terminal, as a keyboard does.
func (o *onTerminal) press(keys string) {
	o.t.Helper()
	if _, err := o.side.WriteString(keys); err != nil {
		o.t.Fatal(err)
	}
}

const ctrlC = "\x03"

// wait waits for the end and returns the exit code and what was written.
func (o *onTerminal) wait() (code int, text string) {
	o.cmd.Wait()
	<-o.end
	return o.cmd.ProcessState.ExitCode(), o.written()
}

var (
	erased = regexp.MustCompile(`[^\n]*\r\x1b\[K`)                     // a live line that was removed
	sgr    = regexp.MustCompile(`\x1b\[[0-9;]*m`)                      // a colour
	counts = regexp.MustCompile(`\b[1-9]\d*( of \d{3} done|/\d{3}, )`) // one is done
	drawn  = regexp.MustCompile(`\r\x1b\[K([^\r\n]*)`)                 // what was drawn after that
	// alarms matches what an interrupted run must not print.
	alarms = regexp.MustCompile(`goroutine|panic|ERROR|error|FAILED`)
)

// TestTerminal runs a server that fails a requirement on a terminal.
func TestTerminal(t *testing.T) {
	t.Parallel()
	const columns = 60
	o := startOnTerminal(t, columns, nil,
		"run", "--bin", script(t, refusesBelow), "--only", "BYO-01,BYO-03,BYO-04,CFG-0*")
	code, text := o.wait()
	if code != report.ExitFailed {
		t.Errorf("exit %d, expected %d", code, report.ExitFailed)
	}
	// A machine under load takes longer than a second to start a process.
	if o.first == 0 || o.first > 5*time.Second {
		t.Errorf("the first character came after %s, expected about a second", o.first)
	}
	lines := drawn.FindAllStringSubmatch(text, -1)
	if len(lines) < 3 {
		t.Errorf("the live line was drawn %d times, expected some in:\n%q", len(lines), text)
	}
	for _, l := range lines {
		if n := len([]rune(l[1])); n >= columns && strings.Contains(l[1], "done") {
			t.Errorf("a live line has %d characters, expected fewer than %d: %q", n, columns, l[1])
		}
	}
	plain := sgr.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "")
	if plain == strings.ReplaceAll(text, "\r\n", "\n") {
		t.Error("found no colour, expected some")
	}
	plain = erased.ReplaceAllString(plain, "")
	if strings.ContainsAny(plain, "\r\x1b") {
		t.Errorf("something of a live line is left in:\n%q", plain)
	}
	if !strings.HasPrefix(plain, "assay: ") || strings.Count(plain, "\n  promised ") != 1 ||
		strings.Count(plain, "FAILED  BYO-03  MUST") != 2 {
		t.Errorf("expected the first line, BYO-03 in full once, and its ID at the end in:\n%s", plain)
	}
	expectTexts(t, plain, "against server\n  (", "Failures, printed above", "1 failed")
}

// TestTargetsDoNotReachTheTerminal runs a server that writes to the terminal of whoever
// started it, past Assay.
func TestTargetsDoNotReachTheTerminal(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			const mark = "written by the server"
			o := startOnTerminal(t, 80, nil, "run", "--world", world, "--only", "BYO-01",
				"--bin", script(t, "(echo '"+mark+"' >/dev/tty) 2>/dev/null || echo no terminal"))
			code, text := o.wait()
			if code != report.ExitOK || strings.Contains(text, mark) {
				t.Errorf("exit %d, expected 0 and no %q in:\n%q", code, mark, text)
			}
		})
	}
}

// TestTerminalWithoutColours sets NO_COLOR. The live line is still drawn in place.
func TestTerminalWithoutColours(t *testing.T) {
	t.Parallel()
	o := startOnTerminal(t, 80, []string{"NO_COLOR=1"},
		"run", "--bin", script(t, refusesBelow), "--only", "BYO-03")
	_, text := o.wait()
	if sgr.MatchString(text) || !drawn.MatchString(text) {
		t.Errorf("expected a live line and no colour in:\n%q", text)
	}
}

// TestDumbTerminal checks that a terminal which cannot go back gets lines.
func TestDumbTerminal(t *testing.T) {
	t.Parallel()
	o := startOnTerminal(t, 80, []string{"TERM=dumb"},
		"run", "--bin", script(t, refusesBelow), "--only", "BYO-01,BYO-03")
	_, text := o.wait()
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.ContainsAny(text, "\r\x1b") {
		t.Errorf("found control characters, expected none in:\n%q", text)
	}
	expectTexts(t, text, "assay: byo: 2 done, 1 failed (2 of 2 done, 1 failed, ")
}

// TestResizedTerminal makes the terminal narrow in the middle of a run.
func TestResizedTerminal(t *testing.T) {
	t.Parallel()
	o := startOnTerminal(t, 200, nil, "run", "--bin", server)
	o.await(regexp.MustCompile(`assay: \d+ of \d+ done`))
	resize(t, o.side, 20)
	o.await(regexp.MustCompile(`\r\x1b\[K\d+/\d+, 0 failed`))
	o.press(ctrlC)
	if code, text := o.wait(); code != report.ExitInterrupted {
		t.Errorf("exit %d, expected %d:\n%q", code, report.ExitInterrupted, text)
	}
}

// TestCtrlC presses Ctrl-C in the middle of a run.
func TestCtrlC(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	o := startOnTerminal(t, 200, nil, "run", "--bin", server, "--out", out)
	o.await(counts)
	o.press(ctrlC)
	code, text := o.wait()
	if code != report.ExitInterrupted {
		t.Errorf("exit %d, expected %d", code, report.ExitInterrupted)
	}
	says := regexp.MustCompile(`assay: the run ends; ` +
		`the verdicts reached so far \(\d+ of \d+\) are kept; ` +
		`press Ctrl-C again to end it at once, without them`)
	if n := len(says.FindAllString(text, -1)); n != 1 {
		t.Errorf("found %d lines about the end, expected 1 in:\n%q", n, text)
	}
	if alarm := alarms.FindString(text); alarm != "" {
		t.Errorf("found %q, expected no alarm in:\n%q", alarm, text)
	}
	if r := readReport(t, out); !r.Interrupted || r.Exit != report.ExitInterrupted {
		t.Errorf("interrupted: %t, exit %d; expected true and %d", r.Interrupted, r.Exit,
			report.ExitInterrupted)
	}
}

// TestCtrlCDuringProbe presses Ctrl-C while the server does not become ready. That is no
// failure of the server.
func TestCtrlCDuringProbe(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report")
	o := startOnTerminal(t, 200, nil, "run", "--bin", script(t, "exec sleep 1000"), "--out", out)
	o.await(regexp.MustCompile("probe"))
	o.press(ctrlC)
	code, text := o.wait()
	if code != report.ExitInterrupted {
		t.Errorf("exit %d, expected %d", code, report.ExitInterrupted)
	}
	expectTexts(t, text, "assay: the run ends; no verdict has been reached so far; press Ctrl-C again")
	if alarm := alarms.FindString(text); alarm != "" {
		t.Errorf("found %q, expected no alarm in:\n%q", alarm, text)
	}
	if r := readReport(t, out); !r.Interrupted || r.Error != "" {
		t.Errorf("interrupted: %t, error %q; expected true and no error", r.Interrupted, r.Error)
	}
}

// TestSecondCtrlC presses Ctrl-C twice during a run that cannot end: its inner process is
// stopped. The run ends all the same, and nothing of it is left.
func TestSecondCtrlC(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			bin := script(t, ":")
			o := startOnTerminal(t, 80, nil, "run", "--bin", bin, "--world", world, "--procs", "4")
			o.await(counts)
			syscall.Kill(innerOf(t, o.cmd.Process.Pid), syscall.SIGSTOP)
			o.press(ctrlC)
			o.await(regexp.MustCompile("the run ends;"))
			<-time.After(500 * time.Millisecond) // a person does not press the key sooner
			o.press(ctrlC)
			begin := time.Now()
			code, text := o.wait()
			// The run would be killed after ten seconds without a second Ctrl-C.
			if took := time.Since(begin); code != report.ExitInterrupted || took > 7*time.Second {
				t.Errorf("exit %d after %s, expected %d at once", code, took, report.ExitInterrupted)
			}
			expectTexts(t, text, "the run is ended at once")
			if alarm := alarms.FindString(text); alarm != "" {
				t.Errorf("found %q, expected no alarm in:\n%q", alarm, text)
			}
			if left := mentioning(t, filepath.Dir(bin)); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
		})
	}
}

// mentioning returns the command lines of processes that mention a text.
func mentioning(t *testing.T, text string) (found []string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		line, _ := os.ReadFile(path) // fails if the process has ended meanwhile
		if strings.Contains(string(line), text) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
