package world

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"assay/suite/internal/limits"
)

// TestDisk limits a disk to what it holds, and lifts the limits again.
func TestDisk(t *testing.T) {
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		dir := filepath.Join(r.Scratch(), "disk")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		disk, err := NewDisk(open(t, r, 1), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Remove()
		write := func(name string, size int) error {
			return os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600)
		}
		if err := write("first", 1); err != nil {
			t.Fatal(err)
		}
		for _, limit := range []struct{ bytes, files int64 }{{0, -1}, {-1, 0}} {
			if err := disk.Limit(limit.bytes, limit.files); err != nil {
				t.Fatal(err)
			}
			if err := write("second", 1); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("with %+v: found %v, expected ENOSPC", limit, err)
			}
			if err := disk.Limit(-1, -1); err != nil {
				t.Fatal(err)
			}
			if err := write("second", 1); err != nil {
				t.Errorf("without a limit: %v", err)
			}
			os.Remove(filepath.Join(dir, "second"))
		}
	})
}

// TestDiskIsBounded fills a disk and the run's temporary files: a target must not fill
// the memory of the machine.
func TestDiskIsBounded(t *testing.T) {
	inWorld(t, Namespace, func(t *testing.T, r *Run) {
		dir := filepath.Join(r.Scratch(), "disk")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		disk, err := NewDisk(open(t, r, 1), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Remove()
		for at, limit := range map[string]int64{dir: limits.Disk, r.Scratch(): limits.Scratch} {
			file, err := os.Create(filepath.Join(at, "full"))
			if err != nil {
				t.Fatal(err)
			}
			var written int64
			for err == nil && written <= limit {
				var n int
				n, err = file.Write(make([]byte, 1<<20))
				written += int64(n)
			}
			file.Close()
			os.Remove(file.Name())
			if !errors.Is(err, syscall.ENOSPC) || written > limit {
				t.Errorf("%s took %d bytes (%v), expected ENOSPC after at most %d", at, written, err, limit)
			}
		}
	})
}
