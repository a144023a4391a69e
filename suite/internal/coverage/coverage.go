// Package coverage reads which code a program has reached that was built by "go build -cover".
// The program writes that at its end, into the directory GOCOVERDIR.
package coverage

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Find returns the path of Go's tool covdata, which reads what such a program has written. Go
// builds the tool when it is first asked for.
func Find(ctx context.Context) (path string, err error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-n", "covdata")
	said, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go tool -n covdata: %w; coverage needs Go 1.24 or newer on PATH", err)
	}
	return strings.TrimSpace(string(said)), nil
}

// Read returns a number for each block of code that was reached, in ascending order, from what
// programs have written into a directory. One that was killed has written nothing. covdata is
// the path of Go's tool.
func Read(ctx context.Context, covdata, dir string) (blocks []uint32, err error) {
	if all, err := os.ReadDir(dir); err != nil || len(all) == 0 {
		return nil, err
	}
	profile, err := os.CreateTemp("", "assay-coverage-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(profile.Name())
	defer profile.Close()
	cmd := exec.CommandContext(ctx, covdata, "textfmt", "-i", dir, "-o", profile.Name())
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("reading what the target covered: %w: %s", err, said)
	}
	text, err := io.ReadAll(profile)
	return readProfile(string(text)), err
}

// readProfile reads what "go tool covdata textfmt" writes: a line for each block, which ends
// with how often it was reached.
func readProfile(text string) (blocks []uint32) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[2] == "0" {
			continue
		}
		sum := fnv.New32a()
		sum.Write([]byte(fields[0]))
		blocks = append(blocks, sum.Sum32())
	}
	slices.Sort(blocks)
	return slices.Compact(blocks)
}
