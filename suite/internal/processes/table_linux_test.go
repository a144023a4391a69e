package processes

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text string
		want Process
		ok   bool
	}{
		{"3 (sh) S 7 8 9 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 4711 1",
			Process{3, 7, 8, 9, "sh", "S", "4711", 1}, true},
		{"3 (a) b) (c) Z 7 8 9 0 -1 1 2 3 4 5 6 7 8 9 20 0 2 0 4711 1",
			Process{3, 7, 8, 9, "a) b) (c", "Z", "4711", 2}, true},
		{"3 (sh) S 7 8 9 0", Process{}, false},
		{"3 )sh( S 7 8 9", Process{}, false},
		{"", Process{}, false},
	} {
		if p, ok := parse(3, []byte(test.text)); p != test.want || ok != test.ok {
			t.Errorf("%q: %+v, %v, expected %+v, %v", test.text, p, ok, test.want, test.ok)
		}
	}
	if (Process{State: "Z", threads: 2}).Ended() || !(Process{State: "Z", threads: 1}).Ended() {
		t.Error("a process has ended when its last thread has")
	}
}

// TestTable looks for a child of this process, before and after its end.
func TestTable(t *testing.T) {
	child := exec.Command("cat")
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := child.Process.Pid
	find := func() (p Process, below bool) {
		all, err := Table()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(p Process) bool { return p.PID == pid })
		if i < 0 {
			t.Fatalf("the table lacks process %d", pid)
		}
		return all[i], Below(os.Getpid(), all)[pid]
	}
	p, below := find()
	if !below || p.Parent != os.Getpid() || p.Group != syscall.Getpgrp() || p.Ended() {
		t.Errorf("%+v, below this process: %v", p, below)
	}
	if pids, err := Children(); err == nil && !slices.Contains(pids, pid) {
		t.Errorf("children %v, expected %d among them", pids, pid)
	}
	input.Close()
	for { // until it has ended; nobody waits for it meanwhile
		if p, below := find(); p.Ended() {
			if !below {
				t.Error("a process that has ended is not below this one")
			}
			break
		}
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

// TestBelow looks for children, their children, and processes beside them.
func TestBelow(t *testing.T) {
	all := []Process{
		{PID: 5, Parent: 4}, {PID: 2, Parent: 1}, {PID: 4, Parent: 2}, {PID: 3, Parent: 1},
		{PID: 9, Parent: 9},
	}
	got := slices.Sorted(maps.Keys(Below(2, all)))
	if want := []int{4, 5}; !slices.Equal(got, want) {
		t.Errorf("below 2: %v, expected %v", got, want)
	}
}
