package certificate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long to let a replacement go on before the files are read: certificate and key are two files, and
// tools write them one after the other.
const settle = 100 * time.Millisecond

// Watch replaces the pair when its files change, until the context ends. It watches directories, not files: files
// are replaced by renaming, and links are switched. Its error means that changes are no longer seen.
func (o *Own) Watch(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch the certificate's files: %w", err)
	}
	defer watcher.Close()
	if err := o.follow(watcher); err != nil {
		return err
	}
	due := time.NewTimer(0) // at once: the files may have changed before they were watched
	for waiting := true; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-due.C:
			waiting = false
			if err := o.follow(watcher); err != nil { // links may lead elsewhere now
				return err
			}
			o.filesChanged()
			continue
		case <-watcher.Events:
		case err := <-watcher.Errors:
			o.log.Printf("watching the certificate's files: %v", err) // events were lost: look, whatever they were
		}
		if !waiting {
			waiting = true
			due.Reset(settle)
		}
	}
}

// follow makes the watcher watch exactly the directories on which the files depend now.
func (o *Own) follow(watcher *fsnotify.Watcher) error {
	wanted := append(directories(o.files.CertPath), directories(o.files.KeyPath)...)
	for _, dir := range watcher.WatchList() {
		if !slices.Contains(wanted, dir) {
			_ = watcher.Remove(dir) // gone already is as good
		}
	}
	for _, dir := range wanted {
		// Adding again is how a directory that was replaced by another of its name is found.
		// One that vanished meanwhile will be missed by the reading that follows, and its parent is seen next time.
		if err := watcher.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot watch %s: %w", dir, err)
		}
	}
	return nil
}
