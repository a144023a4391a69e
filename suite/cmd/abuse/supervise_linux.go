package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"assay/suite/internal/processes"
)

// supervised marks a process that makes one run. Its value is a [job].
const supervised = "ABUSE_SUPERVISED"

// A job is one command that is run, and watched for what it leaves.
type job struct {
	Args   []string
	Env    []string
	Dir    string
	Output string // the file for what it prints
	// Grace is how long processes may be left after its end.
	Grace time.Duration
}

// An ending says how a job ended.
type ending struct {
	Exit int           // its exit code; -1 if a signal ended it
	Took time.Duration // until it ended
	Left []string      // processes below it that had not ended by then
	Err  string        // why the job could not be done
}

// supervise runs a job. This process becomes the parent of whatever the job leaves, and
// ends all of it.
func supervise() int {
	var j job
	err := json.Unmarshal([]byte(os.Getenv(supervised)), &j)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
	var end ending
	if err == nil {
		end, err = j.run()
	}
	if err != nil {
		end.Err = err.Error()
	}
	if json.NewEncoder(os.Stdout).Encode(end) != nil {
		return 1
	}
	return 0
}

func (j job) run() (end ending, err error) {
	output, err := os.OpenFile(j.Output, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return end, err
	}
	defer output.Close()
	cmd := exec.Command(j.Args[0], j.Args[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = j.Env, j.Dir, output, output
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return end, err
	}
	late := time.AfterFunc(mostTime+mostTime/4, func() { cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); cmd.ProcessState == nil {
		return end, err
	}
	end.Exit, end.Took = cmd.ProcessState.ExitCode(), time.Since(began)
	return end, end.killLeft(j.Grace)
}

// killLeft notes what is left below this process after a time of grace, and kills it until
// nothing is.
func (e *ending) killLeft(grace time.Duration) error {
	begin := time.Now().Add(grace)
	for deadline := begin.Add(20 * time.Second); time.Now().Before(deadline); {
		for { // those that have ended
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
		all, err := processes.Table()
		if err != nil {
			return err
		}
		left, below := 0, processes.Below(os.Getpid(), all)
		for _, p := range all {
			if !below[p.PID] || p.State == "Z" {
				continue
			}
			left++
			if time.Now().Before(begin) {
				continue
			}
			if len(e.Left) < 20 {
				e.Left = append(e.Left, p.String())
			}
			syscall.Kill(p.PID, syscall.SIGKILL)
		}
		if left == 0 {
			return nil
		}
		time.Sleep(lookInterval) // no event tells when processes end that are nobody's children
	}
	return fmt.Errorf("processes are left that cannot be killed: %v", e.Left)
}
