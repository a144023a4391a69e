package patience

import (
	"errors"
	"os/exec"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const psi = "some avg10=11.68 avg60=52.84 avg300=70.81 total=710708030\n" +
		"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	if d := parsePressure([]byte(psi), nil); d != 710708030*time.Microsecond {
		t.Errorf("found %s of pressure", d)
	}
	for _, bad := range []string{"", "full total=5\n", "some total=x\n"} {
		if d := parsePressure([]byte(bad), nil); d >= 0 {
			t.Errorf("%q: found %s, expected a negative value", bad, d)
		}
	}
	if d := parsePressure(nil, errors.New("no such file")); d >= 0 {
		t.Errorf("found %s where there is no file", d)
	}
	if n := parseRunnable([]byte("8.58 8.67 5.38 4/114 13197\n")); n != 4 {
		t.Errorf("found %d runnable threads, expected 4", n)
	}
	if u, ok := parseSchedstat([]byte("909526 90699 2\n")); !ok || u.CPU != 909526 ||
		u.Delay != 90699 {
		t.Errorf("found %v %t", u, ok)
	}
	for _, bad := range []string{"", "1", "x 1 2", "1 x 2"} {
		if _, ok := parseSchedstat([]byte(bad)); ok {
			t.Errorf("%q: expected no usage", bad)
		}
	}
}

func TestParseReady(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"7 (sh) R 1 7 7 0 -1": true, "7 (a) R (b) R 1 7": true,
		"7 (sh) S 1 7 7 0 -1": false, "7 (a) R (b) S 1 7": false, "7 (sh) R": false, "": false,
	} {
		if parseReady([]byte(text)) != want {
			t.Errorf("%q: expected %t", text, want)
		}
	}
}

// TestTree measures a shell that has a busy child.
func TestTree(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c",
		"sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done; read x' & wait")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	defer cmd.Process.Kill()
	out.Read(make([]byte, 5)) // the child has counted
	found := map[int]Thread{}
	tree(cmd.Process.Pid, found)
	var all time.Duration
	for _, u := range found {
		all += u.CPU
	}
	if len(found) == 1 && all < 20*time.Millisecond {
		t.Skip("this kernel does not tell of children (CONFIG_PROC_CHILDREN)")
	}
	if all < 20*time.Millisecond {
		t.Errorf("found %v, expected the time that the child took to count", found)
	}
}
