package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// followInterval is the time between two looks at what the workers have left.
const followInterval = 100 * time.Millisecond

// follow gives the outcomes that workers leave below dir to notice, until ctx
// ends.
func follow(ctx context.Context, dir string, notice func([]outcome)) {
	f := follower{dir: dir, read: map[string]int64{}}
	tick := time.NewTicker(followInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if fresh := f.fresh(); len(fresh) > 0 {
				notice(fresh)
			}
		}
	}
}

// A follower reads the files of the workers piece by piece.
type follower struct {
	dir  string
	read map[string]int64 // how much of each file was read
}

// fresh returns the outcomes since the last call. What cannot be read is left to
// [readOutcomes], which reports the error when the workers have ended.
func (f *follower) fresh() (all []outcome) {
	paths, err := outcomeFiles(f.dir)
	if err != nil {
		return nil
	}
	for _, path := range paths {
		if info, err := os.Lstat(path); err == nil && info.Size() == f.read[path] {
			continue
		}
		text, err := readFrom(path, f.read[path])
		if err != nil {
			continue
		}
		whole := text[:bytes.LastIndexByte(text, '\n')+1]
		f.read[path] += int64(len(whole))
		for line := range bytes.Lines(whole) {
			var o outcome
			if json.Unmarshal(line, &o) == nil {
				all = append(all, o)
			}
		}
	}
	return all
}

// readFrom returns the content of a file from an offset on, as much as is read at a time.
func readFrom(path string, offset int64) ([]byte, error) {
	file, err := careful.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	text := make([]byte, min(max(0, info.Size()-offset), limits.Outcomes))
	n, err := file.ReadAt(text, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return text[:n], err
}
