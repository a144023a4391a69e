package world

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	// denied opens a world without the permission to do so, and prints whether
	// its standard input is still open.
	roles["denied"] = func([]string) int {
		if os.Geteuid() == 0 {
			const nobody = 65534
			if err := syscall.Setuid(nobody); err != nil {
				return printResult(nil, err)
			}
		}
		home, err := currentNetns()
		if err != nil {
			return printResult(nil, err)
		}
		_, refused := openNamespace(home, 0, 1)
		_, gone := unix.FcntlInt(0, unix.F_GETFD, 0)
		fmt.Printf("%v; descriptor 0: %v", refused, gone)
		return 0
	}
}

// A world that cannot be opened does not close descriptors of others.
func TestRefusedNamespace(t *testing.T) {
	t.Parallel()
	out, err := role("denied").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := string(out); !strings.Contains(got, "make a network namespace: ") ||
		!strings.HasSuffix(got, "; descriptor 0: <nil>") {
		t.Errorf("found %q, expected that the namespace is refused and descriptor 0 stays open", got)
	}
}
