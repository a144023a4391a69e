package coverage

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

const program = `package main

import "os"

func main() {
	if len(os.Args) > 1 {
		println("another block")
	}
}
`

// A program that was built with coverage tells which of its blocks were reached.
func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, built := filepath.Join(dir, "main.go"), filepath.Join(dir, "main")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-cover", "-o", built, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	covdata, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reached := func(args ...string) []uint32 {
		data := t.TempDir()
		cmd := exec.Command(built, args...)
		cmd.Env = append(os.Environ(), "GOCOVERDIR="+data)
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		blocks, err := Read(t.Context(), covdata, data)
		if err != nil {
			t.Fatal(err)
		}
		return blocks
	}
	few, more := reached(), reached("more")
	if len(few) != 1 || len(more) != 2 || !slices.Contains(more, few[0]) {
		t.Errorf("found %v and %v, expected one block, and another one beside it", few, more)
	}
	if blocks, err := Read(t.Context(), covdata, t.TempDir()); len(blocks) > 0 || err != nil {
		t.Errorf("found %v, %v without data, expected nothing", blocks, err)
	}
}

// Data that the tool cannot read are an error with what the tool says.
func TestReadDamaged(t *testing.T) {
	t.Parallel()
	covdata, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "covmeta.0"), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if blocks, err := Read(t.Context(), covdata, dir); err == nil {
		t.Errorf("found %v, expected an error", blocks)
	}
}
