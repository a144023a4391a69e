package world

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The directory of a world is not made in a run whose own directory is gone: nobody would
// remove it.
func TestNoDirectoryAfterTheEnd(t *testing.T) {
	t.Parallel()
	r := &Run{plan: plan{Scratch: filepath.Join(t.TempDir(), "gone")}}
	if dir, err := r.makeDir(0, 0); err == nil {
		t.Errorf("found the directory %s, expected an error", dir)
	}
	if _, err := os.Stat(r.plan.Scratch); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of the run: %v, expected none", err)
	}
}

func TestTargetPorts(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		w := open(t, r, 1)
		listening(t, w, "listen", ":8080", "127.0.0.10:80", "127.0.0.10:443", "[fd00:a55a:0:1::10]:443")
		listens, err := w.Listeners()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(listens); !strings.Contains(got, "127.0.0.10:443") ||
			!strings.Contains(got, "[::]:8080") {
			t.Errorf("socket table: %s", got)
		}
		if err := w.AllowLowPorts(false); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"127.0.0.11:80", "[::1]:443"} {
			if got := try(t, w, "listen", address); !strings.Contains(got, syscall.EACCES.Error()) {
				t.Errorf("%s without permission: %q", address, got)
			}
		}
		if err := w.AllowLowPorts(true); err != nil {
			t.Fatal(err)
		}
		listening(t, w, "listen", "127.0.0.11:80")
	})
}

func TestLowPortsOnLoopback(t *testing.T) {
	t.Parallel()
	inWorld(t, Loopback, func(t *testing.T, r *Run) {
		if err := open(t, r, 1).AllowLowPorts(false); !errors.Is(err, ErrUnsupported) {
			t.Errorf("error %v, expected %v", err, ErrUnsupported)
		}
	})
}

func TestTargetHasNoCapabilities(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		for line := range strings.Lines(try(t, w, "read", "/proc/self/status")) {
			for _, set := range []string{"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"} {
				if strings.HasPrefix(line, set) && strings.Trim(line[len(set):], "\t 0\n") != "" {
					t.Errorf("the target has capabilities: %s", line)
				}
			}
		}
		secret := filepath.Join(w.Dir(), "secret")
		if err := os.WriteFile(secret, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := try(t, w, "read", secret); got != "text\n" {
			t.Errorf("its owner's file reads %q", got)
		}
		os.Chmod(secret, 0)
		if got := try(t, w, "read", secret); !strings.Contains(got, syscall.EACCES.Error()) {
			t.Errorf("a file without permissions reads %q", got)
		}
	})
}

func TestTargetWritesOnlyItsDirectory(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		w := open(t, r, 1)
		if got := try(t, w, "write", filepath.Join(w.Dir(), "file")); got != "\n" {
			t.Errorf("in its directory: %q", got)
		}
		if !strings.HasPrefix(os.TempDir(), r.Scratch()) {
			t.Errorf("TMPDIR is %s, expected %s", os.TempDir(), r.Scratch())
		}
		home, _ := os.Getwd()
		for _, dir := range []string{"/", "/etc", "/run", "/dev", home} {
			got := try(t, w, "write", filepath.Join(dir, "assay-test"))
			if !strings.Contains(got, syscall.EROFS.Error()) &&
				!strings.Contains(got, syscall.EACCES.Error()) {
				t.Errorf("in %s: %q", dir, got)
			}
		}
		if os.Getenv("ASSAY_TEST_UID") == "0" {
			if got := try(t, w, "write", "/etc/assay-test"); !strings.Contains(got, syscall.EROFS.Error()) {
				t.Errorf("root's target in /etc: %q", got)
			}
		}
	})
}

func TestWritableDirectory(t *testing.T) {
	t.Parallel()
	if theRun == nil {
		if err := Available(); err != nil {
			t.Skip(err)
		}
	}
	dir := os.Getenv("ASSAY_TEST_REPORT")
	if theRun != nil {
		if err := os.WriteFile(filepath.Join(dir, "report.json"), []byte("{}"), 0o600); err != nil {
			t.Error(err)
		}
		return
	}
	dir = t.TempDir()
	outer := Outer{
		Kind:     Namespace,
		Args:     []string{"-test.run=^TestWritableDirectory$"},
		Env:      append(os.Environ(), "ASSAY_TEST_REPORT="+dir),
		Writable: []string{dir},
		Stderr:   os.Stderr,
	}
	if exit, err := outer.Run(t.Context()); exit != 0 || err != nil {
		t.Fatalf("exit %d, error %v", exit, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "report.json")); string(text) != "{}" {
		t.Errorf("outside it reads %q, error %v", text, err)
	}
}

func TestTargetAsksOurNameServer(t *testing.T) {
	t.Parallel()
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		if _, err := os.Stat("/etc/resolv.conf"); err != nil {
			t.Skip("this machine has no /etc/resolv.conf to cover:", err)
		}
		w := open(t, r, 1)
		packets, err := w.ListenPacket("udp", w.Services().DNS.String())
		if err != nil {
			t.Fatal(err)
		}
		defer packets.Close()
		go answerNames(packets, netip.MustParseAddr("127.0.0.77"))
		if got := try(t, w, "lookup", "some.test"); got != "127.0.0.77\n" {
			t.Errorf("some.test is %q", got)
		}
	})
}

// answerNames answers every question with addr, by hand (RFC 1035 §4.1).
func answerNames(packets net.PacketConn, addr netip.Addr) {
	buffer := make([]byte, 512)
	for {
		n, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		question := buffer[12:n]
		end := bytes.IndexByte(question, 0) + 5
		isA := question[end-3] == 1
		reply := append([]byte{buffer[0], buffer[1], 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question[:end]...)
		if isA {
			reply[7] = 1
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
			reply = append(reply, addr.AsSlice()...)
		}
		packets.WriteTo(reply, from)
	}
}

func TestSignalsReachTheTarget(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		polite := listening(t, w, "polite")
		polite.Process.Signal(syscall.SIGTERM)
		polite.Wait()
		if got := polite.ProcessState.ExitCode(); got != 7 {
			t.Errorf("a target that handles SIGTERM exits with %d, expected 7", got)
		}
		if _, err := os.Stat("/bin/sleep"); err != nil {
			t.Skip("no program that leaves its signals to the system:", err)
		}
		// A program without a handler is ended by the system's default action.
		sleep := exec.Command("/bin/sleep", "60")
		if err := w.Start(sleep); err != nil {
			t.Fatal(err)
		}
		sleep.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { sleep.Process.Kill() })
		defer kill.Stop()
		sleep.Wait()
		if got := sleep.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
			t.Errorf("a target without a handler ends by %v, expected %v", got, syscall.SIGTERM)
		}
	})
}

func TestTargetIsNoPartOfTheRun(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(t *testing.T, w World) {
		environment := try(t, w, "read", "/proc/self/environ")
		for _, name := range []string{envStage, envPlan} {
			if strings.Contains(environment, name+"=") {
				t.Errorf("the target sees %s", name)
			}
		}
	})
}
